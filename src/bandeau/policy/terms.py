"""What a choice agrees to: the material part of a policy, and its digest.

Rules C4 and C8: a vendor or a purpose added later is not covered by an older choice, while
a change of typography asks nobody again. Terms are kept in the ledger under their digest, so
that a choice can be read against the policy that it was made under.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bandeau.policy.model import Policy, Purpose

DIGEST_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class PurposeTerms:
    """What a visitor was told of one purpose that needs consent."""

    key: str
    data: frozenset[str]
    words: str
    vendors: frozenset[str]

    def rewords(self, told: PurposeTerms) -> bool:
        """Whether a text that was ``told`` reads otherwise here; a language more is no change."""
        before, now = told.texts, self.texts
        return any(before[name] != now[name] for name in before.keys() & now.keys())

    @property
    def texts(self) -> dict[str, str]:
        """The publisher's own words by ``field.language``."""
        return dict(text.partition(":")[::2] for text in self.words.split("|"))


@dataclass(frozen=True, slots=True)
class Terms:
    """The material content of one policy. ``purposes`` are sorted by key."""

    purposes: tuple[PurposeTerms, ...]
    controller: str

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the purposes, in the order that a choice cookie's mask follows."""
        return tuple(purpose.key for purpose in self.purposes)

    def purpose(self, key: str) -> PurposeTerms | None:
        """The terms of one purpose, or ``None``."""
        return next((purpose for purpose in self.purposes if purpose.key == key), None)


def terms_of(policy: Policy) -> Terms:
    """The terms that ``policy`` puts to a visitor."""
    purposes = sorted(policy.consent_purposes, key=lambda purpose: purpose.key)
    return Terms(
        purposes=tuple(
            PurposeTerms(
                key=purpose.key,
                data=frozenset(kind.value for kind in purpose.data),
                words=_words(purpose),
                vendors=frozenset(_letters(t.vendor) for t in policy.trackers_of(purpose.key)),
            )
            for purpose in purposes
        ),
        controller=_letters(policy.site.controller),
    )


def vendor_key(vendor: str) -> str:
    """The form of a vendor's name that terms compare."""
    return _letters(vendor)


def canonical(terms: Terms) -> bytes:
    """The bytes that are hashed and kept: JSON with sorted keys and no spaces."""
    return json.dumps(
        {
            "controller": terms.controller,
            "purposes": [
                {
                    "data": sorted(purpose.data),
                    "key": purpose.key,
                    "vendors": sorted(purpose.vendors),
                    "words": purpose.words,
                }
                for purpose in terms.purposes
            ],
            "v": 1,
        },
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    ).encode()


def digest(terms: Terms) -> str:
    """The short name of ``terms``: 16 hexadecimal digits of SHA-256 over :func:`canonical`."""
    return hashlib.sha256(canonical(terms)).hexdigest()[:DIGEST_CHARACTERS]


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    v: Literal[1]
    controller: str
    purposes: tuple[PurposeTerms, ...]


def parse_terms(data: bytes) -> Terms:
    """The inverse of :func:`canonical`; raises ``ValueError`` on anything else."""
    kept = _Kept.model_validate_json(data)
    terms = Terms(purposes=kept.purposes, controller=kept.controller)
    if list(terms.keys) != sorted(set(terms.keys)) or canonical(terms) != data:
        raise ValueError("not the terms of a policy as they are kept: other bytes, same meaning")
    return terms


def _words(purpose: Purpose) -> str:
    """Words of the publisher's own, per language; built-in texts may be polished freely."""
    parts = []
    for field in ("title", "summary", "detail"):
        texts: Mapping[str, str] = getattr(purpose, field)
        parts += [f"{field}.{lang}:{_letters(text)}" for lang, text in sorted(texts.items())]
    return "|".join(parts)


def _letters(text: str) -> str:
    """Letters, marks and digits only, case-folded: what typography cannot change.

    ``+`` stays, since it tells one vendor from another (Canal, Canal+); so does a text that
    holds nothing else to compare.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(c for c in folded if c == "+" or unicodedata.category(c)[0] in "LMN")
    return unicodedata.normalize("NFKC", kept or folded)
