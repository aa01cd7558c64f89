"""A picture of the window with the notice outlined, drawn by the browser above the page."""

from __future__ import annotations

from bandeau.audit.shown import Box
from bandeau.robot.tab import Tab

_RED = {"r": 214, "g": 0, "b": 60, "a": 1}


async def outlined_picture(tab: Tab, box: Box) -> bytes:
    """A PNG of the window with ``box`` outlined; nothing is added to the page."""
    await tab.page.call("Overlay.enable")
    try:
        await tab.page.call(
            "Overlay.highlightRect",
            x=round(box.x),
            y=round(box.y),
            width=round(box.width),
            height=round(box.height),
            color={"r": 0, "g": 0, "b": 0, "a": 0},
            outlineColor=_RED,
        )
        return await tab.screenshot()
    finally:
        tab.page.send("Overlay.hideHighlight")
        tab.page.send("Overlay.disable")
