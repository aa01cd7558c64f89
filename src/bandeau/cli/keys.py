"""``bandeau keys``: the secrets of a data directory."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import click

from bandeau.cli.opening import data_option, keys_option
from bandeau.ledger.store import LedgerUnavailable
from bandeau.settings import SettingsError, parse_data
from bandeau.storage.keys import KeysError
from bandeau.storage.place import open_place


@click.group("keys")
def keys_group() -> None:
    """The secrets of a site: give the cookies a new key."""


@keys_group.command("rotate")
@data_option
@keys_option
def rotate(data: str, keys: Path | None) -> None:
    """Add a key that signs the cookies from the next start on; older ones still hold.

    Exit code 1 where the keys cannot be used.
    """
    try:
        with closing(open_place(parse_data(data), keys)) as place:
            turned = place.rotate_keys(os.urandom)
    except (KeysError, SettingsError, LedgerUnavailable) as error:
        click.echo(f"bandeau keys rotate: {error}", err=True)
        sys.exit(1)
    click.echo(f"{len(turned.cookie)} cookie keys; the newest signs once the server has restarted.")
