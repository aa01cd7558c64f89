"""Editing a page on its way out: decoded, scanned, made inert where denied, completed, encoded."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache

from bandeau import limits
from bandeau.enforcement import caching
from bandeau.enforcement.allowlist import NAME as CONNECTION_ALLOWLIST
from bandeau.enforcement.allowlist import Links
from bandeau.enforcement.charset import ascii_compatible, declared_charset, is_settled
from bandeau.enforcement.csp import admit
from bandeau.enforcement.exchange import Admitted, Exchange, Headers
from bandeau.enforcement.fields import joined
from bandeau.enforcement.html import Scanner
from bandeau.enforcement.media import content_type, media_type
from bandeau.enforcement.pieces import Gated, Literal, Mark, Piece, Place
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.shared import SharedExchange, SharedPage
from bandeau.policy.words import choose_language
from bandeau.web import codings
from bandeau.web.comments_view import start_tag
from bandeau.web.notice import Notice
from bandeau.web.placeholder import Placeholder
from bandeau.web.visitor import Sent

Section = Callable[[Exchange, str], Awaitable[tuple[str, bytes]]]


@dataclass(frozen=True, slots=True)
class Insertions:
    """What is put into pages, and the CSP sources of every inline style and script in it.

    ``section`` renders what opens with consent, as (state of the element, its inside); ``asking``
    goes into pages that are asked for reports.
    """

    notice: Notice
    placeholder: Placeholder
    asking: bytes
    section: Section | None
    scripts: tuple[str, ...]
    styles: tuple[str, ...]


class PageEditor:
    """Edits the HTML of one site.

    With ``explain`` each answer says what was withheld; with ``confine`` each page is confined to
    the hosts that it may reach and that its links lead to (``Connection-Allowlist``).
    """

    def __init__(
        self,
        rules: Rules,
        insertions: Insertions,
        *,
        explain: bool = False,
        confine: bool = False,
        shared: SharedPage | None = None,
    ) -> None:
        self.explain = explain
        self.shared = shared
        self.confine = confine
        self.rules = rules
        self.insertions = insertions

    def readable(self, headers: Headers) -> Headers:
        """Request headers that ask the site for content codings which we can read."""
        return [
            (name, codings.acceptable(value) if name == b"accept-encoding" else value)
            for name, value in headers
        ]

    def shared_exchange(self, exchange: Exchange, headers: Headers) -> Exchange:
        """``exchange``, or where the site lets any cache keep its page, one for all visitors."""
        if self.shared is None or exchange.tracked or not caching.is_shareable(headers):
            return exchange
        return SharedExchange(self.shared, self.rules, exchange.asked, exchange.note)

    def edits(self, headers: Headers) -> bool:
        """Whether an answer with these headers is a page that we can read."""
        if media_type(headers) != b"text/html":
            return False
        coding = joined(headers, b"content-encoding").decode("latin-1")
        try:
            codings.decoder(coding)
        except codings.CodingError:
            return False
        return True

    def open(
        self, exchange: Exchange, headers: Headers, sent: Sent, accepts: bytes, *, insert: bool
    ) -> tuple[Headers, PageStream]:
        """The page's headers, and the stream that edits its body.

        ``accepts`` is the visitor's ``Accept-Encoding``; ``insert`` is false for pages in frames
        and fetched fragments, which are held to the choice but get no notice of their own.
        """
        ours = self.insertions
        admitted = Admitted(ours.scripts, ours.styles, exchange.asked.own_url)
        edited = exchange.page_headers(headers, admitted)
        coding = codings.negotiate(accepts)
        if coding != "identity":
            edited.append((b"content-encoding", coding.encode()))
        stream = PageStream(self, exchange, headers, sent, coding, admitted=admitted, insert=insert)
        return edited, stream


class PageStream:
    """One page being edited: bytes in as the site sends them, bytes out for this visitor."""

    def __init__(
        self,
        editor: PageEditor,
        exchange: Exchange,
        headers: Headers,
        sent: Sent,
        coding: str,
        *,
        admitted: Admitted,
        insert: bool,
    ) -> None:
        self._editor = editor
        self._admitted = admitted
        self._exchange = exchange
        self._sent = sent
        self._insert = insert
        self._type = content_type(headers).decode("latin-1")
        self._decoder = codings.decoder(joined(headers, b"content-encoding").decode("latin-1"))
        self._encoder = codings.encoder(coding)
        matcher, host = editor.rules.matcher, exchange.asked.host
        self._scanner = Scanner(
            lambda other: other != host and not matcher.owns(other),
            exchange.page,
            declared=editor.rules.declared,
        )
        self._readable: bool | None = None
        self._start = b""
        self._inserted = False
        self._links = Links()
        self._read = 0
        self._ended = False
        self.charset: str | None = None

    async def feed(self, body: bytes, *, last: bool) -> AsyncIterator[bytes]:
        """The next bytes for the visitor. Raises :class:`codings.CodingError` on a broken body.

        Nothing is handed out before the start of the body tells its charset.
        """
        for chunk in self._decoder.feed(body):
            edited = self._encoder.add(await self._edited(chunk))
            if self._readable is not None:
                yield edited
        if last:
            rest = b"".join([await self._edited(chunk) for chunk in self._decoder.finish()])
            yield self._encoder.add(rest + await self._settled())
            tail = await self._tail()
            self._ended = True
            yield self._encoder.add(tail) + self._encoder.finish()

    @property
    def settled(self) -> bool:
        """Whether the page's charset is known."""
        return self._readable is not None

    @property
    def looked_far(self) -> bool:
        """Whether the page was read as far as its head may wait, or as far as it can be read."""
        if not (self._editor.confine and self._readable):
            return True
        return self._ended or self._read >= limits.PAGE_LOOKAHEAD_BYTES

    def completed(self, headers: Headers) -> Headers:
        """The page's headers with what its body told: the charset, and where its links lead.

        A page whose links are not all known gets no Connection-Allowlist: they would not work.
        """
        labelled = self._labelled(headers)
        known = self._ended and self._readable and self._links.complete
        if not (known and self._editor.confine):
            return labelled
        allowlist = self._exchange.connection_allowlist(self._links.patterns)
        kept = [(name, value) for name, value in labelled if name != CONNECTION_ALLOWLIST]
        return [*kept, (CONNECTION_ALLOWLIST, allowlist)]

    def _labelled(self, headers: Headers) -> Headers:
        if self.charset is None or "charset" in self._type.lower():
            return headers
        label = f"text/html; charset={self.charset}".encode()
        return [(n, label if n == b"content-type" else value) for n, value in headers]

    async def _edited(self, chunk: bytes) -> bytes:
        if self._readable is not None:
            return await self._scanned(chunk)
        self._start += chunk
        return await self._settled() if is_settled(self._type, self._start) else b""

    async def _settled(self) -> bytes:
        """What was held back until the charset was known."""
        start, self._start = self._start, b""
        if self._readable is None:
            self._readable = ascii_compatible(self._type, start)
            self.charset = declared_charset(self._type, start)
        return await self._scanned(start)

    async def _scanned(self, chunk: bytes) -> bytes:
        if not self._readable:
            return chunk
        return self._looked(chunk, await self._rendered(self._scanner.feed(chunk)))

    def _looked(self, chunk: bytes, rendered: bytes) -> bytes:
        """``rendered``, which is cut between tags, its links noted while the head waits."""
        if self._editor.confine and self._read < limits.PAGE_LOOKAHEAD_BYTES:
            self._read += len(chunk)
            self._links.add(rendered)
        return rendered

    async def _tail(self) -> bytes:
        """What is pending at the end; a page that never reached its body gets our part there."""
        if not self._readable:
            return b""
        tail = await self._rendered(self._scanner.close())
        if self._scanner.is_document and not self._inserted:
            tail += self._fragment()
        return self._looked(b"", tail)

    async def _rendered(self, pieces: list[Piece]) -> bytes:
        out = bytearray()
        for piece in pieces:
            match piece:
                case Literal():
                    out += piece.original
                case Gated():
                    out += self._judged(piece)
                case Mark():
                    out += await self._marked(piece)
        return bytes(out)

    def _judged(self, gated: Gated) -> bytes:
        denied = next(self._exchange.denials(gated.subjects), None)
        if denied is None:
            return gated.original
        inert = self._exchange.held_back(gated)
        if gated.embed_url is None:
            return inert
        place = self._editor.insertions.placeholder.render(
            denied, gated.embed_url, self._lang(), self._exchange.asked
        )
        return self._charset(place) + inert

    async def _marked(self, mark: Mark) -> bytes:
        match mark.place:
            case Place.HEAD_START if self._inserts():
                ours = self._editor.insertions
                standing, shared = self._exchange.standing, self._exchange.shared
                asking = ours.asking if self._exchange.reports else b""
                head = asking + ours.notice.head(standing, self._lang(), shared=shared)
                return mark.original + self._charset(head + ours.placeholder.head)
            case Place.BODY_START if self._inserts() and not self._inserted:
                return mark.original + self._fragment()
            case Place.COMMENTS:
                return await self._section(mark)
            case Place.META_CSP if self._inserts():
                return self._meta_csp(mark.text)
        return mark.original

    def _inserts(self) -> bool:
        return self._insert and self._scanner.is_document

    def _fragment(self) -> bytes:
        if not self._insert:
            return b""
        self._inserted = True
        fragment = self._editor.insertions.notice.fragment(
            self._exchange.standing,
            self._lang(),
            self._exchange.asked.target,
            shared=self._exchange.shared,
        )
        return self._charset(fragment)

    async def _section(self, mark: Mark) -> bytes:
        if self._editor.insertions.section is None:
            return mark.original
        self._exchange.lasting = False
        state, section = await self._editor.insertions.section(self._exchange, self._lang())
        return start_tag(mark.original, state) + self._charset(section)

    def _meta_csp(self, site_policy: str) -> bytes:
        ours = self._admitted
        given = site_policy.encode("latin-1", "replace")
        policy = admit(given, ours.scripts, ours.styles, ours.form)
        content = html.escape(policy.decode("latin-1"))
        return f'<meta http-equiv="Content-Security-Policy" content="{content}">'.encode("latin-1")

    def _lang(self) -> str:
        return choose_language(self._editor.rules.policy, self._scanner.lang, self._sent.languages)

    def _charset(self, ours: bytes) -> bytes:
        """Our own markup as it can stand in this page, whatever its charset and its base."""
        if self._scanner.rebased:
            ours = ours.replace(b'"/.bandeau/', b'"' + self._admitted.form.encode())
        return ours if self.charset in ("utf-8", "utf8") else _references(ours)


@lru_cache(maxsize=256)
def _references(text: bytes) -> bytes:
    return text.decode().encode("ascii", "xmlcharrefreplace")
