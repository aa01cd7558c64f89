"""The way out: what leads a visitor to a host that the page itself may not reach (DESIGN 1.8)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from typing import NamedTuple

from bandeau import limits
from bandeau.choice.model import Standing
from bandeau.enforcement.allowlist import named_hosts
from bandeau.enforcement.markup import TAG, read_tag
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.urls import UNREADABLE, Reach, decode_attribute, target_of
from bandeau.web.static import script

ROUTE = "/.bandeau/leave"
SENDING = {"form": b"action", "button": b"formaction", "input": b"formaction"}
"""What says where a form is sent, by its element."""


class Way(NamedTuple):
    """Where a visitor may leave for: a host, and the address as a browser would write it."""

    host: str
    url: str


def way_out(to: str) -> Way | None:
    """The way to the absolute URL ``to``; ``None`` for what is no web page elsewhere."""
    target = target_of(to)
    known = target.reach is Reach.HOST and target.host != UNREADABLE
    plain = target.url.startswith(("https://", "http://")) and target.url.isprintable()
    absolute = to.lower().startswith(("https:", "http:"))
    short = len(to) <= limits.LEAVE_URL_CHARACTERS
    return Way(target.host, target.url) if known and plain and absolute and short else None


def form_route(action: str) -> str:
    """Our own path in the place of a form's ``action``, whose query a browser would replace."""
    written = base64.urlsafe_b64encode(action.encode("utf-8", "replace")).decode()
    return f"{ROUTE}/{written.rstrip('=')}"


def form_action(written: str, query: str) -> str:
    """What :func:`form_route` was made of, with the ``query`` of the fields; or empty."""
    try:
        padded = written.encode("ascii") + b"=" * (-len(written) % 4)
        action = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        return ""
    bare = action.partition("#")[0].partition("?")[0]
    return f"{bare}?{query}" if query else action


def action_instead(element: str, tag: bytes) -> bytes:
    """The attribute that leads a form to the way out, for the start tag as the site wrote it.

    Without one, a form whose action is out of sight would be sent to its own page.
    """
    found, name = TAG.match(tag), SENDING[element]
    action = read_tag(tag, found[2]).values.get(name) if found else None
    way = way_out(target_of(decode_attribute(action)).url) if action else None
    return f' {name.decode()}="{form_route(way.url)}"'.encode() if way else b""


class Leaving:
    """Leads clicks to the way out, by a ``script`` that runs before those of the page."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.script = script("leave.js")

    def hosts(self, standing: Standing) -> list[str]:
        """Where scripts may lead by themselves: the list before the script names it."""
        return self._rules.hosts(standing)

    def end(self, links: Iterable[str]) -> bytes:
        """ASCII markup for the page's end: the hosts of ``links``, patterns of its header.

        These are for the visitor alone: the page leads there, not the site or the choice.
        """
        data = json.dumps(named_hosts(" ".join(sorted(links))), separators=(",", ":"))
        return f'<script type="application/json" data-bandeau="links">{data}</script>'.encode()
