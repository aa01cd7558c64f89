"""What browsers offer to profile a visitor by themselves, off while anything is denied (rule P1).

Nobody can say whose these are, as no host stands in them: they wait until nothing is denied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from bandeau.enforcement.fields import joined, members

Headers = list[tuple[bytes, bytes]]

POLICY = b"permissions-policy"
PREFETCH = b"x-dns-prefetch-control"
FEATURES = (
    b"attribution-reporting",
    b"browsing-topics",
    b"interest-cohort",
    b"join-ad-interest-group",
    b"private-aggregation",
    b"run-ad-auction",
    b"shared-storage",
)
"""Features of the Permissions-Policy that are switched off."""
OFF = b", ".join(name + b"=()" for name in FEATURES)
"""The Permissions-Policy that does so."""

ASKED = frozenset(
    {b"sec-browsing-topics", b"sec-ad-auction-fetch", b"sec-shared-storage-writable"}
    | {b"attribution-reporting-eligible", b"attribution-reporting-support"}
)
"""Request headers that serve such a feature."""
_PROFILING = (
    b"ad-auction-",
    b"attribution-reporting-",
    b"observe-browsing-topics",
    b"set-login",
    b"shared-storage-",
    b"x-allow-fledge",
    b"x-allow-protected-audience",
)
_KEPT = 256
_MEMBER = re.compile(
    rb"[a-z*][a-z0-9_.*-]*(?:=(?:\*|self|\?[01]|\"[^\"]*\"|\((?:[^()\"]|\"[^\"]*\")*\)))?(?:;[^,]*)?"
)


@lru_cache(_KEPT)
def profiles(name: bytes) -> bool:
    """Whether the response header ``name`` serves such a feature."""
    return name.startswith(_PROFILING)


def switched_off(headers: Sequence[tuple[bytes, bytes]]) -> Headers:
    """The headers of a document, with these features and the look-up of linked hosts off.

    The site's own policy stays beside ours. Browsers read all lines as one field and drop all of
    it for one fault, so a faulty one of the site must not be there.
    """
    kept = [(name, value) for name, value in headers if name not in (POLICY, PREFETCH)]
    return [*kept, (POLICY, _without_features(joined(headers, POLICY))), (PREFETCH, b"off")]


@lru_cache(_KEPT)
def _without_features(value: bytes) -> bytes:
    return b", ".join([*_stated(value), OFF])


def _stated(value: bytes) -> list[bytes]:
    stated = members(value)
    if not all(_MEMBER.fullmatch(member) for member in stated):
        return []
    return [member for member in stated if _feature(member) not in FEATURES]


def _feature(member: bytes) -> bytes:
    return re.split(rb"[=;]", member, maxsplit=1)[0]
