"""Several statements in one way to the server: the driver has none for those with parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

Value: TypeAlias = int | bytes | Sequence[int] | Sequence[bytes]
Statement: TypeAlias = tuple[str, tuple[Value, ...]]
"""A text with ``$1`` and so on, and what they stand for."""
COMMIT: Statement = ("COMMIT", ())
_PLACE = re.compile(r"\$([1-9])")


def script(*statements: Statement) -> str:
    """The statements with their values written in. No text is: nothing here needs to be quoted."""
    return ";".join(_written(*statement) for statement in statements)


def _written(text: str, values: tuple[Value, ...]) -> str:
    shown = [_literal(value) for value in values]
    return _PLACE.sub(lambda place: shown[int(place[1]) - 1], text)


def _literal(value: Value) -> str:
    if isinstance(value, int):
        return f"{value:d}"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'"
    return "'{" + ",".join(map(_element, value)) + "}'"


def _element(value: int | bytes) -> str:
    """An array's: its backslash is escaped once more."""
    return f"{value:d}" if isinstance(value, int) else f"\\\\x{value.hex()}"
