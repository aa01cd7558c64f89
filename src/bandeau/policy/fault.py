"""A fault in a policy file: where it stands, which rule it breaks, what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]

_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right.

    ``line`` counts from 1. ``key`` is the path as the file writes it, empty for the whole file.
    ``rule`` is a rule id (P, B, I, C, M, F, W), or ``toml`` or ``schema`` where no law applies.
    ``message`` says what is wrong and what to do, on one line.
    """

    line: int
    key: str
    rule: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """The line that a publisher reads, but for the file's name."""
        key = f" {self.key}:" if self.key else ""
        warning = "warning: " if self.severity == "warning" else ""
        return f"{self.line}:{key} [{self.rule}] {warning}{self.message}"

    def shown(self, name: str) -> str:
        """The line that a publisher reads, for the file called ``name``."""
        return f"{name}:{self}"


class PolicyError(Exception):
    """A policy that cannot be used. ``faults`` holds at least one error, in file order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = in_order(faults)
        super().__init__("\n".join(map(str, self.faults)))


def in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Faults as they follow each other in the file."""
    return tuple(sorted(faults, key=lambda fault: (fault.line, fault.key, fault.rule)))


def path_text(path: Path) -> str:
    """A path as the file writes it: ``trackers[2].cookies[0].max_age``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + _segment(part)
    return text


def quoted(value: object) -> str:
    """A value as a message shows it: short, on one line, in double quotes."""
    text = str(value)
    short = text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
    return json.dumps(short, ensure_ascii=not short.isprintable())


def _segment(key: str) -> str:
    bare = re.fullmatch(r"[A-Za-z0-9_-]+", key) and len(key) <= _SHOWN_CHARACTERS
    return key if bare else quoted(key)
