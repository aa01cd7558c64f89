"""Disqus: one XML file with every thread first, then every post."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from bandeau.features.comments.foreign import Drop, Foreign, Form, Unreadable
from bandeau.storage.arriving.moments import milliseconds
from bandeau.storage.arriving.xml import Element, elements

_SPACES = ("http://disqus.com ", "http://disqus.com/disqus-internals ")
_POST = ("message", "createdAt", "isDeleted", "isSpam", "name", "thread", "parent")
_THREAD = ("link", "isDeleted")


def disqus(file: IO[bytes]) -> Iterator[Foreign]:
    """The posts of an export; raises :class:`Unreadable`."""
    threads: dict[str, tuple[str, bool]] = {}
    for found in elements(file, "disqus", ("thread", "post"), {*_POST, *_THREAD}, _named):
        if found.name == "thread":
            link = found.fields.get("link", "").strip()
            threads[found.ids.get("", "")] = link, _is(found, "isDeleted")
        else:
            yield _post(found, threads)


def _post(post: Element, threads: dict[str, tuple[str, bool]]) -> Foreign:
    thread = threads.get(post.ids.get("thread", ""))
    if thread is None:
        raise Unreadable("a post of no thread; export again from Disqus", post.line)
    link, closed = thread
    drop = Drop.SPAM if _is(post, "isSpam") else None
    drop = Drop.DELETED if _is(post, "isDeleted") else drop
    said = post.fields
    return Foreign(
        # What has no id of its own is known again by what it says.
        key=post.ids.get("") or f"{said.get('createdAt')} {said.get('message')}",
        parent=post.ids.get("parent", ""),
        url=link,
        name=said.get("name", ""),
        text=said.get("message", ""),
        form=Form.HTML,
        time=milliseconds(said.get("createdAt", "")),
        line=post.line,
        drop=Drop.HIDDEN if closed else drop,
    )


def _is(element: Element, name: str) -> bool:
    return element.fields.get(name, "").strip().lower() in ("true", "1")


def _named(qualified: str) -> str:
    for space in _SPACES:
        if qualified.startswith(space):
            return qualified.removeprefix(space)
    return qualified
