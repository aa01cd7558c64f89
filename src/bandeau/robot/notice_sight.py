"""Sees a consent notice, whoever made it: which one it is, and all that it shows.

Nothing here presses anything, and nothing can be noticed by the page.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bandeau import limits
from bandeau.audit.contrast import contrast
from bandeau.audit.evidence import Gap
from bandeau.audit.shown import Box, Colour, Control, Notice, Role
from bandeau.audit.wording import Asking, Labelled
from bandeau.robot.pipe import CallFailed, Message
from bandeau.robot.window import Window, World
from bandeau.robot.wordings import eyes, tools, wording
from bandeau.robot.world import ScriptFailed


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen: ``notice`` with its controls in the order in which ``world`` knows them.

    ``negative`` are the controls that are the "no" of a pair. ``usable`` is as of ``Visit``,
    ``covered`` the share of the window (0 to 1) that the notice took.
    """

    notice: Notice | None = None
    gaps: tuple[Gap, ...] = ()
    world: World | None = None
    negative: frozenset[int] = frozenset()
    leading: frozenset[int] = frozenset()
    usable: tuple[int, int] = (0, 0)
    covered: float = 0.0

    def indexes(self, role: Role) -> list[int]:
        """The places of the controls of one role that can be worked."""
        controls = self.notice.controls if self.notice else ()
        return [at for at, each in enumerate(controls) if each.role is role and not each.disabled]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Something that asks, in the frame where it was found."""

    world: World
    at: int
    raw: Message
    controls: tuple[Labelled, ...] = ()
    offset: tuple[float, float] = (0.0, 0.0)
    weight: tuple[float, ...] = ()


async def ask(world: World, call: str, *given: Any) -> Any:
    """What a page script answers in one frame."""
    return await world.evaluate(eyes(), call, *given)


async def look(
    tab: Window, *, first: bool = True, within: float = limits.AUDIT_NOTICE_SECONDS, layer: int = 1
) -> Sight:
    """The consent notice that stands there, waiting up to ``within`` seconds for one to come.

    Without ``first`` it may be a later layer, which is judged less strictly.
    """
    ends = time.monotonic() + within
    last = ""
    while True:
        deep = time.monotonic() >= ends
        sight = await _seen(tab, first=first, layer=layer, deep=deep)
        told = _told(sight)
        if sight.notice and told == last:
            return sight
        if deep and not (sight.notice and not last):
            return sight
        last = told
        await asyncio.sleep(limits.AUDIT_NOTICE_STILL_SECONDS)


def _told(sight: Sight) -> str:
    if sight.notice is None:
        return ""
    notice = sight.notice
    return f"{notice.box} {notice.text} {[(each.label, each.checked) for each in notice.controls]}"


async def _seen(tab: Window, *, first: bool, layer: int, deep: bool) -> Sight:
    worlds = await tab.worlds()
    found, gaps = await _asking(worlds, first=first)
    if not found and deep and await tab.admit_closed():
        found, gaps = await _asking(worlds, first=first)
    if not found:
        return Sight(gaps=gaps)
    best = max(found, key=lambda each: each.weight)
    raw = await ask(best.world, "describe", best.at)
    if raw is None:
        return Sight()
    return await _sight(worlds[0], best, raw, dialogs=len(found), layer=layer)


async def _asking(
    worlds: Sequence[World], *, first: bool
) -> tuple[list[_Candidate], tuple[Gap, ...]]:
    """All that ask at once, but what only holds another one; and why some is not known."""
    found = await asyncio.gather(*(_in_frame(world, first) for world in worlds))
    asking = [(world, kept) for world, (kept, _) in zip(worlds, found, strict=True) if kept]
    # The outer frames come first: a page may nest them as deep as it likes.
    some = asking[: limits.AUDIT_NOTICE_FRAMES]
    shown = await asyncio.gather(*(_shown(world, kept, worlds[0]) for world, kept in some))
    return [each for kept in shown for each in kept], found[0][1]


async def _in_frame(world: World, first: bool) -> tuple[list[_Candidate], tuple[Gap, ...]]:
    """What asks in one frame, wherever that is, and a gap where the page cannot be read."""
    words = wording()
    try:
        raws = await ask(world, "find", words.topic, tools())
    except ScriptFailed as error:
        told = str(error).partition("\n")[0]
        return [], (Gap("notice", f"the page could not be searched for a notice: {told}"),)
    except CallFailed:
        return [], ()
    candidates = [_candidate(world, at, raw) for at, raw in enumerate(raws or [])]
    asking = {
        each.at: each
        for each in candidates
        if not each.raw["ours"] and words.asks(_asking_of(each), first=first)
    }
    return [each for each in asking.values() if not set(each.raw["holds"]) & set(asking)], ()


async def _shown(world: World, kept: list[_Candidate], top: World) -> list[_Candidate]:
    """Those of one frame that lie above the page, which know from now on where they are."""
    try:
        if not world.top:
            offset = await world.offset()
            kept = [replace(each, offset=offset) for each in kept]
            kept = [each for each in kept if await _shown_above(each, top)]
        await ask(world, "mark", [each.at for each in kept])
    except CallFailed:
        return []
    return [replace(each, weight=_weight(each)) for each in kept]


def _candidate(world: World, at: int, raw: Message) -> _Candidate:
    return _Candidate(world, at, raw, tuple(_labelled(each) for each in raw["controls"]))


def _labelled(raw: Message) -> Labelled:
    return Labelled(
        label=raw["label"],
        name=raw["name"],
        toggle=raw["toggle"],
        leads=raw["leads"],
        bandeau=raw["bandeau"],
        held=raw["held"],
    )


def _asking_of(each: _Candidate) -> Asking:
    raw = each.raw
    return Asking(
        text=raw["text"],
        prose=raw["prose"],
        controls=each.controls,
        floats=raw["floats"] or not each.world.top,
        fields=raw["fields"],
        bandeau=raw["bandeau"],
        dialog=raw["dialog"],
        inside=raw["inside"],
    )


async def _shown_above(each: _Candidate, top: World) -> bool:
    """Whether the frame of something lies above the page: an embedded page asks for itself."""
    x, y, width, height = each.raw["box"]
    middle = (each.offset[0] + x + width / 2, each.offset[1] + y + height / 2)
    return bool(await ask(top, "floatsAt", *middle))


def _weight(each: _Candidate) -> tuple[float, ...]:
    roles = [wording().role(control) for control in each.controls]
    width, height = each.raw["box"][2:]
    return (
        bool(each.raw["bandeau"]),
        bool(each.raw["front"]),
        (Role.ACCEPT in roles) + (Role.REFUSE in roles),
        Role.TOGGLE in roles,
        each.raw["floats"],
        width * height,
    )


async def _sight(top: World, best: _Candidate, raw: Message, *, dialogs: int, layer: int) -> Sight:
    box = _box(raw["box"], best.offset)
    here = await ask(top, "usable", [box.x, box.y, box.width, box.height])
    negative = frozenset(
        at for at, each in enumerate(raw["controls"]) if wording().says_no(_labelled(each))
    )
    controls = tuple(
        _control(each, best.offset, negative=at in negative)
        for at, each in enumerate(raw["controls"])
    )
    notice = Notice(
        tool=best.raw["tool"],
        box=box,
        text=raw["text"],
        language=raw["language"],
        controls=controls,
        modal=_modal(here),
        dialogs=dialogs,
        layer=layer,
    )
    leading = frozenset(at for at, each in enumerate(raw["controls"]) if each["leads"])
    usable = (int(here["could"]), int(here["tried"]))
    return Sight(
        notice, _gaps(raw), best.world, negative, leading, usable, _share(box, here["size"])
    )


def _modal(here: Message) -> bool:
    if here["modal"] or here["free"] < 0.05:
        return True
    return bool(here["tried"] >= 3 and here["could"] == 0)


def _share(box: Box, size: list[float]) -> float:
    width, height = size
    across = max(0.0, min(box.x + box.width, width) - max(box.x, 0.0))
    down = max(0.0, min(box.y + box.height, height) - max(box.y, 0.0))
    return round(across * down / (width * height), 4) if width and height else 0.0


def _box(numbers: list[float], offset: tuple[float, float]) -> Box:
    x, y, width, height = numbers
    return Box(x + offset[0], y + offset[1], width, height)


def _control(raw: Message, offset: tuple[float, float], *, negative: bool) -> Control:
    words = wording()
    role = Role.OTHER if negative else words.role(_labelled(raw))
    colour, ground = _colour(raw["colour"]), _colour(raw["background"])
    return Control(
        role=role,
        label=raw["label"],
        tag=raw["tag"],
        box=_box(raw["box"], offset),
        font_size=raw["fontSize"],
        font_weight=int(raw["fontWeight"]),
        colour=colour,
        background=ground,
        filled=raw["filled"],
        contrast=round(contrast(colour, ground), 2),
        order=raw["order"],
        gap=raw["gap"],
        checked=None if negative else raw["checked"],
        disabled=raw["disabled"],
        purpose=raw["purpose"],
        href=raw["href"],
    )


def _colour(parts: list[int]) -> Colour:
    red, green, blue = parts
    return red, green, blue


def _gaps(raw: Message) -> tuple[Gap, ...]:
    """Colours that could not be told: a gradient, an image, or the page itself lies behind."""
    return tuple(
        Gap("B5", f"what is behind “{each['label'][:60]}” is {each['unsure']}")
        for each in raw["controls"]
        if each["unsure"] and not each["toggle"]
    )
