"""``bandeau ledger …`` and ``bandeau receipt …``: proof for whoever asks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, TypeVar

import click

from bandeau import limits
from bandeau.cli.mapped import FORMATS, Mapped, Written
from bandeau.ledger.account import Declared
from bandeau.ledger.checkpoint import CheckpointError, encode
from bandeau.ledger.receipt import ReceiptError, Verified, read_receipt, verify_receipt
from bandeau.ledger.record import Kind, RecordError
from bandeau.ledger.schema import record_schema
from bandeau.ledger.store import Leaf, LedgerUnavailable
from bandeau.ledger.verify import Outcome
from bandeau.settings import SettingsError, parse_data
from bandeau.storage.bundle import whole_file
from bandeau.storage.files import read_words
from bandeau.storage.keys import Keys, KeysError
from bandeau.storage.place import Place, open_place
from bandeau.storage.sqlite.ledger import leaf_of

INVALID = 1
UNREADABLE = 2
COUNTRY_LETTERS = 2
_FINDINGS_SHOWN = 100
Result = TypeVar("Result")

data_option = click.option(
    "--data",
    required=True,
    metavar="DIR",
    help="The data directory or database given to bandeau serve.",
)
keys_option = click.option(
    "--keys",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of the keys, if they are not kept with the data.",
)


@click.group("ledger")
def ledger_group() -> None:
    """The proof of every choice: verify, export, erase."""


@ledger_group.command("verify")
@data_option
@click.option(
    "--checkpoint",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A checkpoint kept elsewhere, that this history must contain. Repeatable.",
)
@keys_option
def verify(data: str, checkpoint: tuple[Path, ...], keys: Path | None) -> None:
    """Re-derive the whole ledger: exit 0 if it holds, 1 with each fault, 2 if it cannot be read.

    Runs beside a live server.
    """
    known = [_read(path) for path in checkpoint]
    with opened(data, keys) as place:
        vkey = _keys(place).signer.vkey
        outcome = _held(lambda: _verify(place, vkey, known))
    for finding in outcome.findings[:_FINDINGS_SHOWN]:
        click.echo(str(finding))
    if outcome.findings:
        click.echo(f"NOT VALID: {_count(len(outcome.findings), 'fault')}.")
        raise SystemExit(INVALID)
    click.echo(
        f"Valid: {_count(outcome.records, 'record')}, {_count(outcome.erased, 'erasure')},"
        f" {_count(outcome.checkpoints, 'signed checkpoint')}."
    )


@ledger_group.command("export")
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
def export(
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
            count = _held(lambda: _export(place, out))
            click.echo(f"{_count(count, 'record')} written to {out}.")
            return
        known = _keys(place)
        country = _country("--jurisdiction", jurisdiction)
        stored = _country("--stored-in", stored_in or country)
        declared = Declared(country, stored, email, phone, known.signer.vkey)
        work = _export_mapped(place, known, out, format, declared)
        written = _held(lambda: asyncio.run(work))
    click.echo(f"{_count(written.documents, 'document')} written to {out}.")
    if written.left_out:
        click.echo(f"{_count(written.left_out, 'record')} left out: they consent to nothing.")
    if written.without_policy:
        click.echo(f"{written.without_policy} without the policy file of their time.")


@ledger_group.command("key")
@data_option
@keys_option
def key(data: str, keys: Path | None) -> None:
    """Print the public key that receipts and checkpoints are verified with."""
    with opened(data, keys) as place:
        click.echo(_keys(place).signer.vkey)


@ledger_group.command("schema")
def schema() -> None:
    """Print the JSON Schema of a record: every kind, every version."""
    click.echo(json.dumps(record_schema(), indent=2))


@click.group("receipt")
def receipt_group() -> None:
    """What a visitor holds: check it anywhere, offline."""


@receipt_group.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", required=True, help="The log's public key, or its file.")
def verify_one(file: Path, key: str) -> None:
    """Check a receipt without network or database: exit 0 valid, 1 invalid, 2 unreadable."""
    vkey = _public_key(key)
    data = _read(file)
    try:
        receipt = read_receipt(data)
    except ReceiptError as error:
        _fail(UNREADABLE, f"{file}: {error}.")
    try:
        verified = verify_receipt(receipt, vkey)
    except ReceiptError as error:
        _fail(INVALID, f"NOT VALID: {error}.")
    except CheckpointError as error:
        _fail(UNREADABLE, f"{key}: {error}.")
    for line in _told(verified):
        click.echo(line)


def _verify(place: Place, vkey: str, known: list[bytes]) -> Outcome:
    try:
        return place.verify(vkey, known)
    except CheckpointError as error:
        _fail(UNREADABLE, f"The given checkpoint is not usable: {error}.")


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
        _fail(UNREADABLE, f"{option} must be a country of two letters, such as FR.")
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


def _told(verified: Verified) -> Iterator[str]:
    record = verified.record
    moment = datetime.fromtimestamp(record.time / 1000, UTC).isoformat(" ", "seconds")
    yield f"Valid: record {record.id} is number {verified.index} of the log"
    yield f"  {verified.checkpoint.origin}, signed with {verified.checkpoint.size} records."
    yield f"Site {record.site}, {moment}."
    if record.kind is Kind.ITEM:
        yield f"One item of {record.vendor}, loaded from {record.host}: {record.purpose}."
        yield f"  SHA-256 of its URL: {record.item}"
        yield f"Made through: {record.mechanism}. Shown in {record.lang}."
        yield f"Text {record.notice}, terms {record.policy}."
        return
    if record.kind is not Kind.CHOICE:
        yield f"This is not a choice but a record of kind {record.kind.value}."
        return
    yield f"Choice: {record.action.replace('_', ' ')}, made through: {record.mechanism}."
    for purpose, granted in sorted(record.purposes.items()):
        yield f"  {purpose}: {'accepted' if granted else 'refused'}"
    until = datetime.fromtimestamp(record.expires, UTC).date().isoformat()
    yield f"Holds until {until}. Shown in {record.lang}."
    yield f"Notice {record.notice}, terms {record.policy}."


@contextmanager
def opened(data: str, keys: Path | None = None) -> Iterator[Place]:
    """The place that ``--data`` and ``--keys`` name; exits with 2 where there is none."""
    try:
        where = parse_data(data)
        if isinstance(where, Path) and not where.is_dir():
            _fail(UNREADABLE, f"{data}: no such directory.")
        place = open_place(where, keys)
    except (SettingsError, LedgerUnavailable) as error:
        _fail(UNREADABLE, f"{error}.")
    with closing(place):
        yield place


def _keys(place: Place) -> Keys:
    try:
        return place.keys()
    except KeysError as error:
        _fail(UNREADABLE, f"{error}.")


def _held(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except (LedgerUnavailable, OSError) as error:
        _fail(UNREADABLE, f"{error}.")


def _public_key(public: str) -> str:
    path = Path(public)
    if "+" in public and not path.exists():
        return public
    return _read(path).decode("utf-8", "replace").strip()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limits.RECEIPT_BYTES + 1)
    except (OSError, ValueError) as error:
        _fail(UNREADABLE, f"{path}: {error}.")
    return data


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _fail(code: int, message: str) -> NoReturn:
    click.echo(message, err=True)
    raise SystemExit(code)
