"""What a comment may be made of: a small part of CommonMark, rendered once, when it is written.

Emphasis, code, quotations, lists, links and line breaks; web addresses become links. Markup,
pictures and headings are text, shown as it was typed. The sanitiser runs over the result, so that
no fault of the renderer widens what is published.
"""

from __future__ import annotations

import html
import re

import nh3
from markdown_it import MarkdownIt

from bandeau import limits

TAGS = frozenset(
    "a b blockquote br code em i li ol p pre s strong ul".split()  # noqa: SIM905 - a list of words
)
LINK_REL = "nofollow ugc noopener"

_RULES = (
    *("newline", "escape", "entity", "emphasis", "strikethrough", "backticks", "link", "autolink"),
    *("linkify", "blockquote", "list", "fence"),
)
_ADDRESS = re.compile(r"//[^\s<>\"'`«»]+")
_TRAILING = ".,;:!?”’…)]}"
_AUTO = {"dir": "auto"}
_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags={"script", "style"},
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
    set_tag_attribute_values={"p": _AUTO, "li": _AUTO, "blockquote": _AUTO},
    url_schemes={"http", "https"},
    url_relative="deny",
    link_rel=LINK_REL,
)


def _renderer() -> MarkdownIt:
    options = {"html": False, "linkify": True, "breaks": True, "xhtmlOut": False}
    made = MarkdownIt("zero", options | {"maxNesting": limits.COMMENT_NESTING}).enable(list(_RULES))
    if made.linkify:
        made.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
        for scheme in ("ftp:", "mailto:", "//"):
            made.linkify.add(scheme, None)
        made.linkify.add("http:", {"validate": _address_length})
        made.linkify.add("https:", "http:")
    return made


def _address_length(_linkify: object, text: str, position: int) -> int:
    """How far a web address goes on behind its scheme, without the punctuation that ends it."""
    found = _ADDRESS.match(text, position)
    return len(found[0].rstrip(_TRAILING)) if found else 0


_MARKDOWN = _renderer()


def render(text: str) -> str:
    """The HTML of a comment as it was typed, sanitised."""
    return sanitise(_MARKDOWN.render(text)).strip()


def sanitise(markup: str) -> str:
    """``markup`` held to :data:`TAGS`, with no attribute but ``href`` on links."""
    return _CLEANER.clean(markup)


def plain(markup: str) -> str:
    """The text of ``markup`` that :func:`render` made, where its source is no longer kept."""
    return html.unescape(nh3.clean(markup, tags=set())).strip()


def quoted(text: str) -> str:
    """``text`` as a quotation to answer under, cut at ``limits.COMMENT_QUOTE_CHARACTERS``."""
    short = text[: limits.COMMENT_QUOTE_CHARACTERS].rstrip()
    cut = "…" if len(short) < len(text.rstrip()) else ""
    return "".join(f"> {line}\n" for line in (short + cut).split("\n")) + "\n"
