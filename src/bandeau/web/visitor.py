"""Who is asking: from request headers to a standing, and to what the ledger proves of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from starlette.requests import Request

from bandeau.choice.decide import (
    expiry,
    stand,
    stand_ledger_down,
    stand_without_choice,
)
from bandeau.choice.model import Choice, Source, Standing
from bandeau.choice.token import NOTED, Loaded, Sealed, Ticket
from bandeau.enforcement.cookies import value_of
from bandeau.enforcement.rules import items_cookie, receipt_cookie
from bandeau.features.comments.gate import Proof
from bandeau.ledger.record import Record, parse_record, policy_record_id, subject_of
from bandeau.ledger.store import LedgerUnavailable
from bandeau.policy.model import Policy
from bandeau.policy.terms import Terms, parse_terms
from bandeau.policy.words import choose_language
from bandeau.signals.gpc import is_signal
from bandeau.web.context import Site

RawHeaders = Iterable[tuple[bytes, bytes]]
_KEPT_TERMS = 1_000
_KEPT_CHOICES = 4_096
_KEPT_JARS = 1_024
_KEPT_JAR_BYTES = 4_096


class Sent(NamedTuple):
    """What of a request's headers concerns consent."""

    cookie: bytes
    signal: bool
    languages: tuple[str, ...]

    @classmethod
    def of(cls, headers: RawHeaders) -> Sent:
        """Read from raw headers, names in lower case; several ``Cookie`` lines are one jar."""
        cookies, signals, languages = [], [], b""
        for name, value in headers:
            if name == b"cookie":
                cookies.append(value)
            elif name == b"sec-gpc":
                signals.append(value)
            elif name == b"accept-language":
                languages = value
        return cls(b"; ".join(cookies), is_signal(signals), accepted_languages(languages))


@lru_cache(maxsize=512)
def accepted_languages(header: bytes) -> tuple[str, ...]:
    """Tags of an ``Accept-Language`` header, best first; at most ten (RFC 9110, 12.5.4)."""
    weighed = []
    for order, part in enumerate(header[:500].decode("latin-1").split(",")[:10]):
        tag, _, parameter = part.partition(";")
        quality = parameter.strip().removeprefix("q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if tag.strip() and weight > 0:
            weighed.append((-weight, order, tag.strip()))
    return tuple(tag for _, _, tag in sorted(weighed))


def language_of(policy: Policy, request: Request) -> str:
    """The language of a page of ours: asked for by ``?lang=``, else the browser's."""
    sent = Sent.of(request.scope["headers"])
    return choose_language(policy, request.query_params.get("lang"), sent.languages)


class _Told(NamedTuple):
    """What a ``Cookie`` header tells of consent, whatever the ledger says and the clock.

    ``ends`` is when the choice cookie does, in Unix seconds; ``noted`` that it only closed an
    information bar.
    """

    sealed: Sealed | None
    ends: int
    noted: bool
    loaded: Loaded | None


class Visitors:
    """Reads visitors of one site. Anything unreadable means undecided, and that means denied."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._terms: dict[str, Terms] = {site.terms_digest: site.terms}
        self._unseal = lru_cache(_KEPT_CHOICES)(self._unsealed)
        self._read = lru_cache(_KEPT_JARS)(self._told)
        self._items_cookie = items_cookie(site.policy)
        self._stood: dict[Sealed | bytes, Standing] = {}
        self._undecided = [stand_without_choice(site.policy, signal=on) for on in (False, True)]

    async def standing(self, sent: Sent) -> Standing:
        """What holds for this visitor now (DESIGN section 3).

        A cookie that is forged, doubled, expired, of another site, or whose record was followed
        by a later one means undecided. A ledger that cannot be asked means refused.
        """
        told = self._tells(sent)
        standing = await self._chosen(told, signal=sent.signal)
        if told.loaded is None:
            return standing
        items = await self._held(told.loaded, standing)
        return replace(standing, items=frozenset(items)) if items else standing

    async def loaded(self, sent: Sent, standing: Standing) -> tuple[str, ...]:
        """Digests of the items that the visitor loaded one by one, the latest last.

        They hold as long as the choice that they were made beside, and while the ledger shows
        the record of the last one, which none follows.
        """
        loaded = self._tells(sent).loaded
        return await self._held(loaded, standing) if loaded else ()

    async def _held(self, loaded: Loaded, standing: Standing) -> tuple[str, ...]:
        choice_id = standing.choice.record_id if standing.choice else None
        if standing.source is Source.LEDGER_DOWN or loaded.choice_id != choice_id:
            return ()
        try:
            stored = await self._site.ledger.find(loaded.record_id)
        except LedgerUnavailable:
            return ()
        held = stored is not None and not (stored.superseded or stored.erased)
        return loaded.digests if held else ()

    async def _chosen(self, told: _Told, *, signal: bool) -> Standing:
        undecided = self._undecided[signal]
        if not undecided.answers:
            return Standing({}, frozenset(), Source.CHOICE) if told.noted else undecided
        sealed = told.sealed
        if sealed is None or self._site.now() >= told.ends:
            return undecided
        try:
            stored = await self._site.ledger.find(sealed.record_id)
            if stored is None or stored.superseded or stored.erased:
                return undecided
            return await self._standing_of(sealed) or undecided
        except LedgerUnavailable:
            return stand_ledger_down(self._site.policy)

    async def _standing_of(self, sealed: Sealed) -> Standing | None:
        """What stands of a choice under today's terms: the same for as long as this runs."""
        known = self._stood.get(sealed)
        if known is not None:
            return known
        agreed = await self._agreed(sealed.terms)
        choice = sealed.open(agreed.keys) if agreed else None
        if agreed is None or choice is None:
            return None
        return self._remembered(sealed, stand(self._site.terms, choice, agreed))

    def _remembered(self, told: Sealed | bytes, standing: Standing) -> Standing:
        if len(self._stood) >= _KEPT_CHOICES:
            self._stood.clear()
        self._stood[told] = standing
        return standing

    def ticket(self, sent: Sent) -> Ticket | None:
        """Who this terminal is to the ledger; only requests under ``/.bandeau/`` can tell."""
        value = value_of(sent.cookie, receipt_cookie(self._site.policy))
        return self._site.seal.read_receipt(value) if value else None

    async def proof(self, sent: Sent) -> Proof:
        """What the ledger's latest record says, reconciled with the signed choice (rule F2)."""
        standing = await self.standing(sent)
        ticket, choice = self.ticket(sent), standing.choice
        if choice is None or ticket is None:
            return Proof(standing, None, current=False)
        try:
            subject = subject_of(self._site.subject_key, ticket.visitor)
            proven = await self._proven(subject, choice)
        except LedgerUnavailable:
            return Proof(stand_ledger_down(self._site.policy), None, current=False)
        if proven is None:
            return Proof(standing, None, current=False)
        return Proof(proven, choice.record_id, current=True, subject=subject)

    async def _proven(self, subject: str, choice: Choice) -> Standing | None:
        """What stands by the record itself, if it is the latest of this very terminal."""
        latest = next(iter(await self._site.ledger.history(subject)), None)
        if latest is None or latest.id != choice.record_id or latest.body is None:
            return None
        if latest.superseded:
            return None
        known = self._stood.get(latest.body)
        if known is not None:
            return known
        standing = await self.recorded(parse_record(latest.body))
        return self._remembered(latest.body, standing) if standing else None

    async def recorded(self, record: Record) -> Standing | None:
        """What stands of a recorded choice under today's terms.

        Raises :class:`LedgerUnavailable`.
        """
        agreed = await self._agreed(record.policy)
        choice = Choice(record.policy, record.purposes, record.id, record.time // 1000)
        return stand(self._site.terms, choice, agreed) if agreed else None

    def _tells(self, sent: Sent) -> _Told:
        """A page and its parts send the same header many times."""
        header = sent.cookie
        return (self._read if len(header) <= _KEPT_JAR_BYTES else self._told)(header)

    def _told(self, header: bytes) -> _Told:
        value = value_of(header, self._site.policy.choice.cookie)
        sealed, ends = self._unseal(value) if value else (None, 0)
        items = value_of(header, self._items_cookie)
        loaded = self._site.seal.read_items(items) if items else None
        return _Told(sealed, ends, value == NOTED, loaded)

    def _unsealed(self, value: str) -> tuple[Sealed | None, int]:
        """A choice cookie read, and when it ends in Unix seconds."""
        sealed = self._site.seal.read_choice(value)
        ends = expiry(sealed.made_at, self._site.policy.choice.lifetime) if sealed else 0
        return sealed, ends

    async def _agreed(self, digest: str) -> Terms | None:
        """The terms called ``digest``: today's, or those that the ledger keeps."""
        known = self._terms.get(digest)
        if known is not None:
            return known
        stored = await self._site.ledger.find(policy_record_id(digest))
        if stored is None or stored.body is None:
            return None
        terms = parse_terms(parse_record(stored.body).terms.encode())
        if len(self._terms) < _KEPT_TERMS:
            self._terms[digest] = terms
        return terms
