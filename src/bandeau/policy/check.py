"""Rules between the parts of a policy; each fault names the rule that it breaks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from urllib.parse import urlsplit

from bandeau import limits
from bandeau.policy.claims import cookie_clashes, host_clashes, owned_hosts, storage_clashes
from bandeau.policy.fault import Fault, Path, PolicyError, in_order, quoted
from bandeau.policy.glob import Glob
from bandeau.policy.lines import Lines, lines_of
from bandeau.policy.model import KNOWN_PURPOSES, Exemption, Feature, Period, Policy, Purpose
from bandeau.policy.own import path_clashes, short_snippets, snippet_clashes, wide_paths
from bandeau.policy.parse import parse
from bandeau.policy.paths import patterns_of
from bandeau.policy.words import Words

# The most days that so many calendar months can last (rules.md, "Numbers that are real").
_DAYS = {6: 184, 13: 397}

_CERTIFIED = re.compile(
    r"\b(certifi|valid|approuv|approved|agree|homologu)\w*\W+((par|by|de|la|the)\W+){0,2}cnil\b"
    r"|\bcnil\W+(certifi|valid|approv|approuv|agree)"
)


def check(policy: Policy, words: Words, lines: Lines) -> tuple[Fault, ...]:
    """Every fault of a parsed policy in file order, errors and warnings alike."""
    found = chain(
        _privacy_policy(policy, lines),
        _languages(policy, words, lines),
        _lifetime(policy, lines),
        _purposes(policy, words, lines),
        _features(policy, words, lines),
        _trackers(policy, lines),
        _measurement(policy, lines),
        _certified(policy, lines),
        owned_hosts(policy, lines),
        host_clashes(policy, lines),
        cookie_clashes(policy, lines),
        storage_clashes(policy, lines),
        wide_paths(policy, lines),
        path_clashes(policy, lines),
        short_snippets(policy, lines),
        snippet_clashes(policy, lines),
    )
    return in_order(islice(found, limits.POLICY_FAULTS))


_NO_ADDRESS = 'must be a path that begins with one "/", or an address that begins "https://"'


def load(data: bytes, words: Words) -> tuple[Policy, tuple[Fault, ...]]:
    """A policy that may be served, and its warnings; raises :class:`PolicyError` on any error."""
    lines = lines_of(data)
    policy = parse(data, lines)
    faults = check(policy, words, lines)
    if any(fault.severity == "error" for fault in faults):
        raise PolicyError(faults)
    return policy, faults


def _privacy_policy(policy: Policy, lines: Lines) -> Iterator[Fault]:
    if not _is_address(policy.site.privacy_policy):
        yield lines.fault(("site", "privacy_policy"), "I12", _NO_ADDRESS)


def _is_address(value: str) -> bool:
    if re.search(r'[\x00-\x20\x7f\\<>"]', value):
        return False
    if value.startswith("/"):
        return not value.startswith("//")
    try:
        parts = urlsplit(value)
        return parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        return False


def _languages(policy: Policy, words: Words, lines: Lines) -> Iterator[Fault]:
    for index, language in enumerate(policy.site.languages):
        path: Path = ("site", "languages", index)
        if language not in words.languages:
            known = ", ".join(sorted(words.languages))
            message = f"{quoted(language)} has no texts; supported: {known}"
            yield lines.fault(path, "B17", message)
        elif language in policy.site.languages[:index]:
            yield lines.fault(path, "schema", f"{quoted(language)} stands twice; remove one")


def _lifetime(policy: Policy, lines: Lines) -> Iterator[Fault]:
    lifetime = policy.choice.lifetime
    if _longer(lifetime, 6):
        message = f"{lifetime} is long: regulators ask to put the choice again after 6 months"
        yield lines.fault(("choice", "lifetime"), "C2", message, "warning")


def _longer(period: Period, months: int) -> bool:
    return period.count > _DAYS[months] if period.unit == "day" else period.months > months


def _purposes(policy: Policy, words: Words, lines: Lines) -> Iterator[Fault]:
    for purpose in policy.purposes:
        path: Path = ("purposes", purpose.key)
        if purpose.exempt is None and not purpose.data:
            message = "says no kind of data, which the notice must name; list at least one"
            yield lines.fault((*path, "data"), "I10", message)
        yield from _exemption(purpose, path, lines)
        for field in ("title", "summary", "detail"):
            texts: Mapping[str, str] = getattr(purpose, field)
            yield from _strange_languages(policy, texts, (*path, field), lines)
        yield from _missing_texts(policy, purpose, words, lines)


def _exemption(purpose: Purpose, path: Path, lines: Lines) -> Iterator[Fault]:
    known = KNOWN_PURPOSES.get(purpose.key)
    if purpose.exempt is None or known is None or known.exemption is purpose.exempt:
        return
    if known.exemption is None:
        message = f"{purpose.key} needs consent and cannot be {purpose.exempt}; remove this line"
        yield lines.fault((*path, "exempt"), "I9", message)
    elif known.exemption is Exemption.AUDIENCE_MEASUREMENT:
        message = f'is its own exemption with its own limits; write "{known.exemption}"'
        yield lines.fault((*path, "exempt"), "M1", message)


def _missing_texts(policy: Policy, purpose: Purpose, words: Words, lines: Lines) -> Iterator[Fault]:
    for field in ("title", "summary"):
        own: Mapping[str, str] = getattr(purpose, field)
        missing = [
            language
            for language in _spoken(policy, words)
            if language not in own and not words.has(language, f"purposes.{purpose.key}.{field}")
        ]
        if missing:
            example = ", ".join(f'{language} = "…"' for language in missing)
            message = f"no {field} in {', '.join(missing)}; add {field} = {{ {example} }}"
            yield lines.fault(("purposes", purpose.key, field), "I1", message)


def _spoken(policy: Policy, words: Words) -> list[str]:
    """Languages of the site that the product speaks; the others are told of once."""
    return [lang for lang in dict.fromkeys(policy.site.languages) if lang in words.languages]


def _strange_languages(
    policy: Policy, texts: Mapping[str, str], path: Path, lines: Lines
) -> Iterator[Fault]:
    for language in texts:
        if language not in policy.site.languages:
            message = f"{quoted(language)} is not in site.languages, so nobody sees this text; "
            yield lines.fault(
                (*path, language), "schema", message + "add it there, or remove it", "warning"
            )


def _features(policy: Policy, words: Words, lines: Lines) -> Iterator[Fault]:
    purposes = {purpose.key: purpose for purpose in policy.purposes}
    for feature in policy.features:
        path: Path = ("features", feature.key)
        if not any(words.has(lang, f"features.{feature.key}") for lang in words.languages):
            message = f"no feature is called {quoted(feature.key)}; known: {_known(words)}"
            yield lines.fault(path, "I4", message)
        purpose = purposes.get(feature.purpose)
        if purpose is None:
            yield lines.fault((*path, "purpose"), "schema", _no_purpose(feature.purpose, policy))
        elif purpose.exempt is not None:
            message = f"{purpose.key} needs no consent, so it cannot open anything; "
            message += "name a purpose that asks, such as social"
            yield lines.fault((*path, "purpose"), "F2", message)
        if feature.rules is not None and not _is_address(feature.rules):
            yield lines.fault((*path, "rules"), "schema", _NO_ADDRESS)
        yield from _alternative(policy, feature.alternative, path, words, lines)
        yield from _sections(feature, path, lines)
        if feature.review is not None and not feature.review.url.startswith("https:"):
            message = "comments would be sent in clear, so only --notify-private allows it; "
            message += "use https://"
            yield lines.fault((*path, "review", "url"), "schema", message, "warning")


def _sections(feature: Feature, path: Path, lines: Lines) -> Iterator[Fault]:
    seen: list[str] = []
    for number, section in enumerate(feature.sections):
        place = (*path, "sections", number)
        patterns = patterns_of(section.path)
        above = [each for each in seen if all(Glob.of(each).matches(one) for one in patterns)]
        if above:
            message = "is within a path above it, so this section never applies; move it up"
            yield lines.fault((*place, "path"), "schema", message, "warning")
        elif section.moderation is None and section.close_after is None:
            message = "changes nothing; add moderation or close_after"
            yield lines.fault(place, "schema", message, "warning")
        seen += patterns


def _known(words: Words) -> str:
    keys = {key for texts in words.languages.values() for key in texts}
    names = sorted(key.partition(".")[2] for key in keys if key.startswith("features."))
    return ", ".join(names)


def _no_purpose(key: str, policy: Policy) -> str:
    known = ", ".join(purpose.key for purpose in policy.purposes) or "none yet"
    return f"no purpose is called {quoted(key)}; declare [purposes.{key}] or use one of: {known}"


def _alternative(
    policy: Policy, texts: Mapping[str, str], path: Path, words: Words, lines: Lines
) -> Iterator[Fault]:
    path = (*path, "alternative")
    yield from _strange_languages(policy, texts, path, lines)
    missing = [language for language in _spoken(policy, words) if language not in texts]
    if not texts:
        message = "a locked feature should leave another way; say which, such as an address"
        yield lines.fault(path, "F5", message, "warning")
    elif missing:
        message = f"no alternative in {', '.join(missing)}; every listed language needs it"
        yield lines.fault(path, "B17", message)


def _trackers(policy: Policy, lines: Lines) -> Iterator[Fault]:
    purposes = {purpose.key for purpose in policy.purposes}
    for number, tracker in enumerate(policy.trackers):
        path: Path = ("trackers", number)
        if tracker.purpose not in purposes:
            yield lines.fault((*path, "purpose"), "schema", _no_purpose(tracker.purpose, policy))
        if tracker.notify is not None and not tracker.notify.startswith("https:"):
            message = "is not https, so whoever is on the way reads who withdraws; write https://"
            yield lines.fault((*path, "notify"), "W7", message, "warning")
        uses = (tracker.hosts, tracker.cookies, tracker.storage, tracker.paths, tracker.snippets)
        if not any(uses):
            message = "declares no host, cookie, storage key, path or snippet; add what it uses, "
            message += "or remove it"
            yield lines.fault(path, "I6", message, "warning")
        for index, host in enumerate(tracker.hosts):
            if "." not in host and host != "localhost":
                message = f"{quoted(host)} stands for every name that ends in it; write it in full"
                yield lines.fault((*path, "hosts", index), "P9", message, "warning")


def _measurement(policy: Policy, lines: Lines) -> Iterator[Fault]:
    exempt = {purpose.key: purpose.exempt for purpose in policy.purposes}
    for number, tracker in enumerate(policy.trackers):
        if exempt.get(tracker.purpose) is not Exemption.AUDIENCE_MEASUREMENT:
            continue
        for index, cookie in enumerate(tracker.cookies):
            if cookie.max_age is not None and _longer(cookie.max_age, 13):
                path: Path = ("trackers", number, "cookies", index, "max_age")
                message = f"{cookie.max_age} is over the 13 months of exempt measurement; "
                yield lines.fault(path, "M7", message + "shorten it, or ask for consent")


def _certified(policy: Policy, lines: Lines) -> Iterator[Fault]:
    for path, text in _texts(policy):
        plain = unicodedata.normalize("NFKD", text).casefold()
        if _CERTIFIED.search("".join(c for c in plain if not unicodedata.combining(c))):
            message = "claims a certification by the CNIL, which gives none; remove the claim"
            yield lines.fault(path, "I11", message)


def _texts(policy: Policy) -> Iterator[tuple[Path, str]]:
    yield ("site", "name"), policy.site.name
    yield ("site", "controller"), policy.site.controller
    for purpose in policy.purposes:
        for field in ("title", "summary", "detail"):
            for language, text in getattr(purpose, field).items():
                yield ("purposes", purpose.key, field, language), text
    for feature in policy.features:
        for language, text in feature.alternative.items():
            yield ("features", feature.key, "alternative", language), text
    for number, tracker in enumerate(policy.trackers):
        yield ("trackers", number, "vendor"), tracker.vendor
