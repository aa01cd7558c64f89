"""URLs inside attribute values that hold more than one, or something around it."""

from __future__ import annotations

import re

_WHITE = " \t\n\f\r"
_URL = re.compile(r"[ \t\n\f\r,]*([^ \t\n\f\r]+)")
_DESCRIPTORS = re.compile(r"(?:[^(),]|\([^)]*(?:\)|\Z)|\))*")
_REFRESH = re.compile(
    r"[ \t\n\f\r]*(?:[0-9][0-9.]*|\.[0-9.]*)(?=[;, \t\n\f\r])[ \t\n\f\r]*[;,]?[ \t\n\f\r]*"
    r"(?:[uU][rR][lL][ \t\n\f\r]*=[ \t\n\f\r]*)?(?P<quote>['\"]?)(?P<url>.*)",
    re.DOTALL,
)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\f\r]?|(.))", re.DOTALL)
_CSS_URL = re.compile(
    r"(?:url|src)\(\s*(?:\"([^\"]*)|'([^']*)|([^)\"'][^)]*))|@import\s*(?:\"([^\"]*)|'([^']*))",
    re.IGNORECASE,
)
_CSS_STRING = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_CSS_IMAGE = re.compile(r"image(?:-set)?\(", re.IGNORECASE)
_UNICODE_END = 0x110000


def srcset_urls(value: str) -> tuple[str, ...]:
    """The URLs of a ``srcset`` or ``imagesrcset`` value (HTML, "parse a srcset attribute")."""
    urls, position = [], 0
    while found := _URL.match(value, position):
        url, position = found[1], found.end()
        stripped = url.rstrip(",")
        if stripped:
            urls.append(stripped)
        if stripped == url:
            descriptors = _DESCRIPTORS.match(value, position)
            position = (descriptors.end() if descriptors else position) + 1
    return tuple(urls)


def refresh_url(content: str) -> str:
    """The URL of a ``meta refresh`` content, empty for the page itself (HTML 4.2.5.3)."""
    found = _REFRESH.match(content)
    if not found:
        return ""
    url, quote = found["url"], found["quote"]
    return url.split(quote, 1)[0] if quote else url


def listed_urls(value: str) -> tuple[str, ...]:
    """The URLs of a space-separated list such as ``ping``."""
    return tuple(value.split())


def css_urls(style: str) -> tuple[str, ...]:
    """URLs that a style attribute or sheet may fetch; doubt is settled towards more of them."""
    texts = dict.fromkeys((style, _CSS_COMMENT.sub(" ", style), _CSS_COMMENT.sub("", style)))
    return tuple(dict.fromkeys(url for text in texts for url in _css_urls(text)))


def _css_urls(text: str) -> list[str]:
    plain = _CSS_ESCAPE.sub(_css_character, text) if "\\" in text else text
    found = [_filled(match) for match in _CSS_URL.finditer(plain)]
    if _CSS_IMAGE.search(plain):
        found += [_filled(match) for match in _CSS_STRING.finditer(plain)]
    return [url for url in found if url]


def _filled(match: re.Match[str]) -> str:
    return next((group for group in match.groups() if group), "").strip(_WHITE)


def _css_character(match: re.Match[str]) -> str:
    if match[1] is None:
        return "" if match[2] in "\n\f\r" else str(match[2])
    code = int(match[1], 16)
    return chr(code) if 0 < code < _UNICODE_END else "\ufffd"
