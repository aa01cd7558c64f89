"""A terminal of the real browser behind the auditor's port: pages, notices, evidence, pictures."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urljoin

from bandeau import limits
from bandeau.audit.believing import Action
from bandeau.audit.evidence import Cookie, Gap, HostSeen, Read, Request, Setting, Stored, Write
from bandeau.audit.shown import Choosing, Notice, Reach, Role, Visit
from bandeau.audit.terminal import Standing, TerminalLost
from bandeau.robot.browsers import Browser, Terminal
from bandeau.robot.notice_mode import read_mode
from bandeau.robot.notice_page import read_page, visit_of
from bandeau.robot.notice_press import press
from bandeau.robot.notice_reach import reach_of
from bandeau.robot.notice_sight import Sight, look
from bandeau.robot.notice_state import read_state
from bandeau.robot.notice_work import Person, choose
from bandeau.robot.pipe import BrowserGone, CallFailed
from bandeau.robot.window import Loaded

P = ParamSpec("P")
T = TypeVar("T")
_GLANCE_SECONDS = 1.0
_WHEEL = 400.0


def _lasting(act: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """``act``, whose failures mean that the terminal cannot be used any more."""

    async def acting(*given: P.args, **named: P.kwargs) -> T:
        try:
            return await act(*given, **named)
        except (BrowserGone, CallFailed) as error:
            raise TerminalLost(f"{act.__name__}: {error}") from error

    return acting


class Visitor:
    """A :class:`bandeau.audit.terminal.Terminal`. ``pictures`` takes what it sees, by name.

    ``gaps`` are what could not be seen; ``person`` makes the choices, where somebody is there.
    """

    def __init__(
        self,
        terminal: Terminal,
        pictures: MutableMapping[str, bytes],
        person: Person | None = None,
    ) -> None:
        self._terminal = terminal
        self._tab = terminal.tab
        self._pictures = pictures
        self._person = person
        self._sight = Sight()
        self._loaded = Loaded("", "", 0)
        self._since = time.monotonic()
        self._gaps: list[Gap] = []

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What could not be seen, each once."""
        return tuple(dict.fromkeys([*self._gaps, *self._terminal.recorder.gaps()]))

    @property
    def hosts(self) -> tuple[HostSeen, ...]:
        """The hosts that were contacted so far, and where they led."""
        return self._terminal.recorder.hosts()

    def now(self) -> float:
        """Seconds since the terminal was opened."""
        return self._terminal.recorder.now()

    @_lasting
    async def visit(self, address: str, rest: float) -> Visit:
        """Open an address, wait until it is quiet and at least ``rest`` seconds, and look."""
        began = self.now()
        return await self._arrived(await self._tab.goto(address), rest, began)

    @_lasting
    async def again(self, rest: float) -> Visit:
        """Load the page that is open once more, and look."""
        began = self.now()
        return await self._arrived(await self._tab.reload(), rest, began)

    async def _arrived(self, loaded: Loaded, rest: float, began: float) -> Visit:
        self._loaded, self._since = loaded, time.monotonic()
        if not loaded.failure:
            await self._tab.rest(rest)
        visit = await self._present()
        return replace(visit, at=began)

    @_lasting
    async def present(self) -> Visit:
        """The page that is open, as it is now."""
        return await self._present()

    async def _present(self) -> Visit:
        self._sight = Sight()
        if not self._loaded.failure:
            self._sight = await look(self._tab, within=self._left(_GLANCE_SECONDS))
            self._gaps.extend(self._sight.gaps)
        return await visit_of(self._tab, self._loaded, self._sight, at=self.now())

    def _left(self, seconds: float) -> float:
        """What is left of the seconds that a notice is given from the page's arrival on."""
        return max(self._since + seconds - time.monotonic(), 0.0)

    @_lasting
    async def linger(self, seconds: float) -> None:
        """Turn the wheel down the page and up again, and wait."""
        for _ in range(limits.AUDIT_TURNS):
            await self._tab.scroll(_WHEEL)
        await self._tab.rest(seconds)
        for _ in range(limits.AUDIT_TURNS):
            await self._tab.scroll(-_WHEEL)

    @_lasting
    async def cut(self) -> tuple[list[Request], list[Write], list[Read]]:
        """What happened since the last cut."""
        return await self._terminal.recorder.cut()

    @_lasting
    async def kept(self) -> tuple[list[Cookie], list[Stored]]:
        """What is on the terminal now."""
        return await self._terminal.recorder.snapshot()

    @_lasting
    async def look(self) -> Notice | None:
        """The notice that is shown, waiting a while for one that comes late."""
        self._sight = await look(self._tab, within=self._left(limits.AUDIT_NOTICE_SECONDS))
        self._gaps.extend(self._sight.gaps)
        return self._sight.notice

    @_lasting
    async def second_layer(self) -> Notice | None:
        """The settings, by the first control that leads there; they are left open."""
        for at in self._sight.indexes(Role.CUSTOMISE):
            if await press(self._tab, self._sight.world, at):
                continue
            opened = await look(self._tab, first=False, layer=2)
            if opened.notice is not None:
                self._sight = opened
                return opened.notice
        return None

    @_lasting
    async def reach(self) -> Reach | None:
        """What the notice that is shown leaves in reach."""
        return await reach_of(self._tab, self._sight)

    @_lasting
    async def choose(self, action: str, purpose: str | None) -> Choosing:
        """Make a choice on the page that is open; see :func:`bandeau.robot.notice_work.choose`."""
        worked = await choose(
            self._tab, Action(action), purpose=purpose or "", now=self.now, person=self._person
        )
        return worked.choosing

    @_lasting
    async def standing(self) -> Standing:
        """What the site says of the choice now."""
        page = await read_page(self._tab)
        asking = self._sight.notice is not None
        state = await read_state(self._tab, asking=asking, ours=bool(page.band))
        mode = await read_mode(self._tab)
        return Standing(state.text, state.purposes or page.purposes, state.tcf, mode)

    @_lasting
    async def picture(self, name: str, notice: Notice | None) -> str:
        """Keep what the window shows, the notice outlined; gives the file's name."""
        if len(self._pictures) >= limits.AUDIT_PICTURES:
            self._gaps.append(Gap("AUDIT_PICTURES", "more pictures were not kept"))
            return ""
        file = f"{name}.png"
        shown = self._tab.outlined(notice.box) if notice else self._tab.screenshot()
        self._pictures[file] = await shown
        return file


_SITE_MAP = """async (address) => {
  const answer = await fetch(address, {credentials: "omit"});
  const text = answer.ok ? (await answer.text()).slice(0, 2_000_000) : "";
  const found = [...text.matchAll(/<loc>\\s*([^<\\s]+)\\s*<\\/loc>/g)];
  return found.slice(0, 500).map((each) => each[1]);
}"""


async def site_map(browser: Browser, setting: Setting, address: str) -> tuple[str, ...]:
    """The addresses of a site's own map, on a terminal used for nothing else; may be none.

    Only the first file of a map in several is read.
    """
    async with browser.terminal(setting) as terminal:
        with suppress(CallFailed, BrowserGone):
            file = urljoin(address, "/sitemap.xml")
            loaded = await terminal.tab.goto(file)
            if loaded.failure or loaded.status != 200:
                return ()
            found = await (await terminal.tab.worlds())[0].evaluate(_SITE_MAP, file)
            return tuple(str(each) for each in found)
    return ()


@asynccontextmanager
async def visitor_of(
    browser: Browser,
    setting: Setting,
    seeds: tuple[Cookie, ...],
    pictures: MutableMapping[str, bytes],
    person: Person | None,
) -> AsyncIterator[Visitor]:
    """A visitor on a fresh terminal that holds ``seeds``. Raises :class:`TerminalLost`."""
    try:
        async with browser.terminal(setting) as terminal:
            await terminal.seed(seeds)
            yield Visitor(terminal, pictures, person)
    except (BrowserGone, CallFailed) as error:
        raise TerminalLost(str(error)) from error
