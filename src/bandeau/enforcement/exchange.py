"""One request and its answer: facts in, edits out. Every HTTP shell goes through here.

Headers are pairs of bytes, names in lower case, in the order of the wire (as ASGI has them).
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from urllib.parse import quote

from bandeau.choice.model import Source, Standing
from bandeau.enforcement import caching, permissions
from bandeau.enforcement.allowlist import NAME as ALLOWLIST
from bandeau.enforcement.asked import Asked
from bandeau.enforcement.cookies import Jar, judge_set_cookie
from bandeau.enforcement.csp import Admitted, admit
from bandeau.enforcement.expiry import Where
from bandeau.enforcement.links import CONTACTS, judge_contacts
from bandeau.enforcement.media import is_governed, media_type
from bandeau.enforcement.pieces import Gated, Subjects
from bandeau.enforcement.reports import REPORT_DIRECTIVE
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.sightings import Kind, Note, Seen, Teller, unnoted
from bandeau.enforcement.urls import OWN, UNREADABLE, Reach, target_of
from bandeau.enforcement.variants import GRANT_HEADER, KEY_HEADER
from bandeau.enforcement.verdict import Reason, Verdict

Headers = list[tuple[bytes, bytes]]

CHOICE_HEADER = b"bandeau-choice"
EXPLAIN_HEADER = b"bandeau-explain"
_CSP = b"content-security-policy"
# What a front obeys, which only we may say.
_OURS = frozenset({GRANT_HEADER, KEY_HEADER, b"x-accel-expires"})
_WATCHED = CONTACTS | _OURS | {b"set-cookie", b"location"}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONDITIONS = frozenset(
    {b"if-none-match", b"if-modified-since", b"if-range", b"range", b"if-match"}
    | {b"if-unmodified-since"}
)
_DROPPED = frozenset({b"cookie", CHOICE_HEADER, KEY_HEADER})
_DROPPED_OF_PAGES = _DROPPED | _CONDITIONS
_VALIDATORS = frozenset(
    {b"etag", b"last-modified", b"accept-ranges", b"content-length", b"content-md5", b"digest"}
    | {b"repr-digest", b"content-digest", b"content-encoding"}
)


class Exchange:
    """The verdicts and edits for one request of one visitor.

    With ``explain`` the answer names what was withheld, and why, in ``Bandeau-Explain``; without
    ``confine`` what becomes a document or worker gets no ``Connection-Allowlist``.
    ``note`` hears of what no tracker declares; with ``reports`` the browser is asked to tell of it
    too.
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
        confine: bool = True,
        note: Note = unnoted,
        reports: bool = False,
    ) -> None:
        self._explain = explain
        self._confine = confine
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
        for verdict in self.jar.undeclared:
            self._noted(Kind.COOKIE, verdict, Teller.BROWSER, "cookie")

    def _path_verdict(self) -> Verdict | None:
        """The verdict on the path that is asked for, where a tracker declares it."""
        paths = self._rules.declared.paths if self._rules.declared else None
        verdict = self.judge.path(paths.asked(self.asked.target)) if paths else None
        return verdict if verdict and verdict.tracker else None

    def variant(self) -> Exchange:
        """The same verdicts for a page that all who stand alike may get.

        It asks for no reports, since it may be read very often.
        """
        alike = copy.copy(self)
        alike.reports = False
        return alike

    def host_denied(self, host: str, where: str = "markup") -> bool:
        """Whether the page may not reach ``host``; the host that served it is always its own.

        ``where`` says what names the host, for the publisher to find it.
        """
        if host == self.asked.host:
            return False
        return not self._noted(Kind.HOST, self.judge.host(host), Teller.SITE, where).passes

    def _noted(self, kind: Kind, verdict: Verdict, teller: Teller, where: str) -> Verdict:
        if verdict.reason is Reason.UNDECLARED and verdict.subject != UNREADABLE:
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
        dropped = _DROPPED_OF_PAGES if self.asked.navigates else _DROPPED
        if self.judge.denies:
            dropped = dropped | permissions.ASKED
        # CGI-like sites read `bandeau_choice` as the header that only we may set.
        kept = [header for header in headers if header[0].replace(b"_", b"-") not in dropped]
        if self.jar.kept:
            kept.append((b"cookie", self.jar.kept))
        kept.append((CHOICE_HEADER, choice_header(self.standing)))
        return kept

    def response_headers(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> Headers:
        """The answer's headers with what the choice denies taken out, and our policy added.

        Whatever is asked for, denied cookies that came with it end, and no shared cache keeps that.
        """
        kept = self._judged(status, headers)
        worker = self.asked.destination == b"serviceworker"
        if worker and not self._registers():
            kept = _inert_script(kept)
        if worker or status == 304 or is_governed(kept) or self._made_document(kept):
            # Pages are asked for without conditions: nothing but a worker is confirmed by a 304.
            confirmed = status == 304 and not self.asked.destination
            kept = self._governed(kept, alike=self.asked.alike or confirmed)
        if self.tracked is not None and self.tracked.reason is Reason.GRANTED:
            kept = caching.kept_private(kept, caching.CHOICE_KEY)
        if self.jar.denied:
            ended = [(b"set-cookie", line) for line in self.leftovers()]
            kept = caching.kept_private(kept, ()) + ended
        if self._explain:
            lines = (value for name, value in headers if name == b"set-cookie")
            refused = [verdict for verdict in map(self.set_cookie, lines) if not verdict.passes]
            kept.append((EXPLAIN_HEADER, explanation([*self.jar.denied, *refused])))
        return kept

    def _judged(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> Headers:
        """What the choice lets pass of each header; most need no look."""
        kept: Headers = []
        for header in headers:
            name, value = header
            if name not in _WATCHED and not permissions.profiles(name):
                kept.append(header)
                continue
            redirects = name == b"location" and status in _REDIRECTS
            allowed = self._location(value) if redirects else self._header(name, value)
            if allowed is not None:
                kept.append((name, allowed))
        return kept

    def _registers(self) -> bool:
        """Whether the service worker asked for may stay: one outlives every page and its choice."""
        return self.judge.storage(self.asked.target.partition("?")[0]).passes

    def _governed(self, headers: Headers, *, alike: bool) -> Headers:
        """With our policy, and a cache key for it (C10).

        What becomes no document or worker gets the policy of who refuses, the same for everyone:
        so the site's own scripts stay in shared caches, and a stored copy opens nothing.
        """
        if alike:
            strict = caching.varied(headers, caching.DESTINATION_KEY)
            return [*strict, (_CSP, self._rules.strictest_policy())]
        ours = [*self.kept(headers, caching.CHOICE_KEY), (_CSP, self.csp())]
        if self.judge.denies:
            ours = permissions.switched_off(ours)
        return self.confined(ours, ())

    def kept(self, headers: Headers, key: tuple[bytes, ...]) -> Headers:
        """Who may keep the answer: this visitor, under the request fields ``key`` (C10)."""
        return caching.kept_private(headers, key)

    def held_back(self, gated: Gated) -> bytes:
        """What stands in the page for a tag that is denied."""
        return gated.inert

    def _made_document(self, headers: Headers) -> bool:
        """Whether a browser wraps what comes in a document, which a script could then use.

        A PDF it shows in a document of its own, where our policies would break the viewer.
        """
        return self.asked.shown and media_type(headers) != b"application/pdf"

    def confined(self, headers: Headers, links: Collection[str]) -> Headers:
        """``headers`` with our Connection-Allowlist in the place of any other.

        It names what the choice allows and ``links``, patterns of where the document's links
        lead: none where they are not known, so that what was not read reaches nobody new.
        """
        if not self._confine:
            return headers
        kept = [(name, value) for name, value in headers if name != ALLOWLIST]
        return [*kept, (ALLOWLIST, self.connection_allowlist(links))]

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
                edited.append((name, admit(value, admitted)))
            else:
                edited.append((name, value))
        return self.kept(edited, caching.PAGE_KEY)

    def leftovers(self) -> list[bytes]:
        """``Set-Cookie`` lines that end the denied cookies which this request carried (W4, W5)."""
        names = tuple([verdict.subject for verdict in self.jar.denied])
        return self._rules.endings(names, self.where) if names else []

    @property
    def where(self) -> Where:
        """Where this answer ends cookies.

        A host that is only asked for pictures and the like is never decided about, while the
        page's own host may allow what both share: that is not the other host's to end.
        """
        asked, hosts = self.asked, self._rules.policy.site.hosts
        decided = self.standing.source is not Source.NONE or asked.visits
        spared = () if decided else tuple(host for host in hosts if host != asked.host)
        return Where(asked.host, asked.target.partition("?")[0], asked.secure, spared)

    @property
    def siblings(self) -> tuple[str, ...]:
        """The publisher's other hosts that may hold what this one cannot end."""
        return self._rules.siblings(self.asked.host)

    def csp(self) -> bytes:
        """Our Content-Security-Policy for this choice."""
        policy = self._rules.content_policy(self.standing)
        return policy + REPORT_DIRECTIVE if self.reports else policy

    def connection_allowlist(self, links: Collection[str]) -> bytes:
        """Our Connection-Allowlist for a page whose plain links lead to the patterns ``links``."""
        return self._rules.connection_allowlist(self.standing, links)

    def _header(self, name: bytes, value: bytes) -> bytes | None:
        if name in _OURS:
            return None
        if name == b"set-cookie":
            verdict = self._noted(Kind.COOKIE, self.set_cookie(value), Teller.SITE, "set-cookie")
            return value if verdict.passes else None
        if self.judge.denies and permissions.profiles(name):
            return None
        return judge_contacts(name, value, partial(self.url_denied, where=name.decode()))

    def _location(self, value: bytes) -> bytes | None:
        """Where a redirect leads: a denied host is for a visitor who acted, and for nothing else.

        What a script sends there gets to the way out, and a part of a page nowhere. A browser
        that does not say what asks is left to the policies of the page.
        """
        target = target_of(value.decode("latin-1"))
        if target.reach is not Reach.HOST or not self.host_denied(target.host, "location"):
            return value
        if self.asked.destination != b"document":
            return None if self.asked.destination else value
        return value if self.asked.chosen else _way_out(target.url)

    def set_cookie(self, line: bytes) -> Verdict:
        """The verdict on one ``Set-Cookie`` line of the site."""
        return judge_set_cookie(line, self.judge.cookie, self._reserved)


def _inert_script(headers: Headers) -> Headers:
    """A script that no browser registers: its type is none of a script (Service Workers, 4.4)."""
    kept = [(name, value) for name, value in headers if name != b"content-type"]
    return [*kept, (b"content-type", b"text/plain"), (b"x-content-type-options", b"nosniff")]


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


def _way_out(url: str) -> bytes:
    return b"/.bandeau/leave?to=" + quote(url, safe="", errors="replace").encode()
