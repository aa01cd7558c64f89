"""Findings that say one thing in several ways, and how a violator and its twin are written."""

from __future__ import annotations

from typing import Any

from tests.zoo.site import Site, twin

EARLY = "@arrived,ignored"
BEFORE_CHOICE = ("V4", "P1", "P2", "P3", "P4", "P5", "P9", "F1", "K3", "V23")
"""Something of the kind before a choice: one fact breaks several of these at once."""
AFTER_REFUSAL = ("V3", "R1", "R2", "R3", "P3", "P9", "V6")
AFTER_WITHDRAWAL = ("V21", "W4", "W5", "W6", "R2", "R3", "P3", "P9")
UNEQUAL = ("V8", "B3", "B4", "B5", "B8", "B14", "A2", "A4", "A6")
"""A control that is smaller is paler, too, or nearer to the text."""
HARD_TO_REFUSE = ("V2", "B1", "B2", "B3", "B9", "V20", "W2", "W3", "A4")


def pairs(*sites: Site | tuple[Site, dict[str, Any]]) -> tuple[Site, ...]:
    """Each site and its twin; a mapping beside a site says what its twin has otherwise."""
    found: list[Site] = []
    for each in sites:
        site, changes = each if isinstance(each, tuple) else (each, {})
        found += [site, twin(site, **changes)]
    return tuple(found)
