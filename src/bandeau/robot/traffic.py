"""Whether a window still loads, and what its top document is."""

from __future__ import annotations

from bandeau import limits
from bandeau.robot.pipe import Message
from bandeau.robot.quiet import Quiet
from bandeau.robot.session import Session, Sessions

# They stay open for as long as a page likes.
_LASTING = ("WebSocket", "EventSource", "Ping")


class Traffic:
    """Requests under way in all targets of a terminal, and the top document's answer.

    ``landed`` is the top document's address, ``status`` its answer's, 0 before there is one.
    """

    def __init__(self, sessions: Sessions) -> None:
        self.landed = ""
        self.status = 0
        self._page: Session | None = None
        self._top = ""
        self.quiet = Quiet()
        sessions.prepare(_listen)
        sessions.on_end(self._ended)
        sessions.on("Network.requestWillBeSent", self._began)
        sessions.on("Network.responseReceived", self._answered)
        sessions.on("Network.loadingFinished", self._finished)
        sessions.on("Network.loadingFailed", self._finished)
        sessions.on("Page.frameNavigated", self._navigated)
        sessions.on("Page.navigatedWithinDocument", self._moved)
        sessions.on("Page.frameStartedLoading", self._started_loading)
        sessions.on("Page.loadEventFired", self._load_fired)

    def begin(self, page: Session) -> None:
        """A navigation of the top document begins."""
        self._page, self._top = page, page.target
        self.landed, self.status = "", 0
        self.quiet.begin()

    def _began(self, session: Session, event: Message) -> None:
        if event.get("type") not in _LASTING:
            self.quiet.sent(event["requestId"], session.number)

    def _answered(self, _: Session, event: Message) -> None:
        if event.get("type") == "Document" and event.get("frameId") == self._top:
            self.status = int(event["response"]["status"])

    def _finished(self, _: Session, event: Message) -> None:
        self.quiet.ended(event["requestId"])

    def _ended(self, session: Session) -> None:
        self.quiet.gone(session.number)
        if session is self._page:
            self.quiet.has_loaded()

    def _navigated(self, _: Session, event: Message) -> None:
        frame = event["frame"]
        if frame["id"] == self._top:
            self.landed = frame["url"] + frame.get("urlFragment", "")

    def _moved(self, _: Session, event: Message) -> None:
        if event["frameId"] == self._top:
            self.landed = event["url"]

    def _started_loading(self, _: Session, event: Message) -> None:
        if event["frameId"] == self._top:
            self.quiet.loads()

    def _load_fired(self, session: Session, _: Message) -> None:
        if session is self._page:
            self.quiet.has_loaded()


def _listen(session: Session) -> None:
    session.send(
        "Network.enable",
        maxTotalBufferSize=limits.AUDIT_BODY_BYTES,
        maxResourceBufferSize=limits.AUDIT_BODY_BYTES,
        maxPostDataSize=limits.AUDIT_BODY_BYTES,
    )
