"""``bandeau prove``: one choice, with all that it takes to believe it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from bandeau.cli.opening import (
    INVALID,
    UNREADABLE,
    anchors_option,
    data_option,
    fail,
    keys_of,
    keys_option,
    opened,
    parsed,
)
from bandeau.cli.outcome import unchecked_told
from bandeau.cli.trust import trust_of, tsa_root_option, witness_keys_option
from bandeau.ledger.checkpoint import CheckpointError
from bandeau.ledger.dossier import Dossier, DossierError, collect
from bandeau.ledger.first_anchor import Found, Trust, first_anchor
from bandeau.ledger.record import RecordError
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.anchors import Anchors, anchors_of
from bandeau.storage.bundle import write_bundle
from bandeau.storage.files import read_words
from bandeau.storage.place import Place
from bandeau.web.proof import proof_files


@click.command("prove")
@click.argument("record_id", metavar="ID")
@data_option
@keys_option
@anchors_option
@witness_keys_option
@tsa_root_option
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder to make, or a ZIP file if it ends in .zip.",
)
def prove_command(
    record_id: str,
    data: str,
    keys: Path | None,
    anchors: Path | None,
    witness_key: tuple[str, ...],
    tsa_root: Path | None,
    out: Path,
) -> None:
    """Write everything that proves one choice: record, receipt, what was shown, how to check it.

    With the first kept word of a witness or time-stamping authority over it, if there is one. Open
    index.html first. Exit code 1 where there is no such choice, 2 where the ledger cannot be
    read or the folder cannot be written. Runs beside a live server.
    """
    try:
        kept = anchors_of(parsed(data), anchors)
        trust = trust_of(kept, witness_key, tsa_root)
        with opened(data, keys) as place:
            work = _collect(place, record_id.strip().lower(), kept, trust)
            dossier, found = asyncio.run(work)
        files = proof_files(dossier, read_words())
        write_bundle(out, files)
    except DossierError as error:
        fail(INVALID, f"Nothing to prove: {error}.")
    except (CheckpointError, RecordError) as error:
        fail(UNREADABLE, f"{data}: damaged: {error}; run bandeau ledger verify.")
    except (LedgerUnavailable, OSError) as error:
        fail(UNREADABLE, f"{error}.")
    for line in _passed_over(found):
        click.echo(line)
    click.echo(f"{len(files)} files written to {out}; open index.html first.")


async def _collect(
    place: Place, record_id: str, kept: Anchors, trust: Trust
) -> tuple[Dossier, Found]:
    ledger = place.reader(keys_of(place))
    try:
        dossier = await collect(ledger, record_id)
        receipt = dossier.choice.receipt
        found = await first_anchor(ledger, receipt, kept.kept(receipt.index), trust)
        return replace(dossier, anchored=found.anchor), found
    finally:
        ledger.close()


def _passed_over(found: Found) -> Iterator[str]:
    """Lines for what was kept of others' word, and proves nothing."""
    for finding in found.findings:
        yield f"Left out: {finding}; run bandeau ledger verify."
    yield from unchecked_told(found.unchecked)
