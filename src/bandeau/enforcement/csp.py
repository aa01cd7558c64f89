"""Content-Security-Policy: our own, from the policy and the choice, beside the site's own.

Two policies intersect, so ours can only narrow (rules P1, P3). The site's own header is touched
for one thing: it is given the hashes of the bytes that we insert, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from bandeau.policy.match import suffixes

_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_PATH = "/%:@!$&'()*+=~"
_FETCH_FALLBACK = {
    "script-src": ("script-src-elem", "script-src", "default-src"),
    "style-src": ("style-src-elem", "style-src", "default-src"),
    "connect-src": ("connect-src", "default-src"),
}


_LOCAL = "data: blob: filesystem: about:"
POLICY = (
    f"default-src {{reach}} {_LOCAL} 'unsafe-inline' 'unsafe-eval'; "
    f"connect-src {{sockets}} {_LOCAL}; form-action {{reach}}; base-uri {{reach}}"
)
"""Ours, with the sources of pages and of sockets left open."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the site's own Content-Security-Policy must let through for our insertions.

    ``scripts`` and ``styles`` are hash sources such as ``'sha256-…'``, ``form`` is the URL that
    our forms post to, ``reach`` are sources of what our script asks of the publisher's own hosts.
    """

    scripts: tuple[str, ...]
    styles: tuple[str, ...]
    form: str
    reach: tuple[str, ...] = ()


def own_policy(
    own_hosts: Iterable[str], allowed_hosts: Iterable[str], denied_hosts: Iterable[str] = ()
) -> bytes:
    """The header value that lets the page reach its own hosts and what the choice allows.

    A policy cannot say "but not", so an allowed host above a denied one stands for itself alone.
    First-party code runs as it did: inline, ``eval`` and ``blob:`` are the site's own business,
    which its own policy may narrow.
    """
    above = {domain for host in denied_hosts for domain in list(suffixes(host))[1:]}
    listed = [*sources(own_hosts, frozenset()), *sources(allowed_hosts, above)]
    reach = " ".join(["'self'", *listed])
    # In Chromium a source without a scheme is none for a WebSocket.
    sockets = " ".join([reach, *(f"ws://{source}" for source in listed)])
    return POLICY.replace("{reach}", reach).replace("{sockets}", sockets).encode()


class Opened:
    """Single items that a visitor loaded: what frames may show beyond what is allowed.

    ``frames`` and ``plugins`` are CSP sources of exactly one path each, ``hosts`` whom they reach.
    """

    def __init__(self) -> None:
        self.frames: dict[str, None] = {}
        self.plugins: dict[str, None] = {}
        self.hosts: dict[str, None] = {}

    def add(self, url: str, *, plugin: bool = False) -> None:
        """The item ``url``; ``plugin`` for one that an ``embed`` or ``object`` shows."""
        source = item_source(url)
        self.frames[source] = None
        self.hosts[source.partition("/")[0].partition(":")[0]] = None
        if plugin:
            self.plugins[source] = None


def item_source(url: str) -> str:
    """The CSP source of a frame's URL, its path included; empty where there is none.

    Without a scheme, so that it is the page's own or a safer one.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not _HOST.fullmatch(host):
        return ""
    return f"{host}{port}{quote(parts.path or '/', safe=_PATH)}"


def opening(policy: bytes, opened: Opened) -> bytes:
    """Our own ``policy``, by which frames may also show what was ``opened``, and nothing else."""
    reach = [s for s in policy.partition(b";")[0].split()[1:] if not s.startswith(b"'unsafe-")]
    for name, items in ((b"frame-src", opened.frames), (b"object-src", opened.plugins)):
        if items:
            added = (source.encode() for source in items)
            policy += b"; " + b" ".join((name, *reach, *added))
    return policy


def sources(hosts: Iterable[str], above: Set[str]) -> list[str]:
    """Source expressions for ``hosts`` on any port; one in ``above`` stands for itself alone."""
    listed = []
    for host in dict.fromkeys(hosts):
        alone = _is_address(host) or host in above
        listed += [f"{host}:*"] if alone else [f"{host}:*", f"*.{host}:*"]
    return listed


def _is_address(host: str) -> bool:
    return ":" in host or host.rsplit(".", 1)[-1].isdigit()


def admit(value: bytes, ours: Admitted) -> bytes:
    """The site's own policy, widened by exactly what we insert.

    Several policies in one header (comma) are each treated.
    """
    text = value.decode("latin-1")
    return ",".join(_admit_one(policy, ours) for policy in text.split(",")).encode("latin-1")


def _admit_one(policy: str, ours: Admitted) -> str:
    directives = [part.split() for part in policy.split(";") if part.split()]
    named = {directive[0].lower(): directive for directive in reversed(directives)}
    wanted = {"script-src": ours.scripts, "style-src": ours.styles, "connect-src": ours.reach}
    for kind, added in wanted.items():
        governing = next((named[n] for n in _FETCH_FALLBACK[kind] if n in named), None)
        if governing is None or not added:
            continue
        if kind != "connect-src" and _runs_inline(governing[1:]):
            continue
        if governing[0].lower() == "default-src":
            directives.append([kind, *_with(governing[1:], added)])
        else:
            governing[1:] = _with(governing[1:], added)
    if "form-action" in named and "'self'" not in named["form-action"]:
        named["form-action"][1:] = _with(named["form-action"][1:], [ours.form])
    return "; ".join(" ".join(directive) for directive in directives)


def _runs_inline(sources: Sequence[str]) -> bool:
    """Whether inline code already runs: a hash would switch ``'unsafe-inline'`` off."""
    lowered = [source.lower() for source in sources]
    strict = any(s.startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-")) for s in lowered)
    return "'unsafe-inline'" in lowered and not strict and "'strict-dynamic'" not in lowered


def _with(sources: Sequence[str], added: Sequence[str]) -> list[str]:
    return [source for source in sources if source.lower() != "'none'"] + list(added)
