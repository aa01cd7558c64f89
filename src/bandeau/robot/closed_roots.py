"""Shadow roots that a page closed, opened to our own world alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from bandeau import limits
from bandeau.robot.pipe import CallFailed, Message
from bandeau.robot.session import Session
from bandeau.robot.wordings import eyes
from bandeau.robot.world import World


async def admit_closed(worlds: Iterable[World]) -> int:
    """Let the page scripts see into closed shadow roots; answers how many there are."""
    by_frame = {world.frame: world for world in worlds}
    sessions = {world.session.number: world.session for world in by_frame.values()}
    found = [each for session in sessions.values() for each in await _roots(session, by_frame)]
    for world, node in found[: limits.AUDIT_CLOSED_ROOTS]:
        await _admit(world, node)
    return len(found)


async def _roots(session: Session, worlds: dict[str, World]) -> list[tuple[World, int]]:
    try:
        document = await session.call("DOM.getDocument", depth=-1, pierce=True)
    except CallFailed:
        return []
    found = await asyncio.to_thread(lambda: list(_closed(document["root"], session.target)))
    return [(worlds[frame], node) for frame, node in found if frame in worlds]


def _closed(root: Message, frame: str) -> Iterator[tuple[str, int]]:
    left: list[tuple[Message, str]] = [(root, frame)]
    while left:
        node, frame = left.pop()
        for shadow in node.get("shadowRoots", ()):
            if shadow.get("shadowRootType") == "closed":
                yield frame, shadow["backendNodeId"]
        below = (*node.get("children", ()), *node.get("shadowRoots", ()))
        left += [(child, frame) for child in below]
        if inner := node.get("contentDocument"):
            left.append((inner, node.get("frameId", frame)))


async def _admit(world: World, node: int) -> None:
    resolved = await world.session.call(
        "DOM.resolveNode", backendNodeId=node, executionContextId=world.context
    )
    await world.session.call(
        "Runtime.callFunctionOn",
        objectId=resolved["object"]["objectId"],
        functionDeclaration=f"function () {{ return ({eyes()})('admit', this); }}",
        awaitPromise=True,
    )
