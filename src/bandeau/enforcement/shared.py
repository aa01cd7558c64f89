"""The shared page: one page for everyone, inert, that a cache may hand out (DESIGN section 3).

Its headers let through what the most generous choice allows; the script at its start narrows that
to the visitor's choice before anything else runs, and without script the page narrows itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypedDict

from bandeau.choice.decide import stand_without_choice
from bandeau.choice.model import Answer, Source, Standing
from bandeau.enforcement import caching
from bandeau.enforcement.asked import Asked
from bandeau.enforcement.csp import POLICY, own_policy, sources
from bandeau.enforcement.exchange import Exchange, Headers
from bandeau.enforcement.pieces import Gated
from bandeau.enforcement.rules import Rules, hint_cookie
from bandeau.enforcement.sightings import Note, unnoted
from bandeau.enforcement.verdict import Verdict
from bandeau.policy.match import suffixes
from bandeau.policy.model import Policy

FOR = b"data-bandeau-for"
"""Names the purposes that wake an inert element of a shared page."""


class Opens(TypedDict):
    """What a purpose opens, or what is always open: CSP sources, cookies and storage keys."""

    sources: list[str]
    cookies: list[str]
    storage: list[str]


@dataclass(frozen=True, slots=True)
class SharedPage:
    """What a shared page of one policy says. ``terms`` is the digest that choices refer to."""

    policy: Policy
    terms: str

    def undecided(self) -> Standing:
        """What the page itself is made for: nobody in particular."""
        return stand_without_choice(self.policy, signal=False)

    def generous(self) -> Standing:
        """A standing that grants everything; the headers of the shared page follow it."""
        answers = {purpose.key: Answer.GRANTED for purpose in self.policy.consent_purposes}
        return Standing(answers, frozenset(), Source.CHOICE)

    def content_policy(self, rules: Rules) -> bytes:
        """The header's policy: no style or font of a purpose that asks.

        Browsers look for ``@import`` ahead of the script that would narrow the page.
        """
        strict = own_policy(self.policy.site.hosts, self._hosts(exempt=True)).decode()
        reach = strict.partition(";")[0].removeprefix("default-src ").replace(" 'unsafe-eval'", "")
        generous = rules.content_policy(self.generous()).decode()
        return f"{generous}; style-src {reach}; font-src {reach}".encode()

    def narrowing(self) -> dict[str, object]:
        """What the script needs: the policy's form, what is always open, what each purpose opens.

        Purposes are in the order of the choice cookie's mask.
        """
        keys = sorted(purpose.key for purpose in self.policy.consent_purposes)
        always = self.always()
        always["sources"] = [*sources(self.policy.site.hosts, frozenset()), *always["sources"]]
        return {
            "cookie": hint_cookie(self.policy),
            "terms": self.terms,
            "csp": POLICY,
            **always,
            "purposes": {key: self._opens({key}) for key in keys},
        }

    def always(self) -> Opens:
        """What is open without a choice."""
        exempt = {purpose.key for purpose in self.policy.purposes if purpose.exempt is not None}
        return self._opens(exempt)

    def _opens(self, purposes: set[str]) -> Opens:
        mine = [tracker for tracker in self.policy.trackers if tracker.purpose in purposes]
        others = [tracker for tracker in self.policy.trackers if tracker.purpose not in purposes]
        below = {host for tracker in others for host in tracker.hosts}
        above = {domain for host in below for domain in list(suffixes(host))[1:]}
        return {
            "sources": sources((host for tracker in mine for host in tracker.hosts), above),
            "cookies": sorted({rule.name for tracker in mine for rule in tracker.cookies}),
            "storage": sorted({key for tracker in mine for key in tracker.storage}),
        }

    def _hosts(self, *, exempt: bool) -> list[str]:
        wanted = {p.key for p in self.policy.purposes if (p.exempt is not None) is exempt}
        return [host for t in self.policy.trackers if t.purpose in wanted for host in t.hosts]


def waking(verdicts: Iterable[Verdict]) -> bytes:
    """The attribute for an element that ``verdicts`` hold back; empty where no choice wakes it."""
    denied = [verdict for verdict in verdicts if not verdict.passes]
    trackers = [verdict.tracker for verdict in denied]
    if not all(trackers):
        return b""
    keys = dict.fromkeys(tracker.purpose for tracker in trackers if tracker)
    return b" " + FOR + b'="' + " ".join(keys).encode() + b'"'


class SharedExchange(Exchange):
    """The answer to one request as everyone gets it: inert, with the most generous headers."""

    shared = True

    def __init__(
        self,
        page: SharedPage,
        rules: Rules,
        asked: Asked,
        note: Note = unnoted,
        *,
        confine: bool = True,
    ) -> None:
        alike = asked._replace(cookie=b"")
        super().__init__(rules, page.undecided(), alike, note=note, confine=confine)
        self._page = page

    def csp(self) -> bytes:
        """The header's policy, which the page itself narrows."""
        return self._page.content_policy(self._rules)

    def connection_allowlist(self, links: Collection[str]) -> bytes:
        """As for who grants everything; no script can narrow it."""
        return self._rules.connection_allowlist(self._page.generous(), links)

    def kept(self, headers: Headers, key: tuple[bytes, ...]) -> Headers:
        """The site's own word on caching stays; only another coding makes another answer."""
        return caching.varied(headers, caching.SHARED_KEY)

    def held_back(self, gated: Gated) -> bytes:
        """The inert form, with the purposes that wake it."""
        verdicts = self.denials(gated.subjects)
        name = 1 + len(gated.element)
        return gated.inert[:name] + waking(verdicts) + gated.inert[name:]
