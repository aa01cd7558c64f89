"""Stretches of markup that contact nobody and change no state, to be passed in one match.

This is what makes the scan fast: Python sees a tag only when it may lead somewhere. Where a
pattern gives up, the scan looks at one token by itself, so it may always be too strict.
"""

from __future__ import annotations

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
    pattern,
)

_READ_ELEMENTS = any_case(
    "animate applet audio base body embed feimage fencedframe form frame frameset head html iframe "
    "image img input link math noembed noframes noscript object param portal script set source "
    "style svg textarea title track use video xmp"
)
_READ_ATTRIBUTES = "attributionsrc background data-bandeau formaction http-equiv ping"
_ADDRESSES = (
    "action archive code codebase data href imagesrcset poster src srcdoc srcset xlink:href"
)

# A style without parentheses, escapes or references loads nothing.
_PLAIN_STYLE = (
    rf"{EQUALS}(?:\"[^\"(&\\]*+\"|'[^'(&\\]*+'"
    rf"|[^\"'(&\\{WHITE}>][^(&\\{WHITE}>]*+(?=[>{WHITE}]))"
)
_STYLE = rf"{any_case('style')}(?=[={WHITE}])(?!{_PLAIN_STYLE})"
_READ = rf"(?:{any_case(_READ_ATTRIBUTES)}{NAME_END}|{_STYLE})"
# The first repeat is only a quick way through the attributes that are written plainly.
_PLAIN = rf"(?:[{WHITE}]++(?!{_READ})[a-zA-Z][a-zA-Z-]*+=\"[^\"]*+\")*+"
_TAG = (
    rf"(?!{_READ_ELEMENTS}{TAG_END}){TAG_NAME}{_PLAIN}"
    rf"(?:>|(?:{GAP}|(?!{_READ}){NAME}{ASSIGNED})*+>)"
)
_END_TAG = rf"/[a-zA-Z][^>/{WHITE}]*+(?:>|{ATTRIBUTES}>)"
_COMMENT = r"!--(?:-?>|(?:[^-]++|-(?!-!?>))*+--!?>)"

# Values that cannot leave the own origin: no scheme, no double slash, nothing encoded.
_SLASH = rf"/(?![{WHITE}]*+/)"
_NEAR_VALUE = (
    rf"(?:\"(?:[^\":&\\/]++|{_SLASH})*+\"|'(?:[^':&\\/]++|{_SLASH})*+'"
    rf"|(?:[^\"':&\\/>{WHITE}]|{_SLASH})(?:[^:&\\/>{WHITE}]++|{_SLASH})*+(?=[>{WHITE}]))"
)
_LIVE = rf"(?:{any_case(_READ_ATTRIBUTES + ' ' + _ADDRESSES)}{NAME_END}|{_STYLE})"


def _near(stop: str) -> str:
    """The rest of a tag whose addresses are all near, unless an attribute begins with ``stop``."""
    named = rf"(?!{stop}|{any_case('data-bandeau')}{NAME_END}){NAME}"
    return (
        rf"(?:{GAP}|(?!{stop}|{_LIVE}){NAME}{ASSIGNED}"
        rf"|{named}(?:{EQUALS}{_NEAR_VALUE}|(?![{WHITE}]*+=)))*+>"
    )


_NEAR = _near("[>]")
# Speculation rules, or what may spell it.
_SPECULATES = rf"{any_case('type')}{EQUALS}[\"']?[{WHITE}]*+[sS&]"
_NEAR_ELEMENTS = any_case(
    "audio embed fencedframe form image img input link object portal source track use video"
)
_NEAR_TAG = rf"{_NEAR_ELEMENTS}{TAG_END}{_NEAR}"


def _text_element(name: str, stop: str = "", near: str = _NEAR) -> str:
    """A whole raw text element without its end tag, unless ``stop`` is met in it."""
    word = any_case(name)
    end = f"/{word}{TAG_END}"
    return rf"{word}{TAG_END}{near}(?:[^<]++|<(?!{stop}{end}))*+(?=<{end})"


_SCRIPT = _text_element("script", "!--|", _near(_SPECULATES))
_TEXTS = "|".join((_SCRIPT, _text_element("style"), _text_element("textarea")))

_SHAPES = any_case(
    "circle clippath defs ellipse feblend fecolormatrix fecomposite feflood fegaussianblur "
    "femerge femergenode feoffset filter g line lineargradient mask path pattern polygon polyline "
    "radialgradient rect stop symbol text tspan"
)
_FORMULA = any_case(
    "annotation menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mroot mrow ms "
    "mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics"
)
_NO_URL = (
    r"(?:\"(?:[^\"uU&\\]++|[uU](?![rR][lL]\([^#]))*+\""
    r"|'(?:[^'uU&\\]++|[uU](?![rR][lL]\([^#]))*+')"
)
_FOREIGN_NAME = rf"(?!{_READ}|{any_case('href xlink')})[^/>=\"'<{WHITE}]++"
_FOREIGN_ATTRIBUTES = rf"(?:[{WHITE}]++|{_FOREIGN_NAME}={_NO_URL})*+/?>"
_LOCAL_USE = (
    rf"{any_case('use')}(?:[{WHITE}]++|{any_case('href xlink:href')}=(?:\"#[^\"]*+\"|'#[^']*+')"
    rf"|{_FOREIGN_NAME}={_NO_URL})*+/?>"
)
_SHAPE = rf"(?:/?{_SHAPES}{TAG_END}{_FOREIGN_ATTRIBUTES}|{_LOCAL_USE}|/{any_case('use')}>)"
_DRAWING = rf"{any_case('svg')}{TAG_END}{_NEAR}(?:[^<]++|<{_SHAPE})*+</{any_case('svg')}>"
_MATH = (
    rf"{any_case('math')}{TAG_END}{_NEAR}(?:[^<]++|</?{_FORMULA}{TAG_END}{_FOREIGN_ATTRIBUTES})*+"
    rf"</{any_case('math')}>"
)

BODY = pattern(
    rf"(?:[^<]*+<(?:{_END_TAG}|{_TAG}|{_NEAR_TAG}|{_TEXTS}|{_DRAWING}|{_MATH}|{_COMMENT}"
    r"|(?=[^a-zA-Z/!?])))*+[^<]*+"
)
"""In a body, outside of foreign content, while relative URLs are the publisher's own."""

ELSEWHERE = pattern(rf"(?:[^<]*+<(?:{_END_TAG}|{_TAG}|{_COMMENT}|(?=[^a-zA-Z/!?])))*+[^<]*+")
"""The same where relative URLs are a third party's."""

DRAWING = pattern(rf"(?:[^<]++|<{_SHAPE})*+")
"""Among the shapes of an SVG."""

_META = rf"{any_case('meta')}{TAG_END}(?:{GAP}|(?!{_READ}){NAME}{ASSIGNED})*+>"
HEAD = pattern(
    rf"(?:[{WHITE}]++|<(?:{_META}|{any_case('link')}{TAG_END}{_NEAR}|{_SCRIPT}"
    rf"|{_text_element('style')}|{_text_element('title')}"
    rf"|/{any_case('script style title')}[{WHITE}]*+>|{_COMMENT}))*+"
)
"""In a head that has begun."""
