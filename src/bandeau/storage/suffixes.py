"""The public suffix list, as it comes with its package; nothing is fetched."""

from __future__ import annotations

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

_REMEMBERED = 4_096


@cache
def public_suffixes() -> Suffixes:
    """The list, read once."""
    return Suffixes(PublicSuffixList())


class Suffixes:
    """Which domain above a host somebody registered."""

    def __init__(self, suffixes: PublicSuffixList) -> None:
        self._suffixes = suffixes
        self.registrable = lru_cache(_REMEMBERED)(self._registrable)

    def _registrable(self, host: str) -> str | None:
        """``tracker.example`` for ``x.tracker.example``; ``None`` for a suffix or an IP address.

        What ends in a number is an IPv4 address (URL Standard, 3.5).
        """
        if ":" in host or host.rpartition(".")[2].isdigit():
            return None
        return self._suffixes.privatesuffix(host)
