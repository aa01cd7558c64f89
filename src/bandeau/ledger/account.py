"""What a record means to other formats of consent records: with the policy that it was made under.

The mappings themselves are :mod:`bandeau.ledger.iso27560` and :mod:`bandeau.ledger.kantara`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bandeau.ledger.record import Kind, Record
from bandeau.policy.model import Policy, Tracker
from bandeau.policy.words import Words, purpose_text

_LAST_SECOND = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Declared:
    """What those formats ask and no policy file says. Countries are ISO 3166-1 codes of 2 letters.

    ``key`` is the log's public key.
    """

    jurisdiction: str
    stored_in: str
    email: str = ""
    phone: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One purpose of a record: what it was called, of which data, whose trackers, the answer."""

    key: str
    title: str
    summary: str
    data: tuple[str, ...]
    trackers: tuple[Tracker, ...]
    granted: bool
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Account:
    """A choice or item with the policy of its time; ``policy`` is ``None`` where none was kept."""

    record: Record
    policy: Policy | None
    words: Words
    declared: Declared

    @property
    def lang(self) -> str:
        """The language in which purposes are named."""
        return self.record.lang if self.record.lang in self.words.languages else "en"

    @property
    def origin(self) -> str:
        """The address of the site."""
        return f"https://{self.record.site}"

    @property
    def panel(self) -> str:
        """Where consent is withdrawn."""
        return f"{self.origin}/.bandeau/panel"

    @property
    def privacy_policy(self) -> str:
        """The address of the publisher's privacy policy; else Bandeau's own page."""
        told = self.policy.site.privacy_policy if self.policy else "/.bandeau/privacy"
        return self.origin + told if told.startswith("/") else told

    @property
    def controller(self) -> str:
        """Name and address of the controller, as the policy file has them in one text."""
        return self.policy.site.controller if self.policy else self.record.site

    @property
    def service(self) -> str:
        """The name of the site."""
        return self.policy.site.name if self.policy else self.record.site

    def asked(self) -> Iterator[Asked]:
        """The purposes of the record, in its order."""
        record = self.record
        item = record.kind is Kind.ITEM
        for key, granted in ({record.purpose: True} if item else record.purposes).items():
            yield self._purpose(key, granted)

    def _purpose(self, key: str, granted: bool) -> Asked:
        policy, item = self.policy, self.record.kind is Kind.ITEM
        known = policy is not None and any(each.key == key for each in policy.purposes)
        if policy is None or not known:
            return Asked(key, key, "", (), (), granted, key in self.record.withdrawn)
        trackers = policy.trackers_of(key)
        return Asked(
            key=key,
            title=purpose_text(policy, self.words, key, "title", self.lang),
            summary=purpose_text(policy, self.words, key, "summary", self.lang),
            data=tuple(kind.value for kind in policy.purpose(key).data),
            trackers=tuple(t for t in trackers if not item or t.vendor == self.record.vendor),
            granted=granted,
            withdrawn=key in self.record.withdrawn,
        )


def moment(seconds: float) -> str:
    """A Unix time as ISO 8601 in UTC, to the second; the last one of year 9999 for any later."""
    return f"{datetime.fromtimestamp(min(seconds // 1, _LAST_SECOND), UTC):%Y-%m-%dT%H:%M:%SZ}"
