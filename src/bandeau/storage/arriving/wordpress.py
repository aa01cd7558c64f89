"""WordPress: the XML of its own exporter (WXR), comments inside the item that they are under."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from bandeau.features.comments.foreign import Drop, Foreign, Form
from bandeau.storage.arriving.moments import milliseconds
from bandeau.storage.arriving.xml import Element, elements

_SPACE = "http://wordpress.org/export/"
_COMMENT = (
    *("wp:comment_id", "wp:comment_author", "wp:comment_date_gmt", "wp:comment_content"),
    *("wp:comment_approved", "wp:comment_type", "wp:comment_parent"),
)
_ITEM = ("link", "wp:status", "wp:post_password")
_TYPES = ("", "comment")
_NONE = "0"


def wordpress(file: IO[bytes]) -> Iterator[Foreign]:
    """The comments of an export; raises :class:`Unreadable`."""
    item: dict[str, str] = {}
    for found in elements(file, "rss", (*_ITEM, "wp:comment"), _COMMENT, _named):
        if found.name == "wp:comment":
            yield _comment(found, item)
        elif found.name == "link":
            item = {"link": found.text.strip()}  # an item's first but for its title
        else:
            item[found.name] = found.text.strip()


def _comment(found: Element, item: dict[str, str]) -> Foreign:
    approved = _said(found, "wp:comment_approved")
    parent = _said(found, "wp:comment_parent")
    return Foreign(
        key=_said(found, "wp:comment_id"),
        parent="" if parent == _NONE else parent,
        url=item.get("link", ""),
        name=found.fields.get("wp:comment_author", ""),
        text=found.fields.get("wp:comment_content", ""),
        form=Form.LINES,
        time=milliseconds(_said(found, "wp:comment_date_gmt")),
        line=found.line,
        drop=_drop(approved, _said(found, "wp:comment_type"), item),
        waits=approved != "1",
    )


def _drop(approved: str, kind: str, item: dict[str, str]) -> Drop | None:
    if kind not in _TYPES:
        return Drop.PINGBACK
    if approved == "spam":
        return Drop.SPAM
    if approved not in ("0", "1"):
        return Drop.DELETED
    hidden = item.get("wp:status") != "publish" or item.get("wp:post_password")
    return Drop.HIDDEN if hidden else None


def _said(found: Element, name: str) -> str:
    return found.fields.get(name, "").strip()


def _named(qualified: str) -> str:
    space, _, name = qualified.rpartition(" ")
    ours = space.startswith(_SPACE) and not space.endswith("/excerpt/")
    return f"wp:{name}" if ours else qualified
