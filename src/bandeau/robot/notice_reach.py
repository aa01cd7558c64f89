"""What a notice leaves in reach of the keyboard, and of people who enlarge the page (A5, A9)."""

from __future__ import annotations

from bandeau import limits
from bandeau.audit.shown import Reach, Role
from bandeau.robot.notice_sight import Sight, ask, look
from bandeau.robot.window import Window

SMALL = (320, 256)
"""Pixels of CSS: what a window of 1280 by 1024 shows at four times the size (WCAG 1.4.10)."""
_MAIN = (Role.ACCEPT, Role.REFUSE, Role.CUSTOMISE)
_AGAIN_SECONDS = 1.0


async def reach_of(tab: Window, sight: Sight) -> Reach | None:
    """What ``sight``'s notice leaves in reach; the window has its own size again after it."""
    if sight.notice is None or sight.world is None:
        return None
    hidden: list[str] = []
    if not sight.notice.modal and sight.world.top:
        hidden = await ask(sight.world, "hidden", limits.AUDIT_FOCUSED)
    await tab.sized(*SMALL)
    try:
        small = await look(tab, within=_AGAIN_SECONDS)
        unreached, width = await _out_of_reach(small)
    finally:
        await tab.sized()
    return Reach(tuple(map(str, hidden)), unreached, width)


async def _out_of_reach(sight: Sight) -> tuple[tuple[str, ...], float]:
    notice, world = sight.notice, sight.world
    if notice is None or world is None:
        return (), 0.0
    main = [at for role in _MAIN for at in sight.indexes(role)]
    unplaced = [at for at in main if "why" in (await ask(world, "place", at) or {})]
    return tuple(notice.controls[at].label for at in unplaced), notice.box.width
