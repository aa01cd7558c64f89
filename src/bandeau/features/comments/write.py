"""From a posted draft to a comment: checked, cleaned and rendered once, at write, never at read."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote, unquote

from bandeau import limits
from bandeau.features.comments.markdown import render
from bandeau.features.comments.model import Comment, Draft, Refusal

STACKED_MARKS = 4

BAD_CHARACTERS = Refusal("bad-characters", 400, "error.bad_request")
BAD_PAGE = Refusal("bad-page", 400, "error.bad_request")
EMPTY = Refusal("empty", 422, "comments.error_empty")
NAME_TOO_LONG = Refusal(
    "name-too-long", 422, "comments.error_long", {"limit": limits.COMMENT_NAME_CHARACTERS}
)
TEXT_TOO_LONG = Refusal(
    "text-too-long", 422, "comments.error_long", {"limit": limits.COMMENT_TEXT_CHARACTERS}
)
SIGN_IN = Refusal("sign-in", 403, "comments.error_sign_in")
NAME_TAKEN = Refusal("name-taken", 422, "comments.error_name_taken")
ADDRESS = Refusal("address", 422, "comments.error_address")
UNKNOWN_REPLY = Refusal("unknown-reply", 422, "comments.error_reply")

# Overrides and isolates turn the page's own words around; the marks that Arabic, Hebrew and
# Persian writing needs (LRM, RLM, ALM, ZWNJ, ZWJ) stay.
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200c\u200d\u200e\u200f\u061c")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols that show nothing

_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")


def page_path(raw: str) -> str | Refusal:
    """The path that a page's comments are kept under, as a browser sends it, or :data:`BAD_PAGE`.

    Query and fragment are dropped and escapes made uniform, so that every spelling of an
    address names one page. ``//`` and a backslash are refused, because a browser may read
    them as another host when it is sent back there.
    """
    try:
        path = unquote(re.split(r"[?#]", raw, maxsplit=1)[0], errors="strict")
    except UnicodeError:
        return BAD_PAGE
    bad = not path.startswith("/") or "//" in path or "\\" in path
    if bad or len(path) > limits.COMMENT_PAGE_CHARACTERS or any(map(_unsafe, path)):
        return BAD_PAGE
    return escaped_path(path)


def escaped_path(path: str) -> str:
    """A path as servers give it, unescaped, in the spelling of :func:`page_path`."""
    return quote(path, safe="/:@!$&'()*+,;=~", errors="replace")


def prepare(draft: Draft) -> Draft | Refusal:
    """``draft`` with page, name and text cleaned, or why it cannot be published."""
    if any(map(unspeakable, (draft.page, draft.name, draft.text, draft.reply_to or ""))):
        return BAD_CHARACTERS
    page = page_path(draft.page)
    if isinstance(page, Refusal):
        return page
    text = draft.text.replace("\r\n", "\n").replace("\r", "\n")
    if len(draft.name) > limits.COMMENT_NAME_CHARACTERS:
        return NAME_TOO_LONG
    if len(text) > limits.COMMENT_TEXT_CHARACTERS:
        return TEXT_TOO_LONG
    cleaned = Draft(page, clean_name(draft.name), clean_text(text), draft.reply_to or None)
    return cleaned if seen(cleaned.name) and seen(cleaned.text) else EMPTY


def compose(draft: Draft, *, comment_id: str, time: int, receipt: str) -> Comment:
    """The comment of a prepared ``draft``; ``time`` is in Unix milliseconds."""
    return Comment(
        id=comment_id,
        page=draft.page,
        name=draft.name,
        html=render(draft.text),
        time=time,
        reply_to=draft.reply_to,
        receipt=receipt,
        source=draft.text,
    )


def clean_name(name: str) -> str:
    """A name in NFC on one line: no control or direction characters, no stacks of marks."""
    folded = "".join(" " if char.isspace() else char for char in name)
    return " ".join(_visible(folded).split())


def clean_text(text: str) -> str:
    """Text in NFC with its line breaks, at most one empty line in a row."""
    lines = [_visible(line.replace("\t", " ")).rstrip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    kept, marks = [], 0
    for char in unicodedata.normalize("NFC", text):
        kind = _kind(char)
        marks = marks + 1 if kind == "mark" else 0
        if marks <= STACKED_MARKS and kind != "hidden":
            kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


@lru_cache(maxsize=8_192)
def _kind(char: str) -> str:
    category = unicodedata.category(char)
    if char in _BLANK or category in ("Cc", "Cf", "Co", "Zl", "Zp"):
        return "" if char in _JOINERS else "hidden"
    return "mark" if category in ("Mn", "Me") else ""


def seen(text: str) -> bool:
    """Whether anything of ``text`` shows; newer emoji are unassigned to this Python."""
    categories = map(unicodedata.category, text)
    return any(category[0] in "LNPS" or category == "Cn" for category in categories)


def unspeakable(text: str) -> bool:
    """Whether ``text`` holds what no database keeps: NUL, or half of a pair."""
    return _UNSPEAKABLE.search(text) is not None


def _unsafe(char: str) -> bool:
    """What no path holds; U+FFFD stands where a server could not read the bytes."""
    bad = char in _BIDI or char == "\ufffd"
    return bad or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
