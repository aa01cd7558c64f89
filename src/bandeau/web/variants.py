"""Pages of the site in memory, edited and coded: one for each choice that they were made for.

A page is kept only where the site lets shared caches keep it, and found again only by a request
that is alike in all that the page depends on (rule C10), so what a hit skips is the site and the
editing: who the visitor is, and which leftovers end, is worked out for each request.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bandeau import limits
from bandeau.enforcement import storing
from bandeau.enforcement.variants import KEY_HEADER
from bandeau.web import codings
from bandeau.web.at_once import Whole
from bandeau.web.guarded import Guarded, Send

Message = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]
Key = tuple[Hashable, Hashable]

_ENTRY_BYTES = 1_000
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Variant:
    """One page as it leaves. ``better`` is a coding that it can have once it is asked for again.

    ``born`` and ``ends`` are on the clock of :class:`Variants`: when it left the site, as far as
    is known, and until when it is fresh.
    """

    headers: Headers
    body: bytes
    coding: str
    better: str
    born: float
    ends: float
    shared: bool
    size: int = field(init=False)

    def __post_init__(self) -> None:
        heads = sum(len(name) + len(value) for name, value in self.headers)
        self.size = _ENTRY_BYTES + len(self.body) + heads


class Variants:
    """At most ``most_bytes`` of pages; what was not asked for longest goes first."""

    def __init__(self, most_bytes: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most_bytes
        self._now = now
        self._kept: OrderedDict[Key, Variant] = OrderedDict()
        self._by_url: dict[Hashable, set[Key]] = {}
        self._recoding: set[asyncio.Task[None]] = set()
        self.bytes = 0

    def found(self, guarded: Guarded) -> Whole | None:
        """The answer to the request, where it is in memory."""
        key = _key(guarded)
        variant = self._kept.get(key) if key is not None else None
        if key is None or variant is None:
            return None
        now = self._now()
        if now >= variant.ends:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        if variant.better != variant.coding:
            self._recode(key, variant)
        age = (b"age", b"%d" % (now - variant.born))
        # What is the same for everyone ends nobody's cookies.
        ends = () if variant.shared else guarded.exchange.leftovers()
        head = [*variant.headers, age, *((b"set-cookie", line) for line in ends)]
        return Whole(200, head, variant.body if guarded.method == "GET" else b"")

    def keeping(self, guarded: Guarded, status: int, given: Headers, send: Send) -> Send:
        """``send``, or one that also keeps the page that is sent, where it may be kept.

        ``given`` are the headers of the site.
        """
        key = _key(guarded) if guarded.method == "GET" else None
        cookies = bool(guarded.exchange.jar.kept)
        seconds = storing.seconds_kept(status, given, cookies=cookies)
        if key is None or not seconds:
            return send
        ends, born = self._now() + seconds, self._now() - storing.age_of(given)

        def keep(headers: Headers, body: bytes) -> None:
            coding, better = codings.coding_of(headers), codings.best(guarded.accepts)
            shared = guarded.page_exchange.shared
            head = _shared(headers, body)
            self._keep(key, Variant(head, body, coding, better, born, ends, shared))

        return _Recording(guarded, send, self._most // 8, keep)

    def forget(self, guarded: Guarded, status: int) -> None:
        """After a method that changes things, what was kept of its URL goes (RFC 9111, 4.4)."""
        if guarded.method not in _SAFE and status < 400:
            for old in tuple(self._by_url.get(_url(guarded), ())):
                self._drop(old)

    def _keep(self, key: Key, variant: Variant) -> None:
        self._drop(key)
        self._kept[key] = variant
        self._by_url.setdefault(key[0], set()).add(key)
        self.bytes += variant.size
        while self.bytes > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        gone = self._kept.pop(key, None)
        if gone is None:
            return
        self.bytes -= gone.size
        alike = self._by_url[key[0]]
        alike.discard(key)
        if not alike:
            del self._by_url[key[0]]

    def _recode(self, key: Key, variant: Variant) -> None:
        """Code a page better, beside the event loop, now that it is asked for again."""
        if len(self._recoding) < limits.PAGE_RECODINGS:
            coding, variant.better = variant.better, variant.coding
            task = asyncio.get_running_loop().create_task(self._recoded(key, variant, coding))
            self._recoding.add(task)
            task.add_done_callback(self._recoding.discard)

    async def _recoded(self, key: Key, variant: Variant, coding: str) -> None:
        body = await asyncio.to_thread(codings.recoded, variant.body, variant.coding, coding)
        if len(body) < len(variant.body) and self._kept.get(key) is variant:
            headers = [h for h in variant.headers if h[0] != b"content-encoding"]
            headers = _shared([*headers, (b"content-encoding", coding.encode())], body)
            better = replace(variant, headers=headers, body=body, coding=coding, better=coding)
            self._keep(key, better)


class _Recording:
    """Sends on, and keeps what was sent once it is whole."""

    def __init__(
        self, guarded: Guarded, send: Send, most: int, keep: Callable[[Headers, bytes], None]
    ) -> None:
        self._guarded = guarded
        self._send = send
        self._left = most
        self._keep = keep
        self._headers: Headers = []
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        await self._send(message)
        if message["type"] == "http.response.start":
            self._headers = message["headers"]
            return
        body = message.get("body", b"")
        self._left -= len(body)
        if self._left < 0:
            self._parts = []
            return
        self._parts.append(body)
        if not message.get("more_body", False) and self._guarded.page_exchange.lasting:
            self._keep(self._headers, b"".join(self._parts))


def _key(guarded: Guarded) -> Key | None:
    """All that a page depends on; ``None`` where no memory may answer."""
    asks = guarded.method in ("GET", "HEAD") and storing.may_ask(guarded.headers)
    # A front that keeps pages itself is told for how long, which changes from one to the next.
    if not asks or any(name == KEY_HEADER for name, _ in guarded.headers):
        return None
    return _url(guarded), guarded.likeness


def _url(guarded: Guarded) -> Hashable:
    asked = guarded.exchange.asked
    return asked.secure, asked.authority, asked.target


def _shared(headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Headers:
    """What of a page's head is the same for all who get it, with the body's length."""
    own = (b"set-cookie", b"age", b"content-length")
    length = (b"content-length", str(len(body)).encode())
    return [*(header for header in headers if header[0] not in own), length]
