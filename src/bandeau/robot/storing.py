"""What scripts keep in local and session storage, by method or by property, as events tell it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from bandeau import limits
from bandeau.audit.evidence import Cause, Kind, Means, Stored, Write
from bandeau.audit.urls import split_of
from bandeau.robot.pipe import Message
from bandeau.robot.scene import Scene
from bandeau.robot.session import PAGES, Session, Sessions

_ALIKE_SECONDS = 0.3
_Item = tuple[str, bool, str]


class Storing:
    """Writes to storage, each with the cause that a breakpoint told of just before."""

    def __init__(self, sessions: Sessions, scene: Scene, write: Callable[[Write], None]) -> None:
        self._scene = scene
        self._write = write
        self._causes: OrderedDict[str, tuple[Cause, str]] = OrderedDict()
        self._items: dict[_Item, tuple[str, float]] = {}
        sessions.prepare(_enable)
        sessions.on("DOMStorage.domStorageItemAdded", self._kept)
        sessions.on("DOMStorage.domStorageItemUpdated", self._kept)
        sessions.on("DOMStorage.domStorageItemRemoved", self._removed)
        sessions.on("DOMStorage.domStorageItemsCleared", self._cleared)

    def about_to(self, key: str, cause: Cause, frame: str) -> None:
        """A script is about to keep something under ``key``."""
        self._causes[key] = (cause, frame)
        if len(self._causes) > limits.AUDIT_UNDER_WAY:
            self._causes.popitem(last=False)

    def _kept(self, _: Session, event: Message) -> None:
        where, local = _area(event)
        key, value = event["key"], event["newValue"][: limits.AUDIT_KEPT_CHARACTERS]
        now = self._scene.now()
        before, at = self._items.get((where, local, key), ("", -1.0))
        if len(self._items) < limits.AUDIT_STORED:
            self._items[where, local, key] = (value, now)
        if before == value and now - at < _ALIKE_SECONDS:
            # Each frame that shares the storage is told of it.
            return
        cause, frame = self._causes.pop(key, (Cause("script"), ""))
        origin, _partition = parted(where)
        self._write(
            Write(
                at=now,
                kind=Kind.LOCAL if local else Kind.SESSION,
                means=Means.SCRIPT,
                name=key[: limits.AUDIT_KEPT_CHARACTERS],
                value=value,
                domain=split_of(origin).hostname or origin,
                page=self._scene.top,
                frame=frame or f"{origin}/",
                cause=cause,
            )
        )

    def _removed(self, _: Session, event: Message) -> None:
        self._items.pop((*_area(event), event["key"]), None)

    def _cleared(self, _: Session, event: Message) -> None:
        area = _area(event)
        for item in [item for item in self._items if item[:2] == area]:
            del self._items[item]

    def areas(self) -> set[tuple[str, bool]]:
        """The storage keys that anything was kept under, and whether locally."""
        return {item[:2] for item in self._items}

    def told(self, where: str, local: bool) -> list[Stored]:
        """What events say of a storage whose frame is no more."""
        return [
            stored(where, local, item[2], value)
            for item, (value, _) in self._items.items()
            if item[:2] == (where, local)
        ]


def _area(event: Message) -> tuple[str, bool]:
    storage = event["storageId"]
    where = storage.get("storageKey") or storage.get("securityOrigin", "")
    return str(where), bool(storage["isLocalStorage"])


def parted(where: str) -> tuple[str, str]:
    """Origin and top site of a storage key such as ``https://b.test/^0https://a.test``."""
    origin, *parts = where.split("^")
    partition = next((part[1:] for part in parts if part.startswith("0")), "")
    return origin.rstrip("/"), partition


def stored(where: str, local: bool, key: str, value: str) -> Stored:
    """An item of local or session storage."""
    origin, partition = parted(where)
    return Stored(
        Kind.LOCAL if local else Kind.SESSION,
        origin,
        key[: limits.AUDIT_KEPT_CHARACTERS],
        value[: limits.AUDIT_KEPT_CHARACTERS],
        partition,
    )


def _enable(session: Session) -> None:
    if session.kind in PAGES:
        session.send("DOMStorage.enable")
