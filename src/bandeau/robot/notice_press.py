"""Presses controls as a hand does, and takes a consent back where one press does it."""

from __future__ import annotations

from bandeau.robot.notice_page import read_page, ways_back
from bandeau.robot.notice_sight import ask, look
from bandeau.robot.notice_state import read_state
from bandeau.robot.pipe import CallFailed
from bandeau.robot.window import Window, World

ACT_SECONDS = 6.0


async def press(tab: Window, world: World | None, at: int) -> str:
    """A real click on a described control, brought into the window first; answers why not."""
    if world is None:
        return "its frame has gone"
    try:
        spot = await ask(world, "place", at)
        if "why" in spot:
            return str(spot["why"])
        left, top = (0.0, 0.0) if world.top else await world.offset()
        await tab.click(left + spot["x"], top + spot["y"])
    except CallFailed as error:
        return str(error)
    await tab.settle(ACT_SECONDS)
    return ""


async def taken_back(tab: Window) -> bool:
    """Whether a control that says so withdrew at once: something changed, and nothing asks.

    Where one leads to the settings first, the page is loaded anew.
    """
    await look(tab, first=False, within=0)
    for way in [each for each in await ways_back(tab) if each.at_once][:1]:
        before = await _kept(tab)
        if await press(tab, way.world, way.index):
            return False
        if (await look(tab, first=False, within=1.0)).notice is not None:
            await tab.reload()
            return False
        return await _kept(tab) != before
    return False


async def _kept(tab: Window) -> frozenset[str]:
    page = await read_page(tab)
    return (await read_state(tab, asking=False, ours=bool(page.band))).kept
