"""``bandeau audit --pause``: what a person is told at the terminal, and how it is awaited."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from bandeau import limits
from bandeau.audit.believing import Action
from bandeau.cli import main
from bandeau.cli.person import person_here


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The keyboard's end of a terminal that is ours."""
    keyboard, ours = pty.openpty()
    monkeypatch.setenv("DISPLAY", ":0")
    with os.fdopen(ours) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield keyboard
    os.close(keyboard)


def test_it_is_told_what_to_do_and_enter_goes_on(
    terminal: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async def chosen() -> None:
        os.write(terminal, b"typed too early\n")
        select.select([sys.stdin], [], [])
        task = asyncio.ensure_future(person_here()(Action.ONLY, "statistics"))
        # It is told before it waits, and what was typed is forgotten by then.
        while not (told := capsys.readouterr().err):
            await asyncio.sleep(0)
        assert told.startswith("In the browser: allow only “statistics”, and nothing else. Then")
        for _ in range(10):
            await asyncio.sleep(0)
        assert not task.done()
        os.write(terminal, b"\n")
        await task

    asyncio.run(chosen())


def test_who_does_not_answer_has_not_chosen(terminal: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "AUDIT_PERSON_SECONDS", 0)
    with pytest.raises(TimeoutError):
        asyncio.run(person_here()(Action.ACCEPT_ALL, ""))


def test_without_terminal_or_display_it_is_refused_in_words(
    terminal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = CliRunner().invoke(main, ["audit", "https://site.test/", "--pause"])
    assert (told.exit_code, "there is no terminal" in told.stderr) == (2, True)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OSError, match="there is no display"):
        person_here()
