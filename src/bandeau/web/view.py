"""What the templates show, as plain values: a policy and a standing told in one language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bandeau.choice.model import Answer, Band, Source, Standing
from bandeau.policy.model import Period, Policy, Purpose, Tracker
from bandeau.policy.terms import vendor_key
from bandeau.policy.words import Words, direction, purpose_text

Say = Callable[..., str]
_STATES = {Answer.GRANTED: "on", Answer.REFUSED: "off", Answer.UNDECIDED: "unset"}


@dataclass(frozen=True, slots=True)
class TrackerView:
    """One declared tracker, with lifetimes in words."""

    vendor: str
    policy_url: str | None
    hosts: tuple[str, ...]
    cookies: tuple[tuple[str, str], ...]
    storage: tuple[str, ...]
    paths: tuple[str, ...]
    snippets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PurposeView:
    """One purpose. ``state`` is ``on``, ``off`` or ``unset``; ``exempt`` is a reason in words."""

    key: str
    title: str
    summary: str
    detail: str
    kinds: str
    state: str
    exempt: str
    vendors: tuple[str, ...]
    trackers: tuple[TrackerView, ...]


@dataclass(frozen=True, slots=True)
class View:
    """One site's consent interface for one standing in one language."""

    lang: str
    dir: str
    say: Say
    site: str
    controller: str
    privacy_policy: str
    lifetime: str
    proof: str
    cookie: str
    asked: tuple[PurposeView, ...]
    exempt: tuple[PurposeView, ...]
    partners: str
    accepting: str
    features: str
    alternatives: tuple[str, ...]
    added: str
    band: str
    band_text: str
    announcement: str
    granted: int
    recorded: bool
    commenting: bool
    comments_kept: str


def view_of(policy: Policy, words: Words, standing: Standing, lang: str) -> View:
    """Everything that the notice, the panel, the band and the privacy page say."""

    def say(key: str, **values: object) -> str:
        return words.say(lang, key, **values)

    asked = tuple(_purpose(policy, words, p, standing, lang) for p in policy.consent_purposes)
    granted = sum(purpose.state == "on" for purpose in asked)
    others = len(partners(policy))
    counts = {"granted": granted, "total": len(asked)}
    return View(
        lang=lang,
        dir=direction(lang),
        say=say,
        site=isolated(lang, policy.site.name),
        controller=isolated(lang, policy.site.controller),
        privacy_policy=policy.site.privacy_policy,
        lifetime=period_text(words, lang, policy.choice.lifetime),
        proof=period_text(words, lang, policy.choice.proof),
        cookie=policy.choice.cookie,
        asked=asked,
        exempt=tuple(
            _purpose(policy, words, p, standing, lang) for p in policy.purposes if p.exempt
        ),
        partners=_counted(words, lang, "notice.partners", others),
        accepting=_accepting(words, policy, lang, others),
        features=listed(lang, _features(policy, words, lang)),
        alternatives=_alternatives(policy, lang),
        added=listed(lang, _added(policy, words, standing, lang)),
        band=standing.band.value,
        band_text=_band_text(say, standing, counts),
        announcement=_announcement(say, standing, counts),
        granted=granted,
        recorded=standing.choice is not None,
        commenting=policy.feature("comments") is not None,
        comments_kept=_comments_kept(words, policy, lang),
    )


def _comments_kept(words: Words, policy: Policy, lang: str) -> str:
    """How long what belongs to comments is kept, where there are any."""
    feature = policy.feature("comments")
    if feature is None:
        return ""
    kept = feature.retention
    told = {"link": kept.link, "held": kept.held, "refused": kept.refused}
    periods = {name: period_text(words, lang, each) for name, each in told.items()}
    return words.say(lang, "privacy.comments_kept", **periods)


def partners(policy: Policy) -> tuple[str, ...]:
    """Distinct vendors that need consent, the publisher left out (rule I5)."""
    own = vendor_key(policy.site.name)
    found: dict[str, str] = {}
    for purpose in policy.consent_purposes:
        for tracker in policy.trackers_of(purpose.key):
            found.setdefault(vendor_key(tracker.vendor), _line(tracker.vendor))
    return tuple(name for key, name in found.items() if key != own)


def period_text(words: Words, lang: str, period: Period) -> str:
    """``6 months`` in the language's own words."""
    return _counted(words, lang, f"units.{period.unit}", period.count)


def listed(lang: str, items: tuple[str, ...]) -> str:
    """Items side by side, with the comma of the language's script."""
    return ("، " if direction(lang) == "rtl" else ", ").join(items)


def isolated(lang: str, name: str) -> str:
    """A name that keeps its own direction inside a right-to-left sentence (Unicode UAX 9)."""
    name = _line(name)
    return f"\u2068{name}\u2069" if direction(lang) == "rtl" else name


def _purpose(
    policy: Policy, words: Words, purpose: Purpose, standing: Standing, lang: str
) -> PurposeView:
    trackers = policy.trackers_of(purpose.key)
    reason = f"exemptions.{purpose.exempt.value}" if purpose.exempt else None
    answer = standing.answers.get(purpose.key, Answer.UNDECIDED)
    told = {
        field: _line(purpose_text(policy, words, purpose.key, field, lang))
        for field in ("title", "summary", "detail")
    }
    return PurposeView(
        key=purpose.key,
        **told,
        kinds=listed(lang, tuple(words.say(lang, f"data.{kind.value}") for kind in purpose.data)),
        state=_STATES[answer],
        exempt=words.say(lang, reason) if reason else "",
        vendors=tuple(dict.fromkeys(_line(tracker.vendor) for tracker in trackers)),
        trackers=tuple(_tracker(words, lang, tracker) for tracker in trackers),
    )


def _tracker(words: Words, lang: str, tracker: Tracker) -> TrackerView:
    session = words.say(lang, "privacy.session")
    return TrackerView(
        vendor=_line(tracker.vendor),
        policy_url=tracker.policy_url,
        hosts=tracker.hosts,
        cookies=tuple(
            (rule.name, period_text(words, lang, rule.max_age) if rule.max_age else session)
            for rule in tracker.cookies
        ),
        storage=tracker.storage,
        paths=tracker.paths,
        snippets=tracker.snippets,
    )


def _features(policy: Policy, words: Words, lang: str) -> tuple[str, ...]:
    keys = (f"features.{feature.key}" for feature in policy.features)
    return tuple(words.say(lang, key) for key in keys if words.has(lang, key))


def _alternatives(policy: Policy, lang: str) -> tuple[str, ...]:
    """What a visitor can do instead of a locked feature (rule F5), in the nearest language."""
    order = (lang, *policy.site.languages)
    found = (
        next((feature.alternative[tag] for tag in order if tag in feature.alternative), None)
        for feature in policy.features
    )
    return tuple(isolated(lang, text) for text in found if text)


def _accepting(words: Words, policy: Policy, lang: str, others: int) -> str:
    """Who may process the data once accepted; a publisher on its own stands alone (rule I4)."""
    site = isolated(lang, policy.site.name)
    if not others:
        return words.say(lang, "notice.accepting_alone", site=site)
    vendors = _counted(words, lang, "notice.partners", others)
    return words.say(lang, "notice.accepting", site=site, vendors=vendors)


def _added(policy: Policy, words: Words, standing: Standing, lang: str) -> tuple[str, ...]:
    """Purposes and partners that came after the visitor's choice (rules C4, C8)."""
    if standing.choice is None:
        return ()
    purposes = (
        _line(purpose_text(policy, words, key, "title", lang))
        for key, answer in standing.answers.items()
        if answer is Answer.UNDECIDED
    )
    vendors = (
        _line(tracker.vendor)
        for tracker in policy.trackers
        if (tracker.purpose, vendor_key(tracker.vendor)) in standing.uncovered
    )
    return tuple(dict.fromkeys((*purposes, *vendors)))


def _band_text(say: Say, standing: Standing, counts: dict[str, int]) -> str:
    if standing.source is Source.SIGNAL:
        return say("band.signal")
    if standing.band is Band.MIXED and counts["granted"] == counts["total"]:
        return say("band.added")
    if standing.band is Band.MIXED:
        return say("band.mixed", **counts)
    return say(f"band.{standing.band.value}")


def _announcement(say: Say, standing: Standing, counts: dict[str, int]) -> str:
    if standing.source is not Source.CHOICE:
        return ""
    return say(f"band.announce_{standing.band.value}", **counts)


def _counted(words: Words, lang: str, key: str, count: int) -> str:
    """The form of a text for ``count``: ``_none``, ``_one`` or ``_many``."""
    form = {0: "none", 1: "one"}.get(count, "many")
    if not words.has(lang, f"{key}_{form}"):
        form = "many"
    return words.say(lang, f"{key}_{form}", count=count)


def _line(text: str) -> str:
    """A publisher's text on one line, so that templates may be packed."""
    return " ".join(text.split())
