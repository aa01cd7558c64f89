"""``bandeau ledger …`` and ``bandeau receipt …``: proof for whoever asks."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from bandeau import limits
from bandeau.cli.outcome import findings_told, vouched_told
from bandeau.ledger.anchored import Anchored, check_anchors
from bandeau.ledger.checkpoint import CheckpointError, Verifier, encode
from bandeau.ledger.cosignature import WitnessKey
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import ReceiptError, Verified, read_receipt, verify_receipt
from bandeau.ledger.record import Kind, RecordError, parse_record, uuid7
from bandeau.ledger.store import Leaf, LedgerRefused, LedgerUnavailable
from bandeau.ledger.timestamp import TimestampError, read_roots
from bandeau.ledger.verify import Outcome
from bandeau.storage.anchors import Anchors, anchors_of
from bandeau.storage.keys import Keys, KeysError, load
from bandeau.storage.sqlite.ledger import SqliteLedger, leaf_of, open_evidence, verify_file

INVALID = 1
UNREADABLE = 2
Result = TypeVar("Result")
Command = Callable[..., None]

data_option = click.option(
    "--data", required=True, metavar="DIR", help="The data directory given to bandeau serve."
)
anchors_option = click.option(
    "--anchors",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where others' word is kept, if not in the data directory.",
)


@click.group("ledger")
def ledger_group() -> None:
    """The proof of every choice: verify, export, erase."""


def _against(command: Command) -> Command:
    """The options that name what the ledger is verified against."""
    for option in (
        click.option(
            "--tsa-root",
            type=click.Path(path_type=Path),
            help="Certificates (PEM) that time stamps must lead to.",
        ),
        click.option(
            "--witness-key",
            multiple=True,
            metavar="KEY",
            help="A witness's public key, or its file. Repeatable.",
        ),
        click.option(
            "--checkpoint",
            multiple=True,
            type=click.Path(path_type=Path),
            help="A checkpoint kept elsewhere, that this history must contain. Repeatable.",
        ),
        anchors_option,
        data_option,
    ):
        command = option(command)
    return command


@ledger_group.command("verify")
@_against
def verify(**given: Any) -> None:
    """Re-derive the whole ledger: exit 0 if it holds, 1 with each fault, 2 if it cannot be read.

    What witnesses and time stamps vouch for, as kept in the data directory, must be part of it too.
    Runs beside a live server.
    """
    _told_outcome(*_verified(**given))


@ledger_group.command("audit")
@_against
def audit(**given: Any) -> None:
    """Verify, and say how much was hashed again: every record and artefact, and how fast.

    Exit codes are those of verify.
    """
    started = time.process_time()
    outcome, anchored = _verified(**given)
    seconds = time.process_time() - started
    artefacts = _count(outcome.artefacts, "artefact")
    click.echo(
        f"Hashed again: {_count(outcome.records, 'record')} and {artefacts},"
        f" {outcome.hashed:,} bytes, in {seconds:.1f} s of one core."
    )
    _told_outcome(outcome, anchored)


@ledger_group.command("export")
@data_option
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
def export(data: str, out: Path) -> None:
    """Write every record as one line of JSON, with what it takes to check it.

    ``commitment`` is SHA-256 over ``bandeau/consent/v1``, the salt and the record's exact bytes;
    the leaf hash is SHA-256 over a zero byte and the commitment.
    """
    directory = _directory(data)
    count = _held(lambda: _export(directory, out))
    click.echo(f"{_count(count, 'record')} written to {out}.")


@ledger_group.command("erase")
@click.argument("record_id", metavar="ID")
@data_option
def erase(record_id: str, data: str) -> None:
    """Erase one choice: its content and salt go, its commitment stays, and verify still passes."""
    directory = _directory(data)
    keys = _keys(directory)
    try:
        index = _held(lambda: asyncio.run(_erase(directory, keys, record_id.lower())))
    except (LedgerRefused, RecordError) as error:
        _fail(INVALID, f"Nothing erased: {error}.")
    click.echo(f"Erased {record_id}; the erasure itself is record {index}.")


@ledger_group.command("key")
@data_option
def key(data: str) -> None:
    """Print the public key that receipts and checkpoints are verified with."""
    click.echo(_keys(_directory(data)).signer.vkey)


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


def _verified(
    data: str,
    anchors: Path | None,
    checkpoint: tuple[Path, ...],
    witness_key: tuple[str, ...],
    tsa_root: Path | None,
) -> tuple[Outcome, Anchored]:
    """The outcome for the ledger of ``data``; what others vouch for is told at once."""
    directory = _directory(data)
    keys = _keys(directory)
    others = anchors_of(directory, anchors)
    anchored = _held(lambda: _anchored(others, keys, witness_key, tsa_root))
    known = [*(_read(path) for path in checkpoint), *anchored.known]
    outcome = _held(lambda: _verify(directory, keys, known))
    for line in vouched_told(anchored):
        click.echo(line)
    return replace(outcome, findings=outcome.findings + anchored.findings), anchored


def _told_outcome(outcome: Outcome, anchored: Anchored) -> None:
    if outcome.findings:
        for line in findings_told(outcome, anchored):
            click.echo(line)
        raise SystemExit(INVALID)
    click.echo(
        f"Valid: {_count(outcome.records, 'record')}, {_count(outcome.erased, 'erasure')},"
        f" {_count(outcome.checkpoints, 'signed checkpoint')}."
    )


def _verify(directory: Path, keys: Keys, known: list[bytes]) -> Outcome:
    try:
        return verify_file(directory, keys.signer.vkey, known)
    except CheckpointError as error:
        _fail(UNREADABLE, f"The given checkpoint is not usable: {error}.")


def _anchored(
    anchors: Anchors, keys: Keys, witness_keys: tuple[str, ...], tsa_root: Path | None
) -> Anchored:
    told = [*(_public_key(each) for each in witness_keys), *anchors.witnesses()]
    try:
        witnesses = [WitnessKey(each) for each in dict.fromkeys(told)]
        roots = read_roots(_read(tsa_root)) if tsa_root else []
    except (CheckpointError, TimestampError) as error:
        _fail(UNREADABLE, f"A given or kept key is not usable: {error}.")
    return check_anchors(anchors.kept(), Verifier(keys.signer.vkey), witnesses, roots)


def _export(directory: Path, out: Path) -> int:
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    count = 0
    try:
        with open_evidence(directory) as evidence, temporary.open("w", encoding="utf-8") as file:
            os.chmod(temporary, 0o600)
            for row in evidence.rows:
                file.write(_line(leaf_of(row)) + "\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
    return count


async def _erase(directory: Path, keys: Keys, record_id: str) -> int:
    with open_evidence(directory):
        pass
    ledger = SqliteLedger(directory, keys.signer)
    try:
        stored = await ledger.find(record_id)
        if stored is None or stored.body is None:
            raise LedgerRefused(f"no record {record_id[:80]} is held")
        now = int(time.time() * 1000)
        site = parse_record(stored.body).site
        draft = Draft.erasure(id=uuid7(now, os.urandom(10)), site=site, time=now, erases=record_id)
        return (await ledger.append(draft)).index
    finally:
        ledger.close()


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


def _directory(data: str) -> Path:
    if data.startswith(("postgresql:", "postgres:")):
        _fail(UNREADABLE, "PostgreSQL is not yet supported; give a directory.")
    if not Path(data).is_dir():
        _fail(UNREADABLE, f"{data}: no such directory.")
    return Path(data)


def _keys(directory: Path) -> Keys:
    try:
        return load(directory)
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
