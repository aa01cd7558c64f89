"""The targets of one terminal: its page, frames of other sites, workers; each a session."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from bandeau import limits
from bandeau.robot.pipe import Message, NoAnswer, Pipe

PAGES = ("page", "iframe")
WORKERS = ("worker", "shared_worker", "service_worker")


class Session:
    """One target, by its ``kind`` in the protocol's words (``page``, ``iframe``, ``worker`` …)."""

    def __init__(self, pipe: Pipe, number: str, target: Message, parent: Session | None) -> None:
        self.number = number
        self.kind = str(target["type"])
        self.target = str(target["targetId"])
        self.url = str(target.get("url", ""))
        self.parent = parent
        self._pipe = pipe

    def send(self, method: str, **parameters: Any) -> asyncio.Future[Message]:
        """Send a call at once, and await its answer only where it matters."""
        return self._pipe.call(method, parameters, self.number)

    async def call(
        self, method: str, within: float = limits.AUDIT_CALL_SECONDS, **parameters: Any
    ) -> Message:
        """The answer to a call. Raises :class:`CallFailed` after ``within`` seconds."""
        return await answered(method, self.send(method, **parameters), within)


async def answered(
    method: str, future: asyncio.Future[Message], within: float = limits.AUDIT_CALL_SECONDS
) -> Message:
    """What a call answers, waiting at most ``within`` seconds for it."""
    try:
        return await asyncio.wait_for(future, within)
    except TimeoutError:
        raise NoAnswer(f"{method}: no answer within {within:g} s") from None


Handler = Callable[[Session, Message], None]
Preparation = Callable[[Session], Awaitable[None] | None]
Ending = Callable[[Session], object]


class Sessions:
    """All sessions of one browser context, and who hears their events.

    A preparation sends what a target must be told before its first script; the target waits until
    what it returned is done.
    """

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._handlers: defaultdict[str, list[Handler]] = defaultdict(list)
        self._preparations: list[Preparation] = []
        self._endings: list[Ending] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.open: dict[str, Session] = {}
        self.on("Target.attachedToTarget", self._nested)
        self.on("Target.detachedFromTarget", lambda _, told: self.detach(told["sessionId"]))

    def on(self, method: str, handler: Handler) -> None:
        """Call ``handler`` for each such event of any session."""
        self._handlers[method].append(handler)

    def prepare(self, preparation: Preparation) -> None:
        """Call ``preparation`` for each session before its target runs."""
        self._preparations.append(preparation)

    def on_end(self, ending: Ending) -> None:
        """Call ``ending`` for each session that ends."""
        self._endings.append(ending)

    def attach(self, told: Message, parent: Session | None) -> Session:
        """Take up a target that waits, prepare it, and let it run."""
        session = Session(self._pipe, told["sessionId"], told["targetInfo"], parent)
        if any(other.target == session.target for other in self.open.values()):
            # A service worker is told of by the browser and by its page: one session suffices.
            session.send("Runtime.runIfWaitingForDebugger")
            return session
        self.open[session.number] = session
        self._pipe.listen(session.number, lambda method, event: self._hear(session, method, event))
        if session.kind in (*PAGES, *WORKERS):
            session.send(
                "Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True
            )
            self._make_ready(session)
        else:
            session.send("Runtime.runIfWaitingForDebugger")
        return session

    def _make_ready(self, session: Session) -> None:
        prepared = [preparation(session) for preparation in self._preparations]
        under_way = [each for each in prepared if each is not None]
        if not under_way:
            session.send("Runtime.runIfWaitingForDebugger")
            return
        task = asyncio.ensure_future(_run_after(session, under_way))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _nested(self, parent: Session, told: Message) -> None:
        self.attach(told, parent)

    def _hear(self, session: Session, method: str, event: Message) -> None:
        for handler in self._handlers.get(method, ()):
            handler(session, event)

    def detach(self, number: str) -> None:
        """Forget a session whose target is gone; what waits for its answers fails."""
        session = self.open.pop(number, None)
        self._pipe.drop(number, "the page has ended")
        if session is not None:
            for ending in self._endings:
                ending(session)

    def pages(self) -> tuple[Session, ...]:
        """Sessions that hold frames, the page's own first."""
        return tuple(session for session in self.open.values() if session.kind in PAGES)


async def _run_after(session: Session, prepared: list[Awaitable[None]]) -> None:
    await asyncio.gather(*prepared, return_exceptions=True)
    session.send("Runtime.runIfWaitingForDebugger")
