"""``bandeau survey`` as a process, with audits that need no browser, and what it left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

# Nobody waits half a minute for a lease to run out.
_SCRIPT = textwrap.dedent("""
    import os
    from bandeau import limits
    limits.SURVEY_LEASE_SECONDS = 2
    limits.SURVEY_REST_SECONDS = 0
    limits.SURVEY_WATCH_SECONDS = float(os.environ["WATCH_SECONDS"])
    from bandeau.cli import main
    main(prog_name="bandeau")
""")


class Surveyed:
    """A list of sites in ``folder``, surveyed as often as is asked."""

    def __init__(
        self,
        folder: Path,
        addresses: Sequence[str],
        data: str = "",
        temporary: Path | None = None,
        watch: float = 0.1,
        before: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.addresses = addresses
        self.out = folder / "out"
        self.log = folder / "log"
        self.log.touch()
        self.temporary = temporary or folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self._watch = watch
        self._before = before
        self._data = data or str(folder / "data")
        (folder / "sites.txt").write_text("\n".join(addresses), "utf-8")

    def start(self, *options: str, auditor: str = "fake_audits:quick") -> subprocess.Popen[str]:
        """Begin a run, or go on with one."""
        words = ["survey", str(self.folder / "sites.txt"), "--data", self._data]
        words += ["--out", str(self.out), "--politeness", "0", "--auditor", auditor, *options]
        environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
        environment |= {"FAKE_AUDITS_LOG": str(self.log), "TMPDIR": str(self.temporary)}
        environment["WATCH_SECONDS"] = str(self._watch)
        return subprocess.Popen(
            [*self._before, sys.executable, "-c", _SCRIPT, *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *options: str, auditor: str = "fake_audits:quick") -> tuple[int, str]:
        """A whole run: its exit code, and what it said."""
        process = self.start(*options, auditor=auditor)
        told, _ = process.communicate(timeout=300 * len(self.addresses))
        return process.returncode, told

    def logged(self, word: str) -> Counter[str]:
        """How often each address, or nothing, was logged under ``word``."""
        lines = (line.split() for line in self.log.read_text("utf-8").splitlines())
        return Counter(" ".join(rest) for _, first, *rest in lines if first == word)

    def processes(self) -> set[int]:
        """All that ever wrote to the log and still run."""
        numbers = {int(line.split()[0]) for line in self.log.read_text("utf-8").splitlines()}
        return {number for number in numbers if psutil.pid_exists(number)}

    def kept(self) -> dict[str, int]:
        """The file of each site that is finished, by its address."""
        found = {}
        for path in self.out.glob("[!.]*/result.json"):
            found[json.loads(path.read_text("utf-8"))["address"]] = path.stat().st_ino
        return found

    def summary(self) -> dict[str, dict[str, int]]:
        """The summary of the last run."""
        told: dict[str, dict[str, int]] = json.loads((self.out / "summary.json").read_text("utf-8"))
        return told


def until(
    true: Callable[[], bool], process: subprocess.Popen[str] | None = None, seconds: float = 120
) -> None:
    """Wait for something that will be true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        assert process is None or process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
