"""Words of nginx configuration, from text of any kind."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bandeau.enforcement.compiled.front import FrontError

TOKEN = 4_000
"""Characters of one word of configuration: nginx reads no more than 4,096."""


def map_of(source: str, target: str, lines: Iterable[tuple[str, str]]) -> str:
    """A ``map`` block; ``lines`` are words already."""
    inside = "\n".join(f"    {match} {value};" for match, value in lines)
    return f"map {source} {target} {{\n{inside}\n}}"


def pattern(regex: str, *, caseless: bool = False) -> str:
    """A regular expression to match by."""
    text = regex.replace("\\", "\\\\").replace('"', '\\"')
    return _word(f'"~{"*" if caseless else ""}{text}"')


def quoted(text: str) -> str:
    """A value of ours: what came from the policy has been through ``plain`` or holds quotes."""
    if re.search(r"[\x00-\x1f\\]", text):
        raise FrontError(f"{text[:80]!r} cannot stand in the configuration of nginx")
    return _word('"' + text.replace('"', '\\"') + '"')


def _word(text: str) -> str:
    if len(text) > TOKEN:
        raise FrontError(f"{text[:80]}… is longer than nginx reads; shorten the policy")
    return text
