"""``bandeau serve``: the gateway before a publisher's site."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Unpack

import click

from bandeau import limits
from bandeau.app import Options, gateway
from bandeau.cli.numbers import number_option
from bandeau.cli.opening import anchors_option
from bandeau.enforcement.sightings import SightingsUnavailable
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.outbox import OutboxUnavailable
from bandeau.ledger.store import LedgerUnavailable
from bandeau.policy.parse import PolicyError
from bandeau.settings import SettingsError, parse_data, parse_listen, parse_upstream
from bandeau.storage.keys import KeysError
from bandeau.web.server import serve

_UNUSABLE = (
    *(SettingsError, KeysError, OSError),
    *(LedgerUnavailable, CommentsUnavailable, SightingsUnavailable, OutboxUnavailable),
)


@click.command("serve")
@click.option("--config", required=True, type=click.Path(path_type=Path), help="The policy file.")
@click.option("--upstream", required=True, help="The site itself, such as http://127.0.0.1:9000.")
@click.option("--listen", default="127.0.0.1:8000", show_default=True, help="HOST:PORT to serve.")
@click.option(
    "--data",
    default="bandeau-data",
    show_default=True,
    metavar="DIR",
    help="Folder to keep data in, or postgresql://USER@HOST/DATABASE.",
)
@click.option(
    "--keys",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for the keys, made if missing; else they are kept with the data.",
)
@anchors_option
@click.option("--explain", is_flag=True, help="Say in each answer what was withheld, and why.")
@click.option(
    "--confine/--no-confine",
    default=True,
    show_default=True,
    help="Let documents reach allowed and linked hosts only (Connection-Allowlist).",
)
@click.option(
    "--shared-page", is_flag=True, help="One page for everyone where a cache may keep it."
)
@number_option(
    "--cache-bytes",
    click.IntRange(0),
    limits.CACHE_BYTES,
    "Memory for edited pages that the site lets caches keep; 0 keeps none.",
    "BYTES",
)
@click.option(
    "--mail",
    metavar="URL",
    help="Mail server: smtp://USER:PASSWORD@HOST:587?from=ADDRESS; better from the environment.",
)
@click.option(
    "--notify-private",
    is_flag=True,
    help="Send to private addresses too: withdrawals, and comments to review.",
)
def serve_command(
    config: Path, upstream: str, listen: str, data: str, **options: Unpack[Options]
) -> None:
    """Serve a site through Bandeau, held to each visitor's choice.

    Refuses to start, with exit code 1, where the policy or the data cannot be used.
    """
    try:
        address = parse_listen(listen)
        site, place = parse_upstream(upstream), parse_data(data)
        bandeau = gateway(config, site, place, **options)
        serve(
            bandeau,
            address.host,
            address.port,
            on_ready=lambda where: click.echo(f"Bandeau serves {upstream} at {where.url}"),
        )
    except PolicyError as error:
        for fault in error.faults:
            click.echo(fault.shown(str(config)), err=True)
        sys.exit(1)
    except _UNUSABLE as error:
        click.echo(f"bandeau serve: {error}", err=True)
        sys.exit(1)
