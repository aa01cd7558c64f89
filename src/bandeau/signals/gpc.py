"""Global Privacy Control: what ``Sec-GPC`` says (rules G1 to G4)."""

from __future__ import annotations

from collections.abc import Collection


def is_signal(values: Collection[bytes]) -> bool:
    """Whether ``Sec-GPC`` speaks: exactly ``1`` in at least one header line (rule G1)."""
    return b"1" in values
