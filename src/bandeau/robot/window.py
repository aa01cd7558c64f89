"""A window of either browser, as what looks at notices and works them knows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bandeau import limits
from bandeau.audit.shown import Box


@dataclass(frozen=True, slots=True)
class Loaded:
    """Where a navigation led: ``status`` is 0 without an answer, and ``failure`` says why."""

    asked: str
    landed: str
    status: int
    failure: str = ""


class World(Protocol):
    """A world of our own in one frame, whose scripts the page's do not see.

    ``frame`` is its id, ``frame_url`` the address of its document, ``top`` whether that is the
    window's own. Calls raise :class:`bandeau.robot.pipe.CallFailed`.
    """

    @property
    def frame(self) -> str: ...

    @property
    def frame_url(self) -> str: ...

    @property
    def top(self) -> bool: ...

    async def evaluate(
        self, function: str, *arguments: Any, within: float = limits.AUDIT_SCRIPT_SECONDS
    ) -> Any:
        """What a function returns, as JSON; a promise is awaited."""
        ...

    async def said(self, expression: str) -> Any:
        """What an expression gives in the page's own world; ``None`` where it fails."""
        ...

    async def offset(self) -> tuple[float, float]:
        """Where the frame's document begins in the top window, in CSS pixels."""
        ...


class Window(Protocol):
    """One window. Whatever a page does, each call ends within its limit.

    It raises :class:`bandeau.robot.pipe.CallFailed` or :class:`bandeau.robot.pipe.BrowserGone`.
    """

    @property
    def url(self) -> str:
        """The address of the top document."""
        ...

    async def goto(self, url: str, settle: float = limits.AUDIT_SETTLE_SECONDS) -> Loaded:
        """Go to an address and wait until the page is quiet, at most ``settle`` seconds."""
        ...

    async def reload(self, settle: float = limits.AUDIT_SETTLE_SECONDS) -> Loaded:
        """Load the page again, as F5 does."""
        ...

    async def settle(
        self,
        most: float = limits.AUDIT_SETTLE_SECONDS,
        quiet: float = limits.AUDIT_QUIET_SECONDS,
    ) -> bool:
        """Wait until nothing was loaded for ``quiet`` seconds; ``False`` after ``most`` seconds."""
        ...

    async def rest(self, seconds: float) -> None:
        """Do nothing for a while, as a reader does."""
        ...

    async def worlds(self) -> Sequence[World]:
        """A world of our own in each frame, the top one first; frames in flight are left out."""
        ...

    async def admit_closed(self) -> int:
        """Let our worlds see into closed shadow roots; answers how many there are."""
        ...

    async def click(self, x: float, y: float) -> None:
        """A real click at a point of the window."""
        ...

    async def press(self, key: str, *, shift: bool = False) -> None:
        """A real key, such as ``Tab``, ``Escape``, ``Enter`` or a single character."""
        ...

    async def scroll(self, y: float) -> None:
        """Turn the wheel in the middle of the window, ``y`` pixels down (up where negative)."""
        ...

    async def sized(self, width: int = 0, height: int = 0) -> None:
        """Make the window this large in pixels of CSS; without a size, as large as it was."""
        ...

    async def screenshot(self) -> bytes:
        """What the window shows, as a PNG."""
        ...

    async def outlined(self, box: Box) -> bytes:
        """What the window shows, with ``box`` outlined; nothing is added to the page."""
        ...

    async def jar(self) -> dict[str, str]:
        """The cookies that the page's own address is sent, by name."""
        ...

    async def kept_locally(self) -> dict[str, str]:
        """The local storage of the top document."""
        ...

    async def said(self, expression: str) -> Any:
        """What an expression gives in the page's own world; ``None`` where it fails."""
        ...

    async def fetched(self, address: str) -> bytes:
        """What the page's own server answers, asked for outside the page with its cookies."""
        ...
