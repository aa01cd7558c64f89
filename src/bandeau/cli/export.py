"""``bandeau ledger export``: every record, for whoever checks it or reads another format."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from bandeau.cli.mapped import FORMATS, Mapped, Written
from bandeau.cli.opening import UNREADABLE, data_option, fail, keys_of, keys_option, opened, usable
from bandeau.cli.outcome import counted
from bandeau.ledger.account import Declared
from bandeau.ledger.checkpoint import encode
from bandeau.ledger.record import RecordError
from bandeau.ledger.store import Leaf, LedgerUnavailable
from bandeau.storage.bundle import whole_file
from bandeau.storage.files import read_words
from bandeau.storage.keys import Keys
from bandeau.storage.place import Place
from bandeau.storage.sqlite.ledger import leaf_of

COUNTRY_LETTERS = 2


@click.command("export")
@data_option
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--format",
    type=click.Choice(["jsonl", *FORMATS]),
    default="jsonl",
    show_default=True,
    help="As the log has it, or mapped to another format of consent records.",
)
@click.option("--jurisdiction", metavar="CC", help="Country whose law applies; not for jsonl.")
@click.option("--stored-in", metavar="CC", help="Country of storage, if it is another.")
@click.option("--email", default="", help="How to reach the controller; not for jsonl.")
@click.option("--phone", default="", help="How to reach the controller; not for jsonl.")
@keys_option
def export_command(
    data: str,
    keys: Path | None,
    out: Path,
    format: str,
    jurisdiction: str | None,
    stored_in: str | None,
    email: str,
    phone: str,
) -> None:
    """Write every record as one line of JSON, with what it takes to check it.

    ``commitment`` is SHA-256 over ``bandeau/consent/v1``, the salt and the record's exact bytes;
    the leaf hash is SHA-256 over a zero byte and the commitment. The formats iso27560 (ISO/IEC TS
    27560, JSON-LD) and kantara (Consent Receipt 1.1.0) have choices and items only, and ask for
    --jurisdiction.
    """
    with opened(data, keys) as place:
        if format == "jsonl":
            count = usable(lambda: _export(place, out))
            click.echo(f"{counted(count, 'record')} written to {out}.")
            return
        known = keys_of(place)
        country = _country("--jurisdiction", jurisdiction)
        stored = _country("--stored-in", stored_in or country)
        declared = Declared(country, stored, email, phone, known.signer.vkey)
        work = _export_mapped(place, known, out, format, declared)
        written = usable(lambda: asyncio.run(work))
    click.echo(f"{counted(written.documents, 'document')} written to {out}.")
    if written.left_out:
        click.echo(f"{counted(written.left_out, 'record')} left out: they consent to nothing.")
    if written.without_policy:
        click.echo(f"{written.without_policy} without the policy file of their time.")


def _export(place: Place, out: Path) -> int:
    count = 0
    with place.evidence() as evidence, whole_file(out) as file:
        for row in evidence.rows:
            file.write(_line(leaf_of(row)) + "\n")
            count += 1
    return count


async def _export_mapped(
    place: Place, keys: Keys, out: Path, form: str, declared: Declared
) -> Written:
    ledger = place.reader(keys)
    try:
        return await Mapped(ledger, read_words(), declared).write(out, form)
    except RecordError as error:
        raise LedgerUnavailable(f"{error}; run bandeau ledger verify") from error
    finally:
        ledger.close()


def _country(option: str, value: str | None) -> str:
    code = (value or "").upper()
    if not (len(code) == COUNTRY_LETTERS and code.isascii() and code.isalpha()):
        fail(UNREADABLE, f"{option} must be a country of two letters, such as FR.")
    return code


def _line(leaf: Leaf) -> str:
    return json.dumps(
        {
            "id": leaf.id,
            "index": leaf.index,
            "record": None if leaf.body is None else leaf.body.decode(errors="replace"),
            "salt": None if leaf.salt is None else encode(leaf.salt),
            "commitment": encode(leaf.commitment),
            "erased": leaf.body is None,
        },
        ensure_ascii=False,
    )
