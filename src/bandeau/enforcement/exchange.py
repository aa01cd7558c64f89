"""One request and its answer: facts in, edits out. Every HTTP shell goes through here.

Headers are pairs of bytes, names in lower case, in the order of the wire (as ASGI has them).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bandeau.choice.model import Standing
from bandeau.enforcement.cookies import Jar, expire_seen, judge_jar, judge_set_cookie
from bandeau.enforcement.csp import admit, own_policy
from bandeau.enforcement.links import judge_links, judge_refresh, reports_elsewhere
from bandeau.enforcement.verdict import Judge, Verdict
from bandeau.policy.match import Matcher
from bandeau.policy.model import CookieRule, Policy

Headers = list[tuple[bytes, bytes]]

CHOICE_HEADER = b"bandeau-choice"
_DOCUMENTS = (b"text/html", b"application/xhtml+xml", b"image/svg+xml", b"application/xml")
_SCRIPTS = (b"text/javascript", b"application/javascript", b"application/x-javascript")
_CONDITIONS = frozenset(
    {b"if-none-match", b"if-modified-since", b"if-range", b"range", b"if-match"}
    | {b"if-unmodified-since"}
)
_VALIDATORS = frozenset(
    {b"etag", b"last-modified", b"accept-ranges", b"content-length", b"content-md5", b"digest"}
    | {b"repr-digest", b"content-digest", b"content-encoding"}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The facts of one request.

    ``host`` is ``authority`` without its port, in lower case; ``target`` is the path as it was
    sent, with its query.
    """

    host: str
    authority: str
    path: str
    target: str
    secure: bool
    cookie: bytes
    navigates: bool


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the site's own Content-Security-Policy must let through for our insertions."""

    scripts: tuple[str, ...]
    styles: tuple[str, ...]
    form: str


class Exchange:
    """The verdicts and edits for one request of one visitor.

    With ``explain`` the answer names what was withheld, and why, in ``Bandeau-Explain``.
    """

    def __init__(
        self,
        policy: Policy,
        matcher: Matcher,
        standing: Standing,
        asked: Asked,
        *,
        explain: bool = False,
    ) -> None:
        self._explain = explain
        self.policy = policy
        self.asked = asked
        self.standing = standing
        self.judge = Judge(policy, matcher, standing)
        self._matcher = matcher
        self._reserved = reserved_cookies(policy)
        self.jar: Jar = judge_jar(asked.cookie, self.judge.cookie, self._reserved)

    def host_denied(self, host: str) -> bool:
        """Whether the page may not reach ``host``; the host that served it is always its own."""
        return host != self.asked.host and not self.judge.host(host).passes

    def request_headers(self, headers: Iterable[tuple[bytes, bytes]]) -> Headers:
        """The request as the site gets it: only the cookies that the choice allows (rule P2).

        The site is told the answers in ``Bandeau-Choice``. A page is asked for whole, since
        what we hand out is not what the site's validators and ranges describe.
        """
        dropped = {b"cookie", CHOICE_HEADER} | (_CONDITIONS if self.asked.navigates else set())
        kept = [(name, value) for name, value in headers if name not in dropped]
        if self.jar.kept:
            kept.append((b"cookie", self.jar.kept))
        kept.append((CHOICE_HEADER, choice_header(self.standing)))
        return kept

    def response_headers(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> Headers:
        """The answer's headers with what the choice denies taken out, and our policy added."""
        kept: Headers = []
        for name, value in headers:
            allowed = self._header(name, value)
            if allowed is not None:
                kept.append((name, allowed))
        if status == 304 or is_governed(kept):
            kept.append((b"content-security-policy", self.csp()))
        if self._explain:
            lines = (value for name, value in headers if name == b"set-cookie")
            refused = [verdict for verdict in map(self.set_cookie, lines) if not verdict.passes]
            kept.append((b"bandeau-explain", explanation([*self.jar.denied, *refused])))
        return kept

    def page_headers(self, headers: Headers, admitted: Admitted | None) -> Headers:
        """Headers of a page that we edit: its own validators go, its cache key is stated (C10).

        ``admitted`` is ``None`` where nothing is inserted, so the site's policy stays as it is.
        """
        ours = self.csp()
        edited: Headers = []
        for name, value in headers:
            if name in _VALIDATORS or name in (b"cache-control", b"expires", b"vary"):
                continue
            if name.startswith(b"content-security-policy") and value != ours and admitted:
                scripts, styles = admitted.scripts, admitted.styles
                edited.append((name, admit(value, scripts, styles, admitted.form)))
            else:
                edited.append((name, value))
        edited.append((b"cache-control", _private(_joined(headers, b"cache-control"))))
        edited.append((b"vary", _varied(_joined(headers, b"vary"))))
        return edited + [(b"set-cookie", line) for line in self.leftovers()]

    def leftovers(self) -> list[bytes]:
        """``Set-Cookie`` lines that end the denied cookies which this request carried (W4, W5)."""
        return expire_seen(self.jar.denied, self._rules, self.asked.host, self.asked.secure)

    def csp(self) -> bytes:
        """Our Content-Security-Policy for this choice."""
        return own_policy(self.policy.site.hosts, self.allowed_hosts())

    def allowed_hosts(self) -> list[str]:
        """Hosts of the trackers that the choice allows, in the order of the policy."""
        return [
            host
            for tracker in self.policy.trackers
            if self.standing.allows(self.policy, tracker)
            for host in tracker.hosts
        ]

    def _rules(self, name: str) -> Sequence[CookieRule]:
        return [rule for _, rule in self._matcher.cookie(name)]

    def _header(self, name: bytes, value: bytes) -> bytes | None:
        if name == b"set-cookie":
            passes = self.set_cookie(value).passes
            return value if passes else None
        if name == b"link":
            return judge_links(value, self.host_denied)
        if name == b"refresh":
            return judge_refresh(value, self.host_denied)
        if name in (b"nel", b"report-to", b"reporting-endpoints", b"speculation-rules"):
            return None if reports_elsewhere(value, self.host_denied) else value
        return value

    def set_cookie(self, line: bytes) -> Verdict:
        """The verdict on one ``Set-Cookie`` line of the site."""
        return judge_set_cookie(line, self.judge.cookie, self._reserved)


def host_of(authority: str) -> str:
    """The host of a ``Host`` header value, without port, in lower case."""
    name, colon, port = authority.rpartition(":")
    bare = name if colon and port.isdigit() else authority
    return bare.lower().rstrip(".")


def reserved_cookies(policy: Policy) -> frozenset[bytes]:
    """Names that only Bandeau writes and reads."""
    name = policy.choice.cookie
    return frozenset({name.encode(), receipt_cookie(policy).encode()})


def receipt_cookie(policy: Policy) -> str:
    """Name of the cookie under ``/.bandeau/`` that ties this terminal to its record."""
    return f"{policy.choice.cookie}-receipt"


def choice_header(standing: Standing) -> bytes:
    """``Bandeau-Choice`` as the site reads it: ``social=granted, advertising=refused``."""
    return ", ".join(f"{key}={answer}" for key, answer in standing.answers.items()).encode()


def media_type(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The media type in lower case without parameters; empty where none is stated."""
    for name, value in headers:
        if name == b"content-type":
            return value.split(b";", 1)[0].strip().lower()
    return b""


def is_governed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a Content-Security-Policy on this answer has an effect: documents and workers."""
    kind = media_type(headers)
    return not kind or kind.startswith(_DOCUMENTS + _SCRIPTS) or kind.endswith(b"+xml")


def explanation(verdicts: Iterable[Verdict]) -> bytes:
    """Verdicts as the header ``Bandeau-Explain`` has them: ``_ga;strip;refused, …``.

    Names that could break a header are left out.
    """
    told = (f"{v.subject};{v.effect};{v.reason}" for v in verdicts)
    return ", ".join(text for text in told if text.isascii() and text.isprintable())[
        :4_000
    ].encode()


def _joined(headers: Headers, wanted: bytes) -> bytes:
    return b", ".join(value for name, value in headers if name == wanted)


def _private(value: bytes) -> bytes:
    """The site's Cache-Control, kept from shared caches: the page depends on the visitor."""
    parts = [part.strip() for part in value.split(b",") if part.strip()]
    dropped = (b"public", b"private", b"s-maxage", b"must-understand", b"immutable")
    kept = [part for part in parts if not part.lower().startswith(dropped)]
    return b", ".join([b"private", *(kept or [b"no-cache"])])


def _varied(value: bytes) -> bytes:
    parts = [part.strip() for part in value.split(b",") if part.strip()]
    if b"*" in parts:
        return b"*"
    known = {part.lower() for part in parts}
    ours = [b"Cookie", b"Sec-GPC", b"Accept-Language", b"Accept-Encoding"]
    return b", ".join(parts + [name for name in ours if name.lower() not in known])
