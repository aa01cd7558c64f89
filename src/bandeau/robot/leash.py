"""A process that ends when this one does, whatever ends it, and takes its folder with it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

# The shell waits for the end of its input, which comes with our own end even if we are killed.
_SHELL = """folder=$1; shift
setsid "$@" </dev/null >/dev/null 2>&1 &
read -r _
kill -s KILL -- "-$!" "$!" 2>/dev/null
wait
for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$folder" && break; sleep 0.1; done"""


@asynccontextmanager
async def on_a_leash(
    argv: Sequence[str], environment: Mapping[str, str], folder: Path
) -> AsyncIterator[None]:
    """Run ``argv`` for as long as this block: then it is killed, and ``folder`` removed.

    Raises ``OSError`` where there is no shell; what does not start is not told.
    """
    shell = subprocess.Popen(  # noqa: S603 - the shell's text is ours, the rest its arguments
        ["/bin/sh", "-c", _SHELL, "leash", str(folder), *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
        start_new_session=True,
    )
    try:
        yield
    finally:
        if shell.stdin is not None:
            shell.stdin.close()
        await asyncio.to_thread(shell.wait)
