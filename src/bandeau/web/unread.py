"""A document that passes as it is, read only for where its links lead (XHTML, SVG, XML, UTF-16)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from bandeau import limits
from bandeau.enforcement.allowlist import Links
from bandeau.enforcement.exchange import Exchange, Headers
from bandeau.enforcement.fields import joined
from bandeau.web import codings


class UnreadLinks:
    """The links of markup in any pieces, in any encoding in which ASCII shows through."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._open = b""

    def add(self, body: bytes) -> None:
        """The next part of the document; a tag that it leaves open waits for its end."""
        text = self._open + body.replace(b"\0", b"")
        cut = max(text.rfind(b"<"), 0)
        self._links.add(text[:cut])
        self._open = text[cut:][: limits.HTML_TOKEN_BYTES]

    def close(self) -> None:
        """The end of it."""
        self._links.add(self._open)


class UnreadStream:
    """A body on its way out untouched, while its head waits for what its links tell.

    A body that cannot be decoded tells nothing: then no link of it is listed.
    """

    def __init__(self, exchange: Exchange, headers: Headers) -> None:
        self._exchange = exchange
        self._decoder = _decoder(headers)
        self._links = Links()
        self._unread = UnreadLinks(self._links)
        self._read = 0

    @property
    def settled(self) -> bool:
        """Always: nothing has to be known before a part of the body may leave."""
        return True

    async def feed(self, body: bytes, *, last: bool) -> AsyncIterator[bytes]:
        """``body`` as it is."""
        self._note(body, last=last)
        yield body

    @property
    def looked_far(self) -> bool:
        """Whether the document was read as far as its head may wait."""
        return self._decoder is None or self._read >= limits.PAGE_LOOKAHEAD_BYTES

    async def hurry(self) -> bytes:
        """Nothing was gathered."""
        return b""

    def completed(self, headers: Headers) -> Headers:
        """The headers, with where the document may lead."""
        return self._exchange.confined(headers, self._links.patterns)

    def _note(self, body: bytes, *, last: bool) -> None:
        if self._decoder is None or self.looked_far:
            return
        try:
            self._add(self._decoder.feed(body))
            if last:
                self._add(self._decoder.finish())
        except codings.CodingError:
            last = True
        if last:
            self._unread.close()
            self._decoder = None

    def _add(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            self._read += len(chunk)
            self._unread.add(chunk)


def _decoder(headers: Headers) -> codings.Decoder | None:
    try:
        return codings.decoder(joined(headers, b"content-encoding").decode("latin-1"))
    except codings.CodingError:
        return None
