"""Where and when something happened on a terminal: its documents, scripts, and clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bandeau import limits
from bandeau.audit.evidence import Cause, Gap, Place
from bandeau.robot.pipe import Message
from bandeau.robot.session import PAGES, Session, Sessions


@dataclass(frozen=True, slots=True)
class Script:
    """A script that a target compiled; ``made_by`` is the place that evaluated it as text, and
    ``ours`` tells that it runs in a world of our own. ``length`` is in UTF-16 units."""

    url: str
    frame: str
    ours: bool
    made_by: Place | None = None
    length: int = 0


class Scene:
    """What is known of a terminal's documents and scripts, as events tell it."""

    def __init__(self, sessions: Sessions) -> None:
        # The browser's own times are of the same clock.
        self._began = time.monotonic()
        self._documents: dict[str, tuple[str, str]] = {}
        self._scripts: dict[tuple[str, str], Script] = {}
        self._gaps: dict[str, Gap] = {}
        self.top = ""
        sessions.prepare(_enable)
        sessions.on("Page.frameAttached", self._attached)
        sessions.on("Page.frameNavigated", self._navigated)
        sessions.on("Page.navigatedWithinDocument", self._moved)
        sessions.on("Network.responseReceived", self._answered)
        sessions.on("Debugger.scriptParsed", self._parsed)

    def now(self) -> float:
        """Seconds since the terminal was opened."""
        return time.monotonic() - self._began

    def at(self, timestamp: float) -> float:
        """A time of the browser, in seconds since the terminal was opened."""
        return max(0.0, timestamp - self._began)

    def gap(self, limit: str, why: str) -> None:
        """Tell, once, that something is missing."""
        self._gaps.setdefault(limit, Gap(limit, why))

    def gaps(self) -> tuple[Gap, ...]:
        """All that is missing."""
        return tuple(self._gaps.values())

    def _attached(self, _: Session, event: Message) -> None:
        self._documents.setdefault(event["frameId"], ("", event.get("parentFrameId", "")))

    def _navigated(self, session: Session, event: Message) -> None:
        frame = event["frame"]
        self._settle(session, frame["id"], frame["url"], frame.get("parentId"))

    def _moved(self, session: Session, event: Message) -> None:
        self._settle(session, event["frameId"], event["url"].partition("#")[0], None)

    def _answered(self, session: Session, event: Message) -> None:
        if event.get("type") == "Document" and event.get("frameId"):
            self._settle(session, event["frameId"], event["response"]["url"], None)

    def _settle(self, session: Session, frame: str, url: str, parent: str | None) -> None:
        known = self._documents.get(frame, ("", ""))[1]
        if len(self._documents) < limits.AUDIT_DOCUMENTS or frame in self._documents:
            self._documents[frame] = (url, known if parent is None else parent)
        if session.kind == "page" and session.target == frame:
            self.top = url

    def document(self, frame: str) -> str:
        """The address of a frame's document, or of the nearest one around it that has any."""
        for _ in range(limits.AUDIT_FRAMES):
            url, parent = self._documents.get(frame, ("", ""))
            if url.startswith("http") or not parent:
                return url
            frame = parent
        return ""

    def around(self, frame: str) -> str:
        """The address of the document that a frame stands in, empty for the top one."""
        parent = self._documents.get(frame, ("", ""))[1]
        return self.document(parent) if parent else ""

    def _parsed(self, session: Session, event: Message) -> None:
        # A script may name itself; what the browser was given is the truth.
        url = event.get("embedderName") or ("" if event.get("hasSourceURL") else event["url"])
        context = event.get("executionContextAuxData") or {}
        ours = context.get("type", "default") not in ("default", "worker")
        made_by = None
        if not url and (stack := event.get("stackTrace")):
            made_by = next(self._places(session, stack), None)
        if len(self._scripts) < limits.AUDIT_SCRIPTS:
            frame, length = context.get("frameId", ""), event.get("length", 0)
            script = Script(url, frame, ours, made_by, length)
            self._scripts[session.number, event["scriptId"]] = script

    def script(self, session: Session, number: str) -> Script | None:
        """A script by its number in a session."""
        return self._scripts.get((session.number, number))

    def _places(self, session: Session, stack: Message | None) -> Iterator[Place]:
        """The places of a stack, innermost first, and on through asynchronous parents."""
        while stack:
            for call in stack.get("callFrames", ()):
                yield from self._place(session, call)
            stack = stack.get("parent")

    def _place(self, session: Session, call: Message) -> Iterator[Place]:
        where = call.get("location", call)
        script = self.script(session, str(where.get("scriptId", "")))
        url = script.url if script and script.url else call.get("url", "")
        if script is not None and script.made_by is not None:
            yield Place(
                script.made_by.url,
                script.made_by.line,
                script.made_by.column,
                f"eval {call.get('functionName', '')}".strip(),
            )
            return
        line, column = where.get("lineNumber", 0) + 1, where.get("columnNumber", 0)
        yield Place(url, line, column, call.get("functionName", ""))

    def stack(self, session: Session, stack: Message | None) -> tuple[Place, ...]:
        """A stack as places, at most as many as are kept."""
        places = self._places(session, stack)
        return tuple(place for place, _ in zip(places, range(limits.AUDIT_STACK), strict=False))

    def initiator(self, session: Session, told: Message | None) -> Cause:
        """The cause of a request, as the browser tells it."""
        if not told:
            return Cause("")
        stack = self.stack(session, told.get("stack"))
        url = next((place.url for place in stack if place.url), told.get("url", ""))
        if not stack and "lineNumber" in told:
            stack = (Place(url, int(told["lineNumber"]) + 1, int(told.get("columnNumber", 0))),)
        return Cause(told.get("type", ""), url, stack)

    def paused(self, session: Session, event: dict[str, Any]) -> Cause:
        """The cause of what a script is about to do as it pauses."""
        stack = {"callFrames": event["callFrames"], "parent": event.get("asyncStackTrace")}
        places = self.stack(session, stack)
        return Cause("script", next((place.url for place in places if place.url), ""), places)


def _enable(session: Session) -> None:
    session.send("Debugger.enable", maxScriptsCacheSize=0)
    session.send("Debugger.setAsyncCallStackDepth", maxDepth=limits.AUDIT_STACK)
    if session.kind in PAGES:
        session.send("Page.enable")
