"""Addresses that a page wrote: what a browser keeps may be none that Python can read."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

NOTHING = SplitResult("", "", "", "", "")


def split_of(url: str) -> SplitResult:
    """The parts of ``url``, which a page wrote; all empty where it cannot be read."""
    try:
        return urlsplit(url)
    except ValueError:
        return NOTHING


def joined(base: str, url: str) -> str:
    """``url``, which a page wrote, as it reads on the page ``base``; as it is if it cannot be."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url
