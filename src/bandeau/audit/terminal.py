"""A visitor's terminal as the auditor uses it: the port to a real browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bandeau.audit.evidence import Cookie, Read, Request, Stored, Write
from bandeau.audit.shown import Choosing, ConsentMode, Notice, Reach, Tcf, Visit


class TerminalLost(Exception):
    """The browser ended, or did not answer in time; the message says at what."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the site itself says of the choice: as text, for each purpose, as a TC string, and to
    Google's tags."""

    text: str = ""
    purposes: tuple[tuple[str, bool], ...] = ()
    tcf: Tcf | None = None
    mode: ConsentMode | None = None


class Terminal(Protocol):
    """One fresh profile with one window. Every method may raise :class:`TerminalLost`."""

    def now(self) -> float:
        """Seconds since the run began."""
        ...

    async def visit(self, address: str, rest: float) -> Visit:
        """Open an address and wait until it is quiet, at least ``rest`` seconds."""
        ...

    async def again(self, rest: float) -> Visit:
        """Load the page that is open once more."""
        ...

    async def present(self) -> Visit:
        """The page that is open, as it is now."""
        ...

    async def linger(self, seconds: float) -> None:
        """Scroll through the page and wait, without a click."""
        ...

    async def cut(self) -> tuple[list[Request], list[Write], list[Read]]:
        """What happened since the last cut."""
        ...

    async def kept(self) -> tuple[list[Cookie], list[Stored]]:
        """What is on the terminal now."""
        ...

    async def look(self) -> Notice | None:
        """The notice that is shown."""
        ...

    async def second_layer(self) -> Notice | None:
        """The notice's second layer, opened and left open."""
        ...

    async def reach(self) -> Reach | None:
        """What the notice that is shown leaves in reach; nothing where there is none."""
        ...

    async def choose(self, action: str, purpose: str | None) -> Choosing:
        """Make a choice as a visitor would."""
        ...

    async def standing(self) -> Standing:
        """What the site says of the choice now."""
        ...

    async def picture(self, name: str, notice: Notice | None) -> str:
        """Keep what the window shows, the notice outlined; gives the name that it is kept under."""
        ...
