"""Evidence made by hand: builders with defaults, so that a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bandeau.audit.by_lists import ByLists
from bandeau.audit.by_policy import ByPolicy
from bandeau.audit.evidence import (
    Cause,
    Cookie,
    Evidence,
    Kind,
    Means,
    Phase,
    Place,
    Read,
    Request,
    Run,
    Seen,
    Sent,
    Setting,
    Stored,
    Write,
)
from bandeau.audit.finding import Finding, Source
from bandeau.audit.shown import Box, Choosing, Control, Notice, Role, Visit
from bandeau.audit.verdicts import judge
from bandeau.policy.check import load
from bandeau.storage.files import read_words
from bandeau.storage.lists import read_lists
from bandeau.storage.suffixes import public_suffixes

SITE = "www.gazette.test"
HOME = f"https://{SITE}/"
STORY = f"https://{SITE}/story"
IDENTIFIER = "7f3c9a1e5b2d4860a1c3e5f708192a3b"
MONTHS = 180 * 86_400.0
WORDS, REGISTRABLE = read_words(), public_suffixes().registrable
LISTS = read_lists()

POLICY = """
[site]
name = "La Gazette"
controller = "La Gazette SAS, 1 rue du Port, Nantes"
hosts = ["www.gazette.test"]
privacy_policy = "/privacy"
languages = ["en"]

[purposes.functioning]
exempt = "strictly-necessary"

[purposes.audience]
exempt = "audience-measurement"

[purposes.social]

[purposes.advertising]

[features.comments]
purpose = "social"
alternative = { en = "Write to us." }

[[trackers]]
vendor = "La Gazette"
purpose = "functioning"
hosts = ["assets.gazette-files.test"]
cookies = [{ name = "session" }, { name = "cart", max_age = "30 days" }]

[[trackers]]
vendor = "La Gazette"
purpose = "audience"
cookies = [{ name = "seen", max_age = "13 months" }]

[[trackers]]
vendor = "Adroit"
purpose = "advertising"
hosts = ["adroit.test"]
cookies = [
  { name = "_adr*", max_age = "6 months" },
  { name = "adr_uid", domain = ".adroit.test", max_age = "6 months" },
]
storage = ["adr:*"]
paths = ["/measure/*"]

[[trackers]]
vendor = "Birdsong"
purpose = "social"
hosts = ["birdsong.test"]
"""


def run(*phases: Seen, number: int = 0, setting: Setting | None = None) -> Run:
    return Run(number, setting or Setting(), phases)


def seen(phase: Phase = Phase.ARRIVED, began: float = 0.0, **changes: Any) -> Seen:
    """A phase of ten seconds in which two pages were opened, the second after the choice."""
    asks = phase in (Phase.ARRIVED, Phase.IGNORED, Phase.SEEDED)
    visits = (
        visit(HOME, began, asking=True) if not asks else visit(HOME, began + 0.1, asking=asks),
        visit(STORY, began + 4, asking=asks),
    )
    plain = Seen(phase, began, began + 10, visits, (), (), (), (), ())
    if not asks:
        plain = replace(plain, choosing=Choosing(phase.value, "words", 1, True, "", began + 2))
    if phase in (Phase.ARRIVED, Phase.REFUSED, Phase.ACCEPTED):
        plain = replace(plain, notice=notice())
    return replace(plain, **changes)


def visit(url: str = HOME, at: float = 0.0, **changes: Any) -> Visit:
    plain = Visit(url, url, at, 200, "La Gazette", "en", 300, asking=False, reopen=True)
    return replace(plain, **changes)


def request(url: str, at: float = 5.0, **changes: Any) -> Request:
    plain = Request(
        f"r{at}-{url}", at, url, "GET", "script", HOME, HOME, Cause("parser", HOME), status=200
    )
    return replace(plain, **{"size": 5_000, **changes})


def sent(name: str, domain: str, value: str = IDENTIFIER, **changes: Any) -> Sent:
    return replace(Sent(name, value, domain), **changes)


def write(name: str, domain: str = SITE, at: float = 5.0, **changes: Any) -> Write:
    plain = Write(
        at, Kind.COOKIE, Means.SCRIPT, name, IDENTIFIER, domain, page=HOME, lifetime=MONTHS
    )
    return replace(plain, **{"cause": by_script(HOME), **changes})


def cookie(name: str, domain: str = SITE, value: str = IDENTIFIER, **changes: Any) -> Cookie:
    return replace(Cookie(name, value, domain, "/", 1.8e9, True, False), **changes)


def stored(key: str, host: str = SITE, kind: Kind = Kind.LOCAL, value: str = IDENTIFIER) -> Stored:
    return Stored(kind, f"https://{host}", key, value)


def read(api: str, script: str = HOME, at: float = 5.0, **changes: Any) -> Read:
    return replace(Read(at, api, "", HOME, HOME, by_script(script)), **changes)


def by_script(url: str, line: int = 7) -> Cause:
    return Cause("script", url, (Place(url, line),))


def control(role: Role, label: str, x: float = 0.0, **changes: Any) -> Control:
    plain = Control(
        role,
        label,
        "button",
        Box(x, 0, 120, 40),
        16,
        400,
        (255, 255, 255),
        (30, 60, 90),
        filled=True,
        contrast=11.0,
        gap=10,
    )
    return replace(plain, **changes)


ACCEPT = control(Role.ACCEPT, "Accept all", 0, order=0)
REFUSE = control(Role.REFUSE, "Refuse all", 130, order=1)
CUSTOMISE = control(Role.CUSTOMISE, "Set my choices", 260, order=2)
LINK = control(Role.POLICY, "Privacy policy", 400, tag="a", href=f"{HOME}privacy", order=3)
TEXT = (
    "We and our 12 partners use cookies for advertising, audience statistics and social networks. "
    "You can refuse, and withdraw at any time."
)


def notice(*controls: Control, **changes: Any) -> Notice:
    """A notice that nothing is wrong with, or with ``controls`` instead of its own."""
    shown = controls or (ACCEPT, REFUSE, CUSTOMISE, LINK)
    return replace(Notice("", Box(0, 0, 1200, 200), TEXT, "en", shown, modal=False), **changes)


def evidence(*runs: Run, **changes: Any) -> Evidence:
    return replace(Evidence(HOME, 1_764_288_000_000, "Chromium 156", runs), **changes)


def by_policy(policy: str = POLICY) -> ByPolicy:
    source = Source("policy.toml", "", "0" * 64, "")
    return ByPolicy(load(policy.encode(), WORDS)[0], source, by_lists())


def by_lists(site: str = SITE) -> ByLists:
    return ByLists(site, LISTS, REGISTRABLE)


def judged(*phases: Seen | Run, policy: str | None = POLICY, **changes: Any) -> tuple[Finding, ...]:
    """The findings on phases, each of a run of its own, or on whole runs."""
    runs = [each if isinstance(each, Run) else run(each, number=n) for n, each in enumerate(phases)]
    whole = evidence(*runs, **changes)
    if policy is None:
        return judge(whole, by_lists(), None, WORDS)[0]
    return judge(whole, by_policy(policy), load(policy.encode(), WORDS)[0], WORDS)[0]


def ids(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.id for finding in findings}
