"""What is on the terminal at one moment: cookies, storages, databases, caches, service workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from bandeau import limits
from bandeau.audit.evidence import Cookie, Kind, Stored
from bandeau.audit.urls import split_of
from bandeau.robot.pipe import BrowserGone, CallFailed, Message
from bandeau.robot.scene import Scene
from bandeau.robot.session import Session, Sessions
from bandeau.robot.storing import Storing, parted, stored
from bandeau.robot.world import frames_of

_Ask = Callable[[], Awaitable[Message]]


class Snapshots:
    """Takes stock of one terminal. ``cookies`` asks the browser for its cookies."""

    def __init__(self, sessions: Sessions, scene: Scene, storing: Storing, cookies: _Ask) -> None:
        self._sessions = sessions
        self._scene = scene
        self._storing = storing
        self._cookies = cookies
        self._keys: set[str] = set()
        self._workers: dict[str, tuple[str, str]] = {}
        sessions.prepare(_enable)
        sessions.on("ServiceWorker.workerRegistrationUpdated", self._registered)
        sessions.on("ServiceWorker.workerVersionUpdated", self._versioned)

    def _registered(self, _: Session, event: Message) -> None:
        for each in event["registrations"]:
            number = each["registrationId"]
            if each.get("isDeleted"):
                self._workers.pop(number, None)
            elif len(self._workers) < limits.AUDIT_STORED:
                script = self._workers.get(number, ("", ""))[1]
                self._workers[number] = (each["scopeURL"], script)

    def _versioned(self, _: Session, event: Message) -> None:
        for each in event["versions"]:
            if (number := each["registrationId"]) in self._workers:
                self._workers[number] = (self._workers[number][0], each["scriptURL"])

    async def take(self) -> tuple[list[Cookie], list[Stored]]:
        """Everything that is kept now. What does not answer in time is told as a gap."""
        pages = self._sessions.pages()
        cookies = await self._jar()
        found = await asyncio.gather(*(self._areas(page) for page in pages))
        live = {area for areas in found for area in areas}
        here = [item for areas in found for items in areas.values() for item in items]
        for where, local in sorted(self._storing.areas() - live):
            here += self._storing.told(where, local)
        if pages:
            here += await self._elsewhere(pages[0])
        here += self._registrations()
        if len(here) > limits.AUDIT_STORED:
            self._scene.gap("AUDIT_STORED", f"more than {limits.AUDIT_STORED} items are kept")
        unique = dict.fromkeys(here[: limits.AUDIT_STORED])
        return cookies, sorted(unique, key=lambda each: (each.kind, each.origin, each.key))

    async def _jar(self) -> list[Cookie]:
        answer = await self._cookies()
        cookies = [_cookie(each) for each in answer["cookies"]]
        if len(cookies) > limits.AUDIT_STORED:
            self._scene.gap("AUDIT_STORED", f"more than {limits.AUDIT_STORED} cookies are kept")
        cookies.sort(key=lambda each: (each.domain, each.name, each.path))
        return cookies[: limits.AUDIT_STORED]

    async def _ask(self, session: Session, method: str, **parameters: Any) -> Message:
        """An answer, or an empty one where there is none to be had."""
        try:
            return await session.call(method, limits.AUDIT_PAUSE_SECONDS, **parameters)
        except BrowserGone:
            return {}
        except CallFailed as error:
            if "no answer" in str(error):
                self._scene.gap("storage", f"a page hangs: {error}")
            return {}

    async def _areas(self, page: Session) -> dict[tuple[str, bool], list[Stored]]:
        """Local and session storage of each frame of a session, by storage key."""
        tree = await self._ask(page, "Page.getFrameTree")
        frames = list(frames_of(tree["frameTree"]))[: limits.AUDIT_FRAMES] if tree else []
        asked = (
            self._ask(page, "Storage.getStorageKeyForFrame", frameId=frame["id"])
            for frame in frames
        )
        told = await asyncio.gather(*asked)
        keys = {
            each["storageKey"] for each in told if each.get("storageKey", "").startswith("http")
        }
        self._keys |= keys
        areas = {}
        for where in sorted(keys):
            for local in (True, False):
                storage = {"storageKey": where, "isLocalStorage": local}
                answer = await self._ask(page, "DOMStorage.getDOMStorageItems", storageId=storage)
                entries = answer.get("entries", ())[: limits.AUDIT_STORED]
                areas[where, local] = [stored(where, local, *entry[:2]) for entry in entries]
        return areas

    async def _elsewhere(self, page: Session) -> list[Stored]:
        """Databases and caches of every storage key that was met, frames that are gone included."""
        self._keys |= {where for where, _ in self._storing.areas()}
        keys = sorted(self._keys)[: limits.AUDIT_FRAMES]
        databases = await asyncio.gather(
            *(self._ask(page, "IndexedDB.requestDatabaseNames", storageKey=key) for key in keys)
        )
        caches = await asyncio.gather(
            *(self._ask(page, "CacheStorage.requestCacheNames", storageKey=key) for key in keys)
        )
        found = []
        for key, base, cache in zip(keys, databases, caches, strict=True):
            origin, partition = parted(key)
            for name in base.get("databaseNames", ()):
                found.append(Stored(Kind.INDEXED, origin, name, "", partition))
            for each in cache.get("caches", ()):
                found.append(Stored(Kind.CACHE, origin, each["cacheName"], "", partition))
        return found

    def _registrations(self) -> Iterator[Stored]:
        for scope, script in self._workers.values():
            parts = split_of(scope)
            yield Stored(Kind.WORKER, f"{parts.scheme}://{parts.netloc}", parts.path, script)


def _cookie(told: Message) -> Cookie:
    partition = told.get("partitionKey") or ""
    return Cookie(
        name=told["name"],
        value=told["value"][: limits.AUDIT_KEPT_CHARACTERS],
        domain=told["domain"],
        path=told["path"],
        expires=None if told.get("session") else float(told["expires"]),
        secure=told["secure"],
        http_only=told["httpOnly"],
        same_site=told.get("sameSite", ""),
        partition=partition.get("topLevelSite", "") if isinstance(partition, dict) else partition,
    )


def _enable(session: Session) -> None:
    if session.kind == "page":
        session.send("ServiceWorker.enable")
