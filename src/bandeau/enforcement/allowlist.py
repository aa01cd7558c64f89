"""Connection-Allowlist: every host that a document may connect or go to (WICG draft, Chromium 152).

It holds what no Content-Security-Policy does, navigation by script and early connections, and so
must name the hosts that the page's own links lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from bandeau import limits
from bandeau.enforcement.urls import UNREADABLE, Reach, decode_attribute, target_of
from bandeau.policy.match import suffixes

NAME = b"connection-allowlist"

_REMEMBERED = 4_096
_LINK = re.compile(
    rb"<[aA](?:[rR][eE][aA])?(?=[\s/])[^<>]*?[\s/\"'](?:[xX][lL][iI][nN][kK]:)?[hH][rR][eE][fF]\s*+=\s*+[\"']?+\s*+"
    rb"((?:[a-zA-Z][a-zA-Z0-9+.-]*+:)?[/\\]{2}(?:&#|[^\s\"'/\\?#<>])++|[a-zA-Z][a-zA-Z0-9+.-]*+:)"
)
_LISTED = re.compile(r'"\*://(\{\*\.\}\?)?([a-z0-9._-]+):\*"')
_SCHEME = re.compile(rb"[a-z][a-z0-9+.-]*+:")
_ALWAYS = '"mailto:*" "tel:*" "sms:*"'
_KNOWN = frozenset(
    {b"mailto:", b"tel:", b"sms:", b"http:", b"https:", b"javascript:", b"data:", b"blob:"}
)
# A value that is no structured field would block everything, so only what is surely a name goes in.
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


def link_patterns(markup: bytes) -> list[str]:
    """URL patterns, quoted, of where the plain links (``a``, ``area``) of ``markup`` lead.

    One for each host, or for each scheme that has none (``whatsapp:``); ``markup`` is cut between
    tags. Relative links are left out.
    """
    found = dict.fromkeys(_LINK.findall(markup))
    return [pattern for pattern in dict.fromkeys(map(_linked, found)) if pattern]


@lru_cache(_REMEMBERED)
def _linked(written: bytes) -> str:
    target = target_of(decode_attribute(written))
    if target.reach is Reach.HOST:
        known = target.host != UNREADABLE and _NAME.fullmatch(target.host)
        return _pattern(target.host, alone=True) if known else ""
    scheme = _SCHEME.match(written.lower())
    if not scheme or scheme[0] in _KNOWN:
        return ""
    # To a browser what follows two slashes is a host, which a pattern asks for by itself.
    slashes = "//" if written[scheme.end() :].startswith(b"//") else ""
    return f'"{scheme[0].decode()}{slashes}*"'


def host_patterns(
    own_hosts: Iterable[str], allowed_hosts: Iterable[str], denied_hosts: Iterable[str]
) -> str:
    """URL patterns, quoted, for the site's hosts and those that the choice allows.

    Any scheme and port. Subdomains are meant too, but for an address, and for an allowed host
    above a denied one: a list cannot say "but not".
    """
    above = {domain for host in denied_hosts for domain in list(suffixes(host))[1:]}
    hosts = [(host, host[-1:].isdigit()) for host in own_hosts]
    hosts += [(host, host[-1:].isdigit() or host in above) for host in allowed_hosts]
    return " ".join(_pattern(host, alone) for host, alone in hosts if _NAME.fullmatch(host))


def connection_allowlist(patterns: str, links: Iterable[str], *, webrtc: bool) -> bytes:
    """The header's value: the response's own origin, mail and telephone, ``patterns``, ``links``.

    Redirects pass: without that a browser follows none, not even within the site, and where they
    lead a page's parts the Content-Security-Policy looks again.
    """
    parts = ("response-origin", patterns, _ALWAYS, *sorted(links))
    listed = " ".join(part for part in parts if part)
    return f"({listed});redirects=allow{';webrtc=allow' if webrtc else ''}".encode()


def named_hosts(patterns: str) -> list[str]:
    """Hosts that the URL patterns name; a dot before one means its subdomains too."""
    return [("." if wide else "") + host for wide, host in _LISTED.findall(patterns)]


class Links:
    """Where a page's links were seen to lead, as URL patterns, as far as they fit into a header."""

    def __init__(self) -> None:
        self.patterns: dict[str, None] = {}

    def add(self, markup: bytes) -> None:
        """Reads ``markup``, which is cut between tags."""
        self.know(link_patterns(markup))

    def know(self, patterns: Iterable[str]) -> None:
        """Notes ``patterns`` that were read before."""
        for pattern in patterns:
            if len(self.patterns) < limits.PAGE_LINKED_HOSTS:
                self.patterns[pattern] = None


def _pattern(host: str, alone: bool) -> str:
    return f'"*://{host}:*"' if alone else f'"*://{{*.}}?{host}:*"'
