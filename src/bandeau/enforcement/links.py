"""Response headers that make a browser contact other hosts: ``Link``, ``Refresh``, reporting."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bandeau.enforcement.fields import strings
from bandeau.enforcement.references import refresh_url, srcset_urls

Denied = Callable[[str], bool]
"""Whether a URL as written leads where the page may not reach."""

_LINK = re.compile(rb'\s*(<[^>]*>(?:[^",]|"(?:[^"\\]|\\.)*"?)*)(?:,|$)')
_URL = re.compile(rb'(?:https?|wss?):[^\s"\'<>;,]+', re.IGNORECASE)
_REPORTING = frozenset(
    {b"nel", b"report-to", b"reporting-endpoints", b"expect-ct"}
    | {b"x-xss-protection", b"public-key-pins", b"public-key-pins-report-only"}
    | {b"sourcemap", b"x-sourcemap"}
)
_POLICIES = frozenset({b"content-security-policy", b"content-security-policy-report-only"})
_IMAGE_SET = re.compile(rb'imagesrcset\s*=\s*(?:"((?:[^"\\]|\\.)*)|([^\s;,"]+))', re.IGNORECASE)


def judge_contacts(name: bytes, value: bytes, denied: Denied) -> bytes | None:
    """One response header held to the choice; ``None`` where nothing of it may pass."""
    if name in _POLICIES:
        return judge_csp_reports(value, denied)
    if name == b"speculation-rules":
        # What the rules say nobody has read; see the same in a page (`inert.py`).
        return None
    if name in _REPORTING:
        return None if reports_elsewhere(value, denied) else value
    judge = _JUDGES.get(name)
    return judge(value, denied) if judge else value


def judge_links(value: bytes, denied: Denied) -> bytes | None:
    """A ``Link`` header without the links to denied hosts; ``None`` where none is left."""
    kept = (
        link for link in _links(value) if not any(_leads_to(u, denied) for u in _link_urls(link))
    )
    return b", ".join(kept) or None


def judge_refresh(value: bytes, denied: Denied) -> bytes | None:
    """A ``Refresh`` header, or ``None`` where it leads to a denied host."""
    url = refresh_url(value.decode("latin-1")).encode("latin-1")
    return None if url and _leads_to(url, denied) else value


def reports_elsewhere(value: bytes, denied: Denied) -> bool:
    """Whether a reporting or speculation header names any denied host."""
    urls = [value, *_URL.findall(value), *strings(value)]
    return any(_leads_to(url, denied) for url in urls)


def judge_csp_reports(value: bytes, denied: Denied) -> bytes:
    """A Content-Security-Policy that reports to no denied host; else as it came."""
    return b",".join(
        b";".join(_quiet(directive, denied) for directive in policy.split(b";"))
        for policy in value.split(b",")
    )


def judge_alternatives(value: bytes, denied: Denied) -> bytes | None:
    """``Alt-Svc``, or ``None`` where it sends the terminal to a denied host."""
    return None if any(_leads_to(b"//" + name, denied) for name in strings(value)) else value


_JUDGES: dict[bytes, Callable[[bytes, Denied], bytes | None]] = {
    b"link": judge_links,
    b"refresh": judge_refresh,
    b"alt-svc": judge_alternatives,
}
CONTACTS = _REPORTING | set(_JUDGES) | _POLICIES | {b"speculation-rules"}
"""Response headers that can make a browser contact anyone: no other needs to be judged."""


def _quiet(directive: bytes, denied: Denied) -> bytes:
    name, *urls = directive.split() or [b""]
    if name.lower() != b"report-uri" or not any(_leads_to(url, denied) for url in urls):
        return directive
    kept = [url for url in urls if not _leads_to(url, denied)]
    return b" ".join([b"", name, *kept]) if kept else b""


def _link_urls(link: bytes) -> list[bytes]:
    target, _, parameters = link[1:].partition(b">")
    sets = (quoted or bare for quoted, bare in _IMAGE_SET.findall(parameters))
    images = (url for each in sets for url in srcset_urls(each.decode("latin-1")))
    return [target, *(url.encode("latin-1") for url in images)]


def _links(value: bytes) -> Iterator[bytes]:
    return (found[1].strip() for found in _LINK.finditer(value))


def _leads_to(url: bytes, denied: Denied) -> bool:
    return denied(url.decode("latin-1"))
