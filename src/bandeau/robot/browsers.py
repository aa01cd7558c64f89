"""The browsers that terminals can be of, behind one port: a terminal's setting says which."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from bandeau.audit.evidence import Cookie, Gap, HostSeen, Read, Request, Setting, Stored, Write
from bandeau.robot.browser import BrowserOptions, open_browser
from bandeau.robot.firefox import Firefox
from bandeau.robot.window import Window


class Recorder(Protocol):
    """Keeps what a terminal does between two cuts."""

    def now(self) -> float:
        """Seconds since the terminal was opened: the clock of all that is told here."""
        ...

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be recorded so far."""
        ...

    def hosts(self) -> tuple[HostSeen, ...]:
        """The hosts that were contacted so far, and where they led."""
        ...

    async def cut(self) -> tuple[list[Request], list[Write], list[Read]]:
        """What happened since the last cut, each in the order of time."""
        ...

    async def snapshot(self) -> tuple[list[Cookie], list[Stored]]:
        """What is kept on the terminal now."""
        ...


class Terminal(Protocol):
    """One fresh profile with one window."""

    @property
    def tab(self) -> Window: ...

    @property
    def recorder(self) -> Recorder: ...

    async def seed(self, cookies: Sequence[Cookie]) -> None:
        """Put cookies on the terminal before it visits anything."""
        ...


class Browser(Protocol):
    """Gives terminals; several may be open at once."""

    @property
    def name(self) -> str:
        """Name and version, empty until a terminal was opened."""
        ...

    def terminal(self, setting: Setting) -> AbstractAsyncContextManager[Terminal]:
        """A terminal as ``setting`` says."""
        ...


class Browsers:
    """Chromium and Firefox, each started only where a setting asks for it."""

    def __init__(self, chromium: Browser, firefox: Browser) -> None:
        self._by_name = {"chromium": chromium, "firefox": firefox}

    @property
    def name(self) -> str:
        """Name and version of each browser that was used."""
        return ", ".join(each.name for each in self._by_name.values() if each.name)

    def terminal(self, setting: Setting) -> AbstractAsyncContextManager[Terminal]:
        """A terminal of the browser that ``setting`` names, and as it says."""
        return self._by_name[setting.browser].terminal(setting)


@asynccontextmanager
async def open_browsers(
    options: BrowserOptions, wanted: Sequence[str] = ("chromium",)
) -> AsyncIterator[Browsers]:
    """Browsers that end with this block, or with this process; ``wanted`` are those to be used.

    Raises :class:`bandeau.robot.addresses.RulesFaulty` where the rules cannot be read, and
    :class:`bandeau.robot.camera.RobotUnavailable` where Firefox is wanted and missing; what else
    does not start is told by its first terminal.
    """
    firefox = Firefox(options)
    if "firefox" in wanted:
        firefox.path()
    async with open_browser(options) as chromium:
        yield Browsers(chromium, firefox)
