"""The same task done with python-lolhtml: every third-party element inert, noscript included."""

from __future__ import annotations

import re
from collections.abc import Callable

from lolhtml import ContentType, Element, HTMLRewriter, TextChunk

_ATTRIBUTES = {
    "script": ("src",),
    "iframe": ("src",),
    "frame": ("src",),
    "embed": ("src",),
    "track": ("src",),
    "audio": ("src",),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
}
# Relative addresses never come to Python: that is the quickest way we found to say it.
_SELECTOR = ", ".join(
    f'{element}[{name}*="//"]' for element, names in _ATTRIBUTES.items() for name in names
)
_HOST = re.compile(r"//([^/?#:\"' ]+)")


class _Elements:
    def __init__(self, denied: Callable[[str], bool]) -> None:
        self._denied = denied

    def element(self, element: Element) -> None:
        tag = element.tag_name
        for name in _ATTRIBUTES[tag]:
            value = element.get_attribute(name)
            if value and any(map(self._denied, _HOST.findall(value))):
                element.remove_attribute(name)
                element.set_attribute(f"data-bandeau-{name}", value)
                if tag == "script":
                    element.set_attribute("type", "text/plain")


class _Head:
    def __init__(self, inserted: str) -> None:
        self._inserted = inserted

    def element(self, element: Element) -> None:
        element.prepend(self._inserted, ContentType.HTML)


class _Noscript:
    """Its content is text to lol-html, so a second rewriter reads it."""

    def __init__(self, elements: _Elements) -> None:
        self._elements = elements
        self._text: list[str] = []

    def text(self, chunk: TextChunk) -> None:
        self._text.append(chunk.text)
        chunk.remove()
        if chunk.last_in_text_node:
            text, self._text = "".join(self._text), []
            chunk.replace(self._rewritten(text), ContentType.HTML)

    def _rewritten(self, text: str) -> str:
        if "//" not in text:
            return text
        out: list[bytes] = []
        inner = HTMLRewriter(out.append)
        inner.on(_SELECTOR, self._elements)
        inner.write(text.encode())
        inner.end()
        return b"".join(out).decode()


def rewritten(page: bytes, denied: Callable[[str], bool], inserted: str) -> bytes:
    """``page`` with what leads to a ``denied`` host inert and ``inserted`` at its head's start."""
    out: list[bytes] = []
    rewriter = HTMLRewriter(out.append)
    elements = _Elements(denied)
    rewriter.on(_SELECTOR, elements)
    rewriter.on("head", _Head(inserted))
    rewriter.on("noscript", _Noscript(elements))
    rewriter.write(page)
    rewriter.end()
    return b"".join(out)
