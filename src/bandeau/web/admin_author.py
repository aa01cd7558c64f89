"""``/.bandeau/admin/author``: what one author wrote, and how they stand."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.features.comments.appeals import Statement
from bandeau.features.comments.exclusions import ExclusionStore, ends, stated
from bandeau.features.comments.grounds import JUDGED, Reason, reason
from bandeau.features.comments.model import Refusal
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.queue import CONDUCTS, Act, Deed, Past, QueueStore
from bandeau.features.comments.staff import Staff
from bandeau.web.admin_room import HOME, Room, done, said
from bandeau.web.admin_view import AUTHOR, Say, author_path, conduct_told, history
from bandeau.web.inbound import Fields, InboundError, only
from bandeau.web.statements import moment

_OFFERED = {
    Conduct.OK: (Deed.SUSPEND, Deed.BAN, Deed.SILENCE),
    Conduct.SUSPENDED: (Deed.SUSPEND, Deed.BAN),
    Conduct.BANNED: (),
    Conduct.SILENT: (Deed.SUSPEND, Deed.BAN),
}


@dataclass(frozen=True, slots=True)
class _Form:
    """What a form said that was not taken, and how long a suspension is to last."""

    kept: Reason = field(default_factory=Reason)
    days: str = str(limits.SUSPENSION_DAYS)


class Authors:
    """The authors of a newsroom's site, one by one."""

    def __init__(self, room: Room, queue: QueueStore, exclusions: ExclusionStore) -> None:
        self._room = room
        self._queue = queue
        self._exclusions = exclusions

    def routes(self) -> list[BaseRoute]:
        """The page of an author, and its buttons."""
        return [
            Route(AUTHOR, self._room.inside(self.show), methods=["GET"]),
            Route(AUTHOR, self._room.answering(self.judge), methods=["POST"]),
        ]

    async def show(self, request: Request, staff: Staff) -> Response:
        """What they wrote last, how they stand and why. 404 for who is not known."""
        key, count = done(request)
        return await self._shown(request, staff, _Form(), key, 200, **count)

    async def judge(self, request: Request) -> Response:
        """Suspend, ban or restore, with a reason that the author reads.

        403 for who judges comments only; 422 without an explanation, where a silent ban is for
        anything but advertising, and for a suspension without a proper end.
        """
        fields = await self._room.posted(request, limits.COMMENT_BODY_BYTES)
        staff = await self._room.sign_in.who(request)
        if staff is None:
            return self._room.on(request, HOME)
        if not staff.judges_authors:
            return await self._shown(request, staff, _Form(), "admin.forbidden", 403)
        deed, days = _pressed(fields), "".join(fields.get("days", [])[:1])
        decided = _decided(fields, deed, days, self._room.now)
        if isinstance(decided, Refusal):
            _, law, facts = said(fields)
            form = _Form(Reason(None, law, facts), days[:3])
            return await self._shown(
                request, staff, form, decided.text_key, decided.status, **decided.values
            )
        because, until = decided
        author = request.query_params.get("id", "")
        act = Act(self._room.new_id(), self._room.now, staff.name, deed, author)
        count = await self._queue.perform([act], until, because)
        return self._room.on(request, AUTHOR, id=author, done=str(count))

    async def _shown(
        self, request: Request, staff: Staff, form: _Form, key: str, status: int, **values: object
    ) -> Response:
        author = request.query_params.get("id", "")
        past = (await self._queue.pasts([author])).get(author)
        if past is None:
            raise InboundError(404, "not_found", "there is no such author")
        comments = await self._queue.of_author(author, limits.QUEUE_SHOWN)
        found = await self._exclusions.exclusions([author])
        statement = next((each.statement for each in found), None)
        desk = await self._room.desk(request, staff, key, **values)
        view, say = self._room.view, self._room.view.sayer(desk.lang)
        page = view.page(
            "admin_author.html",
            desk.lang,
            desk=desk,
            action=author_path(desk, author),
            history=history(say, past),
            conduct=conduct_told(say, past),
            decision=_decision(say, past, statement),
            items=[view.item(desk, each, None) for each in comments],
            deeds=[(each.value, say(f"deed.{each}")) for each in _OFFERED[past.conduct]],
            restores=staff.judges_authors and past.conduct is not Conduct.OK,
            judges=staff.judges_authors,
            grounds=[(each.value, say(f"ground.{each}")) for each in JUDGED],
            form=form,
            days_most=limits.SUSPENSION_DAYS_MOST,
            law_limit=limits.REASON_LAW_CHARACTERS,
            facts_limit=limits.REASON_CHARACTERS,
        )
        return self._room.html(page, status)


def _decision(say: Say, past: Past, statement: Statement | None) -> dict[str, str] | None:
    """Why an author was suspended or banned, where that is still so."""
    if statement is None or past.conduct not in (Conduct.SUSPENDED, Conduct.BANNED):
        return None
    decision = statement.decision
    ground = decision.reason.ground
    return {
        "by": say(
            "admin.decided",
            deed=say(f"deed.{decision.deed}"),
            staff=decision.staff,
            date=moment(decision.time),
        ),
        "ground": say(f"ground.{ground}") if ground else "",
        "law": decision.reason.law,
        "facts": decision.reason.facts,
    }


def _pressed(fields: Fields) -> Deed:
    word = only(fields, "deed")
    if word not in CONDUCTS:
        raise InboundError(400, "bad_request", "there is no such button")
    return Deed(word)


def _decided(fields: Fields, deed: Deed, days: str, now: int) -> tuple[Reason, int] | Refusal:
    """The reason that a form states, and when a suspension ends."""
    given = reason(*said(fields))
    because = given if isinstance(given, Refusal) else stated(deed, given)
    if isinstance(because, Refusal):
        return because
    until = ends(days, now) if deed is Deed.SUSPEND else 0
    return until if isinstance(until, Refusal) else (because, until)
