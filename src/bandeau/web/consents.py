"""Whether what a consent once allowed is still allowed, asked of the ledger by the record's id."""

from __future__ import annotations

from bandeau import limits
from bandeau.features.comments.gate import Locked, Open, Reason, judge
from bandeau.features.comments.readers import unbroken
from bandeau.ledger.record import parse_record
from bandeau.policy.model import Policy
from bandeau.web.context import Site
from bandeau.web.inbound import InboundError
from bandeau.web.visitor import Sent, Visitors


async def granted(visitors: Visitors, policy: Policy, sent: Sent) -> Open:
    """The ledger's word that a visitor may write comments now (rule F2).

    Raises :class:`InboundError`: 403, with the reason.
    """
    verdict = judge(await visitors.proof(sent), policy)
    if isinstance(verdict, Locked):
        down = verdict.reason is Reason.LEDGER_DOWN
        key = "comments_unavailable" if down else "comments_locked"
        raise InboundError(403, key, verdict.reason.value)
    return verdict


class Consents:
    """The consents of one site to one ``purpose``."""

    def __init__(self, site: Site, visitors: Visitors, purpose: str) -> None:
        self._site = site
        self._visitors = visitors
        self._purpose = purpose

    async def hold(self, receipt: str) -> bool:
        """Whether the consent of this record stands today, and was never interrupted since.

        Raises :class:`LedgerUnavailable`.
        """
        stored = await self._site.ledger.find(receipt)
        if stored is None or stored.body is None:
            return False
        subject = parse_record(stored.body).subject
        held = await self._site.ledger.history(subject, limits.COMMENT_RECORDS)
        if not unbroken(held, receipt, self._purpose) or held[0].body is None:
            return False
        latest = parse_record(held[0].body)
        standing = await self._visitors.recorded(latest)
        granted = standing is not None and standing.grants(self._purpose)
        return granted and self._site.now() < latest.expires

    async def follow(self, subject: str, receipt: str) -> bool:
        """Whether this consent of ``subject``, which consents now, was never interrupted since.

        Raises :class:`LedgerUnavailable`.
        """
        held = await self._site.ledger.history(subject, limits.COMMENT_RECORDS)
        return unbroken(held, receipt, self._purpose)
