"""What browsers report of our own policies: hosts that a page tried to reach, and nothing else.

Read are the two forms of a CSP report (CSP 3, 5.3: ``report-uri`` and the Reporting API) and the
report of a Connection-Allowlist. Of their addresses only a host and a path are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
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
    found = map(_seen, reports[: limits.REPORTS_PER_BODY])
    return tuple(seen for seen in found if seen is not None)


def _seen(report: Any) -> Seen | None:
    if not isinstance(report, dict):
        return None
    if isinstance(report.get("csp-report"), dict):
        body = report["csp-report"]
        return _violation(body, "blocked-uri", "document-uri", "original-policy", "source-file")
    body = report.get("body")
    if not isinstance(body, dict):
        return None
    if report.get("type") == "csp-violation":
        return _violation(body, "blockedURL", "documentURL", "originalPolicy", "sourceFile")
    if report.get("type") == "connection-allowlist":
        return _contact(body.get("connection"), report.get("url"), "connection")
    return None


def _violation(
    body: dict[str, Any], blocked: str, page: str, policy: str, source: str
) -> Seen | None:
    """The host of a violation of our policy, which every other policy leaves out."""
    ours = REPORTS_PATH in _text(body.get(policy)) and body.get("disposition") != "report"
    if not ours or not _is_page_code(_text(body.get(source))):
        return None
    directive = _text(next(_directives(body), "")).split(" ", 1)[0]
    return _contact(body.get(blocked), body.get(page), directive)


def _directives(body: dict[str, Any]) -> Iterator[Any]:
    names = ("effectiveDirective", "effective-directive", "violated-directive")
    return (body[name] for name in names if name in body)


def _contact(blocked: Any, page: Any, where: str) -> Seen | None:
    parts = _parts(blocked)
    if parts is None or parts[0] not in _CONTACTS:
        return None
    seen_on = _parts(page)
    path = seen_on[2] if seen_on and seen_on[0] in _PAGES else "/"
    return Seen(Kind.HOST, parts[1], Teller.BROWSER, where, path)


def _parts(url: Any) -> tuple[str, str, str] | None:
    """Scheme, host and path of an absolute URL; query, name and password are let go here."""
    try:
        parts = urlsplit(_text(url))
        return (parts.scheme, parts.hostname, parts.path) if parts.hostname else None
    except ValueError:
        return None


def _is_page_code(source: str) -> bool:
    """Whether a report blames code of a page: an extension's own is no business of the site."""
    scheme = source.partition(":")[0] if ":" in source else ""
    return "extension" not in scheme and scheme not in ("chrome", "resource", "user-script")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
