"""What a terminal was seen to do, as evidence: requests, writes, reads, and what is kept on it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bandeau import limits
from bandeau.audit.evidence import (
    Cookie,
    Gap,
    HostSeen,
    Kind,
    Means,
    Read,
    Request,
    Stored,
    Write,
)
from bandeau.audit.urls import joined, split_of
from bandeau.robot.exchanges import Exchanges
from bandeau.robot.gate import Gate
from bandeau.robot.natives import Use
from bandeau.robot.pipe import Message
from bandeau.robot.reading import Hit, Watch
from bandeau.robot.scene import Scene
from bandeau.robot.session import Sessions
from bandeau.robot.setting import asked_by
from bandeau.robot.snapshot import Snapshots
from bandeau.robot.storing import Storing

_KINDS = {Use.DATABASE: Kind.INDEXED, Use.CACHE: Kind.CACHE, Use.WORKER: Kind.WORKER}


class Recorder:
    """Keeps what happens between two cuts. ``gate`` knows where each host led."""

    def __init__(
        self,
        sessions: Sessions,
        cookies: Callable[[], Awaitable[Message]],
        gate: Gate,
    ) -> None:
        self._gate = gate
        self._scene = Scene(sessions)
        self._writes: list[Write] = []
        self._reads: dict[tuple[object, ...], Read] = {}
        self._exchanges = Exchanges(sessions, self._scene, self._write, gate)
        self._storing = Storing(sessions, self._scene, self._write)
        self._snapshots = Snapshots(sessions, self._scene, self._storing, cookies)
        self._watch = Watch(sessions, self._scene, self._hit)

    def now(self) -> float:
        """Seconds since the terminal was opened: the clock of all that is told here."""
        return self._scene.now()

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be recorded so far."""
        return (*self._scene.gaps(), *self._gate.gaps())

    def hosts(self) -> tuple[HostSeen, ...]:
        """The hosts that were contacted so far, and where they led."""
        return self._gate.hosts()

    async def cut(self) -> tuple[list[Request], list[Write], list[Read]]:
        """What happened since the last cut, each in the order of time."""
        requests = self._exchanges.cut()
        writes, self._writes = self._writes, []
        reads, self._reads = list(self._reads.values()), {}
        return requests, writes, reads

    async def snapshot(self) -> tuple[list[Cookie], list[Stored]]:
        """What is kept on the terminal now."""
        return await self._snapshots.take()

    def _write(self, write: Write) -> None:
        if len(self._writes) < limits.AUDIT_WRITES:
            self._writes.append(write)
        else:
            self._scene.gap("AUDIT_WRITES", f"more than {limits.AUDIT_WRITES} writes in a phase")

    def _hit(self, hit: Hit) -> None:
        use, first = hit.native.use, hit.given[0]
        if use not in (Use.READ, *_KINDS) and first is None and hit.given[2] is None:
            self._scene.gap(hit.native.api, "what a script wrote by it could not be told")
        elif use is Use.ITEM:
            self._storing.about_to(str(first), hit.cause, hit.frame)
        elif use in (Use.COOKIE_LINE, Use.COOKIE_PAIR, Use.COOKIE_END):
            self._cookie(hit)
        else:
            self._read(hit)
            if use in _KINDS and first is not None:
                self._write(self._written(hit, _KINDS[use], str(first)))
        if hit.last and use is not Use.READ:
            self._scene.gap(
                hit.native.api,
                f"only the first {limits.AUDIT_HITS} calls in a document have a cause",
            )

    def _read(self, hit: Hit) -> None:
        detail = "" if hit.given[0] is None else str(hit.given[0])
        if hit.given[2] is not None:
            detail = str(hit.given[2])
        key = (hit.native.api, detail, hit.frame, hit.cause)
        known = self._reads.get(key)
        if known is not None:
            capped = known.capped or hit.last
            self._reads[key] = replace(known, times=known.times + 1, capped=capped)
        elif len(self._reads) < limits.AUDIT_READS:
            api, page = hit.native.api, self._scene.top
            frame = hit.frame or page
            read = Read(hit.at, api, detail, page, frame, hit.cause, capped=hit.last)
            self._reads[key] = read
        else:
            self._scene.gap("AUDIT_READS", f"more than {limits.AUDIT_READS} reads in a phase")

    def _cookie(self, hit: Hit) -> None:
        """A cookie line, or what ``cookieStore`` was given; deleting is a lifetime of 0."""
        host = split_of(hit.frame or self._scene.top).hostname or ""
        first, second, name, value, expires, domain = hit.given
        if hit.native.use is Use.COOKIE_LINE:
            asked = asked_by(str(first or ""), host, time.time())
            write = self._written(hit, Kind.COOKIE, asked.name, asked.value)
            write = replace(write, domain=asked.domain, path=asked.path, lifetime=asked.lifetime)
        else:
            write = self._written(
                hit,
                Kind.COOKIE,
                str(name if first is None else first),
                str((value if first is None else second) or ""),
            )
            if domain:
                write = replace(write, domain=f".{str(domain).lstrip('.')}")
            if isinstance(expires, int | float):
                write = replace(write, lifetime=max(0.0, expires / 1000 - time.time()))
            if hit.native.use is Use.COOKIE_END:
                write = replace(write, lifetime=0.0)
        self._write(write)

    def _written(self, hit: Hit, kind: Kind, name: str, value: str = "") -> Write:
        page = self._scene.top
        frame = hit.frame or page
        if kind is Kind.WORKER:
            name, value = split_of(joined(frame, name)).path, joined(frame, name)
        return Write(
            at=hit.at,
            kind=kind,
            means=Means.SCRIPT,
            name=name,
            value=value[: limits.AUDIT_KEPT_CHARACTERS],
            domain=split_of(frame).hostname or "",
            page=page,
            frame=frame,
            cause=hit.cause,
        )
