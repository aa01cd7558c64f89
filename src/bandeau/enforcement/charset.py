"""Whether a body may be read as bytes in which ASCII stands for itself."""

from __future__ import annotations

import re

_LABEL = re.compile(r"""charset\s*=\s*["']?\s*([^\s"';]+)""", re.IGNORECASE)
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE
)
_META = re.compile(rb"""charset\s*=\s*["']?\s*iso-2022-jp""", re.IGNORECASE)
_LABELLED = re.compile(_DECLARED.pattern + rb"[^\w.:-]|<body", re.IGNORECASE)
_PRESCAN_BYTES = 1024
_MARK_BYTES = 4
_WIDE = ("utf-16", "utf16", "utf-32", "utf32", "ucs-2", "ucs-4", "iso-10646-ucs", "unicodefeff")
_WIDE_NAMES = frozenset({"unicode", "csunicode", "unicodefffe", "iso-2022-jp", "csiso2022jp"})


def ascii_compatible(content_type: str | None, first_bytes: bytes) -> bool:
    """Whether markup can be scanned as bytes (Encoding standard; a byte order mark wins).

    ``first_bytes`` is the start of the body, 1,024 bytes where there are as many. False for
    UTF-16, UTF-32 and ISO-2022-JP: such a body passes unread, under strict headers.
    """
    if first_bytes.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")):
        return False
    if first_bytes.startswith(b"\xef\xbb\xbf"):
        return True
    found = _LABEL.search(content_type or "")
    if found:
        label = found[1].lower()
        return not label.startswith(_WIDE) and label not in _WIDE_NAMES
    # A meta element cannot declare UTF-16 (it is then read as UTF-8), but this one it can.
    return not _META.search(first_bytes[:_PRESCAN_BYTES])


def is_settled(content_type: str | None, first_bytes: bytes) -> bool:
    """Whether the start of a body is long enough to tell how it is to be read."""
    labelled = _LABEL.search(content_type or "") or _LABELLED.search(first_bytes)
    return len(first_bytes) >= (_MARK_BYTES if labelled else _PRESCAN_BYTES)


def declared_charset(content_type: str | None, first_bytes: bytes) -> str | None:
    """The label that a browser would find for a body, in lower case (HTML 13.2.3.2).

    What we insert can push a ``meta`` element out of the 1,024 bytes that browsers look at, so
    the label then goes into the header. ``None`` where nothing declares any.
    """
    if first_bytes.startswith(b"\xef\xbb\xbf"):
        return "utf-8"
    found = _LABEL.search(content_type or "")
    if found:
        return found[1].lower()
    meta = _DECLARED.search(first_bytes[:_PRESCAN_BYTES])
    return meta[1].decode("ascii").lower() if meta else None
