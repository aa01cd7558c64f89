"""HTML tokens as bytes patterns (HTML 13.2.5), every quantifier possessive, so linear.

No group captures inside a possessive repeat: CPython before 3.11.5 mishandles those.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from functools import cache
from typing import NamedTuple

WHITE = rb"\t\n\f\r "
_VALUE = rb"(?:\"[^\"]*+\"|'[^']*+'|[^" + WHITE + rb">\"'][^" + WHITE + rb">]*+|(?=>))"
_EQUALS = rb"[" + WHITE + rb"]*+=[" + WHITE + rb"]*+"
_NAME = rb"[^" + WHITE + rb"/>][^" + WHITE + rb"/>=]*+"
_ASSIGNED = rb"(?:" + _EQUALS + _VALUE + rb"|(?![" + WHITE + rb"]*+=))"
_TAG_NAME = rb"[a-zA-Z][^" + WHITE + rb"/>]*+"
_GAP = rb"[/" + WHITE + rb"]++"


def any_case(words: str) -> bytes:
    """A pattern for any of the space-separated ``words`` in any case, as a tree of letters."""
    tree: dict[str, dict] = {}  # type: ignore[type-arg]
    for word in words.split():
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    return _branches(tree).encode()


def _branches(tree: dict[str, dict]) -> str:  # type: ignore[type-arg]
    # Longer words first, so that the end of a word is tried last.
    parts = [
        (f"[{letter}{letter.upper()}]" if letter.isalpha() else re.escape(letter)) + _branches(rest)
        for letter, rest in sorted(tree.items(), key=lambda item: item[0] == "")
        if letter
    ]
    if not tree or ("" in tree and not parts):
        return ""
    joined = parts[0] if len(parts) == 1 and "" not in tree else f"(?:{'|'.join(parts)})"
    return f"{joined}?" if "" in tree else joined


_TAG_END = rb"(?=[/>" + WHITE + rb"])"
_NAME_END = rb"(?=[/>=" + WHITE + rb"])"
_READ_ELEMENTS = (
    "applet audio base body embed fencedframe form frame frameset head html iframe image img input "
    "link math meta noembed noframes noscript object param portal script source style svg textarea "
    "title track video xmp"
)
_READ_ATTRIBUTES = "attributionsrc background data-bandeau formaction ping"
_CALM_STYLE = (
    _EQUALS
    + rb"(?:\"[^\"(&\\]*+\"|'[^'(&\\]*+'|[^\"'(&\\"
    + WHITE
    + rb">][^(&\\"
    + WHITE
    + rb">]*+"
    + rb"(?=[>"
    + WHITE
    + rb"]))"
)
_READ_ATTRIBUTE = (
    rb"(?:"
    + any_case(_READ_ATTRIBUTES)
    + _NAME_END
    + rb"|[sS][tT][yY][lL][eE](?=[="
    + WHITE
    + rb"])(?!"
    + _CALM_STYLE
    + rb"))"
)
_COMMENT = rb"!--(?:-?>|(?:[^-]++|-(?!-!?>))*+--!?>)"
_CALM_TAG = (
    rb"(?!"
    + any_case(_READ_ELEMENTS)
    + _TAG_END
    + rb")"
    + _TAG_NAME
    + rb"(?:"
    + _GAP
    + rb"|(?!"
    + _READ_ATTRIBUTE
    + rb")"
    + _NAME
    + _ASSIGNED
    + rb")*+>"
)
_END_TAG = (
    rb"/[a-zA-Z](?:[^>"
    + WHITE
    + rb"/]*+>|[^"
    + WHITE
    + rb"/>]*+(?:"
    + _GAP
    + rb"|"
    + _NAME
    + _ASSIGNED
    + rb")*+>)"
)

_SCRIPT_END = rb"</" + any_case("script") + _TAG_END
_CALM_SCRIPT = (
    any_case("script")
    + rb"(?=[>"
    + WHITE
    + rb"])(?:["
    + WHITE
    + rb"]++|(?!"
    + any_case("src href xlink:href attributionsrc data-bandeau style")
    + rb")"
    + _NAME
    + _ASSIGNED
    + rb")*+>(?:[^<]++|<(?!!--|/"
    + any_case("script")
    + rb"))*+(?="
    + _SCRIPT_END
    + rb")"
)
CALM = re.compile(
    rb"(?:[^<]++|<(?:" + _END_TAG + rb"|" + _CALM_TAG + rb"|" + _COMMENT + rb"|(?=[^a-zA-Z/!?])))*+"
)
"""Everything in a body that needs no look: text, closed comments, tags that reach nobody."""

_SHAPES = (
    "circle clippath defs ellipse feblend fecolormatrix fecomposite feflood fegaussianblur "
    "femerge femergenode feoffset filter g line lineargradient mask path pattern polygon polyline "
    "radialgradient rect stop symbol text tspan"
)
_CALM_SVG_VALUE = (
    rb"(?:\"(?:[^\"uU&\\]++|[uU](?![rR][lL]\([^#]))*+\""
    rb"|'(?:[^'uU&\\]++|[uU](?![rR][lL]\([^#]))*+')"
)
CALM_SVG = re.compile(
    rb"(?:[^<]++|</?(?:"
    + any_case(_SHAPES)
    + _TAG_END
    + rb"(?:["
    + WHITE
    + rb"]++|(?!"
    + _READ_ATTRIBUTE
    + rb"|[hH][rR][eE][fF]|[xX][lL][iI])[^"
    + WHITE
    + rb"/>=\"'<]++="
    + _CALM_SVG_VALUE
    + rb")*+/?>))*+"
)
"""The same among the shapes of an SVG."""

TEXT = re.compile(rb"(?:[^<]++|<(?=[^a-zA-Z/!?]))*+")
SPACE = re.compile(rb"[" + WHITE + rb"]*+")
TAG = re.compile(rb"<(/?)(" + _TAG_NAME + rb")(?:" + _GAP + rb"|" + _NAME + _ASSIGNED + rb")*+>")
_ATTRIBUTE = re.compile(
    rb"[/"
    + WHITE
    + rb"]*+("
    + _NAME
    + rb")(?:"
    + _EQUALS
    + rb"(?:\"([^\"]*+)\"|'([^']*+)'|([^"
    + WHITE
    + rb">\"'][^"
    + WHITE
    + rb">]*+)|(?=>)))?+"
)
NOSCRIPT_END = re.compile(rb"</" + any_case("noscript") + _TAG_END)
COMMENT_ABRUPT = re.compile(rb"-?>")
COMMENT_END = re.compile(rb"--!?>")
NOSCRIPT_COMMENT_END = re.compile(rb"--!?>|" + NOSCRIPT_END.pattern)
SCRIPT_EVENT = re.compile(rb"<(?:!--|(/)" + any_case("script") + _TAG_END + rb")")
ESCAPED_SCRIPT_EVENT = re.compile(rb"<!--|-->|<(/?)" + any_case("script") + _TAG_END)

RAW_ELEMENTS = frozenset(b"script style title textarea xmp iframe noembed noframes".split())
"""Elements whose content is text. Not ``plaintext``: within ``select`` older browsers ignore
it, and what follows it can only be over-edited text."""


@cache
def raw_end(name: bytes, in_noscript: bool) -> re.Pattern[bytes]:
    """What ends the text of a raw element; ``</noscript`` too inside of one."""
    words = f"{name.decode()} noscript" if in_noscript else name.decode()
    return re.compile(rb"</" + any_case(words) + _TAG_END)


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

    def places(self, names: Container[bytes]) -> list[int]:
        """Offsets of every attribute, doubled ones too, whose lowercase name is in ``names``."""
        return [found.start(1) for found in self._attributes() if found[1].lower() in names]

    def _attributes(self) -> Iterator[re.Match[bytes]]:
        return _ATTRIBUTE.finditer(self.source, 1 + len(self.name))


def read_tag(source: bytes, name: bytes) -> Tag:
    """A complete start tag called ``name`` as written."""
    values: dict[bytes, bytes] = {}
    for attribute, double, single, bare in _ATTRIBUTE.findall(source, 1 + len(name)):
        key = attribute.lower()
        if key not in values:
            values[key] = double or single or bare
    return Tag(source, name.lower(), values)


def bare_tag(name: bytes) -> Tag:
    """A tag of which only the lowercase name is known."""
    return Tag(b"", name, {})
