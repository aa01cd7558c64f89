"""``bandeau ledger …`` and ``bandeau receipt …``: proof for whoever asks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bandeau.cli.later import Later
from bandeau.cli.opening import (
    INVALID,
    UNREADABLE,
    anchors_option,
    contents,
    data_option,
    fail,
    keys_of,
    keys_option,
    opened,
    parsed,
    public_key,
    usable,
)
from bandeau.cli.outcome import counted, findings_told, vouched_told
from bandeau.cli.trust import trust_of, tsa_root_option, witness_keys_option
from bandeau.ledger.anchored import Anchored, check_anchors
from bandeau.ledger.checkpoint import CheckpointError, Verifier
from bandeau.ledger.receipt import ReceiptError, Verified, read_receipt, verify_receipt
from bandeau.ledger.record import Kind
from bandeau.ledger.schema import record_schema
from bandeau.ledger.verify import Outcome
from bandeau.storage.anchors import Anchors, anchors_of
from bandeau.storage.place import Place

Command = Callable[..., None]


_ELSEWHERE = {
    "export": "bandeau.cli.export:export_command",
    "witness": "bandeau.cli.anchors:witness_command",
    "timestamp": "bandeau.cli.anchors:timestamp_command",
    "publish": "bandeau.cli.anchors:publish_command",
    "accept-restore": "bandeau.cli.restore:accept_restore_command",
    "erase": "bandeau.cli.erase:erase_command",
    "purge": "bandeau.cli.erase:purge_command",
    "copy": "bandeau.cli.copy:copy_command",
}


@click.group("ledger", commands=Later(_ELSEWHERE))
def ledger_group() -> None:
    """The proof of every choice: verify, export, erase."""


def _against(command: Command) -> Command:
    """The options that name what the ledger is verified against."""
    for option in (
        tsa_root_option,
        witness_keys_option,
        click.option(
            "--checkpoint",
            multiple=True,
            type=click.Path(path_type=Path),
            help="A checkpoint kept elsewhere, that this history must contain. Repeatable.",
        ),
        anchors_option,
        data_option,
        keys_option,
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
    artefacts = counted(outcome.artefacts, "artefact")
    click.echo(
        f"Hashed again: {counted(outcome.records, 'record')} and {artefacts},"
        f" {outcome.hashed:,} bytes, in {seconds:.1f} s of one core."
    )
    _told_outcome(outcome, anchored)


@ledger_group.command("key")
@data_option
@keys_option
def key(data: str, keys: Path | None) -> None:
    """Print the public key that receipts and checkpoints are verified with."""
    with opened(data, keys) as place:
        click.echo(keys_of(place).signer.vkey)


@ledger_group.command("schema")
def schema() -> None:
    """Print the JSON Schema of a record: every kind, every version."""
    click.echo(json.dumps(record_schema(), indent=2))


@click.group("receipt", commands=Later({"compare": "bandeau.cli.compare:compare_command"}))
def receipt_group() -> None:
    """What a visitor holds: check it anywhere, offline."""


@receipt_group.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", required=True, help="The log's public key, or its file.")
def verify_one(file: Path, key: str) -> None:
    """Check a receipt without network or database: exit 0 valid, 1 invalid, 2 unreadable."""
    vkey = public_key(key)
    data = contents(file)
    try:
        receipt = read_receipt(data)
    except ReceiptError as error:
        fail(UNREADABLE, f"{file}: {error}.")
    try:
        verified = verify_receipt(receipt, vkey)
    except ReceiptError as error:
        fail(INVALID, f"NOT VALID: {error}.")
    except CheckpointError as error:
        fail(UNREADABLE, f"{key}: {error}.")
    for line in _told(verified):
        click.echo(line)


def _verified(
    data: str,
    anchors: Path | None,
    checkpoint: tuple[Path, ...],
    witness_key: tuple[str, ...],
    tsa_root: Path | None,
    keys: Path | None,
) -> tuple[Outcome, Anchored]:
    """The outcome for the ledger of ``data``; what others vouch for is told at once."""
    others = anchors_of(parsed(data), anchors)
    with opened(data, keys) as place:
        vkey = keys_of(place).signer.vkey
        anchored = usable(lambda: _anchored(others, vkey, witness_key, tsa_root))
        known = [*(contents(path) for path in checkpoint), *anchored.known]
        outcome = usable(lambda: _verify(place, vkey, known))
    for line in vouched_told(anchored):
        click.echo(line)
    return replace(outcome, findings=outcome.findings + anchored.findings), anchored


def _told_outcome(outcome: Outcome, anchored: Anchored) -> None:
    if outcome.findings:
        for line in findings_told(outcome, anchored):
            click.echo(line)
        raise SystemExit(INVALID)
    click.echo(
        f"Valid: {counted(outcome.records, 'record')}, {counted(outcome.erased, 'erasure')},"
        f" {counted(outcome.checkpoints, 'signed checkpoint')}."
    )


def _verify(place: Place, vkey: str, known: list[bytes]) -> Outcome:
    try:
        return place.verify(vkey, known)
    except CheckpointError as error:
        fail(UNREADABLE, f"The given checkpoint is not usable: {error}.")


def _anchored(
    anchors: Anchors, vkey: str, witness_keys: tuple[str, ...], tsa_root: Path | None
) -> Anchored:
    trust = trust_of(anchors, witness_keys, tsa_root)
    return check_anchors(anchors.kept(), Verifier(vkey), trust.witnesses, trust.roots)


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
