"""What a verification found, in words: what is wrong, since when, what still holds, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bandeau.ledger.anchored import STAMP, Anchored
from bandeau.ledger.verify import Finding, Outcome

_SHOWN = 100
_ADVICE = (
    (
        ("records cut off",),
        "A signed checkpoint counts more records than are here. Where it comes from outside, this"
        " database is older than it, as after restoring a backup: put the newer database back; what"
        " is missing can then only be shown by the receipts that visitors hold.",
    ),
    (
        ("record edited", "record replaced", "successor edited", "erasure undone"),
        "Records differ from what was signed. Keep this database as it is for whoever looks into"
        " it, and restore a backup that verifies against your latest checkpoint from outside.",
    ),
    (
        ("record missing", "record emptied", "record out of order", "records not signed"),
        "Records are gone, moved or new without a signature. Keep this database as it is, and"
        " restore a backup that verifies against your latest checkpoint from outside.",
    ),
    (
        ("tile edited", "tile missing", "tile unknown", "record and tile differ"),
        "Tiles of the tree are damaged. Where no record is named, the records themselves hold:"
        " restore the tiles from a backup that verifies.",
    ),
    (
        ("checkpoint edited", "checkpoint missing"),
        "Kept checkpoints are damaged; a copy from outside shows whether more than that was"
        " changed: give it with --checkpoint.",
    ),
    (
        ("history does not match its checkpoint",),
        "This history is another one than was signed. Do not sign on: a log with two histories"
        " proves nothing. Compare the checkpoints that others hold.",
    ),
    (
        ("artefact edited", "artefact missing", "artefact unknown"),
        "Files that show what visitors saw are damaged; restore them from a backup.",
    ),
    (
        ("anchor edited",),
        "What was kept of others' word is damaged, or not of this log; ask them again.",
    ),
    (("file damaged",), "The file itself is damaged: look after the disk, and restore a backup."),
)


def moment(milliseconds: int) -> str:
    """A time of a record as people read it, in UTC to the second."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def findings_told(outcome: Outcome, anchored: Anchored) -> Iterator[str]:
    """Lines for an outcome that does not hold; what others vouched for tells since when."""
    for finding in outcome.findings[:_SHOWN]:
        yield f"{finding}{_between(finding)}"
    left = len(outcome.findings) - _SHOWN
    if left > 0:
        yield f"… and {left} more."
    yield f"NOT VALID: {counted(len(outcome.findings), 'fault')}."
    yield _held(outcome)
    yield from _since(outcome, anchored)
    faults = {finding.fault for finding in outcome.findings}
    for named, advice in _ADVICE:
        if faults.intersection(named):
            yield advice


def vouched_told(anchored: Anchored) -> Iterator[str]:
    """Lines for what others vouch for, and when."""
    for each in anchored.vouched:
        size, when = counted(each.size, "record"), moment(each.time)
        if each.by == STAMP:
            yield f"By {STAMP}, {size} were there at {when}."
        else:
            yield f"{each.by} vouches for {size} at {when}."
    yield from unchecked_told(anchored.unchecked)


def unchecked_told(stamps: int) -> Iterator[str]:
    """A line for time stamps without a certificate to check them by, if there are any."""
    if stamps:
        told = counted(stamps, "time stamp")
        yield f"{told} not checked: give the authority's certificate with --tsa-root."


def counted(number: int, noun: str) -> str:
    """``number`` with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _between(finding: Finding) -> str:
    if finding.after is not None and finding.before is not None:
        return f" (between {moment(finding.after)} and {moment(finding.before)})"
    if finding.after is not None:
        return f" (after {moment(finding.after)})"
    if finding.before is not None:
        return f" (before {moment(finding.before)})"
    return ""


def _since(outcome: Outcome, anchored: Anchored) -> Iterator[str]:
    """Who vouched for more than the first fault's place did so when it was still right."""
    first = min((each.index for each in outcome.findings if each.index is not None), default=None)
    covering = [each for each in anchored.vouched if first is not None and each.size > first]
    if covering:
        last = max(covering, key=lambda each: each.time)
        yield (
            f"Changed after {moment(last.time)}, when {last.by} vouched for the"
            f" {counted(last.size, 'record')} that were there."
        )


def _held(outcome: Outcome) -> str:
    holds = outcome.holds
    if holds is None or not holds.size:
        return "No signed checkpoint holds."
    until = "" if holds.time is None else f", until {moment(holds.time)}"
    return f"What still holds: the checkpoint of the first {counted(holds.size, 'record')}{until}."
