"""Comments as an Atom feed (RFC 4287), answers with what they answer (RFC 4685)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from bandeau.features.comments.model import Comment, rfc3339

TYPE = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_THREAD = "http://purl.org/syndication/thread/1.0"
# All that XML 1.0 cannot hold, not even as a reference (2.2).
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class About:
    """What a feed says of itself: ``own`` is its URL, ``page`` that of what it is about.

    ``host`` names it for good, ``says`` titles a comment of somebody by name.
    """

    host: str
    own: str
    page: str
    title: str
    lang: str
    link: Callable[[Comment], str]
    says: Callable[[Comment], str]


def feed(about: About, comments: Sequence[Comment]) -> bytes:
    """The feed of published ``comments``, newest first; each is an entry with its clean HTML."""
    root = ElementTree.Element(
        "feed", {"xmlns": _ATOM, "xmlns:thr": _THREAD, "xml:lang": about.lang}
    )
    _add(root, "id", f"tag:{about.host},2026:{re.sub('^https?://[^/]*', '', about.own)}")
    _add(root, "title", about.title)
    _add(root, "updated", rfc3339(updated(comments)))
    _add(root, "link", rel="self", type=TYPE, href=about.own)
    _add(root, "link", rel="alternate", type="text/html", href=about.page)
    for comment in comments:
        _entry(root, about, comment)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def updated(comments: Sequence[Comment]) -> int:
    """When the last of ``comments`` was written or edited, in Unix milliseconds; 0 for none."""
    return max((max(each.time, each.edited) for each in comments), default=0)


def _entry(root: ElementTree.Element, about: About, comment: Comment) -> None:
    entry = _add(root, "entry")
    _add(entry, "id", _name(about, comment.id))
    _add(entry, "title", about.says(comment))
    _add(entry, "published", rfc3339(comment.time))
    _add(entry, "updated", rfc3339(updated([comment])))
    _add(entry, "link", rel="alternate", type="text/html", href=about.link(comment))
    if comment.reply_to:
        _add(entry, "thr:in-reply-to", ref=_name(about, comment.reply_to))
    _add(_add(entry, "author"), "name", comment.name or about.says(comment))
    _add(entry, "content", comment.html, type="html")


def _name(about: About, comment_id: str) -> str:
    return f"tag:{about.host},2026:comment/{comment_id}"


def _add(
    parent: ElementTree.Element, name: str, text: str = "", /, **attributes: str
) -> ElementTree.Element:
    fit = {key: _UNFIT.sub("\ufffd", value) for key, value in attributes.items()}
    made = ElementTree.SubElement(parent, name, fit)
    made.text = _UNFIT.sub("\ufffd", text)
    return made
