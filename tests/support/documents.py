"""The pages of the documentation, cut into blocks, sections and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "bandeau"
PAGES = (
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
)
FENCE = re.compile(r"^( *)```(\S*)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: where it stands, its language, the rest of its first line, its text."""

    page: str
    language: str
    note: str
    text: str


def doc(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def blocks() -> Iterator[Block]:
    for page in PAGES:
        for indent, language, note, text in FENCE.findall(page.read_text("utf-8")):
            plain = re.sub(f"^{indent}", "", text, flags=re.MULTILINE)
            yield Block(page.name, language, note.strip(), plain)


def prose(text: str) -> str:
    return FENCE.sub("", text)


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    _, found, rest = prose(text).partition(f"\n{heading}\n")
    assert found, f"no heading {heading!r}"
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, without heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [at for at, cells in enumerate(table) if set("".join(cells)) <= set("-: ")]
    heads = {at - 1 for at in rules}
    return [cells for at, cells in enumerate(table) if at not in heads and at not in rules]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def first_codes(text: str) -> set[str]:
    return {code for cells in rows(text) for code in codes(cells[0])}


def theme_properties() -> set[str]:
    style = "".join(p.read_text("utf-8") for p in sorted(SOURCE.rglob("templates/*.css")))
    return set(re.findall(r"var\((--bandeau-[a-z-]+)", style))
