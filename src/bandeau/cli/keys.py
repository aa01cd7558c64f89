"""``bandeau keys``: the secrets of a data directory."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bandeau.storage.keys import KeysError, rotate_cookie_key


@click.group("keys")
def keys_group() -> None:
    """The secrets of a site: give the cookies a new key."""


@keys_group.command("rotate")
@click.option(
    "--data",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The data directory given to bandeau serve.",
)
def rotate(data: Path) -> None:
    """Add a key that signs the cookies from the next start on; older ones still hold.

    Exit code 1 where the keys cannot be used.
    """
    try:
        keys = rotate_cookie_key(data)
    except KeysError as error:
        click.echo(f"bandeau keys rotate: {error}", err=True)
        sys.exit(1)
    click.echo(f"{len(keys.cookie)} cookie keys; the newest signs once the server has restarted.")
