"""Comments as JSON: what is told of each, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from bandeau.features.comments.model import Comment, Listing, State, rfc3339


def listed(page: str, listing: Listing, votes: Mapping[str, int] | None = None) -> bytes:
    """The JSON of a list of comments of ``page``, with how many recommend each."""
    body = {"page": page, "count": listing.count, "next": listing.next or None}
    threads = listing.threads
    told = [public(each) for thread in threads for each in (thread.root, *thread.replies)]
    if votes is not None:
        told = [each | {"votes": votes.get(each["id"], 0)} for each in told]
    return orjson.dumps(body | {"comments": told})


def public(comment: Comment) -> dict[str, Any]:
    """What is told of a comment: never its source, nor the receipt that allowed it.

    Of what is no longer shown only its place is told, for the replies under it. A name that its
    author took off is ``None``.
    """
    if comment.state is State.PUBLISHED:
        return all_of(comment)
    place = {"id": comment.id, "time": rfc3339(comment.time), "reply_to": comment.reply_to}
    return place | {"name": None, "html": None, "state": "removed"}


def all_of(comment: Comment) -> dict[str, Any]:
    """The same of a comment that its author is told of, whatever its state."""
    told = {
        "id": comment.id,
        "time": rfc3339(comment.time),
        "reply_to": comment.reply_to,
        "name": comment.name or None,
        "html": comment.html,
        "edited": rfc3339(comment.edited) if comment.edited else None,
    }
    return told | ({"origin": comment.origin} if comment.origin else {})
