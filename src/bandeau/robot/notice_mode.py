"""Reads what a page tells Google's tags before any choice: the defaults of Consent Mode."""

from __future__ import annotations

import re
from typing import Any

from bandeau.audit.foreign_json import read_foreign
from bandeau.audit.shown import ConsentMode
from bandeau.robot.window import Window

# In the page's own world: what lies in the queue that tags read, in its order.
_QUEUE = """(() => { try {
  const pushed = [...globalThis.dataLayer ?? []].slice(0, 200).map((each) =>
    typeof each?.[0] === "string" ? [each[0], String(each[1]).slice(0, 40), each[2] ?? {}] : null);
  return JSON.stringify(pushed.filter((each) => each));
} catch { return null; } })()"""
_TAGS = ("config", "event")
_NEEDED = ("security_storage", "functionality_storage")
_EEA = re.compile(
    r"AT|BE|BG|C[YZ]|D[EK]|E[ES]|F[IR]|GR|H[RU]|I[EST]|L[ITUV]|MT|N[LO]|P[LT]|RO|S[EIK]"
)


async def read_mode(tab: Window) -> ConsentMode | None:
    """What a visitor of the European Economic Area is taken to have agreed to beforehand.

    ``None`` where the page uses no Consent Mode, or its queue cannot be read.
    """
    try:
        return mode_of(read_foreign(str(await tab.said(_QUEUE) or "[]")))
    except (ValueError, TypeError, AttributeError):
        return None


def mode_of(queue: list[list[Any]]) -> ConsentMode | None:
    """Commands as they were queued: a default for a region goes before that for everybody."""
    defaults = [told for word, kind, told in queue if (word, kind) == ("consent", "default")]
    if not defaults:
        return None
    here = [each for each in defaults if _of_eea(each)]
    everywhere = [each for each in defaults if "region" not in each]
    effective: dict[str, object] = {}
    for each in (*everywhere, *here):
        effective |= each
    first = next(at for at, each in enumerate(queue) if each[:2] == ["consent", "default"])
    early = [f"{word} {what}" for word, what, _ in queue[:first] if word in _TAGS]
    granted = [key for key, value in effective.items() if value == "granted"]
    return ConsentMode(
        tuple(sorted(key for key in granted if key not in _NEEDED)), tuple(early[:10])
    )


def _of_eea(default: dict[str, object]) -> bool:
    regions = default.get("region")
    codes = regions if isinstance(regions, list) else []
    return any(_EEA.fullmatch(str(each).partition("-")[0].upper()) for each in codes)
