"""What a page is like beside its notice: what a visit records, and the ways back to the choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bandeau.audit.shown import Role, Visit
from bandeau.audit.wording import Labelled
from bandeau.robot.notice_sight import Sight, ask
from bandeau.robot.pipe import CallFailed, Message
from bandeau.robot.window import Loaded, Window, World
from bandeau.robot.wordings import wording


@dataclass(frozen=True, slots=True)
class PageSeen:
    """What of a page a reader, and the choice, can tell; ``purposes`` are our own switches."""

    title: str = ""
    language: str = ""
    words: int = 0
    links: tuple[str, ...] = ()
    band: str = ""
    comments: str = ""
    purposes: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class WayBack:
    """A control outside a notice that leads back to the choices (rule W1).

    ``at_once``: its words say that it takes a consent back by itself.
    """

    world: World
    index: int
    label: str
    reached_by_tab: bool
    at_once: bool


async def read_page(tab: Window) -> PageSeen:
    """What the top document shows; an empty value where it does not answer."""
    try:
        found = await ask((await tab.worlds())[0], "facts")
    except CallFailed:
        return PageSeen()
    return PageSeen(
        title=found["title"],
        language=found["language"],
        words=int(found["words"]),
        links=tuple(found["links"]),
        band=found["band"],
        comments=found["comments"],
        purposes=tuple((str(key), bool(yes)) for key, yes in found["purposes"]),
    )


async def ways_back(tab: Window, *, policy: bool = False) -> list[WayBack]:
    """Controls that lead back to the choices, surest first. The page must have been looked at.

    On the page of the site's ``policy`` those count too that name no more than preferences.
    """
    return await _ways(tab, lambda raw: _leads_back(raw) or (policy and _prefers(raw)))


async def way_to_policy(tab: Window) -> WayBack | None:
    """The link to the site's policy on privacy or cookies, the last one where there are several."""
    ways = await _ways(tab, _leads_to_policy)
    return ways[-1] if ways else None


async def has_switches(tab: Window) -> bool:
    """Whether anything outside a notice can be switched on and off."""
    try:
        return any(raw["toggle"] for raw in await ask((await tab.worlds())[0], "ways"))
    except CallFailed:
        return False


async def _ways(tab: Window, wanted: Callable[[Message], bool]) -> list[WayBack]:
    try:
        world = (await tab.worlds())[0]
        found = await ask(world, "ways")
    except CallFailed:
        return []
    known = [(at, raw) for at, raw in enumerate(found) if wanted(raw)]
    known.sort(key=lambda each: (not each[1]["band"], each[1]["leads"]))
    return [
        WayBack(
            world,
            at,
            raw["label"] or raw["name"],
            bool(raw["tabbed"]),
            wording().takes_back(_control(raw)),
        )
        for at, raw in known
    ]


def _leads_back(raw: Message) -> bool:
    if raw["toggle"]:
        return False
    return bool(raw["band"]) or wording().leads_back(
        _control(raw), afloat=raw["afloat"], hint=raw["hint"]
    )


def _prefers(raw: Message) -> bool:
    control = _control(raw)
    role = wording().role(control)
    return role is Role.CUSTOMISE and not raw["leads"] and any(wording().subject(control.label))


def _leads_to_policy(raw: Message) -> bool:
    control = _control(raw)
    named = wording().role(control) is Role.POLICY and any(wording().subject(control.label))
    return bool(raw["leads"]) and named


def _control(raw: Message) -> Labelled:
    return Labelled(raw["label"], raw["name"], raw["toggle"], raw["leads"])


async def visit_of(
    tab: Window, loaded: Loaded, sight: Sight, *, at: float, picture: str = ""
) -> Visit:
    """What a visit records of the page that stands there, ``sight`` being what was looked at."""
    page = await read_page(tab)
    back = await ways_back(tab)
    usable = sight.usable if sight.notice is not None else await _usable(tab)
    return Visit(
        asked=loaded.asked,
        landed=loaded.landed,
        at=at,
        status=loaded.status,
        title=page.title,
        language=page.language,
        words=page.words,
        asking=sight.notice is not None,
        reopen=bool(back),
        band=page.band,
        comments=page.comments,
        covered=sight.covered,
        usable_links=usable,
        links=page.links,
        picture=picture,
        failure=loaded.failure,
    )


async def _usable(tab: Window) -> tuple[int, int]:
    """How many links can be pressed of those looked at, where nothing asks."""
    try:
        here = await ask((await tab.worlds())[0], "usable", None)
    except CallFailed:
        return 0, 0
    return int(here["could"]), int(here["tried"])
