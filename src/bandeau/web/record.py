"""``/.bandeau/record``: what the ledger holds about this very browser, and its erasure.

The receipt cookie tells whose records they are, and is sent under ``/.bandeau/`` only; so pages
of the site, which many visitors share, hold nothing of this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bandeau import limits
from bandeau.choice.decide import stand_without_choice
from bandeau.enforcement.rules import hint_cookie, items_cookie, reader_cookie, receipt_cookie
from bandeau.features.comments.own import Fate
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.erasing import Eraser, Held, held_of
from bandeau.ledger.outbox import OutboxUnavailable
from bandeau.ledger.record import Ground, Kind, RecordError, items_subject_of, subject_of
from bandeau.ledger.store import LedgerUnavailable
from bandeau.web.context import Site
from bandeau.web.inbound import Fields, InboundError, is_json, posted
from bandeau.web.pages import Pages
from bandeau.web.sweep import endings, onward
from bandeau.web.visitor import Sent, Visitors, language_of

PATH = "/.bandeau/record"
ERASE = f"{PATH}/erase"
_UNSAVED = (LedgerUnavailable, CommentsUnavailable, OutboxUnavailable, RecordError)


class RecordDesk:
    """Shows visitors their own records, and erases them (rules L1, L8)."""

    def __init__(
        self,
        site: Site,
        visitors: Visitors,
        pages: Pages,
        erasers: Mapping[Fate, Eraser],
        commented: Callable[[Sent], Awaitable[bool]],
    ) -> None:
        self._site = site
        self._visitors = visitors
        self._pages = pages
        self._erasers = erasers
        self._commented = commented

    def routes(self) -> list[Route]:
        """The record, the question before its erasure, and the erasure."""
        return [
            Route(PATH, self.show, methods=["GET"]),
            Route(ERASE, self.ask, methods=["GET"]),
            Route(ERASE, self.erase, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The records of this browser, newest first: a page to people, JSON to programs."""
        sent = Sent.of(request.scope["headers"])
        subjects = self._subjects(sent)
        try:
            found = await self._held(subjects)
            key = await self._site.ledger.published("key")
        except (LedgerUnavailable, RecordError) as error:
            raise InboundError(503, "unavailable", "the ledger cannot be read") from error
        vkey = (key or b"").decode()
        if is_json(request):
            told = [_told(each, self._site.now()) for each in found]
            subject = subjects[0] if found else None
            return _uncached(JSONResponse({"subject": subject, "records": told, "key": vkey}))
        standing = await self._visitors.standing(sent)
        erased = "erased" in request.query_params and not found
        page = self._pages.record_page(
            standing,
            language_of(self._site.policy, request),
            subjects[0] if found else "",
            found,
            vkey,
            now=self._site.now(),
            erased=erased,
        )
        return self._page(page)

    async def ask(self, request: Request) -> Response:
        """What erasing means, and the button that does it."""
        sent = Sent.of(request.scope["headers"])
        standing = await self._visitors.standing(sent)
        try:
            comments = await self._commented(sent)
        except (LedgerUnavailable, CommentsUnavailable):
            comments = True  # Nothing can be erased now; what would be asked is shown.
        lang = language_of(self._site.policy, request)
        return self._page(self._pages.erase_page(standing, lang, comments=comments))

    async def erase(self, request: Request) -> Response:
        """Erase every record of this browser, and end its cookies.

        ``comments`` says what becomes of comments, see :class:`Fate`; without it they are left.
        Raises :class:`InboundError`: 400, 403 from another site, 503 where not all could be erased.
        """
        fate = _fate(await posted(request, limits.CHOICE_BODY_BYTES))
        sent = Sent.of(request.scope["headers"])
        try:
            eraser = self._erasers[fate]
            count = await eraser.erase_subjects(self._subjects(sent), Ground.REQUEST)
        except _UNSAVED as error:
            raise InboundError(503, "erase", "not all could be erased; try again") from error
        standing = stand_without_choice(self._site.policy, signal=sent.signal)
        if is_json(request):
            answer: Response = JSONResponse({"erased": count})
        else:
            lang = language_of(self._site.policy, request)
            back = onward(self._site, standing, request, f"{PATH}?erased&lang={lang}", lang)
            answer = RedirectResponse(back, status_code=303)
        secure = request.url.scheme == "https"
        for line in (*self._ended(secure), *endings(self._site, standing, request, sent)):
            answer.raw_headers.append((b"set-cookie", line))
        return _uncached(answer)

    def _subjects(self, sent: Sent) -> tuple[str, ...]:
        """The pseudonyms of this browser: of its choices, and of its items."""
        ticket, key = self._visitors.ticket(sent), self._site.subject_key
        if ticket is None:
            return ()
        return subject_of(key, ticket.visitor), items_subject_of(key, ticket.visitor)

    async def _held(self, subjects: Sequence[str]) -> list[Held]:
        ledger, count = self._site.ledger, limits.RECORD_SHOWN
        found = [each for subject in subjects for each in await held_of(ledger, subject, count)]
        return sorted(found, key=lambda each: each.index, reverse=True)[:count]

    def _ended(self, secure: bool) -> list[bytes]:
        policy = self._site.policy
        names = [(policy.choice.cookie, "/"), (receipt_cookie(policy), "/.bandeau/")]
        names += [(items_cookie(policy), "/"), (hint_cookie(policy), "/")]
        names += [(reader_cookie(policy), "/.bandeau/")]
        end = "Max-Age=0; SameSite=Lax" + ("; Secure" if secure else "")
        return [f"{name}=; Path={path}; {end}".encode() for name, path in names]

    def _page(self, html: bytes) -> Response:
        answer = Response(html, media_type="text/html")
        answer.headers.update(self._pages.headers)
        return answer


def _fate(fields: Fields) -> Fate:
    """Raises :class:`InboundError` for none that is known, and for several."""
    try:
        (named,) = fields.get("comments", [Fate.LEAVE])
        return Fate(named)
    except ValueError:
        known = ", ".join(Fate)
        raise InboundError(400, "bad_request", f"comments must be one of {known}") from None


def _told(held: Held, now: float) -> dict[str, object]:
    """One record as programs get it."""
    record = held.record
    common: dict[str, object] = {
        "id": record.id,
        "kind": record.kind.value,
        "time": record.time,
        "action": record.action,
        "mechanism": record.mechanism,
        "receipt": f"/.bandeau/receipt/{record.id}",
    }
    if record.kind is Kind.ITEM:
        common.update(purpose=record.purpose, vendor=record.vendor, host=record.host)
        return common
    holds = not held.superseded and now < record.expires
    common.update(purposes=dict(record.purposes), holds=holds, expires=record.expires)
    return common


def _uncached(answer: Response) -> Response:
    answer.headers["cache-control"] = "no-store"
    return answer
