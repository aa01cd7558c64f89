"""``bandeau comments``: taken in from other systems, all written out, purged by their age."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

import click

from bandeau.cli.opening import INVALID, UNREADABLE, data_option, fail, opened
from bandeau.cli.outcome import counted
from bandeau.features.comments.addresses import Addresses, MapError, moved
from bandeau.features.comments.exchange import ExchangeStore, lines
from bandeau.features.comments.exchange_schema import exchange_schema
from bandeau.features.comments.foreign import Border, Origin, Unreadable
from bandeau.features.comments.model import Comment
from bandeau.features.comments.moderate import Rules
from bandeau.features.comments.retention import due, purge
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.policy.check import load
from bandeau.policy.fault import PolicyError
from bandeau.policy.model import Feature, Policy
from bandeau.storage.arriving import files
from bandeau.storage.arriving.staging import Staging
from bandeau.storage.bundle import whole_file
from bandeau.storage.comments.exchange import StoredExchange
from bandeau.storage.comments.retention import StoredRetention
from bandeau.storage.files import read_policy, read_words
from bandeau.storage.tables import Tables

OWN = "bandeau"
config_option = click.option(
    "--config",
    required=True,
    type=click.Path(path_type=Path),
    help="The policy file given to bandeau serve.",
)


@click.group("comments")
def comments_group() -> None:
    """Comments: import, export, purge, the schema of the export."""


@comments_group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "system",
    required=True,
    type=click.Choice([*(each.value for each in Origin), OWN]),
    help="What wrote FILE.",
)
@config_option
@data_option
@click.option(
    "--map",
    "map_file",
    type=click.Path(path_type=Path),
    help="Where pages are now: an address and a path a line.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def import_command(
    file: Path, system: str, config: Path, data: str, map_file: Path | None, dry_run: bool
) -> None:
    """Take in the comments of FILE: an export of Disqus, WordPress or remark42, isso's database, or
    what bandeau comments export wrote.

    All of FILE is read before anything is written. Importing again adds only
    what is not there. Exits 1 where FILE or the map does not hold, 2 where the
    policy or the data cannot be used.
    """
    policy = _policy(config)
    border = _border(policy, system, map_file)
    with _exchange(data) as store, closing(Staging()) as staging:
        try:
            _gather(file, border, staging)
        except Unreadable as error:
            place = f"{file}:{error.line}" if error.line else str(file)
            fail(INVALID, f"{place}: {error}. Nothing was imported.")
        staging.settle()
        for line in _told(staging):
            click.echo(line)
        try:
            asyncio.run(_import(store, staging, dry_run=dry_run))
        except CommentsUnavailable as error:
            fail(UNREADABLE, f"{error}. Run this again: it goes on where it stopped.")


@comments_group.command("export")
@data_option
@click.option("--out", type=click.Path(path_type=Path), help="The file to write; else stdout.")
def export_command(data: str, out: Path | None) -> None:
    """Write all comments as JSON lines, with their authors, pages, and what staff did.

    It holds what nobody else sees, so keep it as you keep the data.
    """
    with _exchange(data) as store:
        try:
            with _writable(out) as file:
                count = asyncio.run(_export(store, file))
        except CommentsUnavailable as error:
            fail(UNREADABLE, f"{error}.")
        except OSError as error:
            fail(UNREADABLE, f"{out or 'stdout'}: cannot be written: {error}.")
    if out:
        click.echo(f"{out}: {counted(count, 'line')}.")


@comments_group.command("purge")
@config_option
@data_option
@click.option("--dry-run", is_flag=True, help="Say what would go, and erase nothing.")
def purge_command(config: Path, data: str, dry_run: bool) -> None:
    """Erase what is past its time, by [features.comments.retention].

    The server does the same once a day. Exits 2 where the policy or the data
    cannot be used.
    """
    feature = _policy(config).feature("comments")
    if feature is None:
        fail(UNREADABLE, f"{config}: declares no comments.")
    now = int(time.time() * 1000)
    try:
        with _tables(data) as tables:
            store = StoredRetention(tables)
            work = (
                due(store, feature.retention, now)
                if dry_run
                else purge(store, feature.retention, now, _no_rest)
            )
            found = asyncio.run(work)
    except CommentsUnavailable as error:
        fail(UNREADABLE, f"{error}.")
    for lapse, count in found.items():
        click.echo(f"{lapse}: {count} {'would go' if dry_run else 'went'}")


@comments_group.command("schema")
def schema_command() -> None:
    """Print the JSON Schema that each line of the export follows."""
    click.echo(json.dumps(exchange_schema(), indent=2))


def _policy(config: Path) -> Policy:
    try:
        policy, _ = load(read_policy(config), read_words())
    except PolicyError as error:
        fail(UNREADABLE, "\n".join(fault.shown(str(config)) for fault in error.faults))
    except OSError as error:
        fail(UNREADABLE, f"{error}.")
    return policy


def _border(policy: Policy, system: str, map_file: Path | None) -> Border | None:
    """What foreign comments pass, ``None`` where they are our own."""
    if system == OWN:
        return None
    feature = policy.feature("comments") or Feature(key="comments", purpose="comments")
    names = Rules(feature, (), policy.site.name).names
    pages = Addresses(policy.site.hosts, _map(map_file))
    return Border(Origin(system), pages, names, int(time.time() * 1000))


def _map(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        return moved(files.read_map(file))
    except MapError as error:
        fail(INVALID, f"{file}:{error}.")
    except OSError as error:
        fail(UNREADABLE, f"{error}.")


def _gather(file: Path, border: Border | None, staging: Staging) -> None:
    """Stage all of ``file``."""
    if border is None:
        files.stage_own(file, staging)
        return
    for foreign in files.read(file, border.origin):
        staging.foreign(foreign, border.pass_(foreign))
    staging.open_pages()


def _told(staging: Staging) -> Iterator[str]:
    taken, tombstones, pages = staging.count()
    yield f"{counted(taken, 'comment')} on {counted(pages, 'page')} to take in."
    if tombstones:
        yield f"{counted(tombstones, 'tombstone')}, under which replies stay."
    dropped = sum(staging.dropped.values())
    if dropped:
        yield f"{dropped} dropped:"
    for drop, count in staging.dropped.most_common():
        line, where = staging.first[drop]
        yield f"  {count} {drop}, first in line {line}: {where}"


async def _import(store: ExchangeStore, staging: Staging, *, dry_run: bool) -> None:
    for others in () if dry_run else staging.others():
        await store.take(others)
    total = new = 0
    for batch in staging.batches():
        total += len(batch)
        new += await _take(store, batch, dry_run=dry_run)
    there = total - new
    if dry_run:
        click.echo(f"Nothing was changed: {new} would be added, {there} are there already.")
    else:
        click.echo(f"{new} added, {there} were there already.")


async def _take(store: ExchangeStore, batch: Sequence[Comment], *, dry_run: bool) -> int:
    if dry_run:
        return len(batch) - await store.known([each.id for each in batch])
    return await store.take(batch)


async def _export(store: ExchangeStore, file: TextIO) -> int:
    count = 0
    async for line in lines(store, int(time.time() * 1000)):
        file.write(json.dumps(line, separators=(",", ":")) + "\n")
        count += 1
    return count


@contextmanager
def _writable(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    with whole_file(out) as file:
        yield file


async def _no_rest() -> None:
    """Nobody waits for this process."""


@contextmanager
def _exchange(data: str) -> Iterator[StoredExchange]:
    with _tables(data) as tables:
        yield StoredExchange(tables)


@contextmanager
def _tables(data: str) -> Iterator[Tables]:
    try:
        with opened(data) as place, closing(place.comments()) as comments:
            yield comments.tables
    except CommentsUnavailable as error:
        fail(UNREADABLE, f"{error}.")
