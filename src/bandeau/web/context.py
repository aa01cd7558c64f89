"""What every endpoint and shell of one site shares, made once at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bandeau.choice.token import Seal
from bandeau.enforcement.rules import Rules
from bandeau.ledger.store import LedgerStore
from bandeau.policy.model import Policy
from bandeau.policy.terms import Terms
from bandeau.policy.words import Words


@dataclass(frozen=True, slots=True)
class Site:
    """One publisher's site as the HTTP edge knows it. ``now`` gives Unix seconds.

    ``shared`` is true where pages may be the same for everyone.
    """

    policy: Policy
    terms: Terms
    terms_digest: str
    words: Words
    rules: Rules
    seal: Seal
    subject_key: bytes
    ledger: LedgerStore
    now: Callable[[], float]
    random: Callable[[int], bytes]
    shared: bool = False
