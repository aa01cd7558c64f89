"""Figures by day as plots: SVG drawn here, each with its title, and a table of the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bandeau.features.comments.figures import Day
from bandeau.web.admin_view import FIGURES, STATES, AdminView, Desk, Say

WIDTH, HEIGHT = 640, 160
_HOUR_MS = 3_600_000
SPANS = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a bar: place and size in the units of the plot, and which series it is of."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars by day; ``names`` are those of the series, ``most`` the height of the plot in words."""

    id: str
    title: str
    names: Sequence[str]
    bars: Sequence[Bar]
    most: str


def figures_page(view: AdminView, desk: Desk, days: Sequence[Day]) -> str:
    """The page for so many days, oldest first."""
    say = view.sayer(desk.lang)
    return view.page(
        "admin_figures.html",
        desk.lang,
        desk=desk,
        current="figures",
        plots=_plots(say, days),
        width=WIDTH,
        height=HEIGHT,
        first=_date(days[0]),
        last=_date(days[-1]),
        columns=[say(f"state.{state}") for state in STATES],
        rows=[_row(say, day) for day in reversed(days)],
        spans=[
            (f"{FIGURES}?days={span}&lang={desk.lang}", span, span == len(days)) for span in SPANS
        ],
    )


def bars(columns: Sequence[Sequence[float]]) -> tuple[list[Bar], float]:
    """Columns of stacked values as bars, and the most that one of them adds up to."""
    most = max((sum(column) for column in columns), default=0)
    step = WIDTH / max(1, len(columns))
    drawn = []
    for number, column in enumerate(columns):
        top = float(HEIGHT)
        for series, value in enumerate(column):
            tall = value / most * HEIGHT if most else 0
            top -= tall
            if tall:
                place = (round(number * step, 2), round(top, 2), round(step * 0.8, 2))
                drawn.append(Bar(*place, round(tall, 2), series))
    return drawn, most


def _plots(say: Say, days: Sequence[Day]) -> list[Plot]:
    states = [say(f"state.{state}") for state in STATES]
    written, most = bars([[day.states[state] for state in STATES] for day in days])
    told, reports = bars([[day.notices, day.reports - day.notices] for day in days])
    waited, longest = bars([[(day.median or 0) / _HOUR_MS] for day in days])
    kinds = [say("figures.notices"), say("figures.others")]
    return [
        Plot("written", say("figures.written"), states, written, f"{most:g}"),
        Plot("told", say("figures.reports"), kinds, told, f"{reports:g}"),
        Plot(
            "waited",
            say("figures.median"),
            (),
            waited,
            say("figures.hours", count=f"{longest:.1f}"),
        ),
    ]


def _row(say: Say, day: Day) -> dict[str, object]:
    median = (
        "" if day.median is None else say("figures.hours", count=f"{day.median / _HOUR_MS:.1f}")
    )
    return {
        "date": _date(day),
        "states": [day.states[state] for state in STATES],
        "reports": day.reports,
        "notices": day.notices,
        "decisions": day.decisions,
        "median": median,
    }


def _hours(say: Say, hours: float) -> str:
    return say("figures.hours", count=f"{hours:.1f}")


def _date(day: Day) -> str:
    return f"{datetime.fromtimestamp(day.start / 1000, UTC):%Y-%m-%d}"
