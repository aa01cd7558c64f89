"""What commands that visit sites share: how thoroughly they look, and which places they may go."""

from __future__ import annotations

from pathlib import Path

import click

from bandeau import limits
from bandeau.cli.numbers import F, number_option

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The policy file that sites are held against.",
)


def thoroughness_options(command: F) -> F:
    """``--pages``, ``--idle`` and ``--quick``, as :func:`bandeau.app.auditing.thoroughness` has."""
    for option in (
        click.option(
            "--quick", is_flag=True, help="Accept, withdraw and refuse only, on one device."
        ),
        number_option(
            "--idle",
            click.FloatRange(0, limits.AUDIT_REST_SECONDS),
            10.0,
            "Seconds to wait on arrival, and once refused or withdrawn.",
        ),
        number_option(
            "--pages",
            click.IntRange(0, limits.AUDIT_PAGES),
            3,
            "Pages to open in each state, beside the first.",
        ),
    ):
        command = option(command)
    return command


def place_options(command: F) -> F:
    """``--allow-private`` and ``--resolve``: see :class:`~bandeau.robot.browser.BrowserOptions`."""
    for option in (
        click.option(
            "--resolve",
            default="",
            metavar="RULES",
            help='Where hosts are: "MAP HOST ADDRESS:PORT".',
        ),
        click.option("--allow-private", is_flag=True, help="Visit private addresses too."),
    ):
        command = option(command)
    return command
