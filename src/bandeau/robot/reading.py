"""Reads and writes of scripts, through breakpoints on the platform's own functions.

A page cannot see them: its functions are untouched. Each breakpoint is taken away after
``AUDIT_HITS`` hits, because a hit costs milliseconds, and set anew with the next document.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from bandeau import limits
from bandeau.audit.evidence import Cause
from bandeau.robot.natives import NATIVES, Native, watching_source
from bandeau.robot.pipe import BrowserGone, CallFailed, Message
from bandeau.robot.scene import Scene
from bandeau.robot.session import PAGES, WORKERS, Session, Sessions

_UNWATCHED = "some reads and writes of scripts could not be watched"
# How the browser refuses a breakpoint where one stands, which goes on standing.
_STANDS = "already exists"


@dataclass(frozen=True, slots=True)
class Hit:
    """A call of a native function: ``given`` are its first arguments as far as they are plain, then
    those of an object's ``name``, ``value``, ``expires`` and ``domain``."""

    at: float
    native: Native
    given: tuple[str | float | None, ...]
    frame: str
    cause: Cause
    last: bool


@dataclass(slots=True)
class _Watched:
    """What stands in one session: breakpoints by native, hits by breakpoint, realms' readers."""

    points: dict[int, str] = field(default_factory=dict)
    hits: dict[str, int] = field(default_factory=dict)
    readers: list[str] = field(default_factory=list)
    pauses: int = 0


class Watch:
    """Sets the breakpoints in each target, and tells of each hit."""

    def __init__(self, sessions: Sessions, scene: Scene, tell: Callable[[Hit], None]) -> None:
        self._scene = scene
        self._tell = tell
        self._name = f"_{secrets.token_hex(8)}"
        self._source = watching_source(self._name, limits.AUDIT_KEPT_CHARACTERS)
        self._stopping = f"{self._source}debugger;"
        self._watched: dict[str, _Watched] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        sessions.prepare(self._prepare)
        sessions.on_end(lambda session: self._watched.pop(session.number, None))
        sessions.on("Debugger.paused", self._paused)

    def _prepare(self, session: Session) -> asyncio.Future[None] | None:
        watched = self._watched[session.number] = _Watched()
        if session.kind in PAGES:
            session.send("Page.addScriptToEvaluateOnNewDocument", source=self._stopping)
        if session.kind not in WORKERS:
            return None
        # A worker waits until told to run, and answers meanwhile: no need to stop in it.
        return asyncio.ensure_future(self._watch_worker(session, watched))

    async def _watch_worker(self, session: Session, watched: _Watched) -> None:
        try:
            within = limits.AUDIT_PAUSE_SECONDS
            await session.call("Runtime.evaluate", within, expression=self._source)
            found = await session.call("Runtime.evaluate", within, expression=self._realm)
            await self._set(session, found, watched)
        except (CallFailed, BrowserGone):
            self._scene.gap("workers", "a worker's reads and writes could not be watched")

    @property
    def _realm(self) -> str:
        return f"[{self._name}.told, ...{self._name}.natives]"

    def _paused(self, session: Session, event: Message) -> None:
        watched = self._watched.get(session.number)
        if watched is None:
            session.send("Debugger.resume")
            return
        task = asyncio.ensure_future(self._work(session, event, watched))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, session: Session, event: Message, watched: _Watched) -> None:
        try:
            if hit := event.get("hitBreakpoints"):
                await self._hit(session, event, watched, hit)
            else:
                await self._stopped(session, event, watched)
        except (CallFailed, BrowserGone):
            self._scene.gap("reads", _UNWATCHED)
        finally:
            session.send("Debugger.resume")

    async def _stopped(self, session: Session, event: Message, watched: _Watched) -> None:
        """At the start of a new document, or at a statement of the page that asks to stop."""
        call = event["callFrames"][0]
        script = self._scene.script(session, call["location"]["scriptId"])
        if script is None or script.url or script.length != len(self._stopping):
            watched.pauses += 1
            if watched.pauses > limits.AUDIT_PAUSES:
                session.send("Debugger.setSkipAllPauses", skip=True)
                self._scene.gap("AUDIT_PAUSES", "a page stopped the debugger again and again")
            return
        found = await _evaluate(session, call, self._realm)
        if script.frame == session.target:
            watched.hits.clear()
            watched.readers.clear()
            await self._set(session, found, watched)
        await self._renew(session, found, watched)

    async def _set(self, session: Session, found: Message, watched: _Watched) -> None:
        """Set whatever breakpoint does not stand."""
        reader, functions = await _functions(session, found)
        watched.readers.append(reader)
        numbers = list(functions)
        made = await asyncio.gather(
            *(self._point(session, functions[number], number) for number in numbers),
            return_exceptions=True,
        )
        for number, answer in zip(numbers, made, strict=True):
            if not isinstance(answer, BaseException):
                watched.points[number] = answer["breakpointId"]
            elif _STANDS not in str(answer):
                watched.points.pop(number, None)
                self._scene.gap("reads", _UNWATCHED)

    async def _renew(self, session: Session, found: Message, watched: _Watched) -> None:
        """Make the breakpoints hold in a document that is new: one that is set anew does it."""
        reader, functions = await _functions(session, found)
        if len(watched.readers) < limits.AUDIT_FRAMES:
            watched.readers.append(reader)
        if (point := watched.points.get(0)) and 0 in functions:
            await session.call("Debugger.removeBreakpoint", breakpointId=point)
            answer = await self._point(session, functions[0], 0)
            watched.points[0] = answer["breakpointId"]

    async def _point(self, session: Session, function: str, number: int) -> Message:
        return await session.call(
            "Debugger.setBreakpointOnFunctionCall",
            limits.AUDIT_PAUSE_SECONDS,
            objectId=function,
            condition=f"({self._name}.taken = arguments, {self._name}.by = {number}, true)",
        )

    async def _hit(
        self, session: Session, event: Message, watched: _Watched, points: list[str]
    ) -> None:
        numbers = [number for number, point in watched.points.items() if point in points]
        call = event["callFrames"][0] if event["callFrames"] else None
        if not numbers or numbers[0] == 0 or call is None:
            return
        script = self._scene.script(session, call["location"]["scriptId"])
        if script is not None and script.ours:
            return
        point = watched.points[numbers[0]]
        watched.hits[point] = watched.hits.get(point, 0) + 1
        last = watched.hits[point] >= limits.AUDIT_HITS
        self._tell(
            Hit(
                at=self._scene.now(),
                native=NATIVES[numbers[0]],
                given=await self._given(session, call, watched, numbers[0]),
                frame=self._scene.document(script.frame) if script else "",
                cause=self._scene.paused(session, event),
                last=last,
            )
        )
        if last:
            del watched.points[numbers[0]]
            await session.call("Debugger.removeBreakpoint", breakpointId=point)

    async def _given(
        self, session: Session, call: Message, watched: _Watched, number: int
    ) -> tuple[str | float | None, ...]:
        answer = await _evaluate(session, call, f"{self._name}.told({number})", by_value=True)
        given = answer.get("result", {}).get("value")
        if given is None:
            # Another document's function was called: its own reader has the arguments.
            for reader in watched.readers:
                answer = await session.call(
                    "Runtime.callFunctionOn",
                    limits.AUDIT_PAUSE_SECONDS,
                    objectId=reader,
                    functionDeclaration=f"function () {{ return this({number}); }}",
                    returnByValue=True,
                )
                given = given or answer.get("result", {}).get("value")
        return tuple(given or (None,) * 6)


async def _evaluate(
    session: Session, call: Message, expression: str, *, by_value: bool = False
) -> Message:
    return await session.call(
        "Debugger.evaluateOnCallFrame",
        limits.AUDIT_PAUSE_SECONDS,
        callFrameId=call["callFrameId"],
        expression=expression,
        returnByValue=by_value,
        silent=True,
    )


async def _functions(session: Session, found: Message) -> tuple[str, dict[int, str]]:
    """The realm's reader, and its functions by their place in ``NATIVES``."""
    listed = await session.call(
        "Runtime.getProperties",
        limits.AUDIT_PAUSE_SECONDS,
        objectId=found["result"].get("objectId", ""),
        ownProperties=True,
    )
    objects = {
        int(each["name"]): each["value"]["objectId"]
        for each in listed["result"]
        if each["name"].isdigit() and "objectId" in each.get("value", {})
    }
    return objects.pop(0, ""), {number - 1: each for number, each in objects.items()}
