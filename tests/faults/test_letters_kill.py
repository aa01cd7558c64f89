"""kill -9 between sending and dropping a letter: it comes again, as the same letter."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from mail_server import mailbox

from bandeau import limits
from bandeau.features.comments.letters import Content, Kind, Letter, seal
from bandeau.storage.comments.newsroom import newsroom
from bandeau.storage.place import Folder

NOW = 1_800_000_000
KEY = b"k" * 32
SCRIPT = textwrap.dedent("""
    import asyncio, os, signal, sys
    from pathlib import Path
    from types import SimpleNamespace
    from bandeau.settings import parse_mail
    from bandeau.storage.comments.letters import StoredLetters
    from bandeau.storage.files import read_words
    from bandeau.storage.place import Folder
    from bandeau.web.postman import Postman

    class Dying(StoredLetters):
        async def drop(self, letters):
            if int(sys.argv[4]):
                os.kill(os.getpid(), signal.SIGKILL)
            await super().drop(letters)

    class Standing:
        async def hold(self, receipt):
            return True

    comments = Folder(Path(sys.argv[1])).comments()
    site = SimpleNamespace(
        policy=SimpleNamespace(site=SimpleNamespace(name="Le Phare")), words=read_words(),
        subject_key=b"k" * 32, now=lambda: int(sys.argv[2]), random=os.urandom,
    )
    server = parse_mail(sys.argv[3])
    postman = Postman(site, Dying(comments.tables), Standing(), server, lambda: 0.0)
    asyncio.run(postman.send(server))
    comments.close()
""")


def send(folder: Path, now: int, url: str, *, dies: bool) -> int:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), str(now), url, str(int(dies))],
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    return process.wait(60)


def waiting(folder: Path, *letters: Letter) -> list[tuple[int, int]]:
    """Post ``letters``, then tell of all that wait when they are due, and how often tried."""
    comments = Folder(folder).comments()

    async def scenario() -> list[tuple[int, int]]:
        for letter in letters:
            assert await newsroom(comments.tables).letters.post(letter, 9)
        return [*await comments.tables.read("SELECT due, attempts FROM letter")]

    try:
        return asyncio.run(scenario())
    finally:
        comments.close()


@pytest.mark.slow
def test_what_was_sent_and_not_dropped_is_sent_again(tmp_path: Path) -> None:
    content = Content(Kind.SIGN_IN, "zoe@lecteurs.test", "en", "", "https://phare.test/x")
    box = seal(KEY, b"n" * 12, content)
    with mailbox() as server:
        waiting(tmp_path, Letter("l1", "r", box, made=NOW, ends=NOW + 900, due=NOW))
        assert send(tmp_path, NOW, server.url, dies=True) == -signal.SIGKILL
        first = server.next()
        ((due, attempts),) = waiting(tmp_path)
        assert (due, attempts) == (NOW + limits.MAIL_CLAIM_SECONDS, 1)
        assert send(tmp_path, due - 1, server.url, dies=False) == 0
        assert server.came.empty()
        assert send(tmp_path, due, server.url, dies=False) == 0
        assert server.next()["message-id"] == first["message-id"] == "<l1@quotidien.test>"
        assert server.came.empty()
        assert waiting(tmp_path) == []
