"""Editing a page on its way out: decoded, scanned, made inert where denied, completed, encoded."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache

from bandeau import limits
from bandeau.choice.model import Source
from bandeau.enforcement.allowlist import Links, host_patterns
from bandeau.enforcement.charset import ascii_compatible, declared_charset, is_settled
from bandeau.enforcement.csp import Admitted, admit, opening
from bandeau.enforcement.engine import Scan
from bandeau.enforcement.exchange import Exchange, Headers
from bandeau.enforcement.fields import joined
from bandeau.enforcement.media import content_type, media_type
from bandeau.enforcement.pieces import Gated, Literal, Mark, Piece, Place
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.shared import SharedExchange, SharedPage
from bandeau.enforcement.storing import is_shareable
from bandeau.policy.words import choose_language
from bandeau.web import codings
from bandeau.web.embedding import Embedding, may_be_placed
from bandeau.web.insertions import Insertions
from bandeau.web.leaving import SENDING, action_instead
from bandeau.web.plans import UNREAD, Planned, Plans, is_short
from bandeau.web.unread import UnreadLinks
from bandeau.web.visitor import Sent

SWEEP = "/.bandeau/sweep"
_FRAMES = frozenset({b"iframe", b"frame", b"embed", b"object"})


class PageEditor:
    """Edits the HTML of one site.

    With ``explain`` each answer says what was withheld; without ``confine`` no page is confined to
    the hosts that it may reach and that its links lead to (``Connection-Allowlist``).
    """

    def __init__(
        self,
        rules: Rules,
        insertions: Insertions,
        plans: Plans,
        *,
        explain: bool = False,
        confine: bool = True,
        shared: SharedPage | None = None,
    ) -> None:
        self.explain = explain
        self.shared = shared
        self.confine = confine
        self.rules = rules
        self.insertions = insertions
        self.plans = plans

    def readable(self, headers: Headers) -> Headers:
        """Request headers that ask the site for content codings which we can read."""
        return [
            (name, codings.acceptable(value) if name == b"accept-encoding" else value)
            for name, value in headers
        ]

    def shared_exchange(self, exchange: Exchange, headers: Headers) -> Exchange:
        """``exchange``, or where the site lets any cache keep its page, one for all visitors."""
        if self.shared is None or exchange.tracked or not is_shareable(headers):
            return exchange
        return SharedExchange(
            self.shared, self.rules, exchange.asked, exchange.note, confine=self.confine
        )

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
        reach = tuple(f"{host}:*{SWEEP}" for host in exchange.siblings)
        admitted = Admitted(ours.scripts, ours.styles, exchange.asked.own_url, reach)
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
        self._scan: Scan = UNREAD
        self._gathered: list[bytes] | None = [] if is_short(headers) else None
        self._room = limits.PLAN_PAGE_BYTES
        self._begun = False
        self._readable: bool | None = None
        self._start = b""
        self._inserted = False
        self._embedding = Embedding(
            exchange, editor.insertions.placeholder, self._lang, self._charset
        )
        self._looks = editor.confine or bool(exchange.standing.items)
        self._links = Links()
        self._ours: list[bytes | memoryview] | None = None
        self._listed: tuple[str, ...] | None = None
        self._unread = UnreadLinks(self._links)
        self._read = 0
        self._ended = False
        self.charset: str | None = None

    async def feed(self, body: bytes, *, last: bool) -> AsyncIterator[bytes]:
        """The next bytes for the visitor. Raises :class:`codings.CodingError` on a broken body.

        Nothing is handed out before the start of the body tells its charset. A page that is short
        is handed out whole, since it may have been planned before.
        """
        if last and not self._begun:
            self._gathered = []
        self._begun = True
        for chunk in self._decoder.feed(body):
            edited = self._encoder.add(await self._edited(chunk))
            if self._readable is not None:
                yield edited
        if last:
            rest = b"".join([await self._edited(chunk) for chunk in self._decoder.finish()])
            self._plan()
            yield self._encoder.add(rest + await self._settled())
            tail = await self._tail()
            self._ended = True
            yield self._encoder.add(tail) + self._encoder.finish()

    @property
    def settled(self) -> bool:
        """Whether the page's charset is known."""
        return self._readable is not None

    @property
    def personal(self) -> bool:
        """Whether the page holds what changes or differs between visitors who chose alike."""
        return not (self._exchange.lasting and self._readable)

    @property
    def looked_far(self) -> bool:
        """Whether the page was read as far as its head may wait, or as far as it can be read."""
        if not self._looks:
            return True
        return self._ended or self._read >= limits.PAGE_LOOKAHEAD_BYTES

    def completed(self, headers: Headers) -> Headers:
        """The page's headers with what its body told: the charset, where its links lead, and
        the single items in it that the visitor loaded.

        Links that come later, or that do not fit, are led to the way out by ``leave.js``.
        """
        opened = self._embedding.opened.hosts
        self._listed = (*self._links.patterns, host_patterns((), opened, opened))
        return self._exchange.confined(self._opened(self._labelled(headers)), self._listed)

    def _opened(self, headers: Headers) -> Headers:
        opened = self._embedding.head_leaves()
        if not opened.frames:
            return headers
        self._exchange.lasting = False
        ours = self._exchange.csp()
        return [(n, opening(ours, opened) if value == ours else value) for n, value in headers]

    def _labelled(self, headers: Headers) -> Headers:
        if self.charset is None or "charset" in self._type.lower():
            return headers
        label = f"text/html; charset={self.charset}".encode()
        return [(n, label if n == b"content-type" else value) for n, value in headers]

    async def hurry(self) -> bytes:
        """What was gathered of a short page so far; from now on all leaves as it comes."""
        gathered, self._gathered = self._gathered, None
        return self._encoder.add(await self._edited(b"".join(gathered))) if gathered else b""

    async def _gather(self, chunk: bytes, gathered: list[bytes]) -> bytes:
        gathered.append(chunk)
        self._room -= len(chunk)
        if self._room >= 0:
            return b""
        self._gathered = None
        return await self._edited(b"".join(gathered))

    def _plan(self) -> None:
        """What was gathered is all of the page: it is planned, or was before."""
        if self._gathered is None:
            return
        self._start, self._gathered = b"".join(self._gathered), None
        self._settle(self._start)
        if self._readable:
            asked, base = self._exchange.asked, self._exchange.page
            plan = self._editor.plans.plan(self._start, asked.host, base)
            choice = self._exchange.judge, self._exchange.shared
            self._scan = Planned(plan, plan.held(choice, self._alike))
            self._ours = []
            if self._editor.confine:
                self._links.know(plan.links())

    def _alike(self, gated: Gated) -> bytes | None:
        """What stands for a tag in the pages of all who chose alike, if that is so."""
        return None if may_be_placed(gated) else self._judged(gated)

    async def _edited(self, chunk: bytes) -> bytes:
        if self._gathered is not None:
            return await self._gather(chunk, self._gathered)
        if self._readable is not None:
            return await self._scanned(chunk)
        self._start += chunk
        return await self._settled() if is_settled(self._type, self._start) else b""

    async def _settled(self) -> bytes:
        """What was held back until the charset was known."""
        start, self._start = self._start, b""
        self._settle(start)
        if self._readable and self._scan is UNREAD:
            asked, base = self._exchange.asked, self._exchange.page
            self._scan = self._editor.plans.engine.open(asked.host, base)
        return await self._scanned(start)

    def _settle(self, start: bytes) -> None:
        if self._readable is None:
            self._readable = ascii_compatible(self._type, start)
            self.charset = declared_charset(self._type, start)

    async def _scanned(self, chunk: bytes) -> bytes:
        if self._readable:
            return self._looked(chunk, await self._rendered(self._scan.feed(chunk)))
        if self._read < limits.PAGE_LOOKAHEAD_BYTES:
            self._read += len(chunk)
            self._unread.add(chunk)
        return chunk

    def _looked(self, chunk: bytes, rendered: bytes) -> bytes:
        """``rendered``, which is cut between tags, its links noted while the head waits."""
        if self._looks and self._read < limits.PAGE_LOOKAHEAD_BYTES:
            self._read += len(chunk)
            if self._editor.confine:
                # The links of a page that was planned are known: only ours are new.
                planned = chunk and self._ours is not None
                self._links.add(b"\n".join(self._ours or ()) if planned else rendered)
        return rendered

    async def _tail(self) -> bytes:
        """What is pending at the end; a page that never reached its body gets our part there."""
        if not self._readable:
            self._unread.close()
            return b""
        tail = await self._rendered(self._scan.close())
        if self._scan.is_document and not self._inserted:
            tail += self._fragment()
        return self._looked(b"", tail) + self._leaving()

    def _leaving(self) -> bytes:
        """Where clicks lead without the way out: the head that left, or is about to, says that."""
        if not (self._inserted and self._editor.confine):
            return b""
        listed = self._links.patterns if self._listed is None else self._listed
        return self._editor.insertions.leaving.end(listed)

    async def _rendered(self, pieces: Sequence[Piece]) -> bytes:
        out: list[bytes | memoryview] = []
        for piece in pieces:
            made: bytes | memoryview
            if isinstance(piece, Literal):
                made = self._embedding.literal(piece.original)
            elif isinstance(piece, Gated):
                made = self._judged(piece)
            else:
                made = await self._marked(piece)
            out.append(made)
            if self._ours is not None and made is not piece.original and not _begins_body(piece):
                self._ours.append(made)
        return b"".join(out)

    def _judged(self, gated: Gated) -> bytes:
        shown, action = self._embedding.gated(gated), SENDING.get(gated.element)
        if action is None or shown is gated.original:
            return shown
        if b"data-bandeau-" + action not in shown.lower():
            return shown
        end = 1 + len(gated.element)
        led = self._charset(action_instead(gated.element, gated.original))
        return shown[:end] + led + shown[end:]

    async def _marked(self, mark: Mark) -> bytes:
        match mark.place:
            case Place.HEAD_START if self._guards():
                ours = self._editor.insertions
                standing, shared = self._exchange.standing, self._exchange.shared
                leads = self._insert and self._editor.confine
                asking = ours.asking if self._exchange.reports else b""
                head = asking + ours.notice.head(standing, shared=shared, leads=leads)
                return mark.original + self._charset(head + ours.placeholder.head)
            case Place.BODY_START if self._inserts() and not self._inserted:
                return mark.original + self._fragment()
            case Place.COMMENTS | Place.COUNT:
                return await self._commented(mark)
            case Place.POST:
                return self._embedding.post(mark)
            case Place.META_CSP if self._guards():
                return self._meta_csp(mark.text)
        return mark.original

    def _inserts(self) -> bool:
        return self._insert and self._scan.is_document

    def _guards(self) -> bool:
        """Whether the guard goes in: a page in a frame has scripts and storage like any other.

        Of a host that the visitor never decided about it knows less than the page around it.
        """
        decided = self._exchange.standing.source is not Source.NONE
        framed = decided and self._exchange.asked.destination in _FRAMES
        return (self._insert or framed) and self._scan.is_document

    def _fragment(self) -> bytes:
        if not self._insert:
            return b""
        self._inserted = True
        notice, lang = self._editor.insertions.notice, self._lang()
        standing, shared = self._exchange.standing, self._exchange.shared
        if self._editor.confine:
            self._links.know(notice.links(standing, lang, shared=shared))
        fragment = notice.fragment(
            standing,
            lang,
            self._exchange.asked.target,
            siblings=self._exchange.siblings,
            shared=shared,
        )
        return self._charset(fragment)

    async def _commented(self, mark: Mark) -> bytes:
        if self._editor.insertions.comments is None:
            return mark.original
        self._exchange.lasting = False
        tag, inside = await self._editor.insertions.comments(self._exchange, self._lang(), mark)
        return tag + self._charset(inside)

    def _meta_csp(self, site_policy: str) -> bytes:
        policy = admit(site_policy.encode("latin-1", "replace"), self._admitted)
        content = html.escape(policy.decode("latin-1"))
        return f'<meta http-equiv="Content-Security-Policy" content="{content}">'.encode("latin-1")

    def _lang(self) -> str:
        return choose_language(self._editor.rules.policy, self._scan.lang, self._sent.languages)

    def _charset(self, ours: bytes) -> bytes:
        """Our own markup as it can stand in this page, whatever its charset and its base."""
        if self._scan.rebased:
            ours = ours.replace(b'"/.bandeau/', b'"' + self._admitted.form.encode())
        return ours if self.charset in ("utf-8", "utf8") else _references(ours)


def _begins_body(piece: Piece) -> bool:
    """Whether our fragment stands behind it, whose links are known without reading it again."""
    return isinstance(piece, Mark) and piece.place is Place.BODY_START


@lru_cache(maxsize=256)
def _references(text: bytes) -> bytes:
    return text.decode().encode("ascii", "xmlcharrefreplace")
