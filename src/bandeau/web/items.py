"""One embedded item, loaded for one visitor: a consent of its own, beside the choice (rule R4)."""

from __future__ import annotations

from dataclasses import dataclass

from bandeau import limits
from bandeau.choice.model import Standing
from bandeau.choice.token import VISITOR_BYTES, Loaded, Ticket
from bandeau.enforcement.embeds import item_digest
from bandeau.enforcement.rules import items_cookie, receipt_cookie
from bandeau.enforcement.urls import Reach, target_of
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import (
    MECHANISMS,
    RecordError,
    item_hash,
    items_subject_of,
    uuid7,
)
from bandeau.ledger.store import LedgerUnavailable
from bandeau.policy.model import Tracker
from bandeau.web.context import Site
from bandeau.web.inbound import InboundError
from bandeau.web.placeholder import LAYOUT, Placeholder
from bandeau.web.visitor import Sent, Visitors


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item that a visitor asks for: its URL as the page has it, and how it was asked for."""

    url: str
    purpose: str
    lang: str
    mechanism: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The receipt of an item, and the cookies that open it until the browser is closed."""

    receipt: Receipt
    cookies: tuple[bytes, ...]


class Items:
    """Records that items are loaded. The visitor's choice stays as it is."""

    def __init__(self, site: Site, visitors: Visitors, placeholder: Placeholder) -> None:
        self._site = site
        self._visitors = visitors
        self._placeholder = placeholder

    async def take(self, wanted: Wanted, sent: Sent, standing: Standing, *, secure: bool) -> Taken:
        """Durable in the ledger first, then opened.

        Raises :class:`InboundError`: 400 for what nobody was told of, or what needs no consent;
        503 where the ledger is down.
        """
        site = self._site
        tracker, host = self._tracker(wanted)
        former = await self._visitors.loaded(sent, standing)
        ticket = self._visitors.ticket(sent)
        visitor = ticket.visitor if ticket else site.random(VISITOR_BYTES)
        try:
            draft = self._draft(wanted, tracker, host, sent, visitor)
            receipt = await site.ledger.append(draft)
        except RecordError as error:
            raise InboundError(400, "bad_request", f"not an item: {error}") from error
        except LedgerUnavailable as error:
            raise InboundError(503, "unavailable", "the ledger cannot record an item") from error
        digest = item_digest(tracker.vendor, tracker.purpose, wanted.url)
        digests = (*(known for known in former if known != digest), digest)[-limits.ITEMS :]
        loaded = Loaded(draft.id, standing.choice.record_id if standing.choice else None, digests)
        ours = [(items_cookie(site.policy), site.seal.write_items(loaded), "/")]
        if ticket is None:
            receipts = site.seal.write_receipt(Ticket(visitor, draft.id))
            ours.append((receipt_cookie(site.policy), receipts, "/.bandeau/"))
        return Taken(receipt, tuple(_until_closed(*cookie, secure) for cookie in ours))

    def _tracker(self, wanted: Wanted) -> tuple[Tracker, str]:
        """Who is contacted for the item, and at which host."""
        target = target_of(wanted.url)
        readable = target.reach is Reach.HOST and target.url.startswith(("https:", "http:"))
        if not readable or len(wanted.url) > limits.ITEM_URL_CHARACTERS:
            raise InboundError(400, "bad_request", "item must be the URL of an embed")
        tracker = self._site.rules.matcher.host(target.host)
        if tracker is None or self._site.rules.matcher.owns(target.host):
            raise InboundError(400, "bad_request", f"no tracker declares {target.host[:200]}")
        if self._site.policy.purpose(tracker.purpose).exempt is not None:
            raise InboundError(400, "bad_request", f"{target.host[:200]} needs no consent")
        if tracker.purpose != wanted.purpose:
            raise InboundError(400, "bad_request", f"purpose must be {tracker.purpose}")
        return tracker, target.host

    def _draft(
        self, wanted: Wanted, tracker: Tracker, host: str, sent: Sent, visitor: bytes
    ) -> Draft:
        site = self._site
        now = int(site.now() * 1000)
        return Draft.item(
            id=uuid7(now, site.random(10)),
            site=site.policy.site.hosts[0],
            subject=items_subject_of(site.subject_key, visitor),
            time=now,
            mechanism=wanted.mechanism if wanted.mechanism in MECHANISMS else "api",
            purpose=tracker.purpose,
            vendor=tracker.vendor,
            host=host,
            item=item_hash(wanted.url),
            policy=site.terms_digest,
            notice=self._placeholder.version(wanted.lang),
            lang=wanted.lang,
            layout=LAYOUT,
            gpc=sent.signal,
        )


def _until_closed(name: str, value: str, path: str, secure: bool) -> bytes:
    line = f"{name}={value}; Path={path}; HttpOnly; SameSite=Lax"
    return (line + "; Secure" if secure else line).encode()
