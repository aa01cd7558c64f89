"""What browsers report of our own policies: what a page tried to reach or keep, and nothing else.

Read are the two forms of a CSP report (CSP 3, 5.3: ``report-uri`` and the Reporting API), the
report of a Connection-Allowlist, and the names that the guard refused. Of addresses only a host
and a path are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from bandeau import limits
from bandeau.enforcement.sightings import Kind, Seen, Teller

REPORTS_PATH = "/.bandeau/reports"
REPORT_DIRECTIVE = f"; report-uri {REPORTS_PATH}".encode()
"""Ends our Content-Security-Policy where a browser is asked for reports."""

CSP_REPORT = "application/csp-report"
REPORTS_JSON = "application/reports+json"

_CONTACTS = frozenset({"http", "https", "ws", "wss"})
_PAGES = frozenset({"http", "https"})


def seen_in_reports(kind: str, body: bytes) -> tuple[Seen, ...]:
    """The hosts that a report body of the media type ``kind`` tells of.

    Empty for what is no report, is of a policy of the site's own, or of code inside the page or
    in an extension. At most ``limits.REPORTS_PER_BODY`` are read.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    reports = [told] if kind == CSP_REPORT else told if kind == REPORTS_JSON else []
    if not isinstance(reports, list):
        return ()
    found = (seen for report in reports[: limits.REPORTS_PER_BODY] for seen in _seen(report))
    return tuple(islice(found, limits.REPORTS_PER_BODY))


def _seen(report: Any) -> Iterator[Seen]:
    if not isinstance(report, dict):
        return
    if isinstance(report.get("csp-report"), dict):
        body = report["csp-report"]
        yield from _violation(body, "blocked-uri", "document-uri", "original-policy", "source-file")
        return
    body, page = report.get("body"), report.get("url")
    if not isinstance(body, dict):
        return
    match report.get("type"):
        case "csp-violation":
            yield from _violation(body, "blockedURL", "documentURL", "originalPolicy", "sourceFile")
        case "connection-allowlist":
            yield from _contact(body.get("connection"), page, "connection")
        case "bandeau-refused":
            yield from _refused(body, page)


def _violation(
    body: dict[str, Any], blocked: str, page: str, policy: str, source: str
) -> Iterator[Seen]:
    """The host of a violation of our policy, which every other policy leaves out."""
    ours = REPORTS_PATH in _text(body.get(policy)) and body.get("disposition") != "report"
    if ours and _is_page_code(_text(body.get(source))):
        directive = _text(next(_directives(body), "")).split(" ", 1)[0]
        yield from _contact(body.get(blocked), body.get(page), directive)


def _directives(body: dict[str, Any]) -> Iterator[Any]:
    names = ("effectiveDirective", "effective-directive", "violated-directive")
    return (body[name] for name in names if name in body)


def _contact(blocked: Any, page: Any, where: str) -> Iterator[Seen]:
    parts = _parts(blocked)
    if parts is not None and parts[0] in _CONTACTS:
        yield Seen(Kind.HOST, parts[1], Teller.BROWSER, where, _path(page))


def _refused(body: dict[str, Any], page: Any) -> Iterator[Seen]:
    for kind, names in ((Kind.COOKIE, body.get("cookies")), (Kind.STORAGE, body.get("storage"))):
        for name in names if isinstance(names, list) else ():
            yield Seen(kind, _text(name), Teller.BROWSER, "script", _path(page))


def _path(page: Any) -> str:
    parts = _parts(page)
    return parts[2] if parts and parts[0] in _PAGES else "/"


def _parts(url: Any) -> tuple[str, str, str] | None:
    """Scheme, host and path of an absolute URL; query, name and password are let go here."""
    try:
        parts = urlsplit(_text(url))
        return (parts.scheme, parts.hostname, parts.path) if parts.hostname else None
    except ValueError:
        return None


def _is_page_code(source: str) -> bool:
    """Whether a report blames code of a page: an extension's own is no business of the site."""
    scheme = source.partition(":")[0]
    return "extension" not in scheme and scheme not in ("chrome", "resource", "user-script")


def _text(value: Any) -> str:
    """``value`` where it is text that can be shown, and so encoded; else empty."""
    return value if isinstance(value, str) and value.isprintable() else ""
