"""Scripts of our own in a page's frames, in BiDi's sandboxes, which the page's scripts do not see.

A sandbox sees the page as the browser made it, whatever its scripts wrapped.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bandeau import limits
from bandeau.audit.foreign_json import read_foreign
from bandeau.robot.bidi import Bidi
from bandeau.robot.pipe import BrowserGone, CallFailed, Message
from bandeau.robot.wordings import eyes
from bandeau.robot.world import NAME, ScriptFailed

# The frames of a document, shadow roots included, each with where its content begins.
_FRAMES = """(closed) => {
  const found = [], left = [document, ...closed];
  for (let root; (root = left.pop());) {
    for (const each of root.querySelectorAll("*")) {
      if (each.shadowRoot) left.push(each.shadowRoot);
      if (!/^(iframe|frame|object)$/i.test(each.localName) || !each.contentWindow) continue;
      const box = each.getBoundingClientRect(), style = getComputedStyle(each);
      found.push([each.contentWindow,
        box.left + each.clientLeft + parseFloat(style.paddingLeft),
        box.top + each.clientTop + parseFloat(style.paddingTop)]);
    }
  }
  return found;
}"""
# What is not defined is null, as Chromium has it.
_CALLED = """async (given) => JSON.stringify(
  await ({function})(...JSON.parse(given)), (_, value) => value === undefined ? null : value)"""
_ROOTS = {"maxDomDepth": None, "includeShadowTree": "all"}


@dataclass(frozen=True, slots=True)
class World:
    """Our world in one frame. ``frame`` is its browsing context, ``around`` those that it is in,
    the innermost first."""

    frame: str
    frame_url: str
    around: tuple[str, ...]
    bidi: Bidi

    @property
    def top(self) -> bool:
        """Whether it is the window's own document."""
        return not self.around

    async def evaluate(
        self, function: str, *arguments: Any, within: float = limits.AUDIT_SCRIPT_SECONDS
    ) -> Any:
        """What a function returns, as JSON; a promise is awaited.

        Raises :class:`ScriptFailed` where it throws, :class:`CallFailed` where it takes longer than
        ``within`` seconds or the frame has gone.
        """
        called = _CALLED.format(function=function)
        given = {"type": "string", "value": json.dumps(arguments)}
        told = (await self._called(called, given, within=within)).get("value")
        return None if told is None else read_foreign(told)

    async def _called(
        self, function: str, *given: Message, within: float = limits.AUDIT_SCRIPT_SECONDS
    ) -> Message:
        answer = await self.bidi.call(
            "script.callFunction",
            within,
            functionDeclaration=function,
            awaitPromise=True,
            target={"context": self.frame, "sandbox": NAME},
            arguments=list(given),
        )
        if answer["type"] == "exception":
            told = answer["exceptionDetails"].get("text", "")
            raise ScriptFailed(str(told)[: limits.AUDIT_TEXT_CHARACTERS])
        result: Message = answer["result"]
        return result

    async def said(self, expression: str) -> Any:
        """What an expression gives in the page's own world; ``None`` where it fails."""
        try:
            answer = await self.bidi.call(
                "script.evaluate",
                limits.AUDIT_PAUSE_SECONDS,
                expression=expression,
                awaitPromise=True,
                target={"context": self.frame},
            )
        except (CallFailed, BrowserGone):
            return None
        return answer.get("result", {}).get("value")

    async def offset(self) -> tuple[float, float]:
        """Where the frame's document begins in the top window, in CSS pixels.

        Raises :class:`CallFailed` where the frame is not shown.
        """
        x = y = 0.0
        frame = self.frame
        for at, outer in enumerate(self.around):
            world = World(outer, "", self.around[at + 1 :], self.bidi)
            left, top = await world.begins(frame)
            x, y, frame = x + left, y + top, outer
        return x, y

    async def begins(self, frame: str) -> tuple[float, float]:
        """Where the content of a frame in this document begins."""
        found = await self._shown((), frame) or await self._shown(await self.closed_roots(), frame)
        if found is None:
            raise CallFailed("the frame is not shown")
        return found

    async def _shown(self, closed: Sequence[str], frame: str) -> tuple[float, float] | None:
        given = {"type": "array", "value": [{"sharedId": each} for each in closed]}
        for each in (await self._called(_FRAMES, given)).get("value", ()):
            window, left, top = each["value"]
            if window["value"]["context"] == frame:
                return float(left["value"]), float(top["value"])
        return None

    async def closed_roots(self) -> list[str]:
        """The shadow roots that the page closed."""
        answer = await self.bidi.call(
            "browsingContext.locateNodes",
            context=self.frame,
            locator={"type": "css", "value": ":root"},
            serializationOptions=_ROOTS,
        )
        nodes = [node for root in answer["nodes"] for node in _closed(root)]
        return nodes[: limits.AUDIT_CLOSED_ROOTS]

    async def admit(self, root: str) -> None:
        """Let the page scripts see into a closed shadow root."""
        call = f"(root) => {{ ({eyes()})('admit', root); }}"
        await self._called(call, {"sharedId": root})


def _closed(root: Message) -> Iterator[str]:
    left = [root]
    while left:
        node = left.pop()
        value = node.get("value", {})
        if shadow := value.get("shadowRoot"):
            if shadow["value"].get("mode") == "closed":
                yield shadow["sharedId"]
            left.append(shadow)
        left += value.get("children") or ()


async def worlds_of(bidi: Bidi, window: str) -> tuple[World, ...]:
    """Our worlds in all frames of a window, the top one first."""
    answer = await bidi.call("browsingContext.getTree", root=window)
    frames = _frames(answer["contexts"][0], ())
    return tuple(
        World(told["context"], told["url"], around, bidi)
        for told, around in itertools.islice(frames, limits.AUDIT_FRAMES)
    )


def _frames(told: Message, around: tuple[str, ...]) -> Iterator[tuple[Message, tuple[str, ...]]]:
    yield told, around
    for child in told.get("children") or ():
        yield from _frames(child, (told["context"], *around))
