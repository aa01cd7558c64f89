"""autoconsent: its files are those that were published, and work what our words cannot."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from foreign_notices import foreign_notices

from bandeau.audit.believing import Action
from bandeau.audit.evidence import Setting
from bandeau.audit.shown import Choosing
from bandeau.robot.browser import Browser, BrowserOptions, open_browser
from bandeau.robot.notice_sight import look
from bandeau.robot.notice_work import choose

FOLDER = files("bandeau.robot") / "autoconsent"
OPTIONS = BrowserOptions(resolve="MAP *.test 127.0.0.1", allow_private=True)
DONE = (
    (Action.ACCEPT_ALL, "finnish"),
    (Action.REFUSE_ALL, "finnish"),
    (Action.REFUSE_ALL, "finnish/forgetful"),
    (Action.REFUSE_ALL, "finnish/deaf"),
    (Action.ACCEPT_ALL, "nothing"),
)


def test_its_files_are_unmodified() -> None:
    told = dict(re.findall(r"\| `([\w.]+)` \|.*`(\w{64})`", (FOLDER / "README.md").read_text()))
    assert sorted(told) == ["LICENSE", "autoconsent.playwright.js", "rules.json"]
    for name, digest in told.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name


@pytest.fixture
def port() -> Iterator[int]:
    with foreign_notices() as served:
        yield served


@pytest.mark.browser
@pytest.mark.slow
def test_a_notice_in_unknown_words_is_worked_and_believed_by_what_is_kept(port: int) -> None:
    async def made(browser: Browser, action: Action, name: str) -> Choosing:
        async with browser.terminal(Setting()) as terminal:
            await terminal.tab.goto(f"http://www.lautta.test:{port}/{name}")
            assert (await look(terminal.tab, within=0)).notice is None
            return (await choose(terminal.tab, action)).choosing

    async def all_at_once() -> list[Choosing]:
        async with open_browser(OPTIONS) as browser:
            return list(await asyncio.gather(*(made(browser, *each) for each in DONE)))

    accepted, refused, forgetful, deaf, nothing = asyncio.run(all_at_once())
    assert (accepted.done, accepted.by, accepted.clicks) == (True, "autoconsent:cookieyes", 1)
    assert (refused.done, refused.by, refused.clicks) == (True, "autoconsent:cookieyes", 3)
    assert "analytics:no" in refused.proof
    assert not forgetful.done and not deaf.done
    assert forgetful.proof == "the notice still stands there"
    assert deaf.proof.endswith("analytics is still allowed")
    assert (nothing.done, nothing.by, nothing.proof) == (False, "words", "no notice stood there")
