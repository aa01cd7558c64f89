"""Response headers that make a browser contact other hosts: ``Link``, ``Refresh``, reporting."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bandeau.enforcement.urls import Reach, target_of

Denied = Callable[[str], bool]
_LINK = re.compile(rb'\s*(<[^>]*>(?:[^",]|"(?:[^"\\]|\\.)*"?)*)(?:,|$)')
_URL = re.compile(rb'(?:https?|wss?):[^\s"\'<>;,]+|(?<=")//[^\s"\'<>;,]+', re.IGNORECASE)


def judge_links(value: bytes, denied: Denied) -> bytes | None:
    """A ``Link`` header without the links to denied hosts; ``None`` where none is left."""
    kept = [link for link in _links(value) if not _leads_to(link[1 : link.find(b">")], denied)]
    return b", ".join(kept) or None


def judge_refresh(value: bytes, denied: Denied) -> bytes | None:
    """A ``Refresh`` header, or ``None`` where it leads to a denied host."""
    _, _, target = value.partition(b";")
    url = re.sub(rb"^\s*url\s*=\s*", b"", target, flags=re.IGNORECASE).strip(b" \t'\"")
    return None if url and _leads_to(url, denied) else value


def reports_elsewhere(value: bytes, denied: Denied) -> bool:
    """Whether a reporting or speculation header names any denied host."""
    return any(_leads_to(url, denied) for url in _URL.findall(value))


def _links(value: bytes) -> Iterator[bytes]:
    return (found[1].strip() for found in _LINK.finditer(value))


def _leads_to(url: bytes, denied: Denied) -> bool:
    target = target_of(url.decode("latin-1"))
    return target.reach is Reach.HOST and denied(target.host)
