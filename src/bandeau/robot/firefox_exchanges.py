"""Requests as Firefox tells of them, event by event, put together as values."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bandeau import limits
from bandeau.audit.evidence import Cause, Cookie, Request, Sent, Write
from bandeau.audit.urls import split_of
from bandeau.robot.bidi import Bidi
from bandeau.robot.firefox_kinds import kind_of, text_of
from bandeau.robot.firefox_tab import Tab
from bandeau.robot.gate import Gate
from bandeau.robot.pipe import BrowserGone, CallFailed, Message
from bandeau.robot.setting import is_sent_to, set_by

_SCHEMES = ("http", "https", "ws", "wss")
_SOCKETS = {"http": "ws", "https": "wss"}
Key = tuple[str, int]


@dataclass(slots=True)
class Hop:
    """One request on its way: what is known of it so far."""

    value: Request
    began: float
    answered: bool = False
    ended: bool = False


@dataclass(slots=True)
class _Kept:
    hops: list[Hop] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)


class Exchanges:
    """All requests of a terminal since the last cut, and the cookies that answers set.

    ``now`` is the clock of the terminal, ``over`` is told of the limit that is reached.
    """

    def __init__(
        self,
        bidi: Bidi,
        tab: Tab,
        gate: Gate,
        now: Callable[[], float],
        over: Callable[[str, str], None],
    ) -> None:
        self._bidi = bidi
        self._tab = tab
        self._gate = gate
        self._now = now
        self._over = over
        self._kept = _Kept()
        self._under_way: dict[Key, Hop] = {}
        self._bodies: set[asyncio.Future[None]] = set()
        bidi.on("network.beforeRequestSent", self._requested)
        bidi.on("network.responseStarted", self._answered)
        bidi.on("network.responseCompleted", self._completed)
        bidi.on("network.fetchError", self._failed)

    async def cut(self, jar: Sequence[Cookie]) -> tuple[list[Request], list[Write]]:
        """What began since the last cut; requests still under way as they stand.

        ``jar`` tells where cookies that were sent are kept.
        """
        if self._bodies:
            await asyncio.wait(self._bodies, timeout=limits.AUDIT_PAUSE_SECONDS)
        kept, self._kept = self._kept, _Kept()
        self._under_way = {key: hop for key, hop in self._under_way.items() if not hop.ended}
        return [self._told(hop, jar) for hop in kept.hops], kept.writes

    def _told(self, hop: Hop, jar: Sequence[Cookie]) -> Request:
        host = split_of(hop.value.url).hostname or ""
        failure = hop.value.failure
        return replace(
            hop.value,
            cookies=tuple(_placed(each, host, jar) for each in hop.value.cookies),
            address=self._gate.address(host),
            failure=(self._gate.refusal(host) or failure) if failure else "",
        )

    def _requested(self, event: Message) -> None:
        key = _key(event)
        url = event["request"]["url"]
        ours = event["context"] == self._tab.desk
        if ours or key in self._under_way or split_of(url[:20]).scheme not in _SCHEMES:
            return
        while len(self._under_way) >= limits.AUDIT_UNDER_WAY:
            del self._under_way[next(iter(self._under_way))]
        hop = self._under_way[key] = Hop(self._request(event), self._now())
        if len(self._kept.hops) < limits.AUDIT_REQUESTS:
            self._kept.hops.append(hop)
        else:
            self._over("AUDIT_REQUESTS", f"more than {limits.AUDIT_REQUESTS} requests in a phase")
        if event["request"].get("bodySize"):
            asking = asyncio.ensure_future(self._body(hop, key[0]))
            self._bodies.add(asking)
            asking.add_done_callback(self._bodies.discard)

    def _request(self, event: Message) -> Request:
        told, kind, (number, hops) = event["request"], kind_of(event), _key(event)
        url = str(told["url"])
        if kind == "websocket":
            scheme, _, rest = url.partition("://")
            url = f"{_SOCKETS.get(scheme, scheme)}://{rest}"
        page, frame = self._place(event, kind, url)
        before = self._under_way.get((number, hops - 1)) if hops else None
        return Request(
            id=_named(number, hops),
            at=self._now(),
            url=url[: limits.AUDIT_URL_CHARACTERS],
            method=told["method"],
            kind=kind,
            page=page,
            frame=frame,
            cause=Cause("redirect", before.value.url) if before else Cause(""),
            cookies=tuple(_sent(told)),
            headers=_headers(told["headers"]),
            redirected_from=before.value.id if before else None,
        )

    def _place(self, event: Message, kind: str, url: str) -> tuple[str, str]:
        """The addresses of the top document and of the one that a request is made in."""
        frame, traffic = event["context"] or "", self._tab.traffic
        if kind != "document":
            page = traffic.landed
            return page, traffic.document(frame) or page
        around = traffic.around(frame)
        page = traffic.landed if around else url
        return page, around or page

    async def _body(self, hop: Hop, number: str) -> None:
        with contextlib.suppress(CallFailed, BrowserGone):
            told = await self._bidi.call(
                "network.getData", limits.AUDIT_PAUSE_SECONDS, dataType="request", request=number
            )
            value = told["bytes"]
            text = text_of(value)
            if value["type"] == "base64":
                text = base64.b64decode(text).decode("utf-8", "replace")
            hop.value = replace(hop.value, body=text[: limits.AUDIT_BODY_BYTES])

    def _answered(self, event: Message) -> None:
        hop = self._under_way.get(_key(event))
        if hop is None or hop.answered:
            return
        hop.answered = True
        response = event["response"]
        hop.value = replace(
            hop.value,
            status=int(response["status"]),
            mime=response.get("mimeType") or "",
            answer_headers=_headers(response["headers"]),
        )
        for line in _cookie_lines(response["headers"]):
            self._write(self._written(hop.value, line))

    def _write(self, write: Write) -> None:
        if len(self._kept.writes) < limits.AUDIT_WRITES:
            self._kept.writes.append(write)
        else:
            self._over("AUDIT_WRITES", f"more than {limits.AUDIT_WRITES} writes in a phase")

    def _written(self, request: Request, line: str) -> Write:
        write = set_by(line, request, self._now())
        host = split_of(request.url).hostname or ""
        return replace(write, blocked="" if is_sent_to(host, write.domain) else "InvalidDomain")

    def _completed(self, event: Message) -> None:
        self._answered(event)
        self._end(event, int(event["response"].get("bytesReceived") or 0), "")

    def _failed(self, event: Message) -> None:
        hop = self._under_way.get(_key(event))
        # An answer that nobody wanted to the end is one all the same.
        wanted = hop is None or not hop.answered
        self._end(event, 0, _why(event) if wanted else "")

    def _end(self, event: Message, size: int, failure: str) -> None:
        hop = self._under_way.get(_key(event))
        if hop is not None and not hop.ended:
            hop.ended = True
            took = self._now() - hop.began
            hop.value = replace(hop.value, size=size, took=took, failure=failure)


def _why(event: Message) -> str:
    """Why it failed. Firefox tells of redirects too that the page's own policy stopped: those it
    never began, which its clock alone says."""
    text = str(event["errorText"])
    begun = event["request"].get("timings", {}).get("requestTime")
    return f"blocked before it began ({text})" if begun == 0 else text


def _key(event: Message) -> Key:
    return event["request"]["request"], int(event["redirectCount"])


def _named(number: str, hops: int) -> str:
    return f"{number}#{hops}" if hops else number


def _headers(told: list[Message]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (each["name"], line[: limits.AUDIT_KEPT_CHARACTERS])
        for each in told[: limits.HEADERS]
        for line in text_of(each["value"]).split("\n")
    )


def _cookie_lines(told: list[Message]) -> list[str]:
    lines = [
        line
        for each in told
        if each["name"].lower() == "set-cookie"
        for line in text_of(each["value"]).split("\n")
    ]
    return lines[: limits.COOKIES]


def _sent(told: Message) -> Iterator[Sent]:
    for each in told["cookies"][: limits.COOKIES]:
        yield Sent(each["name"], text_of(each["value"])[: limits.AUDIT_KEPT_CHARACTERS], "")


def _placed(sent: Sent, host: str, jar: Sequence[Cookie]) -> Sent:
    """A cookie that was sent, with the domain that it is kept for."""
    for cookie in jar:
        alike = (cookie.name, cookie.value) == (sent.name, sent.value)
        if alike and is_sent_to(host, cookie.domain):
            return replace(sent, domain=cookie.domain, path=cookie.path)
    return replace(sent, domain=host)
