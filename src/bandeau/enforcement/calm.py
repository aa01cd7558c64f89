"""Stretches of markup that contact nobody and change no state, to be passed in one match.

This is what makes the scan fast: Python sees a tag only when it may lead somewhere. Where a
pattern gives up, the scan looks at one token by itself, so it may always be too strict. The way
that tags are mostly written stands first in each; it is only a quicker way through what the rest
would pass too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from bandeau.enforcement.inert import FETCHING_RELS
from bandeau.enforcement.markup import (
    ASSIGNED,
    ATTRIBUTES,
    EQUALS,
    GAP,
    NAME,
    NAME_END,
    TAG_END,
    TAG_NAME,
    WHITE,
    any_case,
    as_written,
    pattern,
)

_KEPT = 8
_OWN_HOSTS = 24
_DOUBLE, _SINGLE = '"', "'"
_READ_ELEMENTS = any_case(
    "animate applet audio base blockquote body embed feimage fencedframe form frame frameset head "
    "html iframe image img input link math noembed noframes noscript object param portal script "
    "set source style svg textarea title track use video xmp"
)
_COMMON_ELEMENTS = as_written(
    "a article aside b br button dd div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header "
    "i label li nav ol option p section small span strong table td th time tr ul"
)
_READ_NAMES = "attributionsrc background data-bandeau data-href formaction http-equiv ping"
_ONE_ADDRESS = "action data href poster src"
_SEVERAL_ADDRESSES = "imagesrcset srcset"
_ADDRESSES = f"{_ONE_ADDRESS} {_SEVERAL_ADDRESSES} archive code codebase srcdoc xlink:href"

# A style loads nothing without escapes, without references but to quotes, and if what stands
# before its parentheses cannot be the end of url, src, image or image-set.
_NO_FUNCTION = (
    r"(?<=[abdfghijkmnopqrsuvwxyzXYZ])\(|(?<=calc)\(|(?<=rect)\(|(?<=ient)\(|(?<=[tlc]a[tl]e)\("
)
_HARMLESS = rf"@(&\\]++|{_NO_FUNCTION}|&(?:#39|quot|apos);"
_STYLE_IN = {quote: rf"{quote}(?:[^{quote}{_HARMLESS})*+{quote}" for quote in (_DOUBLE, _SINGLE)}
_PLAIN_STYLE = (
    rf"{EQUALS}(?:{_STYLE_IN[_DOUBLE]}|{_STYLE_IN[_SINGLE]}"
    rf"|[^\"'@(&\\{WHITE}>][^@(&\\{WHITE}>]*+(?=[>{WHITE}]))"
)
_STYLE = rf"{any_case('style')}(?=[={WHITE}])(?!{_PLAIN_STYLE})"
_READ = rf"(?:{any_case(_READ_NAMES)}{NAME_END}|{_STYLE})"
_LIVE = rf"(?:{any_case(_READ_NAMES + ' ' + _ADDRESSES)}{NAME_END}|{_STYLE})"


def _quick(watched: str, also: str = "", never: str = "") -> str:
    """Attributes plainly written, none of them ``watched`` but as ``also`` has it.

    No value holds the character ``never``.
    """
    name = rf"(?!{as_written(watched + ' style')}=)[a-z][a-z0-9:_-]*+"
    return (
        rf"(?:[{WHITE}]++(?:class=\"[^\"{never}]*+\"{also}"
        rf"|{name}=(?:\"[^\"{never}]*+\"|'[^'{never}]*+')|[a-z-]++(?=>|[ \n][a-z])"
        rf"|style=\"[^\"@(&\\<]*+\"|style='[^'@(&\\<]*+'))*+"
    )


_QUICK_END = r" ?+/?>"
_HREF = r"|href=\"[^\"]*+\""
_UNREAD = rf"{_quick(_READ_NAMES, _HREF)}(?:{_QUICK_END}|(?:{GAP}|(?!{_READ}){NAME}{ASSIGNED})*+>)"
# Of two attributes with one name the first counts.
_IDLE_PRAGMAS = any_case(
    "cache-control cleartype content-language content-script-type content-style-type content-type "
    "expires imagetoolbar pragma x-ua-compatible"
)
_IDLE_REL = rf"(?!{any_case(FETCHING_RELS)}[\"'])[\w.:/-]++"
_IDLE_LINK = rf"link rel=(?:\"{_IDLE_REL}\"|'{_IDLE_REL}'){_UNREAD}"
_IDLE_META = rf"meta http-equiv=(?:\"{_IDLE_PRAGMAS}\"|'{_IDLE_PRAGMAS}'){_UNREAD}"
_CALM_ELEMENT = rf"(?:{_COMMON_ELEMENTS}(?=[ >])|(?!{_READ_ELEMENTS}{TAG_END}){TAG_NAME})"
_TAG = _CALM_ELEMENT + _UNREAD
_NEAR_ELEMENT = (
    any_case(
        "audio embed fencedframe form image img input link object portal source track use video"
    )
    + TAG_END
)
_END_TAG = rf"/[a-zA-Z][^>/{WHITE}]*+(?:>|{ATTRIBUTES}>)"
_COMMENT = r"!--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+--!?>)"
_NO_TAG = r"(?=[^a-zA-Z/!?])"
# Speculation rules, or what may spell it.
_SPECULATES = rf"{any_case('type')}{EQUALS}[\"']?[{WHITE}]*+[sS&]"
_NO_RULES = rf"(?!(?:{GAP}|(?!{_SPECULATES}){NAME}{ASSIGNED})*+{_SPECULATES})"

# Foreign content, whose attributes may all paint.
_SHAPES = any_case(
    "circle clippath defs ellipse feblend fecolormatrix fecomponenttransfer fecomposite feflood "
    "fefunca fefuncb fefuncg fefuncr fegaussianblur femerge femergenode feoffset filter g line "
    "lineargradient mask path pattern polygon polyline radialgradient rect stop symbol text tspan"
)
_FORMULA = any_case(
    "annotation menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mroot mrow ms "
    "mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics"
)
_NO_URL = (
    r"(?:\"(?:[^\"uU&\\]++|[uU](?![rR][lL]\([^#]))*+\""
    r"|'(?:[^'uU&\\]++|[uU](?![rR][lL]\([^#]))*+')"
)
_UNLED_NAME = rf"(?!{_READ}|{any_case('href xlink')})[^/>=\"'<{WHITE}]++"
_PLAINLY_UNLED = (
    rf"(?!{as_written(_READ_NAMES + ' href xlink')})[a-zA-Z][a-zA-Z0-9:-]*+=\"[^\"@(&\\]*+\""
)
_UNLED = rf"(?:[{WHITE}]++{_PLAINLY_UNLED})*+(?:[{WHITE}]++|{_UNLED_NAME}={_NO_URL})*+"
_LABEL = "|".join(rf"{name}{_UNLED}>[^<]*+</{name}>" for name in ("title", "desc", "style"))
_SHAPE = rf"/?{_SHAPES}{TAG_END}{_UNLED}/?>|{_LABEL}|/{any_case('use')}[{WHITE}]*+>"
_SVG, _MATH = any_case("svg"), any_case("math")
_FORMULAS = (
    rf"{_MATH}{TAG_END}{_UNLED}>[^<]*+(?:</?{_FORMULA}{TAG_END}{_UNLED}/?>[^<]*+)*+</{_MATH}>"
)

ELSEWHERE = pattern(rf"[^<]*+(?:<(?:{_END_TAG}|{_TAG}|{_COMMENT}|{_NO_TAG})[^<]*+)*+")
"""In a body where relative URLs are a third party's."""


class Calm(NamedTuple):
    """Where relative URLs are the publisher's own; ``body`` is that outside of foreign content."""

    body: re.Pattern[bytes]
    head: re.Pattern[bytes]
    """In a head that has begun."""
    drawing: re.Pattern[bytes]
    """Among the shapes of an SVG."""


@lru_cache(_KEPT)
def calm_for(own_hosts: tuple[str, ...]) -> Calm:
    """The patterns for a publisher that runs ``own_hosts`` and their subdomains.

    Only the first of very many are told apart here; what leads to the others is looked at.
    """
    own = _own_address(own_hosts)
    near = rf"{_plainly_near(own)}(?:{_QUICK_END}|{_near(own)})"
    script = _raw_text("script", _NO_RULES + near, "!--|")
    style, title = _raw_text("style", near), _raw_text("title", near)
    shape = rf"<(?:{_SHAPE}|{_use(own)})[^<]*+"
    drawing = rf"{_SVG}{TAG_END}{_UNLED}>[^<]*+(?:{shape})*+</{_SVG}>"
    noscript = _noscript(_plainly_near(own, "<") + _QUICK_END)
    body = (
        *(_END_TAG, _TAG, _NEAR_ELEMENT + near, script, style, _raw_text("textarea", near)),
        *(_raw_text("iframe", near), _IDLE_LINK, noscript, drawing, _FORMULAS, _COMMENT, _NO_TAG),
    )
    head = (
        *(rf"{any_case('meta')}{TAG_END}{_UNREAD}", rf"{any_case('link')}{TAG_END}{near}"),
        *(_IDLE_LINK, _IDLE_META),
        *(script, style, title, noscript, _COMMENT),
        rf"/{any_case('script style title')}[{WHITE}]*+>",
    )
    return Calm(
        pattern(rf"[^<]*+(?:<(?:{'|'.join(body)})[^<]*+)*+"),
        pattern(rf"[{WHITE}]*+(?:<(?:{'|'.join(head)})[{WHITE}]*+)*+"),
        pattern(rf"[^<]*+(?:{shape})*+"),
    )


def _own_address(own_hosts: Iterable[str]) -> str:
    """An absolute URL up to the end of its host."""
    named = [host for host in own_hosts if host.isascii() and not host[-1:].isdigit()]
    ends = "|".join(rf"(?<=[/.]{re.escape(host)})" for host in named[:_OWN_HOSTS])
    return rf"(?:https?:)?//[a-zA-Z0-9.-]++(?:{ends or '(?!)'})"


def _start(own: str, end: str) -> str:
    """How an address begins that stays with the publisher; what follows cannot change that.

    As a path, a query or a fragment, with a first segment without a colon, at an own host, or
    with its content.
    """
    segment = r"[\w.%~!$()*+,;@=\x80-\xff-]++"
    return rf"(?:/[\w.-]|[#?]|(?:{segment}|{own})(?=[/?#{end}])|data:)"


def _one(own: str, never: str = "") -> str:
    """Such an address in quotes, or none."""
    double, single = (
        rf"{quote}(?:{_start(own, quote)}[^{quote}{never}]*+)?+{quote}"
        for quote in (_DOUBLE, _SINGLE)
    )
    return rf"(?:{double}|{single})"


def _several(own: str) -> str:
    """A list of such addresses in quotes, each with its width or density."""
    start = rf"(?:[\w.][\w.%-]*+|{own})(?=[/?#,{WHITE}\"'])|/[\w.-]|data:"
    url = rf"(?:{start})(?:[^{WHITE}\"'&<>]++|&amp;)*+"
    descriptor = rf"(?:[{WHITE}]++[0-9.]++[wxh])?+[{WHITE}]*+,?+[{WHITE}]*+"
    listed = rf"[{WHITE}]*+(?:{url}{descriptor})*+"
    return rf"(?:\"{listed}\"|'{listed}')"


def _plainly_near(own: str, never: str = "") -> str:
    """Attributes plainly written that stay with the publisher."""
    one, several = _one(own, never), _several(own)
    also = rf"|{as_written(_ONE_ADDRESS)}={one}|{as_written(_SEVERAL_ADDRESSES)}={several}"
    return _quick(f"{_READ_NAMES} {_ADDRESSES}", also, never)


def _near(own: str) -> str:
    """The same however they are written, and the end of the tag."""
    bare = rf"{_start(own, '>' + WHITE)}[^>{WHITE}]*+"
    return (
        rf"(?:{GAP}|(?!{_LIVE}){NAME}{ASSIGNED}"
        rf"|{any_case(_ONE_ADDRESS)}{EQUALS}(?:{_one(own)}|{bare})"
        rf"|{any_case(_SEVERAL_ADDRESSES)}{EQUALS}{_several(own)})*+>"
    )


def _use(own: str) -> str:
    """A ``use`` of this document's own shapes, or of an own file's."""
    name, start = as_written("href xlink:href"), _start(own, _DOUBLE)
    return (
        rf"use(?:[{WHITE}]++(?:{_PLAINLY_UNLED}|{name}=\"{start}[^\"]*+\""
        rf"))*+(?:[{WHITE}]++|{_UNLED_NAME}={_NO_URL})*+/?>"
    )


def _raw_text(name: str, near: str, stop: str = "") -> str:
    """A whole raw text element without its end tag, unless ``stop`` is met in it."""
    word = any_case(name)
    end = rf"/{word}{TAG_END}"
    return rf"{word}{TAG_END}{near}[^<]*+(?:<(?!{stop}{end})[^<]*+)*+(?=<{end})"


def _noscript(near: str) -> str:
    """A whole ``noscript``, read alike with scripting and without: no value holds a ``<``."""
    calm_tag = _CALM_ELEMENT + _quick(_READ_NAMES, never="<") + _QUICK_END
    inner = rf"/(?!noscript)[a-z0-9]++>|{calm_tag}|(?:img|source){near}"
    return rf"noscript{_quick(_READ_NAMES)}>[^<]*+(?:<(?:{inner})[^<]*+)*+</noscript>"
