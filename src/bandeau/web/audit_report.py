"""``report.html``: an audit in one file, for a lawyer and an engineer; it needs no script.

Everything that a page wrote is escaped, cut, and shown with its invisible characters; nothing of
it is a link, and the file may load nothing (its own CSP).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from bandeau import limits
from bandeau.audit.baseline import Compared, compare
from bandeau.audit.evidence import Evidence, Phase, Request, Run, Seen
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.loading import chain
from bandeau.audit.matrix import ORDER, Cell, Sort, Standing, Thing, host_of
from bandeau.audit.report import Report, moment, state_of
from bandeau.audit.rewriting import rewritten, visible
from bandeau.audit.shown import Notice
from bandeau.web.audit_drawings import (
    LABEL,
    LANE,
    LANES,
    WIDTH,
    Graph,
    Outline,
    Standings,
    Timeline,
    graph,
    outlines,
    png_size,
    standings_of,
    timeline,
)
from bandeau.web.notice import Templates
from bandeau.web.static import source_hash, style

CONSENTED = frozenset({Phase.ACCEPTED, Phase.ONLY})
Column = tuple[Phase, str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """A thing, and in each column how it stood and how often it was seen there, if it was."""

    thing: Thing
    cells: tuple[tuple[Standing, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A screenshot as a data URI, its size in pixels, and what is outlined in it."""

    name: str
    title: str
    source: str
    width: int
    height: int
    outlines: tuple[Outline, ...]


@dataclass(frozen=True, slots=True)
class State:
    """One phase of one run; ``asked`` are its first requests with their standing, ``more`` more."""

    id: str
    title: str
    run: Run
    seen: Seen
    line: Timeline
    asked: tuple[tuple[Request, Standing | None], ...]
    more: int


def report_page(
    report: Report, pictures: Mapping[str, bytes], compared: Compared | None = None
) -> str:
    """The page, whole. ``pictures`` are PNGs by name; one that the report does not vouch for by its
    hash, or that is too much, is left out and told. ``compared`` is where there was a baseline."""
    held = compared or compare(report.findings, None)
    shown, gone = rewritten(report, visible), rewritten(held.gone, visible)
    css = style("audit/report.css")
    taken, lost = _pictures(report, shown.evidence, pictures)
    columns = _columns(shown.evidence)
    return Templates().plain(
        "audit/report.html",
        report=shown,
        style=Markup(css),  # noqa: S704 - our own style sheet, from the package
        style_hash=source_hash(css),
        when=f"{moment(shown.evidence):%Y-%m-%d %H:%M} UTC",
        host=host_of(shown.evidence.address),
        groups=_groups(shown.findings),
        known=frozenset(rewritten(tuple(each.key for each in held.known), visible)),
        gone=gone,
        compared=held.compared,
        state_of=state_of,
        columns=columns,
        rows=_rows(shown.things, columns),
        more_things=max(len(shown.things) - limits.AUDIT_SHOWN_THINGS, 0),
        pictures=taken,
        lost=lost,
        notices=tuple(_notices(shown.evidence)),
        states=tuple(_states(shown)),
        graphs=_graphs(shown),
        lanes=LANES,
        drawing={"width": WIDTH, "lane": LANE, "label": LABEL},
        cut=limits.AUDIT_SHOWN_CHARACTERS,
        short=limits.AUDIT_SHOWN_CHARACTERS // 5,
    )


def _groups(findings: Iterable[Finding]) -> list[tuple[Severity, list[Finding]]]:
    found = list(findings)
    return [
        (severity, mine)
        for severity in Severity
        if (mine := [each for each in found if each.severity is severity])
    ]


def _columns(evidence: Evidence) -> list[Column]:
    """The states that were looked at, each once, in the order of the protocol."""
    order = list(Phase)
    found = {(seen.phase, seen.purpose) for run in evidence.runs for seen in run.phases}
    return sorted(found, key=lambda each: (order.index(each[0]), each[1] or ""))


def _rows(things: Iterable[Thing], columns: Iterable[Column]) -> list[Row]:
    return [
        Row(thing, tuple(_cell(thing.cells, column) for column in columns))
        for thing in list(things)[: limits.AUDIT_SHOWN_THINGS]
    ]


def _cell(cells: Iterable[Cell], column: Column) -> tuple[Standing, int] | None:
    """The worst standing in a state over all runs, and how often the thing was seen in it."""
    mine = [cell for cell in cells if (cell.phase, cell.purpose) == column]
    if not mine:
        return None
    worst = max((cell.standing for cell in mine), key=ORDER.index)
    return worst, sum(cell.times for cell in mine)


def _notices(evidence: Evidence) -> Iterator[tuple[str, Notice]]:
    """Each notice and panel with the state in which it stood; equal ones once."""
    before: set[Notice] = set()
    for run in evidence.all_runs:
        for seen in run.phases:
            for notice in (seen.notice, seen.panel):
                if notice and notice not in before:
                    before.add(notice)
                    yield _title(run, seen), notice


def _title(run: Run, seen: Seen) -> str:
    setting = run.setting
    told = [
        f"run {run.number}",
        setting.device.value,
        setting.language or "",
        "Global Privacy Control" if setting.signal else "",
        "" if setting.third_party_cookies else "third-party cookies held back",
        "" if setting.browser == "chromium" else setting.browser,
    ]
    return f"{state_of(seen.phase, seen.purpose)} ({', '.join(each for each in told if each)})"


def _states(report: Report) -> Iterator[State]:
    standings = standings_of(report.things)
    every = [(run, seen) for run in report.evidence.all_runs for seen in run.phases]
    for number, (run, seen) in enumerate(every):
        asked = _asked(run, seen, standings)
        yield State(
            f"state-{number}",
            _title(run, seen),
            run,
            seen,
            timeline(run.number, seen, standings),
            asked,
            len(seen.requests) - len(asked),
        )


def _asked(
    run: Run, seen: Seen, standings: Standings
) -> tuple[tuple[Request, Standing | None], ...]:
    state = (run.number, seen.phase, seen.purpose)
    return tuple(
        (request, standings.get((Sort.HOST, host_of(request.url), *state)))
        for request in seen.requests[: limits.AUDIT_SHOWN_REQUESTS]
    )


def _graphs(report: Report) -> list[tuple[str, Graph]]:
    """Who loaded whom without consent, and with it, where anything was loaded at all."""
    told = (
        ("Without consent", frozenset(Phase) - CONSENTED - {Phase.BESIDE}),
        ("With consent", CONSENTED),
    )
    most = limits.AUDIT_SHOWN_HOSTS
    drawn = (
        (title, graph(chain(report.evidence, report.things, among, most))) for title, among in told
    )
    return [(title, each) for title, each in drawn if len(each.nodes) > 1]


def _pictures(
    report: Report, shown: Evidence, data: Mapping[str, bytes]
) -> tuple[list[Picture], list[str]]:
    """The pictures that fit in, those of notices first, and the names of those that do not."""
    vouched = {file.name: file.digest for file in report.files}
    room = limits.AUDIT_SHOWN_PICTURE_BYTES
    taken: dict[str, Picture] = {}
    lost: dict[str, None] = {}
    for name, title, notice, run in _wanted(shown):
        if name in taken or name in lost:
            continue
        found = data.get(name, b"")
        size = png_size(found)
        if size and len(found) <= room and vouched.get(name) == _digest(found):
            room -= len(found)
            around = outlines(notice, run.setting.device, size[0]) if notice else ()
            taken[name] = Picture(name, title, _uri(found), *size, around)
        else:
            lost[name] = None
    return list(taken.values()), list(lost)


def _wanted(evidence: Evidence) -> Iterator[tuple[str, str, Notice | None, Run]]:
    every = [(run, seen) for run in evidence.all_runs for seen in run.phases]
    for run, seen in every:
        for notice in (seen.notice, seen.panel):
            if notice and notice.picture:
                yield notice.picture, _title(run, seen), notice, run
    for run, seen in every:
        for visit in seen.visits:
            if visit.picture:
                yield visit.picture, _title(run, seen), None, run


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"
