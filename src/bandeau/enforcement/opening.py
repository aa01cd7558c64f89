"""Where a document's head and body begin, tag by tag (HTML 13.2.6.4.2 to 13.2.6.4.6)."""

from __future__ import annotations

from bandeau.enforcement.embeds import is_post
from bandeau.enforcement.markup import Tag
from bandeau.enforcement.pieces import Mark, Place
from bandeau.enforcement.urls import decode_attribute

_HEAD_ELEMENTS = frozenset(
    b"base basefont bgsound link meta title noscript noframes style script template".split()
)
_DOCUMENT = frozenset({b"html", b"head", b"body"})
_ENDS_HEAD = frozenset({b"body", b"html", b"br"})


class Opening:
    """Follows the start of a page and says where insertions may go; fragments get none."""

    def __init__(self) -> None:
        self.is_document = False
        self.done = False
        self.frameset = False
        self._head_marked = False
        self._body_marked = False
        self._lang_seen = False
        self._templates = 0

    @property
    def settled(self) -> bool:
        """Whether no tag can bring another mark."""
        return self.done and self.is_document

    @property
    def in_head(self) -> bool:
        """Whether the head's start is marked and its content goes on."""
        return self._head_marked and not self.done

    @property
    def in_template(self) -> bool:
        """Whether a template of the head is open: nothing in it belongs to the page yet."""
        return self._templates > 0 and not self.done

    def start(self, name: bytes) -> list[Mark]:
        """Marks that stand before a start tag."""
        if self._templates and not self.done:
            self._templates += name == b"template"
            return []
        if self.done:
            return self._late(name)
        if name in _DOCUMENT:
            self.is_document = True
            return self._head() if name == b"body" else []
        if name in _HEAD_ELEMENTS:
            self._templates += name == b"template"
            return self._head()
        if name == b"frameset":
            self.done = self.frameset = True
            return self._head()
        return self.content()

    def _late(self, name: bytes) -> list[Mark]:
        """A document that began with something else, such as a warning printed before it."""
        if self.is_document or name not in _DOCUMENT:
            return []
        self.is_document = True
        return self._head() + self._body()

    def after(self, name: bytes, lang: str) -> list[Mark]:
        """Marks that stand behind a start tag; ``lang`` is that of the tag."""
        if self._templates:
            return []
        if name == b"html" and lang and not self._lang_seen:
            self._lang_seen = True
            return [Mark(Place.LANG, text=lang)]
        if self.done:
            return []
        if name == b"head":
            return self._head()
        return self._body() if name == b"body" else []

    def end(self, name: bytes) -> list[Mark]:
        """Marks that stand before an end tag."""
        if name == b"template":
            self._templates = max(0, self._templates - 1)
            return []
        if name == b"head" and not self._templates and not self.done:
            return self._head()
        return self.content() if name in _ENDS_HEAD else []

    def content(self) -> list[Mark]:
        """Marks before text, or a tag, that belongs in a body; also before the end of the page."""
        if self.done or self._templates:
            return []
        return self._head() + self._body()

    def _head(self) -> list[Mark]:
        if self._head_marked or not self.is_document:
            return []
        self._head_marked = True
        return [Mark(Place.HEAD_START)]

    def _body(self) -> list[Mark]:
        self.done = True
        if self._body_marked or not self.is_document:
            return []
        self._body_marked = True
        return [Mark(Place.BODY_START)]


def mark_of(tag: Tag) -> Mark | None:
    """The mark that a start tag is by itself, wherever it stands."""
    values = tag.values
    if values.get(b"data-bandeau") == b"comments":
        return Mark(Place.COMMENTS, tag.source, tag.name.decode("latin-1"))
    if values.get(b"data-bandeau") == b"count" and b"data-page" in values:
        return Mark(Place.COUNT, tag.source, decode_attribute(values[b"data-page"]))
    if is_post(tag):
        return Mark(Place.POST, tag.source, tag.name.decode("latin-1"))
    if tag.name == b"meta":
        kind = decode_attribute(values.get(b"http-equiv", b"")).strip().lower()
        if kind == "content-security-policy":
            return Mark(Place.META_CSP, tag.source, decode_attribute(values.get(b"content", b"")))
    return None
