"""A report without its secrets: each is replaced by a mark that tells its length and no more.

Equal secrets have equal marks within one report, so that an identifier can still be followed from
one request to the next; across reports, which have keys of their own, they cannot be compared.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from urllib.parse import quote, unquote_plus

from ahocorasick_rs import AhoCorasick, MatchKind

from bandeau.audit.evidence import Request, Run, Seen
from bandeau.audit.matrix import host_of
from bandeau.audit.report import Report, phases
from bandeau.audit.rewriting import rewritten

Mark = Callable[[str], str]
_LEAST = 6
"""Values shorter than this stay, unless their name says that they are secret."""
_TELLING = 8
"""Values at least this long that are no plain word are found wherever else they stand."""
_MARK = "REDACTED"
_SECRET_NAME = re.compile(
    r"token|secret|passw|pwd|session|sid\b|auth|api.?key|\bkey\b|code|signature|sig\b|nonce|mail|"
    r"phone|otp|pin\b|jwt|credential|csrf|xsrf",
    re.IGNORECASE,
)
_SECRET_HEADER = re.compile(
    r"authorization|cookie|token|secret|api-?key|session|csrf|xsrf|credential|sec-websocket-key|"
    r"x-auth|authenticate",
    re.IGNORECASE,
)
_PAIRS = re.compile(r"(?P<start>^|[?&;#]|#!)(?P<name>[^=&#?;/]*)=(?P<value>[^&#;]*)")
_FORM = re.compile(r"[^=&\s{}\[\]\"<>]{1,200}=[^&\s{}\"<>]*(&[^=&\s{}\"<>]*=[^&\s{}\"<>]*)*")
_USER = re.compile(r"(?<=://)[^/?#@\s]+(?=@)")
_COOKIE = re.compile(r"(^|;\s*)([^=;]*)=([^;]*)")
_ATTRIBUTES = frozenset(
    {"expires", "max-age", "domain", "path", "samesite", "secure", "httponly", "priority"}
)
_WORD = re.compile(r"[A-Za-z][a-z]*|[A-Z]+|[a-z]+([-_. ][a-z]+)*")


def redacted(report: Report, key: bytes) -> Report:
    """``report`` with marks for values of cookies and storage, credentials, and values in queries
    and bodies; and for each of them that looks like an identifier, wherever else it stands.

    ``key`` is 32 random bytes, used for this report only and then forgotten. Pictures and the
    titles of pages are as they were.
    """

    def mark(value: str) -> str:
        if not value or value.startswith(_MARK):
            return value
        tag = hmac.digest(key, value.encode("utf-8", "replace"), "sha256").hex()[:10]
        return f"{_MARK}.{len(value)}.{tag}"

    secrets = _found(report, mark)
    evidence = report.evidence
    runs, beside = _runs(evidence.runs, mark), _runs(evidence.beside, mark)
    hidden = replace(report, evidence=replace(evidence, runs=runs, beside=beside), redacted=True)
    everywhere = _everywhere(secrets, _hosts(report), mark)
    return rewritten(hidden, lambda _, text: everywhere(_address(text, mark)))


def _found(report: Report, mark: Mark) -> Iterator[str]:
    """Every value that is to be hidden."""
    held: list[str] = []

    def noted(value: str) -> str:
        if not value.startswith(_MARK):
            held.append(value)
        return mark(value)

    for run in report.evidence.all_runs:
        for seen in run.phases:
            rewritten(_phase(seen, noted), lambda _, text: _address(text, noted))
    return iter(held)


def _runs(runs: Iterable[Run], mark: Mark) -> tuple[Run, ...]:
    return tuple(
        replace(run, phases=tuple(_phase(seen, mark) for seen in run.phases)) for run in runs
    )


def _phase(seen: Seen, mark: Mark) -> Seen:
    """A phase without the values that are secret by their place."""
    return replace(
        seen,
        requests=tuple(_request(each, mark) for each in seen.requests),
        writes=tuple(replace(each, value=_value(each.value, mark)) for each in seen.writes),
        cookies=tuple(replace(each, value=_value(each.value, mark)) for each in seen.cookies),
        stored=tuple(replace(each, value=_value(each.value, mark)) for each in seen.stored),
    )


def _value(value: str, mark: Mark) -> str:
    return mark(value) if len(value) > 1 else value


def _request(request: Request, mark: Mark) -> Request:
    return replace(
        request,
        cookies=tuple(replace(each, value=_value(each.value, mark)) for each in request.cookies),
        headers=tuple(_header(name, value, mark) for name, value in request.headers),
        answer_headers=tuple(_header(name, value, mark) for name, value in request.answer_headers),
        body=_body(request.body, mark),
    )


def _header(name: str, value: str, mark: Mark) -> tuple[str, str]:
    if name.lower() in ("cookie", "set-cookie"):
        return name, "\n".join(_crumbs(line, mark) for line in value.split("\n"))
    if _SECRET_HEADER.search(name):
        scheme, space, rest = value.partition(" ")
        return name, f"{scheme} {mark(rest)}" if space else mark(value)
    return name, value


def _crumbs(line: str, mark: Mark) -> str:
    def hidden(found: re.Match[str]) -> str:
        start, name, value = found.groups()
        if start and name.strip().lower() in _ATTRIBUTES:
            return found[0]
        return f"{start}{name}={_value(value.strip(), mark)}"

    return _COOKIE.sub(hidden, line)


def _body(body: str, mark: Mark) -> str:
    """A form keeps its names; anything else is hidden whole, for it may hold anything."""
    if not _FORM.fullmatch(body):
        return mark(body)
    return _PAIRS.sub(lambda found: _pair(found, mark), body)


def _address(text: str, mark: Mark) -> str:
    """Any text with the values of queries and fragments, and users of addresses, hidden."""
    if "=" not in text and "@" not in text:
        return text
    text = _USER.sub(lambda found: mark(found[0]), text)
    if "://" not in text and not text.startswith("/"):
        return text
    return re.sub(
        r"(?:[a-z][a-z0-9+.-]*:/)?/[^\s\"'<>]*",
        lambda found: _PAIRS.sub(lambda pair: _pair(pair, mark), found[0]),
        text,
    )


def _pair(found: re.Match[str], mark: Mark) -> str:
    name, value = found["name"], found["value"]
    if len(value) < _LEAST and not _SECRET_NAME.search(name):
        return found[0]
    return f"{found['start']}{name}={mark(value)}"


def _hosts(report: Report) -> frozenset[str]:
    """What is no secret even where it is the value of a cookie."""
    named = {host_of(report.evidence.address)}
    for _, seen in phases(report.evidence):
        named |= {host_of(request.url) for request in seen.requests}
        named |= {cookie.domain.removeprefix(".") for cookie in seen.cookies}
    return frozenset(named)


def _forms(secret: str) -> Iterable[str]:
    """A secret as it is, and as it reads in an address."""
    plain = unquote_plus(secret)
    return dict.fromkeys((secret, plain, quote(plain, safe="")))


def _everywhere(secrets: Iterable[str], public: frozenset[str], mark: Mark) -> Callable[[str], str]:
    """What hides each secret that looks like one in a text, as it is or escaped for an address."""
    instead: dict[str, str] = {}
    for secret in dict.fromkeys(secrets):
        for form in _forms(secret):
            if len(form) >= _TELLING and not _WORD.fullmatch(form) and form not in public:
                instead.setdefault(form, mark(secret))
    if not instead:
        return lambda text: text
    patterns = list(instead)
    finder = AhoCorasick(patterns, matchkind=MatchKind.LeftmostLongest)

    def hidden(text: str) -> str:
        if len(text) < _TELLING:
            return text
        made, at = [], 0
        for number, start, end in finder.find_matches_as_indexes(text):
            made += [text[at:start], instead[patterns[number]]]
            at = end
        return "".join([*made, text[at:]]) if made else text

    return hidden
