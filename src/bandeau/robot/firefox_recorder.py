"""What a Firefox terminal was seen to do: requests, cookies by header, and what is kept on it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bandeau import limits
from bandeau.audit.evidence import Cookie, Gap, HostSeen, Kind, Read, Request, Stored, Write
from bandeau.audit.urls import split_of
from bandeau.robot.bidi import Bidi
from bandeau.robot.firefox_exchanges import Exchanges
from bandeau.robot.firefox_kinds import text_of
from bandeau.robot.firefox_tab import Tab
from bandeau.robot.firefox_world import World
from bandeau.robot.gate import Gate
from bandeau.robot.pipe import CallFailed, Message, NoAnswer

# What a frame keeps, by kind: [kind, key, value]. Each may be refused to it.
_KEPT = """async (most, long) => {
  const found = [], cut = (text) => String(text).slice(0, long);
  const tried = async (take) => {
    try { found.push(...(await take()).slice(0, most)); } catch {}
  };
  await tried(() => Object.entries(localStorage)
    .map(([k, v]) => ["local storage", cut(k), cut(v)]));
  await tried(() => Object.entries(sessionStorage)
    .map(([k, v]) => ["session storage", cut(k), cut(v)]));
  await tried(async () => (await indexedDB.databases())
    .map((each) => ["indexed database", cut(each.name), ""]));
  await tried(async () => (await caches.keys()).map((name) => ["cache storage", cut(name), ""]));
  await tried(async () => (await navigator.serviceWorker.getRegistrations()).map((each) =>
    ["service worker", new URL(each.scope).pathname, cut(each.active?.scriptURL ?? "")]));
  return [self.origin, found];
}"""
_SAME_SITE = {"none": "None", "lax": "Lax", "strict": "Strict"}
_Identity = tuple[str, str, str, str, object]


class Recorder:
    """Keeps what happens between two cuts. ``gate`` knows where each host led, ``missing`` is what
    this browser never tells; ``refused`` whether it refuses third-party cookies.
    """

    def __init__(
        self, bidi: Bidi, tab: Tab, gate: Gate, missing: tuple[Gap, ...], *, refused: bool
    ) -> None:
        self._began = time.monotonic()
        self._bidi = bidi
        self._tab = tab
        self._gate = gate
        self._gaps = dict.fromkeys(missing)
        self._refused = refused
        self._jar: list[Cookie] = []
        self._exchanges = Exchanges(bidi, tab, gate, self.now, self._gap)
        self._tops: dict[str, None] = {}
        self._areas: dict[tuple[str, str], tuple[Stored, ...]] = {}
        tab.leaving = self._look_around
        bidi.on("browsingContext.navigationCommitted", self._visited)

    def now(self) -> float:
        """Seconds since the terminal was opened: the clock of all that is told here."""
        return time.monotonic() - self._began

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be recorded so far."""
        return (*self._gaps, *self._gate.gaps())

    def hosts(self) -> tuple[HostSeen, ...]:
        """The hosts that were contacted so far, and where they led."""
        return self._gate.hosts()

    def _gap(self, limit: str, why: str) -> None:
        self._gaps[Gap(limit, why)] = None

    def _visited(self, event: Message) -> None:
        parts = split_of(event["url"])
        top = event["context"] == self._tab.traffic.window
        if top and parts.scheme in ("http", "https") and len(self._tops) < limits.AUDIT_HOSTS:
            self._tops[f"{parts.scheme}://{parts.hostname}"] = None

    async def cut(self) -> tuple[list[Request], list[Write], list[Read]]:
        """What happened since the last cut, each in the order of time; reads are never seen."""
        requests, writes = await self._exchanges.cut(self._jar)
        if self._refused:
            held = {(each.name, each.domain) for each in self._jar}
            writes = [_attempt(each, held) for each in writes]
        return requests, writes, []

    async def snapshot(self) -> tuple[list[Cookie], list[Stored]]:
        """What is kept on the terminal now."""
        self._jar = await self._cookies()
        return self._jar, await self._stored()

    async def _cookies(self) -> list[Cookie]:
        """Every cookie, with the top site that it is kept apart for.

        The browser tells no partition, but it lists those of one that is named together with what
        that host itself has, and the latter alone under a scheme that no page is of.
        """
        everything = await self._listed()
        apart: dict[_Identity, str] = {}
        for top in self._tops:
            own = Counter(map(_identity, await self._listed(top.replace("http", "ws", 1))))
            for identity, number in Counter(map(_identity, await self._listed(top))).items():
                if number > own[identity]:
                    apart.setdefault(identity, top)
        cookies = [_cookie(each, apart.get(_identity(each), "")) for each in everything]
        if len(cookies) > limits.AUDIT_STORED:
            self._gap("AUDIT_STORED", f"more than {limits.AUDIT_STORED} cookies are kept")
        cookies.sort(key=lambda each: (each.domain, each.name, each.path))
        return cookies[: limits.AUDIT_STORED]

    async def _listed(self, top: str = "") -> Sequence[Message]:
        partition = {"type": "storageKey", "sourceOrigin": top}
        whose: dict[str, Any] = {"partition": partition} if top else {}
        told = (await self._bidi.call("storage.getCookies", **whose))["cookies"]
        # Those that have ended are listed until the browser next clears them out.
        return [each for each in told if each.get("expiry", time.time() + 1) > time.time()]

    async def _stored(self) -> list[Stored]:
        await self._look_around()
        found = [each for items in self._areas.values() for each in items]
        if len(found) > limits.AUDIT_STORED:
            self._gap("AUDIT_STORED", f"more than {limits.AUDIT_STORED} things are kept")
        kept = sorted(found, key=lambda each: (each.kind, each.origin, each.key))
        return kept[: limits.AUDIT_STORED]

    async def _look_around(self) -> None:
        """Note what the frames that are here keep; what those that have gone kept stays noted."""
        told = await asyncio.gather(*map(self._kept_in, await self._tab.worlds()))
        top = told[0][0]
        for at, (origin, items) in enumerate(told):
            partition = "" if not at or _one_site(origin, top) else top
            if origin.startswith("http") and len(self._areas) < limits.AUDIT_DOCUMENTS:
                self._areas[origin, partition] = tuple(
                    Stored(Kind(kind), origin, key, value, partition) for kind, key, value in items
                )

    async def _kept_in(self, world: World) -> tuple[str, list[tuple[str, str, str]]]:
        """The origin of a frame and what it keeps; an empty origin where it does not answer."""
        most, characters = limits.AUDIT_STORED, limits.AUDIT_KEPT_CHARACTERS
        try:
            origin, items = await world.evaluate(
                _KEPT, most, characters, within=limits.AUDIT_PAUSE_SECONDS
            )
        except NoAnswer as error:
            self._gap("storage", f"a page hangs: {error}")
            return "", []
        except CallFailed:
            return "", []
        return str(origin), items


def _one_site(origin: str, top: str) -> bool:
    """Whether two origins share their storage, as far as their names tell."""
    one, other = split_of(origin).hostname or "", split_of(top).hostname or ""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _attempt(write: Write, held: set[tuple[str, str]]) -> Write:
    """A cookie that an answer set and the browser does not hold; one that it ended is none."""
    ended = write.lifetime is not None and write.lifetime <= 0
    if write.blocked or ended or (write.name, write.domain) in held:
        return write
    return replace(write, blocked="not kept")


def _identity(told: Message) -> _Identity:
    return (
        told["name"],
        told["domain"],
        told["path"],
        text_of(told["value"]),
        told.get("expiry"),
    )


def _cookie(told: Message, partition: str) -> Cookie:
    expiry = told.get("expiry")
    return Cookie(
        name=told["name"],
        value=text_of(told["value"])[: limits.AUDIT_KEPT_CHARACTERS],
        domain=told["domain"],
        path=told["path"],
        expires=None if expiry is None else float(expiry),
        secure=told["secure"],
        http_only=told["httpOnly"],
        same_site=_SAME_SITE.get(told["sameSite"], ""),
        partition=partition,
    )
