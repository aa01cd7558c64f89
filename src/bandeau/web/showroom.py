"""What every visitor of a site is shown, language by language, as it is kept in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bandeau.choice.model import Answer, Source, Standing
from bandeau.ledger import publication as part
from bandeau.ledger.draft import Draft
from bandeau.ledger.publication import Edition, Shown, publications
from bandeau.ledger.record import TOLD_CHARACTERS
from bandeau.ledger.store import LedgerStore
from bandeau.policy.model import Policy
from bandeau.policy.terms import canonical, digest, terms_of
from bandeau.policy.words import Words
from bandeau.web.notice import Notice
from bandeau.web.pages import Pages
from bandeau.web.placeholder import LAYOUT as PLACEHOLDER
from bandeau.web.placeholder import Placeholder

LAYOUT = "bar"


@dataclass(frozen=True, slots=True)
class Showroom:
    """The notice, the pages and the placeholders of one policy.

    ``source`` are the bytes of the policy file, ``terms_digest`` the name of its terms.
    """

    policy: Policy
    terms_digest: str
    source: bytes
    notice: Notice
    pages: Pages
    placeholder: Placeholder

    @classmethod
    def of(cls, policy: Policy, source: bytes, words: Words) -> Showroom:
        """The showroom of the policy file ``source``, which reads ``policy``."""
        notice = Notice(policy, words)
        digested = digest(terms_of(policy))
        pages, placeholder = Pages(policy, notice), Placeholder(policy, words)
        return cls(policy, digested, source, notice, pages, placeholder)

    def terms_draft(self, time: int) -> Draft:
        """The terms that choices of today refer to; ``time`` is in Unix milliseconds (rule L5)."""
        return Draft.policy(
            site=self.policy.site.hosts[0],
            time=time,
            digest=self.terms_digest,
            terms=canonical(terms_of(self.policy)),
        )

    def shown(self, lang: str) -> Shown:
        """The version that a choice made in ``lang`` names."""
        return Shown(self.terms_digest, self.notice.version(lang), lang, LAYOUT)

    async def seen(self, ledger: LedgerStore, lang: str, told: str | None) -> Shown | None:
        """The version that a visitor had before them: the one that the page has ``told``.

        A page may be older than this process: then it must have been published under today's
        terms, or nobody knows what was agreed to, and there is ``None``. Who tells nothing is taken
        to have seen today's. Raises ``LedgerUnavailable``.
        """
        today = self.shown(lang)
        if not told or told == today.notice[:TOLD_CHARACTERS]:
            return today
        if len(told) != TOLD_CHARACTERS:
            return None
        former = replace(today, notice=told)
        async for publication in publications(ledger, former):
            return Shown.by(publication.record)
        return None

    def editions(self) -> Iterator[Edition]:
        """What is kept before the first choice: all languages (rules L2, L3, L5)."""
        for lang in self.policy.site.languages:
            yield Edition(
                self.shown(lang),
                {
                    part.POLICY: self.source,
                    part.NOTICE: self.notice.shown(lang),
                    part.PANEL: self.panel(lang),
                    part.PRIVACY: self.pages.privacy_page(self._undecided, lang),
                },
            )
            version = self.placeholder.version(lang)
            yield Edition(
                Shown(self.terms_digest, version, lang, PLACEHOLDER),
                {part.POLICY: self.source, part.PLACEHOLDER: self.placeholder.shown(lang)},
            )

    def panel(self, lang: str) -> bytes:
        """The panel as a page, for who has decided nothing yet."""
        return self.pages.panel_page(self._undecided, lang, "/")

    def first_visit(self, lang: str) -> bytes:
        """A page without content of its own, as a first visitor sees it in ``lang``."""
        return self.pages.empty_page(self._undecided, lang)

    @property
    def _undecided(self) -> Standing:
        answers = {purpose.key: Answer.UNDECIDED for purpose in self.policy.consent_purposes}
        return Standing(answers, frozenset(), Source.NONE)
