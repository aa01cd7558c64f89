"""Addresses as evidence has them: their host, their page, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, unquote

from bandeau.audit.evidence import Cause
from bandeau.audit.urls import NOTHING, split_of
from bandeau.enforcement.folding import is_random

_SHOWN_CHARACTERS = 160
_TOLD_CHARACTERS = 24
_REMEMBERED = 8_192
_ON_THE_NET = frozenset({"http", "https", "ws", "wss"})
_PIECES = re.compile(r"[^A-Za-z0-9]+")


@lru_cache(_REMEMBERED)
def parts_of(url: str) -> SplitResult:
    """The parts of ``url``; all empty where it is no address that goes over the net."""
    parts = split_of(url)
    return parts if parts.scheme in _ON_THE_NET and parts.hostname else NOTHING


def host_of(url: str) -> str:
    """The host of an address or origin, in lower case without a final dot; else empty."""
    return (parts_of(url).hostname or "").removesuffix(".")


def author(cause: Cause) -> str:
    """The host of the script that did something: the innermost call that has an address."""
    hosts = (host_of(place.url) for place in cause.stack)
    return next(filter(None, hosts), "") or host_of(cause.url)


def bare(domain: str) -> str:
    """A cookie's domain as a host."""
    return domain.removeprefix(".").lower()


def queried(url: str) -> tuple[tuple[str, str], ...]:
    """Names and values of its query, decoded."""
    query = parts_of(url).query
    return tuple(parse_qsl(query, keep_blank_values=True, max_num_fields=None)) if query else ()


def shown(url: str) -> str:
    """``url`` for a report: without fragment, without what could be someone's own, not long."""
    parts = parts_of(url)
    if not parts.netloc:
        return url[:_TOLD_CHARACTERS]
    path = "/".join(_plain(each) for each in parts.path.split("/"))
    names = dict.fromkeys(name[:_TOLD_CHARACTERS] for name, _ in queried(url))
    query = "?" + "&".join(f"{name}=…" for name in names) if names else ""
    text = f"{parts.scheme}://{parts.hostname}{path}{query}"
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def page_of(url: str) -> str:
    """``url`` as the name of a page: as shown, without its query."""
    return shown(url.partition("?")[0])


def texts_in(url: str) -> Iterator[str]:
    """What travels in an address: its path, and its query as sent and decoded."""
    parts = parts_of(url)
    yield unquote(parts.path)
    yield parts.query
    yield unquote(parts.query)


def _plain(segment: str) -> str:
    told = unquote(segment)
    private = "@" in told or any(is_random(each) for each in _PIECES.split(told) if each)
    return "…" if private else segment
