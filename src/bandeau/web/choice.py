"""``/.bandeau/choice``: what holds now, and how a visitor decides (DESIGN section 6)."""

from __future__ import annotations

import hmac
from asyncio import Lock, gather, to_thread
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from bandeau import limits
from bandeau.choice.decide import Action, UnknownPurposeError, decide, expiry, stand
from bandeau.choice.model import Answer, Choice, Standing
from bandeau.choice.token import NOTED, VISITOR_BYTES, Ticket, choice_mask
from bandeau.enforcement.rules import hint_cookie, items_cookie, receipt_cookie
from bandeau.features.comments.gate import FEATURE, Proof
from bandeau.ledger.draft import Draft
from bandeau.ledger.publication import Shown, publish
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import (
    LOAD,
    MECHANISMS,
    Kind,
    parse_record,
    subject_of,
    uuid7,
    uuid7_time,
)
from bandeau.ledger.store import LedgerRefused, LedgerUnavailable
from bandeau.policy.words import choose_language
from bandeau.web.context import Site
from bandeau.web.inbound import (
    JSON,
    Fields,
    InboundError,
    body_kind,
    posted,
    return_path,
)
from bandeau.web.items import Items, Wanted
from bandeau.web.sessions import session_cookie, token_of
from bandeau.web.showroom import Showroom
from bandeau.web.sweep import endings, onward
from bandeau.web.visitor import Sent, Visitors

BASE = "/.bandeau/"


@dataclass(frozen=True, slots=True)
class Decided:
    """A choice that the ledger holds, and what goes back to the terminal for it."""

    standing: Standing
    receipt: Receipt
    cookies: tuple[bytes, ...]
    proven: bool = True


def state(site: Site, standing: Standing, *, proven: bool) -> dict[str, object]:
    """The JSON state of DESIGN section 6. Features open only where the ledger proves the choice."""
    return {
        "decided": standing.decided,
        "purposes": {key: standing.grants(key) for key in standing.answers},
        "band": standing.band.value,
        "features": {
            feature.key: "open" if proven and standing.grants(feature.purpose) else "locked"
            for feature in site.policy.features
        },
    }


class ChoiceDesk:
    """Answers GET and POST of ``/.bandeau/choice`` for one site."""

    def __init__(
        self,
        site: Site,
        visitors: Visitors,
        showroom: Showroom,
        items: Items,
        withdrawn: Callable[[str, Collection[str]], Awaitable[None]] | None = None,
    ) -> None:
        """``withdrawn`` is told of a subject and of what it takes back, once that is recorded."""
        self._withdrawn = withdrawn
        self._items = items
        self._site = site
        self._visitors = visitors
        self._showroom = showroom
        self._published = False
        self._publishing = Lock()

    async def show(self, request: Request) -> Response:
        """The state as JSON."""
        proof = await self._visitors.proof(Sent.of(request.scope["headers"]))
        answer = JSONResponse(state(self._site, proof.standing, proven=proof.current))
        if self._site.shared:
            self._hint(request, answer, proof.standing)
        return _uncached(answer)

    def _hint(self, request: Request, answer: Response, standing: Standing) -> None:
        """Put right what a shared page believes of this terminal's choice."""
        name, choice = hint_cookie(self._site.policy), standing.choice
        said = choice_mask(choice) if choice and standing.decided else ""
        if request.cookies.get(name, "") == said:
            return
        age = _age(self._site, choice) if choice and said else 0
        line = _cookie(name, said, "/", age, request.url.scheme == "https", script=True)
        answer.raw_headers.append((b"set-cookie", line))

    async def choose(self, request: Request) -> Response:
        """Decide: durable in the ledger first, then answered (DESIGN section 3).

        Raises :class:`InboundError` with 400, 403, 408, 413, 415, or 503 where the ledger is down.
        """
        fields = await posted(request, limits.CHOICE_BODY_BYTES)
        if _one(fields, "action") == "dismiss":
            return self._note(request, fields)
        loads = _one(fields, "action") == LOAD
        decided = await (self._load if loads else self._decide)(request, fields)
        if body_kind(request) == JSON:
            shown = state(self._site, decided.standing, proven=decided.proven)
            answer: Response = JSONResponse({"choice": shown, "receipt": decided.receipt.as_json()})
        else:
            back, lang = return_path(_last(fields, "return")), _last(fields, "lang") or ""
            if not loads:
                back = onward(self._site, decided.standing, request, back, lang)
            answer = RedirectResponse(back, status_code=303)
        for line in decided.cookies:
            answer.raw_headers.append((b"set-cookie", line))
        return _uncached(answer)

    async def _decide(self, request: Request, fields: Fields) -> Decided:
        site = self._site
        sent = Sent.of(request.scope["headers"])
        await self._publish()
        proof = await self._visitors.proof(sent)
        answers = self._answers(fields, proof)
        ticket = self._visitors.ticket(sent)
        visitor = ticket.visitor if ticket else self._new_visitor(fields)
        granted = [key for key in sorted(answers) if proof.current and proof.standing.grants(key)]
        withdrawn = [key for key in granted if not answers[key]]
        lang = choose_language(site.policy, _last(fields, "lang"), sent.languages)
        shown = await self._seen(fields, lang, answers)
        draft = self._draft(fields, sent, answers, visitor, withdrawn, shown)
        try:
            receipt = await site.ledger.append(draft)
        except LedgerUnavailable as error:
            raise InboundError(503, "unavailable", "the ledger cannot record a choice") from error
        except LedgerRefused as error:
            raise _taken() from error
        if receipt.record != draft.body(parse_record(receipt.record).prev):
            return await self._replayed(request, receipt, draft.subject, visitor, proof)
        if withdrawn and self._withdrawn:
            await self._withdrawn(draft.subject, withdrawn)
        choice = Choice(site.terms_digest, answers, draft.id, draft.time // 1000)
        standing = stand(site.terms, choice, site.terms)
        cookies = self._cookies(request, choice, Ticket(visitor, draft.id), standing, sent)
        return Decided(standing, receipt, cookies)

    async def _replayed(
        self, request: Request, receipt: Receipt, subject: str, visitor: bytes, proof: Proof
    ) -> Decided:
        """The answer of the first time, to its own visitor only; later choices stay as they are."""
        record = parse_record(receipt.record)
        if record.kind is not Kind.CHOICE or record.subject != subject:
            raise _taken()
        try:
            stored = await self._site.ledger.find(record.id)
            standing = await self._visitors.recorded(record)
        except LedgerUnavailable as error:
            raise InboundError(503, "unavailable", "the ledger cannot be read") from error
        if stored is None or stored.superseded or standing is None or standing.choice is None:
            return Decided(proof.standing, receipt, (), proof.current)
        sent = Sent.of(request.scope["headers"])
        ticket = Ticket(visitor, record.id)
        cookies = self._cookies(request, standing.choice, ticket, standing, sent)
        return Decided(standing, receipt, cookies)

    def _new_visitor(self, fields: Fields) -> bytes:
        """A visitor's number: random, or one that only who knows ``nonce`` can come by again.

        So a first choice whose answer was lost finds its visitor, while the record's id alone,
        which others may see, leads to nobody.
        """
        nonce = _one(fields, "nonce")
        if not nonce or _one(fields, "id") is None:
            return self._site.random(VISITOR_BYTES)
        text = b"bandeau/visitor/v1" + nonce.encode()
        return hmac.digest(self._site.subject_key, text, "sha256")[:VISITOR_BYTES]

    async def _seen(self, fields: Fields, lang: str, answers: Mapping[str, bool]) -> Shown:
        """What the visitor answers to. Nobody consents to what they were not shown (rule L2)."""
        try:
            seen = await self._showroom.seen(self._site.ledger, lang, _last(fields, "notice"))
        except LedgerUnavailable as error:
            raise InboundError(503, "unavailable", "the ledger cannot be read") from error
        if seen is None and any(answers.values()):
            raise InboundError(409, "stale", "the terms have changed since the page was served")
        return seen or self._showroom.shown(lang)

    async def _load(self, request: Request, fields: Fields) -> Decided:
        """Load one item (rule R4): recorded for itself, while the choice stays as it is."""
        sent = Sent.of(request.scope["headers"])
        await self._publish()
        proof = await self._visitors.proof(sent)
        wanted = Wanted(
            url=_one(fields, "item") or "",
            purpose=_one(fields, "purpose") or "",
            lang=choose_language(self._site.policy, _last(fields, "lang"), sent.languages),
            mechanism=_last(fields, "mechanism") or "",
        )
        secure = request.url.scheme == "https"
        taken = await self._items.take(wanted, sent, proof.standing, secure=secure)
        return Decided(proof.standing, taken.receipt, taken.cookies, proof.current)

    async def _publish(self) -> None:
        """Keep what choices of today refer to, once, before the first of them (L2, L3, L5)."""
        if self._published:
            return
        async with self._publishing:
            if not self._published:
                await self._publish_all()
                self._published = True

    async def _publish_all(self) -> None:
        site, ledger = self._site.policy.site.hosts[0], self._site.ledger
        time = int(self._site.now() * 1000)
        try:
            await ledger.append(self._showroom.terms_draft(time))
            # In a thread: thousands of partners in seven languages take seconds to render.
            editions = await to_thread(list, self._showroom.editions())
            await gather(*(publish(ledger, each, site=site, time=time) for each in editions))
        except LedgerUnavailable as error:
            raise InboundError(503, "unavailable", "the ledger cannot record a choice") from error

    def _answers(self, fields: Fields, proof: Proof) -> dict[str, bool]:
        try:
            action = Action(_one(fields, "action") or "")
        except ValueError:
            known = ", ".join((*Action, LOAD))
            raise InboundError(400, "bad_request", f"action must be one of {known}") from None
        former: Mapping[str, Answer] = proof.standing.answers if proof.current else {}
        purposes = [*fields.get("purpose", ()), *fields.get("purposes", ())]
        try:
            return decide(action, self._site.terms, purposes, former)
        except UnknownPurposeError as error:
            reason = f"the policy does not ask about {str(error)[:200]}"
            raise InboundError(400, "bad_request", reason) from None

    def _draft(
        self,
        fields: Fields,
        sent: Sent,
        answers: Mapping[str, bool],
        visitor: bytes,
        withdrawn: list[str],
        shown: Shown,
    ) -> Draft:
        site = self._site
        now = site.now()
        mechanism = _last(fields, "mechanism") or "api"
        return Draft.choice(
            id=_record_id(_one(fields, "id"), int(now * 1000), site.random),
            site=site.policy.site.hosts[0],
            subject=subject_of(site.subject_key, visitor),
            time=int(now * 1000),
            action=_one(fields, "action") or "",
            mechanism=mechanism if mechanism in MECHANISMS else "api",
            purposes=answers,
            withdrawn=withdrawn,
            gpc=sent.signal,
            expires=expiry(int(now), site.policy.choice.lifetime),
            **shown.fields,
        )

    def _cookies(
        self,
        request: Request,
        choice: Choice,
        ticket: Ticket,
        standing: Standing,
        sent: Sent,
    ) -> tuple[bytes, ...]:
        """The two signed cookies, and the end of every cookie that this choice denies (W4, W5)."""
        site = self._site
        secure = request.url.scheme == "https"
        age = _age(site, choice)
        name = site.policy.choice.cookie
        lines = [
            _cookie(name, site.seal.write_choice(choice), "/", age, secure),
            _cookie(
                receipt_cookie(site.policy), site.seal.write_receipt(ticket), BASE, age, secure
            ),
        ]
        if site.shared:
            hinted = hint_cookie(site.policy)
            lines.append(_cookie(hinted, choice_mask(choice), "/", age, secure, script=True))
        loaded = items_cookie(site.policy)
        if loaded.encode() in sent.cookie:
            lines.append(_cookie(loaded, "", "/", 0, secure))
        feature = site.policy.feature(FEATURE)
        if feature and token_of(site, request) and not standing.grants(feature.purpose):
            lines.append(session_cookie(site, request, "", 0))
        return tuple(lines + endings(site, standing, request, sent))

    def _note(self, request: Request, fields: Fields) -> Response:
        """OK on the plain information bar: it closes, and consents to nothing."""
        if self._site.policy.consent_purposes:
            raise InboundError(400, "bad_request", "this site asks for a choice")
        answer = RedirectResponse(return_path(_last(fields, "return")), status_code=303)
        policy = self._site.policy.choice
        now = int(self._site.now())
        age = expiry(now, policy.lifetime) - now
        line = _cookie(policy.cookie, NOTED, "/", age, request.url.scheme == "https")
        answer.raw_headers.append((b"set-cookie", line))
        return _uncached(answer)


def _record_id(wanted: str | None, now: int, random: Callable[[int], bytes]) -> str:
    """The id that the browser made, so that a repeated request is known again; else a new one.

    ``now`` is in Unix milliseconds. Raises :class:`InboundError` for anything but a UUIDv7 of
    about now.
    """
    if wanted is None:
        return uuid7(now, random(10))
    made = uuid7_time(wanted)
    if made is None:
        raise InboundError(400, "bad_request", "id must be a UUIDv7 in lower case")
    if abs(made - now) > limits.RECORD_ID_HOURS * 3_600_000:
        reason = f"the time of id is over {limits.RECORD_ID_HOURS} hours from the server's"
        raise InboundError(400, "bad_request", reason)
    return wanted


def _taken() -> InboundError:
    return InboundError(409, "taken", "id was used for another record")


def _age(site: Site, choice: Choice) -> int:
    return expiry(choice.made_at, site.policy.choice.lifetime) - choice.made_at


def _cookie(
    name: str, value: str, path: str, age: int, secure: bool, *, script: bool = False
) -> bytes:
    hidden = "" if script else "; HttpOnly"
    line = f"{name}={value}; Path={path}; Max-Age={age}{hidden}; SameSite=Lax"
    return (line + "; Secure" if secure else line).encode()


def _one(fields: Fields, name: str) -> str | None:
    """The only value of a field; raises :class:`InboundError` where it is repeated."""
    values = fields.get(name, [])
    if len(values) > 1:
        raise InboundError(400, "bad_request", f"{name} is given {len(values)} times")
    return values[0] if values else None


def _last(fields: Fields, name: str) -> str | None:
    values = fields.get(name, [])
    return values[-1] if values else None


def _uncached(answer: Response) -> Response:
    answer.headers["cache-control"] = "no-store"
    return answer
