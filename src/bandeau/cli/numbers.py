"""Options that are a number, with a default that the help shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


def number_option(
    name: str,
    within: click.IntRange | click.FloatRange,
    default: float,
    told: str,
    unit: str | None = None,
) -> Callable[[F], F]:
    """The option ``name``, a number ``within`` bounds, in ``unit`` where its help names one."""
    return click.option(
        name, type=within, default=default, metavar=unit, show_default=True, help=told
    )
