"""Whose word counts for a log: the options that say so, and what was kept of it."""

from __future__ import annotations

from pathlib import Path

import click

from bandeau.cli.opening import UNREADABLE, contents, fail, public_key
from bandeau.ledger.checkpoint import CheckpointError
from bandeau.ledger.cosignature import WitnessKey
from bandeau.ledger.first_anchor import Trust
from bandeau.ledger.timestamp import TimestampError, read_roots
from bandeau.storage.anchors import Anchors

witness_keys_option = click.option(
    "--witness-key",
    multiple=True,
    metavar="KEY",
    help="A witness's public key, or its file. Repeatable.",
)
tsa_root_option = click.option(
    "--tsa-root",
    type=click.Path(path_type=Path),
    help="Certificates (PEM) that time stamps must lead to.",
)


def trust_of(anchors: Anchors, witness_keys: tuple[str, ...], tsa_root: Path | None) -> Trust:
    """The given and the kept keys of witnesses; the given certificates, else the kept ones.

    Exits with 2 where one of them is none. Errors in reading what was kept are ``OSError``.
    """
    told = [*(public_key(each) for each in witness_keys), *anchors.witnesses()]
    pem = contents(tsa_root) if tsa_root else anchors.roots()
    try:
        witnesses = [WitnessKey(each) for each in dict.fromkeys(told)]
        return Trust(witnesses, read_roots(pem) if tsa_root or pem else ())
    except (CheckpointError, TimestampError) as error:
        fail(UNREADABLE, f"A given or kept key is not usable: {error}.")
