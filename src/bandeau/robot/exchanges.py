"""Requests as a browser tells of them, event by event, put together as values."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from bandeau import limits
from bandeau.audit.evidence import Cause, Request, Sent, Write
from bandeau.audit.urls import split_of
from bandeau.robot.gate import Gate
from bandeau.robot.pipe import Message
from bandeau.robot.scene import Scene
from bandeau.robot.session import Session, Sessions
from bandeau.robot.setting import set_by

_SCHEMES = ("http", "https", "ws", "wss")
# A cookie that belongs elsewhere was not held back.
_ELSEWHERE = ("NotOnPath", "DomainMismatch")
Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Hop:
    """One request on its way: what is known of it so far."""

    id: str
    at: float
    url: str
    method: str
    kind: str
    page: str
    frame: str
    cause: Cause
    body: str = ""
    sent_headers: Headers = ()
    redirected_from: str | None = None
    sent: Message | None = None
    received: Message | None = None
    answer: Message = field(default_factory=dict)
    ended: float | None = None
    size: int = 0
    failure: str = ""

    def value(self, gate: Gate) -> Request:
        """The request as it stands."""
        host = split_of(self.url).hostname or ""
        headers = (self.sent or {}).get("headers")
        answered = (self.received or {}).get("headers") or self.answer.get("headers")
        return Request(
            id=self.id,
            at=self.at,
            url=self.url[: limits.AUDIT_URL_CHARACTERS],
            method=self.method,
            kind=self.kind,
            page=self.page,
            frame=self.frame,
            cause=self.cause,
            cookies=tuple(_sent(self.sent)),
            headers=_headers(headers) if headers else self.sent_headers,
            body=self.body[: limits.AUDIT_BODY_BYTES],
            redirected_from=self.redirected_from,
            status=int(self.answer.get("status", 0) or (self.received or {}).get("statusCode", 0)),
            mime=self.answer.get("mimeType") or "",
            address=gate.address(host),
            answer_headers=_headers(answered),
            size=self.size,
            took=max(0.0, self.ended - self.at) if self.ended is not None else 0.0,
            failure=(gate.refusal(host) or self.failure) if self.failure else "",
        )


@dataclass(slots=True)
class _Course:
    """A request with the redirects that it was sent through, and what came before its time."""

    hops: list[Hop] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    received: list[Message] = field(default_factory=list)


class Exchanges:
    """All requests of a terminal since the last cut, and the cookies that answers set."""

    def __init__(
        self,
        sessions: Sessions,
        scene: Scene,
        write: Callable[[Write], None],
        gate: Gate,
    ) -> None:
        self._scene = scene
        self._write = write
        self._gate = gate
        self._courses: dict[str, _Course] = {}
        self._kept: list[Hop] = []
        sessions.on("Network.requestWillBeSent", self._requested)
        sessions.on("Network.requestWillBeSentExtraInfo", self._sent)
        sessions.on("Network.responseReceived", self._answered)
        sessions.on("Network.responseReceivedExtraInfo", self._received)
        sessions.on("Network.loadingFinished", self._finished)
        sessions.on("Network.loadingFailed", self._failed)
        sessions.on("Network.webSocketCreated", self._socket)
        sessions.on("Network.webTransportCreated", self._socket)
        sessions.on("Network.webSocketWillSendHandshakeRequest", self._shaking)
        sessions.on("Network.webSocketHandshakeResponseReceived", self._shaken)
        sessions.on("Network.webSocketFrameSent", self._framed)
        sessions.on("Network.webSocketFrameError", self._socket_failed)

    def cut(self) -> list[Request]:
        """The requests that began since the last cut; those still under way as they stand."""
        kept, self._kept = self._kept, []
        under_way = {number for number, course in self._courses.items() if _open(course)}
        self._courses = {number: self._courses[number] for number in under_way}
        return [hop.value(self._gate) for hop in kept]

    def _course(self, number: str) -> _Course:
        if number not in self._courses:
            while len(self._courses) >= limits.AUDIT_UNDER_WAY:
                del self._courses[next(iter(self._courses))]
            self._courses[number] = _Course()
        return self._courses[number]

    def _begin(self, number: str, hop: Hop) -> None:
        course = self._course(number)
        course.hops.append(hop)
        if course.sent:
            hop.sent = course.sent.pop(0)
        if course.received:
            self._take(hop, course.received.pop(0))
        if len(self._kept) < limits.AUDIT_REQUESTS:
            self._kept.append(hop)
        else:
            self._scene.gap(
                "AUDIT_REQUESTS", f"more than {limits.AUDIT_REQUESTS} requests in a phase"
            )

    def _requested(self, session: Session, event: Message) -> None:
        url = event["request"]["url"]
        if split_of(url[:20]).scheme not in _SCHEMES:
            return
        number = event["requestId"]
        hops = self._course(number).hops
        before = hops[-1] if hops else None
        if before is not None:
            if "redirectResponse" not in event:
                # Told by a second session: the worker's, beside that of its page.
                return
            _redirect(before, event, self._scene)
        hop = self._hop(session, event, f"{number}#{len(hops)}" if hops else number)
        if before is not None:
            hop.redirected_from = before.id
            hop.cause = Cause("redirect", before.url, hop.cause.stack)
        self._begin(number, hop)

    def _hop(self, session: Session, event: Message, number: str) -> Hop:
        request, kind = event["request"], str(event.get("type", "other")).lower()
        frame, page = event.get("frameId", ""), self._scene.top
        if kind == "document":
            around = self._scene.around(frame)
            page = page if around else request["url"]
            document = around or page
        else:
            told = str(event.get("documentURL", "")).partition("#")[0]
            document = self._scene.document(frame) or told
        return Hop(
            id=number,
            at=self._scene.at(event["timestamp"]),
            url=request["url"] + request.get("urlFragment", ""),
            method=request["method"],
            kind=kind,
            page=page,
            frame=document or page,
            cause=self._scene.initiator(session, event.get("initiator")),
            body=_body(request),
            sent_headers=_headers(request.get("headers")),
        )

    def _sent(self, _: Session, event: Message) -> None:
        course = self._course(event["requestId"])
        for hop in course.hops:
            if hop.sent is None:
                hop.sent = event
                return
        if len(course.sent) < limits.AUDIT_REDIRECTS:
            course.sent.append(event)

    def _received(self, _: Session, event: Message) -> None:
        course = self._course(event["requestId"])
        for hop in course.hops:
            if hop.received is None:
                self._take(hop, event)
                return
        if len(course.received) < limits.AUDIT_REDIRECTS:
            course.received.append(event)

    def _take(self, hop: Hop, event: Message) -> None:
        hop.received = event
        lines = [
            line
            for name, value in event.get("headers", {}).items()
            if name.lower() == "set-cookie"
            for line in value.split("\n")
        ]
        refused = {
            each.get("cookieLine", ""): ",".join(each["blockedReasons"])
            for each in event.get("blockedCookies", ())
        }
        for line in lines[: limits.COOKIES]:
            write = set_by(line, hop, self._scene.now())
            self._write(replace(write, blocked=refused.get(line, "")))

    def _last(self, event: Message) -> Hop | None:
        course = self._courses.get(event["requestId"])
        return course.hops[-1] if course and course.hops else None

    def _answered(self, _: Session, event: Message) -> None:
        hop = self._last(event)
        if hop is not None:
            _answer(hop, event["response"], bool(event.get("hasExtraInfo", True)))
            hop.kind = str(event.get("type", hop.kind)).lower()

    def _finished(self, _: Session, event: Message) -> None:
        hop = self._last(event)
        if hop is not None and hop.ended is None:
            hop.ended = self._scene.at(event["timestamp"])
            hop.size = int(event.get("encodedDataLength", 0))

    def _failed(self, _: Session, event: Message) -> None:
        hop = self._last(event)
        if hop is not None and hop.ended is None:
            hop.ended = self._scene.at(event["timestamp"])
            why = event.get("blockedReason") or event.get("errorText", "")
            # An answer that nobody wanted to the end is one all the same.
            done = hop.answer and event.get("canceled")
            hop.failure = "" if done else str(why)

    def _socket(self, session: Session, event: Message) -> None:
        number = event.get("requestId") or event.get("transportId", "")
        hop = Hop(
            id=number,
            at=self._scene.now(),
            url=event["url"],
            method="GET",
            kind="websocket" if "requestId" in event else "webtransport",
            page=self._scene.top,
            frame=self._scene.document(session.target) or session.url,
            cause=self._scene.initiator(session, event.get("initiator")),
        )
        self._begin(number, hop)

    def _shaking(self, _: Session, event: Message) -> None:
        if hop := self._last(event):
            hop.sent_headers = _headers(event["request"].get("headers"))

    def _shaken(self, _: Session, event: Message) -> None:
        if hop := self._last(event):
            _answer(hop, event["response"], True)

    def _framed(self, _: Session, event: Message) -> None:
        hop = self._last(event)
        if hop is not None and len(hop.body) < limits.AUDIT_BODY_BYTES:
            hop.body += event["response"].get("payloadData", "")[: limits.AUDIT_BODY_BYTES]

    def _socket_failed(self, _: Session, event: Message) -> None:
        if hop := self._last(event):
            hop.failure = str(event.get("errorMessage", "failed"))


def _open(course: _Course) -> bool:
    return not course.hops or course.hops[-1].ended is None or course.hops[-1].received is None


def _redirect(hop: Hop, event: Message, scene: Scene) -> None:
    _answer(hop, event["redirectResponse"], bool(event.get("redirectHasExtraInfo", True)))
    hop.ended = scene.at(event["timestamp"])


def _answer(hop: Hop, response: Message, told: bool) -> None:
    hop.answer = {each: response.get(each) for each in ("status", "mimeType", "headers")}
    if not told:
        hop.sent, hop.received = hop.sent or {}, hop.received or {}


def _headers(told: Message | None) -> Headers:
    return tuple(
        (name, value[: limits.AUDIT_KEPT_CHARACTERS])
        for name, joined in list((told or {}).items())[: limits.HEADERS]
        for value in str(joined).split("\n")
    )


def _sent(event: Message | None) -> Iterator[Sent]:
    for each in (event or {}).get("associatedCookies", ())[: limits.COOKIES]:
        cookie, reasons = each["cookie"], each["blockedReasons"]
        if not any(reason in _ELSEWHERE for reason in reasons):
            value = cookie["value"][: limits.AUDIT_KEPT_CHARACTERS]
            why = ",".join(reasons)
            yield Sent(cookie["name"], value, cookie["domain"], cookie["path"], why)


def _body(request: Message) -> str:
    if "postData" in request:
        return str(request["postData"])
    parts = [each.get("bytes", "") for each in request.get("postDataEntries", ())]
    try:
        return b"".join(map(base64.b64decode, parts)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
