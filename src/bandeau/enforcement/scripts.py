"""The text of a script: where it ends, and whether a browser would run it."""

from __future__ import annotations

import re

from bandeau.enforcement import markup
from bandeau.enforcement.markup import Tag
from bandeau.enforcement.urls import decode_attribute

_HOLD = len(b"</script>") + 1
_TYPES = re.compile(
    r"module|(?:text|application)/(?:x-)?(?:java|ecma)script|text/(?:javascript1\.[0-5]|jscript|livescript)"
)
_SOURCES = {True: (b"href", b"xlink:href"), False: (b"src",)}


class ScriptText:
    """Follows the text of one script with its escaped states (HTML 13.2.5.15 to 13.2.5.31)."""

    def __init__(self) -> None:
        self.ended = False
        self._escaped = 0

    def pass_over(self, data: bytes, position: int, stop: int, *, final: bool = False) -> int:
        """Where the text ends in ``data`` before ``stop``; else how far it need not be read again.

        Unless ``final``, the last bytes may be the beginning of the end.
        """
        while True:
            events = markup.ESCAPED_SCRIPT_EVENT if self._escaped else markup.SCRIPT_EVENT
            found = events.search(data, position, stop)
            if not found:
                return max(position, stop - (0 if final else _HOLD))
            position = found.end()
            if found[0] == b"<!--":
                self._escaped = self._escaped or 1
                position = found.start() + len(b"<!")
            elif found[0] == b"-->":
                self._escaped = 0
            elif not found[1]:
                self._escaped = 2 if self._escaped else 0
            elif self._escaped == 2:
                self._escaped = 1
            else:
                self.ended = True
                return found.start()


def script_end(data: bytes, position: int, limit: int, *, in_svg: bool) -> int | None:
    """Where the script text that begins at ``position`` ends; ``None`` if not before ``limit``."""
    if in_svg:
        found = markup.raw_end(b"script", in_noscript=False).search(data, position, limit)
        return found.start() if found else None
    text = ScriptText()
    end = text.pass_over(data, position, limit)
    return end if text.ended else None


def runs_inline(tag: Tag, *, in_svg: bool) -> bool:
    """Whether a browser runs the text of the script that ``tag`` opens (HTML 4.12.1.1)."""
    if (in_svg and tag.closed) or any(source in tag.values for source in _SOURCES[in_svg]):
        return False
    kind = decode_attribute(tag.values.get(b"type", b"")).lower()
    return not kind or _TYPES.fullmatch(kind.strip(" \t\n\f\r")) is not None
