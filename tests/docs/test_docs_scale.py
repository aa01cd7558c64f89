"""What docs/scale.md computes follows from what it measured."""

from __future__ import annotations

import pytest
from documents import doc, rows, section

MONTH_SECONDS = 365.25 / 12 * 86_400
PEAK = 10
MONTHS = 13


def number(text: str) -> float:
    return float(text.replace(",", ""))


def measured() -> dict[str, float]:
    """Bytes of a record by what keeps them."""
    table = rows(section(doc("scale.md"), "## Measured"))
    return {name.strip("`"): number(size) for name, size in (c for c in table if len(c) == 2)}


def test_what_a_month_takes() -> None:
    size = measured()
    log = size.pop("write-ahead log")
    kept = sum(size.values())
    assert f"a record](#measured) in PostgreSQL, {kept:,.0f}, of which" in doc("scale.md")
    told = rows(section(doc("scale.md"), "## What a month takes"))
    assert [number(row[0]) for row in told] == [10**power for power in range(6, 11)]
    for choices, *rest in (map(number, row) for row in told):
        a_second = choices / MONTH_SECONDS
        gigabytes = choices / 1e9
        expected = (
            *(a_second, a_second * PEAK, gigabytes * kept, gigabytes * log),
            gigabytes * kept * MONTHS / 1_000,
        )
        assert rest == pytest.approx(expected, rel=0.05), choices


def test_how_many_shards() -> None:
    size = measured()
    content = size["consent"] * MONTHS / 1_000
    log = size["leaf"] + size["tile"] + size["checkpoint"] + size["inbox"]
    text = " ".join(section(doc("scale.md"), "## What a month takes").split())
    assert f"{content:.1f} TB of content, so three shards of {content / 3:.1f} TB" in text
    assert f"{log:,.0f} bytes a record) stays whole, {log * MONTHS / 1_000:.1f} TB" in text


def test_what_a_million_sites_take() -> None:
    told = section(doc("scale.md"), "## A million sites")
    (seconds,) = (
        [number(cell) for cell in row[1:]] for row in rows(told) if row[0] == "CPU seconds a site"
    )
    for name, *rest in (row for row in rows(told) if row[0] != "CPU seconds a site"):
        hours = [number(name) * each / 3_600 for each in seconds]
        days = [each / 24 / cores for cores in (64, 2) for each in hours]
        assert [number(cell) for cell in rest] == pytest.approx([*hours, *days], rel=0.05), name
