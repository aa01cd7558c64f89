"""What a site of the zoo is: values that say who does what in which state of the visitor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

GRANTED = frozenset({"granted"})
"""The moods of a visitor towards one purpose are ``undecided``, ``closed`` (the notice closed by
its cross), ``saved`` (the panel saved as it opened), ``refused``, ``withdrawn`` (refused after an
acceptance), ``partial`` (another purpose accepted, not this one) and ``granted``."""
SILENT = frozenset({"undecided", "closed", "saved", "refused", "withdrawn", "partial"})
YEAR = 390 * 86_400
"""A little under 13 months, in seconds; browsers keep nothing longer than 400 days."""


def besides(*moods: str) -> frozenset[str]:
    """With consent, and in these moods too."""
    return GRANTED | set(moods)


@dataclass(frozen=True)
class Tracker:
    """One thing that a site or a vendor does to the visitor's terminal.

    ``how`` names a manner (:mod:`tests.zoo.manners`). ``when`` are the moods in which it happens,
    ``on`` the occasion: ``load``, ``delay``, ``scroll``, ``phone``, ``reload``, ``second`` (not on
    the first page), ``language`` (only in the second language), ``signal`` (only where Global
    Privacy Control is on). ``stays``: it is left where it is when consent is taken back.

    ``lifetime`` is in seconds, 0 for a session. ``cookie``, ``host`` and ``vendor`` stand in for
    shuffled names where a public list has to know them; ``base`` is a word that the names are drawn
    from, so that two trackers may share them. ``declared`` is the purpose in the policy file where
    it differs, empty where the file keeps silent; ``age`` the lifetime declared.
    """

    how: str
    purpose: str = "advertising"
    when: frozenset[str] = GRANTED
    on: str = "load"
    stays: bool = False
    lifetime: int = YEAR
    cookie: str = ""
    host: str = ""
    base: str = ""
    vendor: str = ""
    declared: str | None = None
    declared_cookie: bool = True
    age: str = "13 months"
    only_bad: bool = False

    def honest(self) -> Tracker:
        """The same, as it should be."""
        return replace(
            self, when=GRANTED, stays=False, declared=None, declared_cookie=True, age="13 months"
        )


@dataclass(frozen=True)
class Notice:
    """How the site asks.

    ``tool`` is ``own`` (made by hand), ``none``, or a tool of :mod:`tests.zoo.tools`. ``box`` is
    ``bar``, ``dialog``, ``shadow`` or ``frame``. ``refuse`` and ``more`` are ``button``, ``link``,
    ``panel`` (on the second layer only) or ``none``; ``refuse_style`` and ``accept_style`` add CSS
    to them; ``close`` is empty or says what the cross does: ``refuses`` or ``consents``.
    """

    tool: str = "own"
    box: str = "bar"
    refuse: str = "button"
    more: str = "button"
    refuse_style: str = ""
    accept_style: str = ""
    softly: bool = False
    accept_twice: bool = False
    second: bool = False
    wall: bool = False
    close: str = ""
    preselected: bool = False
    reopen: str = "link"
    tells: bool = True
    language: str = ""
    nags: bool = False
    covers_policy: bool = False
    reloads: bool = True
    away: bool = False
    """The button that refuses stands outside the frame, as a link over the page."""
    pleads: bool = False
    keeps_toggles: bool = False
    """Switches are saved as they were, not as they are shown."""
    no_tab: bool = False
    """The button that refuses is not reached by Tab."""
    hides_focus: bool = False
    """The page leaves no room for it, so that it lies over what Tab reaches."""
    wide: bool = False
    """It is wider than a small window."""
    phone_only_accept: bool = False
    """On a phone there is nothing that refuses."""


@dataclass(frozen=True)
class Tcf:
    """What a site says through ``__tcfapi``; each flag is a fault."""

    positive_before: bool = False
    positive_after: bool = False
    legitimate_left: bool = False
    undisclosed: bool = False
    vendor_not_told: bool = False


@dataclass(frozen=True)
class Site:
    """A site, and what an audit must find on it.

    ``expects`` are findings as ``V4@arrived,ignored`` or ``V2|B1|B2`` (any of them will do, in any
    of the phases where some are named); ``blind`` those of an audit without policy file, the same
    where it is ``None``. ``tolerates`` may come along. ``proof`` is JavaScript, true on the
    violator's first page and false on its twin's, with ``accept``, ``refuse`` and ``panel`` (the
    elements) in reach.
    """

    name: str
    why: str
    expects: tuple[str, ...] = ()
    blind: tuple[str, ...] | None = None
    tolerates: tuple[str, ...] = ()
    trackers: tuple[Tracker, ...] = ()
    filler: bool = True
    notice: Notice = field(default_factory=Notice)
    language: str = "en"
    other_language: str = ""
    tcf: Tcf | None = None
    consent_mode: str = ""
    """``denied`` or ``granted`` by default, or ``late``: denied, after a tag was configured; empty
    where there is none."""
    bandeau: str = ""
    """``real``: behind Bandeau itself; ``wrong``: that was told a wrong policy; ``band`` or
    ``comments``: what it says of these is turned round on the way out."""
    cut: bool = False
    policy_missing: bool = False
    unused_declared: bool = False
    twice_declared: bool = False
    proof: str = ""
    twin_of: str = ""
    pages: int = 3
    sister: bool = False
    """The same site stands under another domain too, and an audit goes on to it."""

    @property
    def faulty(self) -> bool:
        """Whether it is a violator."""
        return not self.twin_of


def twin(site: Site, **changes: Any) -> Site:
    """The same site without its violation."""
    trackers = tuple(each.honest() for each in site.trackers if not each.only_bad)
    notice = Notice(
        tool="own" if site.notice.tool == "none" else site.notice.tool,
        box=site.notice.box,
        close="refuses" if site.notice.close else "",
        reloads=site.notice.reloads,
    )
    honest: dict[str, Any] = {
        "name": f"{site.name}-twin",
        "expects": (),
        "blind": None,
        "tolerates": (),
        "trackers": trackers,
        "notice": notice,
        "tcf": Tcf() if site.tcf else None,
        "consent_mode": "denied" if site.consent_mode else "",
        "bandeau": "real" if site.bandeau else "",
        "cut": False,
        "policy_missing": False,
        "unused_declared": False,
        "twice_declared": False,
        "twin_of": site.name,
    }
    return replace(site, **{**honest, **changes})
