"""Whether the scan stands in SVG or MathML, where raw text and CDATA mean something else.

An approximation of HTML 13.2.6.5 without a tree: only elements opened inside the foreign
part are remembered. Where it is wrong the headers still hold.
"""

from __future__ import annotations

from collections.abc import Mapping

from bandeau.enforcement.markup import RAW_ELEMENTS

_ROOTS = frozenset({b"svg", b"math"})
_SVG_INTEGRATION = frozenset({b"foreignobject", b"desc", b"title"})
_MATH_INTEGRATION = frozenset({b"mi", b"mo", b"mn", b"ms", b"mtext"})
_MATH_OWN = frozenset({b"mglyph", b"malignmark"})
_VOID = frozenset(
    b"area base basefont bgsound br col embed frame hr img input keygen link meta param source "
    b"track wbr image".split()
)
_BREAKOUT = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img "
    b"li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul "
    b"var".split()
)
_PARAGRAPHS = frozenset({b"p", b"br"})
_FONT = frozenset({b"color", b"face", b"size"})
_XHTML = (b"text/html", b"application/xhtml+xml")
# An end tag of these cannot belong to an open element around: the scan would still be in it.
_NEVER_AROUND = (
    _ROOTS
    | _SVG_INTEGRATION
    | _MATH_INTEGRATION
    | _VOID
    | RAW_ELEMENTS
    | {b"annotation-xml", b"g", b"path", b"html", b"head", b"body"}
)
_DEPTH = 100
_CLOSES_ITSELF = frozenset(b"p li dd dt option tr td th".split())


class Foreign:
    """The open elements since the outermost ``svg`` or ``math``; empty outside of them."""

    def __init__(self) -> None:
        # Each entry is (name, kind): s and m for SVG and MathML elements, h for HTML ones,
        # i for an integration point, whose content is HTML again.
        self._open: list[tuple[bytes, str]] = []

    @property
    def active(self) -> bool:
        """Whether any foreign root is open."""
        return bool(self._open)

    @property
    def foreign(self) -> bool:
        """Whether markup here is read by the rules of foreign content."""
        return bool(self._open) and self._open[-1][1] in "sm"

    @property
    def has_cdata(self) -> bool:
        """Whether the current element is foreign, so that CDATA sections are."""
        return bool(self._open) and self._open[-1][1] != "h"

    def start(self, name: bytes, attributes: Mapping[bytes, bytes], closed: bool) -> None:
        """A start tag; ``closed`` when it ends in ``/>``."""
        if self.foreign and self._breaks_out(name, attributes):
            while self.foreign:
                self._open.pop()
        if not self.foreign and not self._math_own(name):
            self._start_html(name, closed)
        elif not closed:
            self._start_foreign(name, attributes)

    def _breaks_out(self, name: bytes, attributes: Mapping[bytes, bytes]) -> bool:
        return name in _BREAKOUT or (name == b"font" and not _FONT.isdisjoint(attributes))

    def _math_own(self, name: bytes) -> bool:
        return name in _MATH_OWN and bool(self._open) and self._open[-1][0] in _MATH_INTEGRATION

    def _start_html(self, name: bytes, closed: bool) -> None:
        if name in _ROOTS:
            if not closed:
                self._open.append((name, "s" if name == b"svg" else "m"))
        elif self._open and name not in _VOID:
            if name in _CLOSES_ITSELF and self._open[-1] == (name, "h"):
                return
            if len(self._open) < _DEPTH:
                self._open.append((name, "h"))

    def _start_foreign(self, name: bytes, attributes: Mapping[bytes, bytes]) -> None:
        kind = self._open[-1][1]
        if self._integrates(name, kind, attributes):
            self._open.append((name, "i"))
        elif kind == "m" and name == b"svg" and self._open[-1][0] == b"annotation-xml":
            self._open.append((name, "s"))
        elif len(self._open) < _DEPTH:
            self._open.append((name, kind if kind in "sm" else "m"))

    def _integrates(self, name: bytes, kind: str, attributes: Mapping[bytes, bytes]) -> bool:
        if kind == "s":
            return name in _SVG_INTEGRATION
        if name == b"annotation-xml":
            return attributes.get(b"encoding", b"").lower() in _XHTML
        return name in _MATH_INTEGRATION

    def end(self, name: bytes) -> None:
        """An end tag. In foreign content one that opened nothing inside closes all of it."""
        if not self._open:
            return
        if self.foreign and name in _PARAGRAPHS:
            while self.foreign:
                self._open.pop()
            return
        in_html = self._open[-1][1] == "h"
        for index in range(len(self._open) - 1, -1, -1):
            opened, kind = self._open[index]
            in_html = in_html or kind == "h"
            if in_html and kind == "i":
                return
            if opened == name and (kind == "h" or not in_html):
                del self._open[index:]
                return
        if not in_html and name not in _NEVER_AROUND:
            self._open.clear()
