"""``bandeau ledger erase`` and ``purge``: what has to go, and the proof that it went."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bandeau import limits
from bandeau.cli.opening import (
    INVALID,
    UNREADABLE,
    data_option,
    fail,
    keys_of,
    keys_option,
    opened,
    usable,
)
from bandeau.cli.outcome import counted
from bandeau.features.comments.own import Fate
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.erasing import Eraser, Held, held
from bandeau.ledger.outbox import OutboxUnavailable
from bandeau.ledger.record import Ground, RecordError, require
from bandeau.ledger.retention import Rest, past, under
from bandeau.ledger.store import LedgerRefused, LedgerStore
from bandeau.policy.check import load
from bandeau.policy.model import Period
from bandeau.policy.parse import PolicyError
from bandeau.storage.comments.newsroom import newsroom
from bandeau.storage.files import read_policy, read_words
from bandeau.storage.place import Place
from bandeau.web.erasing import Written, erasers_of

Selected = Callable[[LedgerStore, Rest], AsyncIterator[Held]]


@click.command("erase")
@click.argument("record_id", metavar="[ID]", required=False)
@data_option
@keys_option
@click.option("--notice", metavar="VERSION", help="All made under this version of the notice.")
@click.option("--policy", metavar="DIGEST", help="All made under the terms of this digest.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and erase nothing.")
@click.option("--yes", is_flag=True, help="Erase more than one record without asking back.")
def erase_command(
    record_id: str | None,
    data: str,
    keys: Path | None,
    notice: str | None,
    policy: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Erase one choice, or all that were made under an invalid notice or policy.

    Content and salt go, the commitments stay, and verify still passes.
    """
    if sum(bool(each) for each in (record_id, notice, policy)) != 1:
        raise click.UsageError("Give an ID, --notice or --policy, and one of them only.")
    if record_id:
        _run(
            data,
            keys,
            lambda ledger, eraser: _erase_one(ledger, eraser, record_id.lower(), dry_run),
        )
        return
    _checked(notice, policy)

    def selected(ledger: LedgerStore, rest: Rest) -> AsyncIterator[Held]:
        return under(ledger, rest, notice=notice or "", policy=policy or "")

    does = yes and not dry_run
    _run(
        data,
        keys,
        lambda ledger, eraser: _erase_all(ledger, eraser, selected, Ground.INVALID, does),
    )
    if not (yes or dry_run):
        click.echo("Nothing was erased; add --yes to erase it.")


@click.command("purge")
@data_option
@keys_option
@click.option("--config", required=True, type=click.Path(path_type=Path), help="The policy file.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and erase nothing.")
def purge_command(data: str, keys: Path | None, config: Path, dry_run: bool) -> None:
    """Erase what is past its retention: choices that ended longer ago than choice.proof.

    The server does the same once a day.
    """
    proof = _proof(config)

    def selected(ledger: LedgerStore, rest: Rest) -> AsyncIterator[Held]:
        return past(ledger, proof, int(time.time()), rest)

    _run(
        data,
        keys,
        lambda ledger, eraser: _erase_all(ledger, eraser, selected, Ground.RETENTION, not dry_run),
    )


def _proof(config: Path) -> Period:
    try:
        return load(read_policy(config), read_words())[0].choice.proof
    except PolicyError as error:
        fail(UNREADABLE, "\n".join(fault.shown(str(config)) for fault in error.faults))
    except OSError as error:
        fail(UNREADABLE, f"{error}.")


def _checked(notice: str | None, policy: str | None) -> None:
    for name, value in (("notice", notice), ("policy", policy)):
        if value is not None:
            try:
                require(name, value)
            except RecordError as error:
                raise click.UsageError(f"{error}.") from None


Work = Callable[[LedgerStore, Eraser], Coroutine[Any, Any, None]]


def _run(data: str, keys: Path | None, work: Work) -> None:
    with opened(data, keys) as place:

        def erased() -> None:
            with _open(place) as (ledger, eraser):
                asyncio.run(work(ledger, eraser))

        try:
            usable(erased)
        except LedgerRefused as error:
            fail(INVALID, f"Nothing erased: {error}.")
        except (CommentsUnavailable, OutboxUnavailable) as error:
            fail(UNREADABLE, f"{error}.")


@contextmanager
def _open(place: Place) -> Iterator[tuple[LedgerStore, Eraser]]:
    keys = keys_of(place)
    with place.evidence():
        pass
    with (
        closing(place.comments()) as comments,
        closing(place.outbox()) as outbox,
        closing(place.ledger(keys)) as ledger,
    ):
        room = newsroom(comments.tables)
        written = Written(comments, room.authors, room.readers, room.letters)
        erasers = erasers_of(ledger, keys.subject, written, outbox, time.time, os.urandom)
        yield ledger, erasers[Fate.LEAVE]


async def _erase_one(ledger: LedgerStore, eraser: Eraser, record_id: str, dry_run: bool) -> None:
    stored = await ledger.find(record_id)
    found = list(held(stored)) if stored is not None else []
    if not found or not found[0].record.subject:
        raise LedgerRefused(f"no choice {record_id[:80]} is held")
    if dry_run:
        click.echo(f"Would erase {record_id}.")
        return
    if not await eraser.erase(found, Ground.REQUEST):
        raise LedgerRefused(f"no choice {record_id[:80]} is held")
    click.echo(f"Erased {record_id}; its erasure is recorded.")


async def _erase_all(
    ledger: LedgerStore, eraser: Eraser, selected: Selected, ground: Ground, does: bool
) -> None:
    count, done, times = 0, 0, list[int]()
    batch: list[Held] = []
    async for found in selected(ledger, _no_rest):
        count += 1
        times = [min([*times, found.record.time]), max([*times, found.record.time])]
        batch.append(found)
        if len(batch) >= limits.ERASE_BATCH:
            done += await eraser.erase(batch, ground) if does else 0
            batch = []
    done += await eraser.erase(batch, ground) if does else 0
    span = " to ".join(dict.fromkeys(_day(each) for each in times))
    said = f"{counted(done if does else count, 'record')} {'erased' if does else 'would be erased'}"
    click.echo(f"{said}, made {span}." if count else "No record to erase.")


async def _no_rest() -> None:
    """Nobody waits for this process."""


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()
