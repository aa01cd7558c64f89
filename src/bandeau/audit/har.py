"""What was sent and answered in one phase, as HAR 1.2."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from bandeau.audit.evidence import Evidence, Means, Request, Run, Seen, Sent, Write
from bandeau.audit.report import moment, state_of
from bandeau.audit.shown import Visit

Json = dict[str, object]
_UNKNOWN = -1
_NAME = re.compile(r"[^a-z0-9]+")
_ADDRESS = re.compile(r"[0-9.]+|\[?[0-9a-f:.]*:[0-9a-f:.]*\]?", re.IGNORECASE)


def har_name(run: Run, seen: Seen) -> str:
    """``0-arrived.har``, ``3-only-social.har``: the number of the run and what was chosen."""
    chosen = _NAME.sub("-", (seen.purpose or "").lower()).strip("-")[:40]
    return "-".join(part for part in (str(run.number), seen.phase.value, chosen) if part) + ".har"


def har(evidence: Evidence, run: Run, seen: Seen, *, program: str) -> bytes:
    """The HAR of one phase: a page for each visit, an entry for each request or attempt.

    Beyond the format: ``_initiator`` as browsers write it, ``_resourceType``, ``_blockedCookies``,
    ``_error``. Where nobody told, sizes are -1 and versions of HTTP ``unknown``.
    """
    set_by: dict[str, list[Write]] = {}
    for write in seen.writes:
        if write.request and write.means is Means.HEADER:
            set_by.setdefault(write.request, []).append(write)
    log: Json = {
        "version": "1.2",
        "creator": {"name": "Bandeau", "version": program},
        "browser": {"name": _browser(evidence, run), "version": ""},
        "comment": f"{state_of(seen.phase, seen.purpose)}, run {run.number},"
        f" {run.setting.device.value}",
        "pages": [
            {
                "id": f"page_{number}",
                "startedDateTime": _moment(evidence, visit.at),
                "title": visit.title or visit.landed or visit.asked,
                "pageTimings": {},
            }
            for number, visit in enumerate(seen.visits)
        ],
        "entries": [
            _entry(request, evidence, seen.visits, set_by.get(request.id, ()))
            for request in seen.requests
        ],
    }
    return json.dumps({"log": log}, ensure_ascii=False, indent=1).encode() + b"\n"


def _browser(evidence: Evidence, run: Run) -> str:
    """The browser of one run, of those that the evidence names."""
    names = evidence.browser.split(", ")
    own = (each for each in names if each.lower().startswith(run.setting.browser))
    return next(own, evidence.browser)


def _entry(
    request: Request, evidence: Evidence, visits: Iterable[Visit], set_by: Iterable[Write]
) -> Json:
    waited = max(request.took, 0) * 1000
    entry: Json = {
        "startedDateTime": _moment(evidence, request.at),
        "time": waited,
        "request": _request(request),
        "response": _response(request, evidence, set_by),
        "cache": {},
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1}
        | {"send": 0, "wait": waited, "receive": 0},
        "_initiator": _initiator(request),
        "_resourceType": request.kind,
    }
    if page := _page(request, visits):
        entry["pageref"] = page
    if _ADDRESS.fullmatch(request.address):
        entry["serverIPAddress"] = request.address.strip("[]")
    if request.failure:
        entry["_error"] = request.failure
    if held := [each for each in request.cookies if each.blocked]:
        entry["_blockedCookies"] = [_cookie(each) | {"_reason": each.blocked} for each in held]
    return entry


def _request(request: Request) -> Json:
    told: Json = {
        "method": request.method,
        "url": request.url,
        "httpVersion": "unknown",
        "cookies": [_cookie(each) for each in request.cookies if not each.blocked],
        "headers": _headers(request.headers),
        "queryString": _query(request.url),
        "headersSize": _UNKNOWN,
        "bodySize": len(request.body.encode()) if request.body else 0,
    }
    if request.body:
        mime = _header(request.headers, "content-type") or "application/octet-stream"
        told["postData"] = {"mimeType": mime, "params": [], "text": request.body}
    return told


def _response(request: Request, evidence: Evidence, set_by: Iterable[Write]) -> Json:
    return {
        "status": request.status,
        "statusText": "",
        "httpVersion": "unknown",
        "cookies": [_set(write, evidence) for write in set_by],
        "headers": _headers(request.answer_headers),
        "content": {"size": request.size, "mimeType": request.mime or "x-unknown"},
        "redirectURL": _header(request.answer_headers, "location"),
        "headersSize": _UNKNOWN,
        "bodySize": request.size if request.status else _UNKNOWN,
    }


def _initiator(request: Request) -> Json:
    cause = request.cause
    told: Json = {"type": cause.kind or "other"}
    if cause.url:
        told["url"] = cause.url
    if cause.stack:
        told["lineNumber"] = cause.stack[0].line
        told["stack"] = {
            "callFrames": [
                {
                    "functionName": place.function,
                    "url": place.url,
                    "lineNumber": max(place.line - 1, 0),
                    "columnNumber": place.column,
                }
                for place in cause.stack
            ]
        }
    return told


def _cookie(sent: Sent) -> Json:
    return {"name": sent.name, "value": sent.value, "domain": sent.domain, "path": sent.path}


def _set(write: Write, evidence: Evidence) -> Json:
    told: Json = {"name": write.name, "value": write.value}
    told |= {"domain": write.domain, "path": write.path}
    if write.lifetime is not None:
        told["expires"] = _moment(evidence, write.at + write.lifetime)
    if write.blocked:
        told["_blocked"] = write.blocked
    return told


def _headers(headers: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in headers]


def _header(headers: Iterable[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")


def _query(url: str) -> list[Json]:
    try:
        pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, errors="replace")
    except ValueError:
        return []
    return [{"name": name, "value": value} for name, value in pairs]


def _page(request: Request, visits: Iterable[Visit]) -> str:
    """The visit that a request belongs to: the last one that had begun on its page."""
    found = ""
    for number, visit in enumerate(visits):
        if request.page in (visit.landed, visit.asked) and (not found or visit.at <= request.at):
            found = f"page_{number}"
    return found


def _moment(evidence: Evidence, seconds: float) -> str:
    return moment(evidence, seconds).isoformat(timespec="milliseconds")
