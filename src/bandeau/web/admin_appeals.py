"""``/.bandeau/admin/appeals``: where staff rule on appeals, who did not take the decision."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.features.comments.appeals import AppealStore, Lodged, StandsBack, rules_on
from bandeau.features.comments.grounds import Reason, reason
from bandeau.features.comments.model import Refusal
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.staff import Staff, StaffStore
from bandeau.web.admin_appeals_view import Docket, docket
from bandeau.web.admin_room import HOME, Room, done, said
from bandeau.web.admin_view import APPEALS
from bandeau.web.inbound import Fields, InboundError, only

RULINGS = (Deed.UPHOLD, Deed.REVERSE)


class Appeals:
    """The appeals of a newsroom."""

    def __init__(self, room: Room, appeals: AppealStore, staff: StaffStore) -> None:
        self._room = room
        self._appeals = appeals
        self._staff = staff

    def routes(self) -> list[BaseRoute]:
        """The queue of appeals, and its buttons."""
        return [
            Route(APPEALS, self._room.inside(self.show), methods=["GET"]),
            Route(APPEALS, self._room.answering(self.rule), methods=["POST"]),
        ]

    async def show(self, request: Request, staff: Staff) -> Response:
        """One page of open appeals, oldest first."""
        key, count = done(request)
        return await self._shown(request, staff, Reason(), key, 200, **count)

    async def rule(self, request: Request) -> Response:
        """Uphold or reverse the decision of one appeal.

        403 for who took it, unless nobody else is there; 422 without an answer, or where what is
        removed now is illegal by no law.
        """
        fields = await self._room.posted(request, limits.COMMENT_BODY_BYTES)
        staff = await self._room.sign_in.who(request)
        if staff is None:
            return self._room.on(request, HOME)
        deed, named = _pressed(fields)
        lodged = await self._appeals.lodged(named)
        if lodged is None:
            return self._room.on(request, APPEALS, done="0")
        if isinstance(rules_on(lodged.decision, staff, await self._staff.all()), StandsBack):
            return await self._shown(request, staff, Reason(), "admin.appeal_other", 403)
        ground, law, facts = said(fields)
        because = reason(ground, law, facts)
        if isinstance(because, Refusal):
            return await self._shown(
                request, staff, Reason(None, law, facts), because.text_key, 422
            )
        if not because.facts:
            return await self._shown(request, staff, because, "admin.answer_missing", 422)
        ruled = await self._appeals.rule(*self._acts(staff, deed, lodged), because)
        return self._room.on(request, APPEALS, done=str(int(ruled)))

    def _acts(self, staff: Staff, deed: Deed, lodged: Lodged) -> tuple[Act, Act | None]:
        """The ruling, and what it does with the comment or its author."""
        now = self._room.now
        act = Act(self._room.new_id(), now, staff.name, deed, lodged.appeal.id)
        if deed is Deed.UPHOLD:
            return act, None
        decision = lodged.decision
        then = Deed.RESTORE if decision.author else Deed.APPROVE
        then = Deed.REJECT if lodged.appeal.report else then
        on = decision.author or decision.comment
        return act, Act(self._room.new_id(), now, staff.name, then, on)

    async def _shown(
        self,
        request: Request,
        staff: Staff,
        kept: Reason,
        key: str,
        status: int,
        **values: object,
    ) -> Response:
        limit = limits.QUEUE_SHOWN
        found = await self._appeals.appeals(limit + 1, request.query_params.get("after", ""))
        all_ = await self._staff.all()
        shown = [(each, rules_on(each.decision, staff, all_)) for each in found[:limit]]
        more = found[limit - 1].appeal.id if len(found) > limit else ""
        desk = await self._room.desk(request, staff, key, **values)
        page = docket(self._room.view, desk, Docket(shown, kept, more))
        return self._room.html(page, status)


def _pressed(fields: Fields) -> tuple[Deed, str]:
    word, _, on = only(fields, "one").partition(":")
    if word not in RULINGS or not 0 < len(on) <= 64:
        raise InboundError(400, "bad_request", "there is no such button")
    return Deed(word), on
