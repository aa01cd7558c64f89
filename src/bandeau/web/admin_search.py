"""``/.bandeau/admin/search`` and ``/figures``: staff find comments, and see what goes on by day."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.features.comments.figures import DAY_MS, FigureStore, days
from bandeau.features.comments.queue import QueueStore
from bandeau.features.comments.search import NEVER, Query, SearchStore, clean, day, day_after
from bandeau.features.comments.staff import Staff
from bandeau.features.comments.write import page_path
from bandeau.web.admin_figures import figures_page
from bandeau.web.admin_room import Room
from bandeau.web.admin_search_view import Asked, search_page
from bandeau.web.admin_view import FIGURES, SEARCH, STATES


class Looking:
    """Looking through the comments of a newsroom."""

    def __init__(
        self, room: Room, search: SearchStore, queue: QueueStore, figures: FigureStore
    ) -> None:
        self._room = room
        self._search = search
        self._queue = queue
        self._figures = figures

    def routes(self) -> list[BaseRoute]:
        """Search and figures."""
        return [
            Route(SEARCH, self._room.inside(self.find), methods=["GET"]),
            Route(FIGURES, self._room.inside(self.count), methods=["GET"]),
        ]

    async def find(self, request: Request, staff: Staff) -> Response:
        """What matches the query, newest first; the form alone where nothing is asked."""
        asked = _asked(request)
        desk = await self._room.desk(request, staff)
        if not any(asked.values()):
            return self._room.html(search_page(self._room.view, desk, asked, None, {}))
        after = request.query_params.get("after", "")
        found = await self._search.search(_query(asked), limits.QUEUE_SHOWN, after)
        pasts = await self._queue.pasts({comment.author for comment in found.comments})
        return self._room.html(search_page(self._room.view, desk, asked, found, pasts))

    async def count(self, request: Request, staff: Staff) -> Response:
        """The last days, 30 unless ``days`` says otherwise."""
        asked = request.query_params.get("days", "")
        known = asked.isascii() and asked.isdecimal() and len(asked) < 4
        count = max(7, min(int(asked) if known else 30, limits.FIGURES_DAYS))
        today = self._room.now // DAY_MS
        counted = await self._figures.counted(today - count + 1)
        desk = await self._room.desk(request, staff)
        return self._room.html(figures_page(self._room.view, desk, days(counted, today, count)))


def _asked(request: Request) -> Asked:
    names = ("text", "name", "page", "state", "since", "until")
    return Asked({name: clean(request.query_params.get(name, "")) for name in names})


def _query(asked: Asked) -> Query:
    """What is looked for; what cannot be read does not matter."""
    page = page_path(asked["page"]) if asked["page"] else ""
    until = day(asked["until"])
    return Query(
        text=asked["text"],
        name=asked["name"],
        page=page if isinstance(page, str) else asked["page"],
        state=next((state for state in STATES if state == asked["state"]), None),
        since=day(asked["since"]) or 0,
        until=NEVER if until is None else day_after(until),
    )
