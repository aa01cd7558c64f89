"""The window of a terminal: where it goes, what stands in it, and a visitor's hand and eye.

Whatever a page does, each call ends within its limit: with a value that says what failed where that
is a page's to decide (:class:`Loaded`), else with :class:`CallFailed` or :class:`BrowserGone`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from bandeau import limits
from bandeau.audit.shown import Box
from bandeau.audit.urls import split_of
from bandeau.robot.closed_roots import admit_closed
from bandeau.robot.guise import Guise
from bandeau.robot.pipe import BrowserGone, CallFailed, Message, NoAnswer
from bandeau.robot.session import PAGES, Session, Sessions
from bandeau.robot.traffic import Traffic
from bandeau.robot.window import Loaded
from bandeau.robot.world import World, in_page, worlds_of

# The keys that work a page: what they are called, and what the system calls them.
_KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Escape": ("Escape", 27, ""),
    " ": ("Space", 32, " "),
    "End": ("End", 35, ""),
    "Home": ("Home", 36, ""),
    "PageDown": ("PageDown", 34, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
}
_SHIFT = 8
_TRIES = 4
_RED = {"r": 214, "g": 0, "b": 60, "a": 1}
_CLEAR = {"r": 0, "g": 0, "b": 0, "a": 0}


class Tab:
    """One window, with real input and worlds of our own that the page's scripts do not see."""

    def __init__(
        self,
        sessions: Sessions,
        guise: Guise,
        opening: Callable[[], Awaitable[Session]],
        closing: Callable[[str], Awaitable[object]],
    ) -> None:
        self._sessions = sessions
        self._guise = guise
        self._opening = opening
        self._closing = closing
        self._page: Session | None = None
        self._broken = ""
        self._dialogs = 0
        self.traffic = Traffic(sessions)
        sessions.prepare(self._watch)
        sessions.on_end(self._ended)
        sessions.on("Page.javascriptDialogOpening", self._dismiss)
        sessions.on("Inspector.targetCrashed", lambda session, _: self._crashed(session))

    def _watch(self, session: Session) -> None:
        if session.kind in PAGES:
            session.send("Inspector.enable")
            session.send("Page.setInterceptFileChooserDialog", enabled=True)
            session.send("DOM.enable")

    def _ended(self, session: Session) -> None:
        if session is self._page:
            self._broken = "the page closed itself"

    def _crashed(self, session: Session) -> None:
        if session is self._page:
            self._broken = "the page crashed"
        self._sessions.detach(session.number)

    def _dismiss(self, session: Session, event: Message) -> None:
        session.send("Page.handleJavaScriptDialog", accept=event.get("type") == "beforeunload")
        self._dialogs += 1
        if self._dialogs > limits.AUDIT_DIALOGS:
            session.send("Runtime.terminateExecution")
            self._broken = "the page opened one dialog after another"

    @property
    def page(self) -> Session:
        """The session of the top document. Raises :class:`BrowserGone` where it has ended."""
        if self._page is None or self._broken:
            raise BrowserGone(self._broken or "no window is open")
        return self._page

    async def open(self) -> None:
        """Open the window; a broken one is closed and another one opened."""
        old, self._page = self._page, None
        if old is not None:
            with contextlib.suppress(CallFailed, BrowserGone):
                await self._closing(old.target)
            self._sessions.detach(old.number)
        self._page = await self._opening()
        # What the target was told holds for the next document only once it has been worked.
        await self._page.call("Page.getFrameTree")
        self._broken = ""

    async def goto(self, url: str, settle: float = limits.AUDIT_SETTLE_SECONDS) -> Loaded:
        """Go to an address and wait until the page is quiet, at most ``settle`` seconds."""
        if split_of(url).scheme not in ("http", "https"):
            return Loaded(url, url, 0, "only http and https addresses are visited")
        return await self._loading(url, settle, "Page.navigate", url=url)

    async def reload(self, settle: float = limits.AUDIT_SETTLE_SECONDS) -> Loaded:
        """Load the page again, as F5 does."""
        return await self._loading(self.url, settle, "Page.reload")

    async def _loading(self, asked: str, settle: float, method: str, **parameters: Any) -> Loaded:
        self._dialogs = 0
        try:
            if self._page is None or self._broken:
                await self.open()
            self.traffic.begin(self.page)
            within = limits.AUDIT_NAVIGATION_SECONDS
            answer = await self.page.call(method, within, **parameters)
            failure = str(answer.get("errorText", ""))
            if not failure:
                await self.settle(settle)
                await self._located()
        except BrowserGone as error:
            failure = self._broken or str(error)
        except NoAnswer:
            failure = f"no answer within {limits.AUDIT_NAVIGATION_SECONDS} s"
            self._broken = self._broken or failure
        except CallFailed as error:
            failure = str(error)
            self._broken = self._broken or failure
        return Loaded(asked, self.traffic.landed or asked, self.traffic.status, failure)

    async def _located(self) -> None:
        """Ask where the window is: the browser itself knows, even where the page hangs."""
        history = await self._history()
        self.traffic.landed = history["entries"][history["currentIndex"]]["url"]

    async def _history(self) -> Message:
        """The window's history. While one document takes over from another nobody has it."""
        for _ in range(_TRIES - 1):
            try:
                return await self.page.call("Page.getNavigationHistory")
            except NoAnswer:
                raise
            except CallFailed:
                await asyncio.sleep(limits.AUDIT_QUIET_SECONDS)
        return await self.page.call("Page.getNavigationHistory")

    @property
    def url(self) -> str:
        """The address of the top document."""
        return self.traffic.landed

    async def settle(
        self,
        most: float = limits.AUDIT_SETTLE_SECONDS,
        quiet: float = limits.AUDIT_QUIET_SECONDS,
    ) -> bool:
        """Wait until nothing was loaded for ``quiet`` seconds; ``False`` after ``most`` seconds."""
        return await self.traffic.quiet.wait(quiet, most)

    async def worlds(self) -> tuple[World, ...]:
        """A world of our own in each frame, the top one first; frames in flight are left out."""
        return await worlds_of(self.page, self._sessions.pages())

    async def click(self, x: float, y: float) -> None:
        """A real click at a point of the window."""
        await self._mouse("mouseMoved", x, y)
        await self._mouse("mousePressed", x, y, button="left", buttons=1, clickCount=1)
        await self._mouse("mouseReleased", x, y, button="left", clickCount=1)

    async def _mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        await self.page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    async def press(self, key: str, *, shift: bool = False) -> None:
        """A real key, such as ``Tab``, ``Escape``, ``Enter`` or a single character."""
        code, number, text = _KEYS.get(key, (key, ord(key[0].upper()), key))
        both: dict[str, Any] = {"key": key, "code": code, "windowsVirtualKeyCode": number}
        both["modifiers"] = _SHIFT if shift else 0
        typed: dict[str, Any] = {"text": text} if text else {}
        kind = "keyDown" if text else "rawKeyDown"
        await self.page.call("Input.dispatchKeyEvent", type=kind, **both, **typed)
        await self.page.call("Input.dispatchKeyEvent", type="keyUp", **both)

    async def scroll(self, y: float) -> None:
        """Turn the wheel in the middle of the window, ``y`` pixels down (up where negative)."""
        middle = (self._guise.width / 2, self._guise.height / 2)
        await self._mouse("mouseWheel", *middle, deltaX=0, deltaY=y)

    async def sized(self, width: int = 0, height: int = 0) -> None:
        """Give the window another size in CSS pixels, or its own again."""
        await self.page.call(
            "Emulation.setDeviceMetricsOverride",
            width=width or self._guise.width,
            height=height or self._guise.height,
            deviceScaleFactor=1,
            mobile=self._guise.phone and not width,
        )

    async def screenshot(self) -> bytes:
        """What the window shows, as a PNG."""
        answer = await self.page.call("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])

    async def rest(self, seconds: float) -> None:
        """Do nothing for a while, as a reader does."""
        await asyncio.sleep(min(seconds, limits.AUDIT_REST_SECONDS))

    async def outlined(self, box: Box) -> bytes:
        """What the window shows, with ``box`` outlined by the browser above the page."""
        sides = {name: round(getattr(box, name)) for name in ("x", "y", "width", "height")}
        await self.page.call("Overlay.enable")
        try:
            await self.page.call("Overlay.highlightRect", **sides, color=_CLEAR, outlineColor=_RED)
            return await self.screenshot()
        finally:
            self.page.send("Overlay.hideHighlight")
            self.page.send("Overlay.disable")

    async def admit_closed(self) -> int:
        """Let our worlds see into closed shadow roots; answers how many there are."""
        return await admit_closed(await self.worlds())

    async def jar(self) -> dict[str, str]:
        """The cookies that the page's own address is sent, by name."""
        try:
            found = (await self.page.call("Network.getCookies"))["cookies"]
        except CallFailed:
            return {}
        return {each["name"]: each["value"] for each in found[: limits.COOKIES * 10]}

    async def kept_locally(self) -> dict[str, str]:
        """The local storage of the top document."""
        page = self.page
        try:
            key = await page.call("Storage.getStorageKeyForFrame", frameId=page.target)
            storage = {"storageKey": key["storageKey"], "isLocalStorage": True}
            items = await page.call("DOMStorage.getDOMStorageItems", storageId=storage)
        except CallFailed:
            return {}
        return dict(items["entries"])

    async def said(self, expression: str) -> Any:
        """What an expression gives in the page's own world; ``None`` where it fails."""
        return await in_page(self.page, expression)

    async def fetched(self, address: str) -> bytes:
        """What the page's own server answers, asked for outside the page with its cookies."""
        page = self.page
        answer = await page.call(
            "Network.loadNetworkResource",
            frameId=page.target,
            url=address,
            options={"disableCache": True, "includeCredentials": True},
        )
        resource = answer["resource"]
        if not resource.get("success") or "stream" not in resource:
            return b"{}"
        handle = resource["stream"]
        read = await page.call("IO.read", handle=handle, size=limits.AUDIT_RECORD_CHARACTERS)
        page.send("IO.close", handle=handle)
        data = str(read["data"])
        return base64.b64decode(data) if read.get("base64Encoded") else data.encode()
