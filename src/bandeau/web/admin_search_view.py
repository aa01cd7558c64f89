"""What a search found, as staff see it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from bandeau import limits
from bandeau.features.comments.queue import Past
from bandeau.features.comments.search import Found
from bandeau.web.admin_view import SEARCH, STATES, AdminView, Desk
from bandeau.web.statements import moment


class Asked(dict[str, str]):
    """What a query says, as it was typed: ``text``, ``name``, ``page``, ``state``, ``since`` and
    ``until``."""


def search_page(
    view: AdminView, desk: Desk, asked: Asked, found: Found | None, pasts: Mapping[str, Past]
) -> str:
    """The form, and what was found where anything was asked."""
    say = view.sayer(desk.lang)
    more = reached = ""
    if found and found.after:
        query = {name: value for name, value in asked.items() if value}
        more = f"{SEARCH}?{urlencode(query | {'after': found.after, 'lang': desk.lang})}"
        reached = say("admin.search_reached", date=moment(found.reached))
    return view.page(
        "admin_search.html",
        desk.lang,
        desk=desk,
        current="search",
        asked=asked,
        states=[(state.value, say(f"state.{state}")) for state in STATES],
        limit=limits.SEARCH_CHARACTERS,
        looked=found is not None,
        items=[view.item(desk, comment, pasts.get(comment.author)) for comment in found.comments]
        if found
        else [],
        reached=reached,
        more=more,
        script=view.script,
    )
