"""Drafts, keys and numbers that ledger tests share; ids and salts come from counters."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from bandeau.ledger.checkpoint import Signer
from bandeau.ledger.draft import Draft
from bandeau.ledger.record import artefact_hash, item_hash, items_subject_of, subject_of, uuid7

ORIGIN = "www.quotidien.test/log"
SEED = bytes(range(32))
NOW = 1_800_000_000_000
TERMS = "0123456789abcdef"


def signer() -> Signer:
    """The key of the tests' log."""
    return Signer(ORIGIN, SEED)


def counting() -> Callable[[int], bytes]:
    """Bytes that never repeat, nor does a salt's length of them; the same in each run."""
    numbers = itertools.count(1)

    def random(size: int) -> bytes:
        return b"".join(next(numbers).to_bytes(min(32, size - at)) for at in range(0, size, 32))

    return random


def subject(name: str) -> str:
    """The pseudonym of a visitor."""
    return subject_of(b"key", name.encode())


def record_id(number: int) -> str:
    """The id of the ``number``-th draft."""
    return uuid7(NOW + number, number.to_bytes(10))


def choice(number: int, visitor: str = "", *, social: bool = True) -> Draft:
    """One choice; each ``number`` has its own id, and its own visitor unless one is named."""
    return Draft.choice(
        id=record_id(number),
        site="www.quotidien.test",
        subject=subject(visitor or f"visitor {number}"),
        time=NOW + number,
        action="save",
        mechanism="panel",
        purposes={"social": social, "advertising": False},
        policy=TERMS,
        notice="a" * 64,
        lang="fr",
        layout="bar",
        gpc=False,
        expires=NOW // 1000 + 15_000_000,
    )


def item(number: int, visitor: str) -> Draft:
    """One item that a visitor loaded."""
    return Draft.item(
        id=record_id(number),
        site="www.quotidien.test",
        subject=items_subject_of(b"key", visitor.encode()),
        time=NOW + number,
        mechanism="placeholder",
        purpose="social",
        vendor="Télégramme",
        host="t.me",
        item=item_hash(f"https://t.me/a/{number}?embed=1"),
        policy=TERMS,
        notice="a" * 64,
        lang="fr",
        layout="placeholder",
        gpc=False,
    )


def erasure(number: int, erases: str) -> Draft:
    """The erasure of one choice."""
    return Draft.erasure(
        id=record_id(number), site="www.quotidien.test", time=NOW + number, erases=erases
    )


def terms() -> Draft:
    """The terms that every choice here refers to."""
    return Draft.policy(site="www.quotidien.test", time=NOW, digest=TERMS, terms=b'{"v":1}')


def notice(html: bytes = b"<p>Notice</p>", number: int = 0) -> Draft:
    """What visitors were shown, with the policy file; the ``number``-th publication of it."""
    return Draft.notice(
        site="www.quotidien.test",
        time=NOW,
        artefacts={"notice.html": html, "policy.toml": b"[site]"},
        number=number,
        policy=TERMS,
        notice="a" * 64,
        lang="fr",
        layout="bar",
    )


def audit(report: bytes = b"{}") -> Draft:
    """An audit of the site, with its report."""
    digest = artefact_hash(report)
    files = {"report.json": report, "report.note": b"a note"}
    return Draft.audit(site="www.quotidien.test", time=NOW, report=digest, artefacts=files)
