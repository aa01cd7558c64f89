"""Notices that stand in the way of the keyboard, or of whoever enlarges the page (A5, A9)."""

from __future__ import annotations

from collections.abc import Iterator

from bandeau.audit.finding import Finding, Severity
from bandeau.audit.verdicts.asking import NOTICE
from bandeau.audit.verdicts.audited import UNTOUCHED, Audited, Moment
from bandeau.audit.verdicts.telling import told

_SMALL_PIXELS = 320
_ROUNDED = 2


def reached(audited: Audited) -> Iterator[Finding]:
    """Focus that the notice hides, and controls that cannot be reached in a small window."""
    for moment in audited.moments(*UNTOUCHED):
        reach = moment.seen.reach
        if reach is None:
            continue
        if reach.hidden:
            yield _warned(
                ("A5",),
                "The notice hides what has the focus",
                "Who goes through the page with Tab does not see where they are (WCAG 2.4.11).",
                [f"“{label}” has the focus, and lies wholly under it" for label in reach.hidden],
                "Open the page in a fresh profile, leave the notice, and press Tab to the end.",
                moment,
            )
        wide = reach.width > _SMALL_PIXELS + _ROUNDED
        if reach.unreached or wide:
            proof = [f"“{label}” cannot be brought into the window" for label in reach.unreached]
            proof += [f"it is {reach.width:.0f} px wide in a window of 320"] if wide else []
            yield _warned(
                ("A9", "B1"),
                "The notice cannot be used in a small or enlarged window",
                "At 320 by 256 pixels, which is a usual window at 400 %, all its controls have to "
                "be in reach, without scrolling in two directions (WCAG 1.4.10).",
                proof,
                "Make the window 320 by 256 pixels large in the browser's tools, and use it.",
                moment,
            )


def _warned(
    rules: tuple[str, ...], title: str, detail: str, proof: list[str], again: str, moment: Moment
) -> Finding:
    where = (moment.where(),)
    return told(rules, Severity.WARNING, title, NOTICE, detail, proof, again, where)
