"""Bandeau: consent for publishers' web sites, enforced on the server and proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bandeau.app import Bandeau as Bandeau

__all__ = ["Bandeau"]


def __getattr__(name: str) -> object:
    """``from bandeau import Bandeau``, without every part being loaded for each of them."""
    if name != "Bandeau":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bandeau.app import Bandeau

    return Bandeau
