"""Who is likely behind a host, a cookie or a storage key: guesses for drafts, never verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from bandeau.policy.glob import Globs
from bandeau.policy.match import suffixes
from bandeau.policy.model import CookieName, Host, Key, StorageKey


class Vendor(BaseModel):
    """One vendor of the table. ``purpose`` is a known one, or ``None`` where sites differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    purpose: Key | None = None
    hosts: tuple[Host, ...] = ()
    cookies: tuple[CookieName, ...] = ()
    storage: tuple[StorageKey, ...] = ()


class Vendors:
    """The table, made ready to be asked. The nearest host or the longest pattern answers."""

    def __init__(self, vendors: Iterable[Vendor]) -> None:
        listed = tuple(vendors)
        self._hosts = {host: vendor for vendor in listed for host in vendor.hosts}
        self._cookies = Globs((n, (len(n), v)) for v in listed for n in v.cookies)
        self._storage = Globs((n, (len(n), v)) for v in listed for n in v.storage)

    def host(self, host: str) -> Vendor | None:
        """Whose ``host`` is."""
        return next((self._hosts[s] for s in suffixes(host) if s in self._hosts), None)

    def cookie(self, name: str) -> Vendor | None:
        """Who sets a cookie of this name, or of this pattern, on other people's sites."""
        return _longest(self._cookies, name)

    def storage(self, key: str) -> Vendor | None:
        """The same for a storage key."""
        return _longest(self._storage, key)


def _longest(patterns: Globs[tuple[int, Vendor]], name: str) -> Vendor | None:
    found = patterns.all(name)
    return max(found, key=lambda each: each[0])[1] if found else None
