"""A site with its names drawn: hosts, paths, cookies, and what happens in which state."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from starlette.requests import Request

from tests.zoo.manners import Wired
from tests.zoo.policyfile import policy_file
from tests.zoo.shuffled import Names
from tests.zoo.site import Site, Tracker
from tests.zoo.texts import TEXTS

_ACTIONS = ("accept", "refuse", "save", "close")
_EXEMPT = ("", "functioning", "audience")


@dataclass(frozen=True)
class Choice:
    """What a visitor has chosen: ``before`` is whether anything was granted earlier."""

    action: str
    granted: frozenset[str]
    before: bool


class Built:
    """A site of one zoo: the same seed gives the same."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site = site
        self.names = Names(seed, site.name)
        self.domain = self.names.host("own")
        self.host = f"www.{self.domain}"
        self.frame_host = f"{self.names.word('frame host', 2)}.{self.domain}"
        self.title = self.names.word("title").title()
        self.session = self.names.word("session")
        self.trackers = tuple(
            Wired(told, f"t{number}", self.names, self.host, self.domain)
            for number, told in enumerate(_all_trackers(site))
        )

    @property
    def address(self) -> str:
        """Where an audit begins."""
        return f"https://{self.host}/"

    @cached_property
    def sister(self) -> str:
        """The host of its sister, empty where it has none."""
        return f"www.{self.names.host('sister')}" if self.site.sister else ""

    @property
    def options(self) -> tuple[str, ...]:
        """What an audit of it is asked for besides."""
        return ("--beside", f"https://{self.sister}/") if self.sister else ()

    @cached_property
    def choice(self) -> str:
        """The cookie that keeps the choice; Bandeau has its own."""
        return "" if self.site.bandeau else self.names.word("choice")

    @cached_property
    def choose_path(self) -> str:
        """Where a choice is posted."""
        return f"/{self.names.word('choose')}"

    @cached_property
    def policy_path(self) -> str:
        """The privacy policy."""
        return f"/{self.names.word('policy')}"

    @cached_property
    def slugs(self) -> tuple[str, ...]:
        """The pages besides the first, without slash."""
        return tuple(self.names.word(f"page {n}", 4) for n in range(1, self.site.pages))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it speaks, its own first."""
        return tuple(filter(None, (self.site.language, self.site.other_language)))

    @cached_property
    def purposes(self) -> tuple[str, ...]:
        """The purposes that it should ask for."""
        told = dict.fromkeys(each.told.purpose for each in self.trackers)
        return tuple(key for key in told if key not in _EXEMPT)

    @cached_property
    def declared_purposes(self) -> tuple[str, ...]:
        """Those and what its policy file calls them instead."""
        declared = [each.told.declared for each in self.trackers]
        named = [each for each in declared if each and each not in _EXEMPT]
        return tuple(dict.fromkeys((*self.purposes, *named)))

    @cached_property
    def policy(self) -> bytes:
        """Its policy file."""
        return policy_file(self)

    def texts(self, language: str) -> dict[str, object]:
        """The words of a language."""
        return TEXTS[language]

    def word(self, key: str) -> str:
        """A class, an id or the name of a variable."""
        return self.names.word(f"word {key}", 3)

    def read_choice(self, request: Request) -> Choice | None:
        """What the request's cookie says was chosen."""
        kept = request.cookies.get(self.choice, "")
        if len(kept) != 2 + len(self.purposes) or not kept.isdigit():
            return None
        granted = {key for key, bit in zip(self.purposes, kept[2:], strict=True) if bit == "1"}
        return Choice(_ACTIONS[int(kept[0]) % 4], frozenset(granted), kept[1] == "1")

    def write_choice(self, choice: Choice) -> str:
        """The value of the cookie."""
        bits = "".join(str(int(key in choice.granted)) for key in self.purposes)
        return f"{_ACTIONS.index(choice.action)}{int(choice.before)}{bits}"

    def expected(self, with_policy: bool) -> tuple[str, ...]:
        """What an audit must find."""
        if with_policy or self.site.blind is None:
            return self.site.expects
        return self.site.blind


def mood(purpose: str, choice: Choice | None) -> str:
    """How the visitor stands to a purpose."""
    if choice is None:
        return "undecided"
    if purpose in choice.granted:
        return "granted"
    if choice.action == "close":
        return "closed"
    if choice.granted:
        return "partial"
    if choice.before:
        return "withdrawn"
    return "saved" if choice.action == "save" else "refused"


def _all_trackers(site: Site) -> tuple[Tracker, ...]:
    """Those of the site, and fillers so that two purposes have something to ask for."""
    if not site.filler:
        return site.trackers
    kinds = (Tracker("pixel", "advertising"), Tracker("script", "statistics"))
    named = {each.purpose for each in site.trackers}
    return (*site.trackers, *(each for each in kinds if each.purpose not in named))
