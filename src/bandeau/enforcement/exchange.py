"""One request and its answer: facts in, edits out. Every HTTP shell goes through here.

Headers are pairs of bytes, names in lower case, in the order of the wire (as ASGI has them).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from urllib.parse import quote

from bandeau.choice.model import Standing
from bandeau.enforcement import caching
from bandeau.enforcement.cookies import Jar, judge_set_cookie
from bandeau.enforcement.csp import admit
from bandeau.enforcement.links import CONTACTS, judge_contacts
from bandeau.enforcement.media import is_governed
from bandeau.enforcement.pieces import Gated, Subjects
from bandeau.enforcement.reports import REPORT_DIRECTIVE
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.sightings import Kind, Note, Seen, Teller, unnoted
from bandeau.enforcement.urls import OWN, Reach, target_of
from bandeau.enforcement.verdict import Reason, Verdict

Headers = list[tuple[bytes, bytes]]

CHOICE_HEADER = b"bandeau-choice"
EXPLAIN_HEADER = b"bandeau-explain"
_AUTHORITY = re.compile(r"(?:[\w.-]+|\[[0-9a-f:.]+\])(?::[0-9]*)?", re.ASCII | re.IGNORECASE)
_CSP = b"content-security-policy"
_ALIKE = frozenset(
    {b"script", b"image", b"style", b"font", b"audio", b"video", b"track", b"manifest", b"json"}
)
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
    sent, with its query; ``destination`` is ``Sec-Fetch-Dest``, empty where it was not sent.
    """

    host: str
    authority: str
    path: str
    target: str
    secure: bool
    cookie: bytes
    navigates: bool
    destination: bytes = b""

    @property
    def alike(self) -> bool:
        """Whether what is asked for becomes neither a document nor a worker."""
        return self.destination in _ALIKE

    @property
    def own_url(self) -> str:
        """Where our own paths are; relative for a client of old that names no host."""
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{self.authority}/.bandeau/" if self.authority else "/.bandeau/"


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the site's own Content-Security-Policy must let through for our insertions."""

    scripts: tuple[str, ...]
    styles: tuple[str, ...]
    form: str


class Exchange:
    """The verdicts and edits for one request of one visitor.

    With ``explain`` the answer names what was withheld, and why, in ``Bandeau-Explain``. ``note``
    hears of what no tracker declares; with ``reports`` the browser is asked to tell of it too.
    ``tracked`` is the verdict on the path that is asked for, where a tracker declares it.
    ``shared`` is true where the answer is the same for everyone. ``lasting`` turns false once
    something is put into a page that its URL and the choice do not tell.
    """

    shared = False

    def __init__(
        self,
        rules: Rules,
        standing: Standing,
        asked: Asked,
        *,
        explain: bool = False,
        note: Note = unnoted,
        reports: bool = False,
    ) -> None:
        self._explain = explain
        self.note = note
        self.reports = reports
        self._rules = rules
        self.asked = asked
        self.standing = standing
        self.judge = rules.judge(standing)
        self._reserved = rules.reserved
        self.page = rules.declared.base(asked.target) if rules.declared else OWN
        self.tracked = self._path_verdict()
        self.lasting = True
        self.jar: Jar = rules.jar(self.judge, asked.cookie)
        for verdict in self.jar.denied:
            self._noted(Kind.COOKIE, verdict, Teller.BROWSER, "cookie")

    def _path_verdict(self) -> Verdict | None:
        """The verdict on the path that is asked for, where a tracker declares it."""
        paths = self._rules.declared.paths if self._rules.declared else None
        verdict = self.judge.path(paths.asked(self.asked.target)) if paths else None
        return verdict if verdict and verdict.tracker else None

    def host_denied(self, host: str, where: str = "markup") -> bool:
        """Whether the page may not reach ``host``; the host that served it is always its own.

        ``where`` says what names the host, for the publisher to find it.
        """
        if host == self.asked.host:
            return False
        return not self._noted(Kind.HOST, self.judge.host(host), Teller.SITE, where).passes

    def _noted(self, kind: Kind, verdict: Verdict, teller: Teller, where: str) -> Verdict:
        if verdict.reason is Reason.UNDECLARED:
            self.note(Seen(kind, verdict.subject, teller, where, self.asked.path))
        return verdict

    def refused(self) -> Headers | None:
        """The headers of our answer where the request must not reach the site; else ``None``.

        So it is with a path of the publisher's own that a tracker declares and the choice denies.
        The answer is a 403 without a body, says why, and leaves cookies alone; should a browser
        make a document of it, that is held like any other.
        """
        verdict = self.tracked
        if verdict is None or verdict.passes:
            return None
        headers = [(b"cache-control", b"no-store, private"), (b"content-length", b"0")]
        told = explanation([replace(verdict, subject=quote(verdict.subject))])
        return [*self._governed(headers, alike=self.asked.alike), (EXPLAIN_HEADER, told)]

    def denials(self, subjects: Subjects) -> Iterator[Verdict]:
        """The verdicts that deny any of what a tag is judged by; none where it may stay."""
        yield from (self.judge.host(host) for host in subjects.hosts if self.host_denied(host))
        owns = chain(
            map(self.judge.path, subjects.paths), map(self.judge.snippet, subjects.snippets)
        )
        yield from (verdict for verdict in owns if not verdict.passes)

    def url_denied(self, url: str, where: str = "markup") -> bool:
        """Whether a URL in a header leads where the page may not reach."""
        target = target_of(url, self.page)
        if target.reach is Reach.HOST and self.host_denied(target.host, where):
            return True
        declared = self._rules.declared
        return declared is not None and not all(
            self.judge.path(path).passes for path in declared.led_to(target, self._owns)
        )

    def _owns(self, host: str) -> bool:
        return host == self.asked.host or self._rules.matcher.owns(host)

    def request_headers(self, headers: Iterable[tuple[bytes, bytes]]) -> Headers:
        """The request as the site gets it: only the cookies that the choice allows (rule P2).

        The site is told the answers in ``Bandeau-Choice``. A page is asked for whole, since
        what we hand out is not what the site's validators and ranges describe.
        """
        dropped = {b"cookie", CHOICE_HEADER} | (_CONDITIONS if self.asked.navigates else set())
        # CGI-like sites read `bandeau_choice` as the header that only we may set.
        kept = [header for header in headers if header[0].replace(b"_", b"-") not in dropped]
        if self.jar.kept:
            kept.append((b"cookie", self.jar.kept))
        kept.append((CHOICE_HEADER, choice_header(self.standing)))
        return kept

    def response_headers(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> Headers:
        """The answer's headers with what the choice denies taken out, and our policy added."""
        kept = self._judged(headers)
        if status == 304 or is_governed(kept):
            # Pages are asked for without conditions: nothing but a worker is confirmed by a 304.
            confirmed = status == 304 and not self.asked.destination
            kept = self._governed(kept, alike=self.asked.alike or confirmed)
        if self.tracked is not None and self.tracked.reason is Reason.GRANTED:
            kept = caching.kept_private(kept, caching.CHOICE_KEY)
        if self._explain:
            lines = (value for name, value in headers if name == b"set-cookie")
            refused = [verdict for verdict in map(self.set_cookie, lines) if not verdict.passes]
            kept.append((EXPLAIN_HEADER, explanation([*self.jar.denied, *refused])))
        return kept

    def _judged(self, headers: Sequence[tuple[bytes, bytes]]) -> Headers:
        """What the choice lets pass of each header."""
        kept: Headers = []
        for header in headers:
            name = header[0]
            if name == b"set-cookie":
                verdict = self.set_cookie(header[1])
                if self._noted(Kind.COOKIE, verdict, Teller.SITE, "set-cookie").passes:
                    kept.append(header)
            elif name not in CONTACTS:
                kept.append(header)
            else:
                denied = partial(self.url_denied, where=name.decode())
                allowed = judge_contacts(name, header[1], denied)
                kept += [] if allowed is None else [(name, allowed)]
        return kept

    def _governed(self, headers: Headers, *, alike: bool) -> Headers:
        """With our policy, and a cache key for it (C10).

        What becomes no document or worker gets the policy of who refuses, the same for everyone:
        so the site's own scripts stay in shared caches, and a stored copy opens nothing.
        """
        if alike:
            strict = caching.varied(headers, caching.DESTINATION_KEY)
            return [*strict, (_CSP, self._rules.strictest_policy())]
        return [*self.kept(headers, caching.CHOICE_KEY), (_CSP, self.csp())]

    def kept(self, headers: Headers, key: Sequence[bytes]) -> Headers:
        """Who may keep the answer: this visitor, under the request fields ``key`` (C10)."""
        return caching.kept_private(headers, key)

    def held_back(self, gated: Gated) -> bytes:
        """What stands in the page for a tag that is denied."""
        return gated.inert

    def page_headers(self, headers: Headers, admitted: Admitted | None) -> Headers:
        """Headers of a page that we edit: its own validators go, its cache key is stated (C10).

        ``admitted`` is ``None`` where nothing is inserted, so the site's policy stays as it is.
        """
        ours = self._rules.strictest_policy() if self.asked.alike else self.csp()
        edited: Headers = []
        for name, value in headers:
            if name in _VALIDATORS:
                continue
            if name.startswith(_CSP) and value != ours and admitted:
                scripts, styles = admitted.scripts, admitted.styles
                edited.append((name, admit(value, scripts, styles, admitted.form)))
            else:
                edited.append((name, value))
        edited = self.kept(edited, caching.PAGE_KEY)
        return edited + [(b"set-cookie", line) for line in self.leftovers()]

    def leftovers(self) -> list[bytes]:
        """``Set-Cookie`` lines that end the denied cookies which this request carried (W4, W5)."""
        names = tuple([verdict.subject for verdict in self.jar.denied])
        return self._rules.endings(names, self.asked.host, self.asked.secure) if names else []

    def csp(self) -> bytes:
        """Our Content-Security-Policy for this choice."""
        policy = self._rules.content_policy(self.standing)
        return policy + REPORT_DIRECTIVE if self.reports else policy

    def connection_allowlist(self, links: Iterable[str]) -> bytes:
        """Our Connection-Allowlist for a page whose plain links lead to the patterns ``links``."""
        return self._rules.connection_allowlist(self.standing, links)

    def set_cookie(self, line: bytes) -> Verdict:
        """The verdict on one ``Set-Cookie`` line of the site."""
        return judge_set_cookie(line, self.judge.cookie, self._reserved)


def host_of(authority: str) -> str:
    """The host of a ``Host`` header value, without port, in lower case."""
    name, colon, port = authority.rpartition(":")
    bare = name if colon and port.isdigit() else authority
    return bare.lower().rstrip(".")


def is_authority(value: str) -> bool:
    """Whether a ``Host`` header value is one: a name or an address, and a port (RFC 9110, 7.2)."""
    return _AUTHORITY.fullmatch(value) is not None


def choice_header(standing: Standing) -> bytes:
    """``Bandeau-Choice`` as the site reads it: ``social=granted, advertising=refused``."""
    return ", ".join(f"{key}={answer}" for key, answer in standing.answers.items()).encode()


def explanation(verdicts: Iterable[Verdict]) -> bytes:
    """Verdicts as the header ``Bandeau-Explain`` has them: ``_ga;strip;refused, …``.

    Names that could break a header are left out.
    """
    told = (f"{v.subject};{v.effect};{v.reason}" for v in verdicts)
    return ", ".join(text for text in told if text.isascii() and text.isprintable())[
        :4_000
    ].encode()
