"""The window of a Firefox terminal: where it goes, what stands in it, and a visitor's hand and eye.

The tab that is there from the start is our desk: what must not be seen in the page is done there.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from bandeau import limits
from bandeau.audit.shown import Box
from bandeau.audit.urls import split_of
from bandeau.robot.bidi import Bidi
from bandeau.robot.camera import Viewport
from bandeau.robot.firefox_kinds import text_of
from bandeau.robot.firefox_traffic import Traffic
from bandeau.robot.firefox_world import World, worlds_of
from bandeau.robot.gate import Gate
from bandeau.robot.pipe import BrowserGone, CallFailed, Message, NoAnswer
from bandeau.robot.setting import is_sent_to
from bandeau.robot.window import Loaded

# The keys that work a page, as WebDriver writes them.
_KEYS = {
    "Tab": "\ue004",
    "Enter": "\ue006",
    "Escape": "\ue00c",
    "End": "\ue010",
    "Home": "\ue011",
    "PageDown": "\ue00f",
    "ArrowDown": "\ue015",
    "ArrowUp": "\ue013",
}
_SHIFT = "\ue008"
_STORAGE = "() => Object.entries(localStorage)"
_OUTLINE = """async (png, x, y, width, height) => {
  const bytes = await (await fetch("data:image/png;base64," + png)).blob();
  const picture = await createImageBitmap(bytes);
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  pen.drawImage(picture, 0, 0);
  [pen.strokeStyle, pen.lineWidth] = ["rgb(214, 0, 60)", 2];
  pen.strokeRect(x, y, width, height);
  return canvas.toDataURL("image/png").split(",")[1];
}"""


class Tab:
    """One window, with real input and worlds of our own that the page's scripts do not see.

    ``desk`` is a tab that no page is shown in; ``popups`` are the addresses that the page tried to
    open windows for. ``leaving`` is waited for before a page is left.
    """

    leaving: Callable[[], Awaitable[None]] | None = None

    def __init__(self, bidi: Bidi, size: Viewport, desk: str, way: Gate) -> None:
        self._bidi = bidi
        self._size = size
        self._gate = way
        self._window = ""
        self._ours = {desk}
        self._broken = ""
        self._dialogs = 0
        self._closing: set[asyncio.Future[Any]] = set()
        self.desk = desk
        self.popups: list[str] = []
        self.traffic = Traffic(bidi)
        bidi.on("browsingContext.contextCreated", self._opened)
        bidi.on("browsingContext.contextDestroyed", self._ended)
        bidi.on("browsingContext.userPromptOpened", self._asked)

    def _opened(self, event: Message) -> None:
        if event.get("parent") or event["originalOpener"] is None:
            return
        if len(self.popups) < limits.AUDIT_POPUPS:
            self.popups.append(event["url"])
        self._close(event["context"])

    def _close(self, context: str) -> None:
        closing = asyncio.ensure_future(self._closed(context))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _closed(self, context: str) -> None:
        with contextlib.suppress(CallFailed, BrowserGone):
            await self._bidi.call("browsingContext.close", context=context)

    def _ended(self, event: Message) -> None:
        if event["context"] == self._window and not self._broken:
            self._broken = "the page closed itself"

    def _asked(self, event: Message) -> None:
        self._dialogs += event["context"] == self._window
        if self._dialogs > limits.AUDIT_DIALOGS and not self._broken:
            self._broken = "the page opened one dialog after another"
            self._close(self._window)

    @property
    def window(self) -> str:
        """The browsing context of the page. Raises :class:`BrowserGone` where it has ended."""
        if not self._window or self._broken:
            raise BrowserGone(self._broken or "no window is open")
        return self._window

    async def open(self) -> None:
        """Open the window; a broken one is closed and another one opened."""
        if self._window:
            await self._closed(self._window)
        made = await self._bidi.call("browsingContext.create", type="tab")
        self._window = self.traffic.window = made["context"]
        # Without it no key presses a button.
        await self._bidi.call("browsingContext.activate", context=self._window)
        self._broken = ""
        await self.sized()

    async def sized(self, width: int = 0, height: int = 0) -> None:
        """Make the window this large in pixels of CSS; without a size, as large as it was.

        On a phone a page that does not ask for the window's own width is laid out wider. Firefox
        then answers never, for it waits for the page to have that width.
        """
        size = {"width": width or self._size.width, "height": height or self._size.height}
        phone = self._size.phone
        # The first one waits for a browser that is still starting.
        within = limits.AUDIT_RESIZE_SECONDS if phone else limits.AUDIT_START_SECONDS
        try:
            await self._bidi.call(
                "browsingContext.setViewport",
                within,
                context=self.window,
                viewport=size,
                devicePixelRatio=1.0,
            )
        except NoAnswer:
            if not phone:
                raise

    async def goto(self, url: str, settle: float = limits.AUDIT_SETTLE_SECONDS) -> Loaded:
        """Go to an address and wait until the page is quiet, at most ``settle`` seconds."""
        if split_of(url).scheme not in ("http", "https"):
            return Loaded(url, url, 0, "only http and https addresses are visited")
        return await self._loading(url, settle, "browsingContext.navigate", url=url)

    async def reload(self, settle: float = limits.AUDIT_SETTLE_SECONDS) -> Loaded:
        """Load the page again, as F5 does."""
        return await self._loading(self.url, settle, "browsingContext.reload")

    async def _loading(self, asked: str, settle: float, method: str, **parameters: Any) -> Loaded:
        self._dialogs = 0
        try:
            if not self._window or self._broken:
                await self.open()
            await self._left()
            self.traffic.begin()
            window, within = self.window, limits.AUDIT_NAVIGATION_SECONDS
            going = self._bidi.call(method, within, context=window, wait="none", **parameters)
            failure = await self._arrived(going, within)
            if not failure:
                await self.settle(settle)
                failure = self._broken
        except BrowserGone as error:
            failure = self._broken or str(error)
        except NoAnswer:
            failure = f"no answer within {limits.AUDIT_NAVIGATION_SECONDS} s"
            self._broken = self._broken or failure
        if failure:
            failure = self._gate.refusal(split_of(asked).hostname or "") or failure
        landed = self.traffic.landed
        shown = landed if landed.startswith("http") else asked
        return Loaded(asked, shown, self.traffic.status, failure)

    async def _left(self) -> None:
        if self.leaving is not None and self.url:
            with contextlib.suppress(CallFailed):
                await self.leaving()

    async def _arrived(self, going: Coroutine[Any, Any, Message], within: float) -> str:
        """Wait until there is a document; answers why there is none."""
        try:
            await going
            await asyncio.wait_for(self.traffic.arrived.wait(), within)
        except TimeoutError:
            raise NoAnswer("no document") from None
        except NoAnswer:
            raise
        except CallFailed as error:
            return self._broken or self.traffic.failure or str(error)
        return self._broken or self.traffic.failure

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

    async def rest(self, seconds: float) -> None:
        """Do nothing for a while, as a reader does."""
        await asyncio.sleep(min(seconds, limits.AUDIT_REST_SECONDS))

    async def worlds(self) -> tuple[World, ...]:
        """A world of our own in each frame, the top one first."""
        return await worlds_of(self._bidi, self.window)

    async def admit_closed(self) -> int:
        """Let our worlds see into closed shadow roots; answers how many there are."""
        number = 0
        for world in await self.worlds():
            with contextlib.suppress(CallFailed):
                roots = await world.closed_roots()
                number += len(roots)
                for root in roots:
                    await world.admit(root)
        return number

    async def click(self, x: float, y: float) -> None:
        """A real click at a point of the window."""
        moved = {"type": "pointerMove", "x": round(x), "y": round(y)}
        pressed = [{"type": f"pointer{each}", "button": 0} for each in ("Down", "Up")]
        await self._act(type="pointer", actions=[moved, *pressed])

    async def press(self, key: str, *, shift: bool = False) -> None:
        """A real key, such as ``Tab``, ``Escape``, ``Enter`` or a single character."""
        keys = [*([_SHIFT] if shift else []), _KEYS.get(key, key)]
        down = [{"type": "keyDown", "value": each} for each in keys]
        up = [{"type": "keyUp", "value": each} for each in reversed(keys)]
        await self._act(type="key", actions=[*down, *up])

    async def scroll(self, y: float) -> None:
        """Turn the wheel in the middle of the window, ``y`` pixels down (up where negative)."""
        middle = {"x": self._size.width // 2, "y": self._size.height // 2}
        turned = {"type": "scroll", **middle, "deltaX": 0, "deltaY": round(y)}
        await self._act(type="wheel", actions=[turned])

    async def _act(self, **source: Any) -> None:
        given = {"id": source["type"], **source}
        await self._bidi.call("input.performActions", context=self.window, actions=[given])

    async def screenshot(self) -> bytes:
        """What the window shows, as a PNG."""
        return base64.b64decode(await self._picture())

    async def _picture(self) -> str:
        answer = await self._bidi.call("browsingContext.captureScreenshot", context=self.window)
        return str(answer["data"])

    async def outlined(self, box: Box) -> bytes:
        """What the window shows, with ``box`` outlined on our desk."""
        sides = box.x, box.y, box.width, box.height
        drawn = await self._at_desk(_OUTLINE, await self._picture(), *sides)
        return base64.b64decode(drawn)

    async def _at_desk(self, function: str, *given: Any) -> Any:
        return await World(self.desk, "", (), self._bidi).evaluate(function, *given)

    async def jar(self) -> dict[str, str]:
        """The cookies that the page's own address is sent, by name."""
        host = split_of(self.url).hostname or ""
        partition = {"type": "context", "context": self.window}
        try:
            found = (await self._bidi.call("storage.getCookies", partition=partition))["cookies"]
        except CallFailed:
            return {}
        sent = [each for each in found if is_sent_to(host, each["domain"])]
        return {each["name"]: text_of(each["value"]) for each in sent[: limits.COOKIES * 10]}

    async def kept_locally(self) -> dict[str, str]:
        """The local storage of the top document."""
        try:
            return dict(await (await self.worlds())[0].evaluate(_STORAGE))
        except CallFailed:
            return {}

    async def said(self, expression: str) -> Any:
        """What an expression gives in the page's own world; ``None`` where it fails."""
        return await World(self.window, "", (), self._bidi).said(expression)

    async def fetched(self, address: str) -> bytes:
        """What the page's own server answers, opened on our desk with the page's cookies."""
        try:
            await self._bidi.call(
                "browsingContext.navigate", context=self.desk, url=address, wait="complete"
            )
            text = await self._at_desk("() => document.documentElement.textContent")
        finally:
            await self._bidi.call(
                "browsingContext.navigate", context=self.desk, url="about:blank", wait="complete"
            )
        return str(text)[: limits.AUDIT_RECORD_CHARACTERS].encode()
