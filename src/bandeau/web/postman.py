"""Sends letters in the background, and writes those about replies.

At least once: a letter is claimed for a while before it is sent, so whatever dies in between, it
is sent again, under the same Message-ID. What a consent no longer allows is dropped unsent.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import aiosmtplib

from bandeau import limits
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.gate import FEATURE
from bandeau.features.comments.letters import (
    NONCE_BYTES,
    Content,
    Kind,
    Letter,
    LetterStore,
    News,
    Watch,
    due_after,
    parse_address,
    proof_of,
    seal,
    unseal,
)
from bandeau.features.comments.reports import Outcome, Report
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.retention import Rest
from bandeau.ledger.store import LedgerUnavailable
from bandeau.settings import Encryption, MailServer
from bandeau.web.consents import Consents
from bandeau.web.context import Site
from bandeau.web.letter_text import written
from bandeau.web.statements import outcome
from bandeau.web.statements import written as statement

REPORT = "/.bandeau/comments/report"
MINE = "/.bandeau/comments/mine"
STOP = "/.bandeau/comments/replies/stop"
_REFUSED = range(500, 600)
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class _Ready:
    """A letter that is still allowed, and what it says."""

    letter: Letter
    content: Content


class Postman:
    """The letters of one site; without ``server`` none is sent. ``fraction`` gives 0 to 1."""

    def __init__(
        self,
        site: Site,
        letters: LetterStore,
        consents: Consents,
        server: MailServer | None,
        fraction: Callable[[], float],
    ) -> None:
        self._site = site
        self._letters = letters
        self._consents = consents
        self._server = server
        self._fraction = fraction

    async def run(self) -> None:
        """Go on for ever. A store that fails is asked again the next time."""
        while self._server is not None:
            with contextlib.suppress(LedgerUnavailable, CommentsUnavailable):
                await self.write()
                await self.send(self._server)
            await asyncio.sleep(limits.MAIL_SECONDS)

    async def write(self) -> None:
        """Write to who wants to know of replies that were published, or of what was decided.

        Raises :class:`LedgerUnavailable` and :class:`CommentsUnavailable`.
        """
        for news in await self._letters.news(limits.MAIL_AT_ONCE):
            made = [self._about(each) for each in await self._letters.of(news)]
            concerned = await self._letters.concerned(news)
            if concerned:
                told = concerned.decision
                made += [self._stating(told, each) for each in concerned.watches]
                noticed = [self._noticing(told, each) for each in concerned.filed]
                made += [each for each in noticed if each]
            await self._letters.tell(news, made, self._now())

    async def send(self, server: MailServer) -> None:
        """Try what is due at ``server``, each once. Raises the same."""
        now = self._now()
        until = now + limits.MAIL_CLAIM_SECONDS
        claimed = await self._letters.claim(now, until, limits.MAIL_AT_ONCE)
        ready = [each async for each in self._allowed(claimed)]
        if not ready:
            return
        done: set[str] = set()
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, ValueError, TimeoutError):
            async with asyncio.timeout(limits.MAIL_BATCH_SECONDS), _connected(server) as smtp:
                for each in ready:
                    if await self._handed_over(smtp, server.sender, each):
                        done.add(each.letter.id)
        await self._again([each.letter for each in ready if each.letter.id not in done])
        await self._letters.drop(done)

    async def tidy(self, rest: Rest) -> None:
        """Erase what nobody confirmed, and every address whose consent ended by itself.

        Raises :class:`LedgerUnavailable` and :class:`CommentsUnavailable`.
        """
        now, after = self._now(), ""
        told = now - limits.NEWS_DAYS * _DAY_SECONDS
        await self._letters.tidy(now - limits.MAIL_LAST_SECONDS, told)
        while found := await self._letters.watches(after, limits.PURGE_STEP):
            after = found[-1].id
            over = [each.id for each in found if not await self._consents.hold(each.receipt)]
            await self._letters.unwatch(over)
            await rest()

    async def _allowed(self, claimed: Sequence[Letter]) -> AsyncIterator[_Ready]:
        """Letters that may still be sent; the others are dropped."""
        for letter in claimed:
            content = unseal(self._site.subject_key, letter.box)
            ended = content is None or letter.ends <= self._now()
            if content is None or ended or not await self._may(letter):
                await self._letters.drop([letter.id])
                if letter.watch and not ended:
                    await self._letters.unwatch([letter.watch])
                continue
            yield _Ready(letter, content)

    async def _may(self, letter: Letter) -> bool:
        """Whether a consent still allows it; what the law asks for needs none."""
        return not letter.receipt or await self._consents.hold(letter.receipt)

    async def _again(self, failed: list[Letter]) -> None:
        for letter in failed:
            due = due_after(letter, self._now(), self._fraction())
            if due is None:
                await self._letters.drop([letter.id])
            else:
                await self._letters.later(letter.id, due)

    async def _handed_over(self, smtp: aiosmtplib.SMTP, sender: str, ready: _Ready) -> bool:
        """Whether nothing is left to do: it was taken, or its address is refused for good."""
        site = self._site.policy.site.name
        message = written(self._site.words, site, sender, ready.letter, ready.content)
        try:
            await smtp.send_message(message, sender=sender, recipients=[ready.content.address])
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = all(each.code in _REFUSED for each in error.recipients)
            if refused and ready.letter.watch:
                await self._letters.unwatch([ready.letter.watch])
            return refused
        except aiosmtplib.SMTPResponseException:
            return False
        return True

    def _about(self, news: News) -> Letter:
        link = f"{news.watch.base}{news.page}#comment-{news.reply}"
        return self._letter(news.reply, news.watch, link, name=news.name)

    def _stating(self, decision: Decision, watch: Watch) -> Letter:
        def say(key: str, **values: object) -> str:
            return self._site.words.say(watch.lang, key, **values)

        link = f"{watch.base}{MINE}?lang={watch.lang}"
        told = statement(say, decision, self._rules(watch.base))
        return self._letter(decision.id, watch, link, told=told)

    def _noticing(self, decision: Decision, report: Report) -> Letter | None:
        """What became of a notice, to its sender; ``None`` where that is no address."""
        address, lang, now = parse_address(report.email), report.lang, self._now()
        if address is None:
            return None

        def say(key: str, **values: object) -> str:
            return self._site.words.say(lang, key, **values)

        kept = report.outcome is Outcome.KEPT  # else there is nothing that the page could be of
        base = f"https://{self._site.policy.site.hosts[0]}"
        content = Content(
            kind=Kind.NOTICE,
            address=address,
            lang=lang,
            base=base,
            link=f"{base}{REPORT}?id={report.comment}&lang={lang}" if kept else "",
            told=outcome(say, report, decision, self._rules(base)),
        )
        box = seal(self._site.subject_key, self._site.random(NONCE_BYTES), content)
        ends = now + limits.MAIL_LAST_SECONDS
        return Letter(f"{decision.id}.{report.id}", "", box, made=now, ends=ends, due=now)

    def _rules(self, base: str) -> str:
        """Where the site's own rules for comments are, empty where the policy does not say."""
        feature = self._site.policy.feature(FEATURE)
        rules = (feature and feature.rules) or ""
        return f"{base}{rules}" if rules.startswith("/") else rules

    def _letter(
        self, about: str, watch: Watch, link: str, *, name: str = "", told: str = ""
    ) -> Letter:
        key, now = self._site.subject_key, self._now()
        known = unseal(key, watch.box)
        proof = proof_of(key, "stop", watch.id)
        content = Content(
            kind=Kind.DECISION if told else Kind.REPLY,
            address=known.address if known else "",
            lang=watch.lang,
            base=watch.base,
            link=link,
            stop=f"{watch.base}{STOP}?id={watch.id}&proof={proof}&lang={watch.lang}",
            name=name,
            told=told,
        )
        return Letter(
            id=f"{about}.{watch.id}",
            receipt=watch.receipt,
            box=seal(key, self._site.random(NONCE_BYTES), content),
            made=now,
            ends=now + limits.MAIL_LAST_SECONDS,
            due=now,
            watch=watch.id,
        )

    def _now(self) -> int:
        return int(self._site.now())


@contextlib.asynccontextmanager
async def _connected(server: MailServer) -> AsyncIterator[aiosmtplib.SMTP]:
    starts = {Encryption.STARTTLS: True, Encryption.WHERE_OFFERED: None}
    smtp = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        timeout=limits.MAIL_SEND_SECONDS,
        use_tls=server.encryption is Encryption.FROM_THE_START,
        start_tls=starts.get(server.encryption, False),
        username=server.user or None,
        password=server.password or None,
    )
    async with smtp:
        yield smtp
