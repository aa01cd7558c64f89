"""HTML tokens as bytes patterns (HTML 13.2.5), every quantifier possessive, so linear.

No group captures inside a possessive repeat: CPython before 3.11.5 mishandles those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

_KEPT = 256
WHITE = r"\t\n\f\r\x20"
GAP = rf"[/{WHITE}]++"
NAME = rf"[^{WHITE}/>][^{WHITE}/>=]*+"
EQUALS = rf"[{WHITE}]*+=[{WHITE}]*+"
ASSIGNED = (
    rf"(?:{EQUALS}(?:\"[^\"]*+\"|'[^']*+'|[^{WHITE}>\"'][^{WHITE}>]*+|(?=>))|(?![{WHITE}]*+=))"
)
"""What follows an attribute's name; an unclosed quote makes the whole tag incomplete."""
ATTRIBUTES = rf"(?:{GAP}|{NAME}{ASSIGNED})*+"
TAG_NAME = rf"[a-zA-Z][^{WHITE}/>]*+"
TAG_END = rf"(?=[/>{WHITE}])"
NAME_END = rf"(?=[/>={WHITE}])"


def any_case(words: str) -> str:
    """A pattern for any of the space-separated ``words`` in any case, as a tree of letters."""
    return _branches(_tree(words), _any_case)


def as_written(words: str) -> str:
    """The same for lower case alone, which is quicker."""
    return _branches(_tree(words), re.escape)


def _any_case(letter: str) -> str:
    return f"[{letter}{letter.upper()}]" if letter.isalpha() else re.escape(letter)


def _tree(words: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for word in words.split():
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    return tree


def _branches(tree: dict[str, Any], letters: Callable[[str], str]) -> str:
    parts = [letters(letter) + _branches(rest, letters) for letter, rest in tree.items() if letter]
    if not parts:
        return ""
    joined = parts[0] if len(parts) == 1 and "" not in tree else f"(?:{'|'.join(parts)})"
    return f"{joined}?" if "" in tree else joined


def pattern(text: str) -> re.Pattern[bytes]:
    """``text`` compiled to search bytes."""
    return re.compile(text.encode("ascii"))


TEXT = pattern(r"(?:[^<]++|<(?=[^a-zA-Z/!?]))*+")
SPACE = pattern(rf"[{WHITE}]*+")
TAG = pattern(rf"<(/?)({TAG_NAME}){ATTRIBUTES}>")
TAG_START = pattern(rf"</?({TAG_NAME})")
_ATTRIBUTE = pattern(
    rf"[/{WHITE}]*+({NAME})(?:{EQUALS}"
    rf"(?:\"([^\"]*+)\"|'([^']*+)'|([^{WHITE}>\"'][^{WHITE}>]*+)|(?=>)))?+"
)
NOSCRIPT_END = pattern(f"</{any_case('noscript')}{TAG_END}")
COMMENT_ABRUPT = pattern("-?>")
COMMENT_END = pattern("--!?>")
NOSCRIPT_COMMENT_END = pattern(f"--!?>|</{any_case('noscript')}{TAG_END}")
CDATA_END = pattern(r"\]\]>")
BOGUS_END = pattern(">")
SCRIPT_EVENT = pattern(f"<(?:!--|(/){any_case('script')}{TAG_END})")
ESCAPED_SCRIPT_EVENT = pattern(f"<!--|-->|<(/?){any_case('script')}{TAG_END}")

RAW_ELEMENTS = frozenset(b"script style title textarea xmp iframe noembed noframes".split())
"""Elements whose content is text. Not ``plaintext``: within ``select`` older browsers ignore
it, and what follows it can only be over-edited text."""


@cache
def raw_end(name: bytes, in_noscript: bool) -> re.Pattern[bytes]:
    """What ends the text of a raw element; ``</noscript`` too inside of one."""
    words = f"{name.decode()} noscript" if in_noscript else name.decode()
    return pattern(f"</{any_case(words)}{TAG_END}")


@lru_cache(_KEPT)
def _attribute_named(names: frozenset[bytes]) -> re.Pattern[bytes]:
    """The attributes up to the next that has one of ``names``, and that one."""
    named = any_case(b" ".join(sorted(names)).decode())
    others = rf"(?:{GAP}|(?!{named}{NAME_END}){NAME}{ASSIGNED})*+"
    return pattern(rf"{others}({named}){NAME_END}{ASSIGNED}")


class Tag(NamedTuple):
    """A start tag as written, its lowercase name, and its values as written.

    Of doubled attributes the first counts.
    """

    source: bytes
    name: bytes
    values: Mapping[bytes, bytes]

    @property
    def closed(self) -> bool:
        """Whether it ends in ``/>``, the slash being no part of an unquoted value."""
        if not self.source.endswith(b"/>"):
            return False
        *_, last = (b"", *(found[4] or b"" for found in self._attributes()))
        return not self.source.endswith(last + b">") or not last

    def places(self, names: frozenset[bytes]) -> list[int]:
        """Offsets of every attribute, doubled ones too, whose lowercase name is in ``names``."""
        named, position = _attribute_named(names), 1 + len(self.name)
        places = []
        while found := named.match(self.source, position):
            places.append(found.start(1))
            position = found.end()
        return places

    def _attributes(self) -> Iterator[re.Match[bytes]]:
        return _ATTRIBUTE.finditer(self.source, 1 + len(self.name))


def read_tag(source: bytes, name: bytes) -> Tag:
    """A complete start tag called ``name`` as written."""
    attributes = _ATTRIBUTE.findall(source, 1 + len(name))
    values = {each[0].lower(): each[1] or each[2] or each[3] for each in attributes}
    if len(values) < len(attributes):
        for each in reversed(attributes):
            values[each[0].lower()] = each[1] or each[2] or each[3]
    return Tag(source, name.lower(), values)


def bare_tag(name: bytes) -> Tag:
    """A tag of which only the lowercase name is known."""
    return Tag(b"", name, {})
