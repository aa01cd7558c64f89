"""Scripts of our own in a page's frames, in worlds that the page's scripts do not see."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bandeau import limits
from bandeau.robot.pipe import BrowserGone, CallFailed, Message
from bandeau.robot.session import Session

NAME = "reader"


class ScriptFailed(CallFailed):
    """A script of ours threw. The message is the error's."""


@dataclass(frozen=True, slots=True)
class World:
    """Our world in one frame. ``frame`` is its id, ``frame_url`` its document's address; ``top``
    whether it is the window's own document."""

    frame: str
    frame_url: str
    top: bool
    session: Session
    context: int

    async def evaluate(
        self, function: str, *arguments: Any, within: float = limits.AUDIT_SCRIPT_SECONDS
    ) -> Any:
        """What a function returns, as JSON; a promise is awaited.

        Raises :class:`ScriptFailed` where it throws, :class:`CallFailed` where it takes longer than
        ``within`` seconds or the frame has gone.
        """
        answer = await self.session.call(
            "Runtime.callFunctionOn",
            within,
            functionDeclaration=function,
            executionContextId=self.context,
            arguments=[{"value": each} for each in arguments],
            returnByValue=True,
            awaitPromise=True,
        )
        if fault := answer.get("exceptionDetails"):
            told = fault.get("exception", {}).get("description") or fault.get("text", "")
            raise ScriptFailed(str(told)[: limits.AUDIT_TEXT_CHARACTERS])
        return answer.get("result", {}).get("value")

    async def said(self, expression: str) -> Any:
        """What an expression gives in the page's own world; ``None`` where it fails, and for a
        frame that has no target of its own."""
        if self.frame != self.session.target:
            return None
        return await in_page(self.session, expression)

    async def offset(self) -> tuple[float, float]:
        """Where the frame's document begins in the top window, in CSS pixels.

        Raises :class:`CallFailed` where the frame is not shown.
        """
        x = y = 0.0
        frame, session = self.frame, self.session
        while True:
            if frame == session.target:
                if session.parent is None:
                    return x, y
                session = session.parent
            left, top = await _box(session, frame)
            x, y, frame = x + left, y + top, session.target


async def in_page(session: Session, expression: str) -> Any:
    """What an expression gives in the page's own world; ``None`` where it fails."""
    try:
        answer = await session.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            timeout=2_000,
        )
    except (CallFailed, BrowserGone):
        return None
    return answer.get("result", {}).get("value")


async def _box(session: Session, frame: str) -> tuple[float, float]:
    """Where a frame's content begins in the document that ``session`` is rooted in."""
    owner = await session.call("DOM.getFrameOwner", frameId=frame)
    box = await session.call("DOM.getBoxModel", backendNodeId=owner["backendNodeId"])
    x, y = box["model"]["content"][:2]
    return float(x), float(y)


async def worlds_of(page: Session, sessions: Sequence[Session]) -> tuple[World, ...]:
    """Our worlds in all frames of the window whose document is ``page``'s."""
    trees = await asyncio.gather(
        *(session.call("Page.getFrameTree") for session in sessions), return_exceptions=True
    )
    frames = [
        (session, frame)
        for session, tree in zip(sessions, trees, strict=True)
        if not isinstance(tree, BaseException)
        for frame in frames_of(tree["frameTree"])
    ]
    frames.sort(key=lambda each: each[1]["id"] != page.target)
    found = await asyncio.gather(
        *(_world(*each, page) for each in itertools.islice(frames, limits.AUDIT_FRAMES))
    )
    worlds = tuple(world for world in found if world is not None)
    if not worlds or not worlds[0].top:
        raise CallFailed("the page does not answer")
    return worlds


def frames_of(tree: Message) -> Iterator[Message]:
    """All frames of a frame tree, the outer before the inner."""
    yield tree["frame"]
    for child in tree.get("childFrames", ()):
        yield from frames_of(child)


async def _world(session: Session, frame: Message, page: Session) -> World | None:
    try:
        made = await session.call("Page.createIsolatedWorld", frameId=frame["id"], worldName=NAME)
    except (CallFailed, BrowserGone):
        return None
    context = made["executionContextId"]
    return World(frame["id"], frame["url"], frame["id"] == page.target, session, context)
