"""One request of one visitor, held to the choice: what every HTTP shell does alike.

A request is told as an ASGI scope, whatever the server speaks: names in lower case, bytes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bandeau.choice.model import Standing
from bandeau.enforcement.asked import Asked, host_of, is_authority
from bandeau.enforcement.exchange import Exchange, Headers
from bandeau.enforcement.media import is_markup
from bandeau.enforcement.variants import KEY_HEADER, kept_seconds
from bandeau.policy.words import choose_language
from bandeau.web import codings
from bandeau.web.at_once import finished
from bandeau.web.held import Stream
from bandeau.web.lookout import Lookout
from bandeau.web.page import PageEditor
from bandeau.web.unread import UnreadStream
from bandeau.web.variant import VariantStream
from bandeau.web.visitor import Sent, Visitors

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OWN_PATHS = ("/.bandeau/", "/.well-known/bandeau/")
"""What is answered here and never by the site."""
REFUSAL = b"Bad Request"
REFUSAL_HEADERS = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"11"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"connection-allowlist", b"()"),
)

_KEPT_HOSTS = 256
_NAVIGATED = frozenset({b"document", b"iframe", b"frame", b"embed", b"object"})
_FRAGMENT_DESTINATIONS = frozenset({b"empty", b"iframe", b"frame", b"embed", b"object"})
_PARTIAL = frozenset({204, 205, 206, 304})


@dataclass(frozen=True, slots=True)
class Desk:
    """What a shell asks: who the visitor is, how a page is edited, what ``own`` answers itself.

    ``lookout`` takes note of what no tracker declares.
    """

    own: App
    visitors: Visitors
    editor: PageEditor
    lookout: Lookout

    async def guarded(self, scope: Scope) -> Guarded:
        """The request of ``scope``, with what stands for its visitor now."""
        sent = Sent.of(scope["headers"])
        standing = await self.visitors.standing(sent)
        return Guarded(self.editor, standing, scope, sent, self.lookout)

    def guarded_at_once(self, scope: Scope) -> Guarded:
        """The same. Raises :class:`at_once.WouldWait` where the ledger has to be waited for."""
        return finished(self.guarded(scope))


class Guarded:
    """The verdicts on one request, and the edits of its answer.

    ``page_exchange`` is what the answer was judged by, once there is one.
    """

    def __init__(
        self,
        editor: PageEditor,
        standing: Standing,
        scope: Mapping[str, Any],
        sent: Sent,
        lookout: Lookout,
    ) -> None:
        self._editor = editor
        self._scope = scope
        self._sent = sent
        self._told = told(scope["headers"])
        asked = _asked(scope, sent, self._told)
        self.exchange = Exchange(
            editor.rules,
            standing,
            asked,
            explain=editor.explain,
            confine=editor.confine,
            note=lookout.note,
            reports=asked.navigates and lookout.asks(),
        )
        self.page_exchange = self.exchange

    @property
    def standing(self) -> Standing:
        """What holds for the visitor; the application may read it."""
        return self.exchange.standing

    def refused(self) -> Headers | None:
        """The headers of our own empty 403 where the site must not get the request."""
        return self.exchange.refused()

    @property
    def method(self) -> str:
        """The request's method."""
        return str(self._scope["method"])

    @property
    def headers(self) -> Headers:
        """The request's headers as the visitor sent them."""
        headers: Headers = self._scope["headers"]
        return headers

    @property
    def accepts(self) -> bytes:
        """The visitor's ``Accept-Encoding``."""
        return self._told.get(b"accept-encoding", b"")

    @property
    def likeness(self) -> tuple[object, ...]:
        """What a page made for this request depends on, besides its URL (rule C10).

        The judge stands for the answers and for how they came about. Whether the site gets
        cookies counts, though not which: see :func:`storing.seconds_kept`.
        """
        exchange, accepts = self.exchange, self.accepts
        return (
            exchange.judge,
            exchange.reports,
            exchange.standing.choice is None,
            not exchange.jar.kept,
            exchange.asked.destination,
            exchange.asked.navigates,
            _asks_for_document(self._told),
            choose_language(self._editor.rules.policy, None, self._sent.languages),
            codings.negotiate(accepts),
            codings.best(accepts),
        )

    def request_headers(self) -> Headers:
        """The request's headers as the site gets them."""
        return self._editor.readable(self.exchange.request_headers(self._scope["headers"]))

    def answered(
        self, status: int, headers: Iterable[tuple[bytes, bytes]]
    ) -> tuple[Headers, Stream | None]:
        """The answer's headers for the visitor, and where it is a page, what edits its body.

        An answer to HEAD has the headers of the page and nothing to edit.
        """
        raw = [(bytes(name).lower(), bytes(value)) for name, value in headers]
        page = status not in _PARTIAL and self._editor.edits(raw)
        exchange = self._editor.shared_exchange(self.exchange, raw) if page else self.exchange
        seconds = self._kept_seconds(status, raw) if page and not exchange.shared else 0
        exchange = exchange.variant() if seconds else exchange
        self.page_exchange = exchange
        judged = exchange.response_headers(status, raw)
        if status in _PARTIAL:
            return judged, None
        if not page:
            return judged, self._unread(judged)
        insert = exchange.shared or _asks_for_document(self._told)
        sent = self._sent._replace(languages=()) if exchange.shared else self._sent
        edited, stream = self._editor.open(exchange, judged, sent, self.accepts, insert=insert)
        if self.method == "HEAD":
            return edited, None
        ended = any(name == b"set-cookie" for name, _ in edited)
        return edited, VariantStream(stream, seconds) if seconds and not ended else stream

    def _kept_seconds(self, status: int, headers: Headers) -> int:
        """For how long a front that stated the true key of this visitor may keep the page."""
        stated = self._told.get(KEY_HEADER)
        if not stated or self.method != "GET" or self._editor.explain:
            return 0
        if stated != self._editor.rules.variants.key(self.standing):
            return 0
        if self._told.get(b"authorization"):
            return 0
        return kept_seconds(status, headers, sent_cookies=bool(self.exchange.jar.kept))

    def _unread(self, judged: Headers) -> Stream | None:
        """What reads the links of a document that is not edited."""
        watched = self._editor.confine and is_markup(judged) and not self.exchange.asked.alike
        return UnreadStream(self.exchange, judged) if watched and self.method != "HEAD" else None


def told(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The first value of each header."""
    return dict([*headers][::-1])


def names_host(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether ``Host`` can be believed: it goes into policies, forms and cookies of ours."""
    for name, value in headers:
        if name == b"host":
            return not value or _is_authority(value)
    return True


@lru_cache(_KEPT_HOSTS)
def _is_authority(host: bytes) -> bool:
    return is_authority(host.decode("latin-1"))


def _asks_for_document(told: Mapping[bytes, bytes]) -> bool:
    """Whether a page is for the window itself, not for a frame or a script (rule B15)."""
    fragment = told.get(b"sec-fetch-dest") in _FRAGMENT_DESTINATIONS
    return not fragment and b"x-requested-with" not in told


def asked_of(scope: Mapping[str, Any], sent: Sent) -> Asked:
    """The facts of a request that enforcement judges by."""
    return _asked(scope, sent, told(scope["headers"]))


def _asked(scope: Mapping[str, Any], sent: Sent, told: Mapping[bytes, bytes]) -> Asked:
    authority = told.get(b"host", b"").decode("latin-1").lower()
    destination = told.get(b"sec-fetch-dest", b"")
    if told.get(b"service-worker") == b"script":
        destination = b"serviceworker"
    return Asked(
        host=host_of(authority),
        authority=authority,
        path=scope["path"],
        target=_target(scope),
        secure=scope.get("scheme") in ("https", "wss"),
        cookie=sent.cookie,
        navigates=b"text/html" in told.get(b"accept", b"") or destination in _NAVIGATED,
        destination=destination,
        chosen=told.get(b"sec-fetch-user") == b"?1",
    )


def _target(scope: Mapping[str, Any]) -> str:
    raw = bytes(scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
    query = bytes(scope.get("query_string", b""))
    return (raw + b"?" + query if query else raw).decode("latin-1")
