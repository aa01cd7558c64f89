"""Texts for visitors: one file per language, looked up by dotted keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bandeau.policy.model import Policy

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


@dataclass(frozen=True, slots=True)
class Words:
    """The built-in texts: ``languages[lang]["notice.title"]``. Every language holds every key."""

    languages: Mapping[str, Mapping[str, str]]

    def say(self, lang: str, key: str, **values: object) -> str:
        """The text ``key`` in ``lang`` with ``{values}`` filled in; raises ``KeyError``."""
        text = self.languages[lang][key]
        return text.format(**values) if values else text

    def has(self, lang: str, key: str) -> bool:
        """Whether ``lang`` has a text ``key``."""
        return key in self.languages.get(lang, {})


def flatten(tree: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """A language file's nested tables as one mapping with dotted keys."""
    flat: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = str(value)
    return flat


def direction(lang: str) -> str:
    """``rtl`` or ``ltr``."""
    return "rtl" if lang.split("-", 1)[0] in RIGHT_TO_LEFT else "ltr"


def purpose_text(policy: Policy, words: Words, key: str, field: str, lang: str) -> str:
    """``title``, ``summary`` or ``detail`` of a purpose: the publisher's own words, else built-in.

    Falls back to another language of the site, then to English, and at last to the key, so that
    a purpose is never without a name; ``bandeau check`` reports each such gap (rule I1).
    """
    own: Mapping[str, str] = getattr(policy.purpose(key), field)
    if lang in own:
        return own[lang]
    if words.has(lang, f"purposes.{key}.{field}"):
        return words.say(lang, f"purposes.{key}.{field}")
    for other in policy.site.languages:
        if other in own:
            return own[other]
    if words.has("en", f"purposes.{key}.{field}"):
        return words.say("en", f"purposes.{key}.{field}")
    return key if field == "title" else ""


def choose_language(policy: Policy, page: str | None, accepted: Iterable[str]) -> str:
    """The language for a visitor: the page's, then the browser's in order, then the site's first.

    ``page`` is the document's ``lang``; ``accepted`` are ``Accept-Language`` tags, best first.
    """
    for tag in (page or "", *accepted):
        base = tag.strip().lower().split("-", 1)[0]
        if base and base in policy.site.languages:
            return base
    return policy.site.languages[0]
