"""Whether a window of Firefox still loads, and what its documents are, as BiDi's events tell it."""

from __future__ import annotations

import asyncio

from bandeau import limits
from bandeau.robot.bidi import Bidi
from bandeau.robot.firefox_kinds import kind_of
from bandeau.robot.pipe import Message
from bandeau.robot.quiet import Quiet

# They stay open for as long as a page likes.
_LASTING = ("websocket", "eventsource", "ping")
Key = tuple[str, int]


class Traffic:
    """What is under way in one window; ``landed`` is the top document's address, ``status`` its
    answer's, 0 before there is one, and ``failure`` why it could not be loaded."""

    def __init__(self, bidi: Bidi) -> None:
        self.window = ""
        self.landed = ""
        self.status = 0
        self.failure = ""
        self.arrived = asyncio.Event()
        self.quiet = Quiet()
        self._documents: dict[str, tuple[str, str]] = {}
        bidi.on("network.beforeRequestSent", self._began)
        bidi.on("network.responseStarted", self._answered)
        bidi.on("network.responseCompleted", self._finished)
        bidi.on("network.fetchError", self._failed)
        bidi.on("browsingContext.contextCreated", self._created)
        bidi.on("browsingContext.contextDestroyed", self._destroyed)
        bidi.on("browsingContext.navigationStarted", self._started)
        bidi.on("browsingContext.navigationCommitted", self._committed)
        bidi.on("browsingContext.navigationFailed", self._stopped)
        bidi.on("browsingContext.navigationAborted", self._stopped)
        bidi.on("browsingContext.fragmentNavigated", self._moved)
        bidi.on("browsingContext.historyUpdated", self._moved)
        bidi.on("browsingContext.load", self._load_fired)

    def begin(self) -> None:
        """A navigation of the top document begins."""
        self.status, self.failure = 0, ""
        self.arrived.clear()
        self.quiet.begin()

    def document(self, frame: str) -> str:
        """The address of a frame's document, or of the nearest one around it that has any."""
        for _ in range(limits.AUDIT_FRAMES):
            url, outer = self._documents.get(frame, ("", ""))
            if url.startswith("http") or not outer:
                return url
            frame = outer
        return ""

    def around(self, frame: str) -> str:
        """The address of the document that a frame stands in, empty for the top one."""
        outer = self._documents.get(frame, ("", ""))[1]
        return self.document(outer) if outer else ""

    def _settle(self, frame: str, url: str) -> None:
        outer = self._documents.get(frame, ("", ""))[1]
        if len(self._documents) < limits.AUDIT_DOCUMENTS or frame in self._documents:
            self._documents[frame] = (url, outer)
        if frame == self.window:
            self.landed = url

    def _created(self, event: Message) -> None:
        if len(self._documents) < limits.AUDIT_DOCUMENTS:
            self._documents[event["context"]] = (event["url"], event.get("parent") or "")

    def _destroyed(self, event: Message) -> None:
        gone = event["context"]
        self.quiet.gone(gone)
        if gone == self.window:
            self.quiet.has_loaded()
            self.arrived.set()

    def _began(self, event: Message) -> None:
        if kind_of(event) not in _LASTING:
            self.quiet.sent(_key(event), event["context"] or "")

    def _answered(self, event: Message) -> None:
        frame, status = event["context"], int(event["response"]["status"])
        if kind_of(event) == "document" and not 300 <= status < 400:
            self._settle(frame, event["request"]["url"])
            if frame == self.window:
                self.status = status

    def _finished(self, event: Message) -> None:
        self.quiet.ended(_key(event))

    def _failed(self, event: Message) -> None:
        self._finished(event)
        if event["context"] == self.window and event.get("navigation"):
            self.failure = event["errorText"]

    def _started(self, event: Message) -> None:
        if event["context"] == self.window:
            self.quiet.loads()

    def _committed(self, event: Message) -> None:
        self._settle(event["context"], event["url"])
        if event["context"] == self.window:
            self.failure = ""
            self.arrived.set()

    def _stopped(self, event: Message) -> None:
        if event["context"] == self.window:
            self.failure = self.failure or event.get("message") or "it was not loaded"
            self.arrived.set()

    def _moved(self, event: Message) -> None:
        self._settle(event["context"], event["url"])

    def _load_fired(self, event: Message) -> None:
        if event["context"] == self.window:
            self.quiet.has_loaded()


def _key(event: Message) -> Key:
    return event["request"]["request"], event["redirectCount"]
