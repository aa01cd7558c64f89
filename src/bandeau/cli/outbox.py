"""``bandeau outbox``: what vendors were told of withdrawals, and what they answered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from bandeau.cli.opening import (
    UNREADABLE,
    data_option,
    fail,
    keys_of,
    keys_option,
    opened,
)
from bandeau.cli.outcome import counted
from bandeau.ledger.checkpoint import encode
from bandeau.ledger.outbox import Message, Outbox, OutboxUnavailable, State, webhook_secret
from bandeau.storage.place import Folder
from bandeau.storage.sqlite.outbox import FILE


@click.group("outbox")
def outbox_group() -> None:
    """Withdrawals that vendors are told of: list, send again, secrets."""


@outbox_group.command("list")
@data_option
@click.option(
    "--state", type=click.Choice([state.value for state in State]), help="Only these messages."
)
def list_command(data: str, state: str | None) -> None:
    """Print every message: what became of it, when, and what the vendor answered."""
    with _open(data) as outbox:
        messages = [m for m in outbox.all() if state in (None, m.state.value)]
    for message in messages:
        click.echo(_line(message))
    counts = [sum(m.state is each for m in messages) for each in State]
    told = ", ".join(f"{n} {each.value}" for n, each in zip(counts, State, strict=True))
    click.echo(f"{counted(len(messages), 'message')}: {told}.")


@outbox_group.command("retry")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@data_option
def retry_command(ids: tuple[str, ...], data: str) -> None:
    """Send messages again now: those named, else all that failed. The server does it."""
    with _open(data) as outbox:
        chosen = ids or [m.id for m in outbox.all() if m.state is State.FAILED]
        count = outbox.retry(chosen, int(time.time()))
    click.echo(f"{counted(count, 'message')} will be sent again.")


@outbox_group.command("secret")
@click.argument("vendor")
@data_option
@keys_option
def secret_command(vendor: str, data: str, keys: Path | None) -> None:
    """Print the secret that signs what VENDOR is told; give it to the vendor."""
    with opened(data, keys) as place:
        click.echo(f"whsec_{encode(webhook_secret(keys_of(place).subject, vendor))}")


@contextmanager
def _open(data: str) -> Iterator[Outbox]:
    with opened(data) as place:
        if isinstance(place, Folder) and not (place.path / FILE).exists():
            fail(UNREADABLE, f"{place.path / FILE}: no such file; the server makes it.")
        try:
            with closing(place.outbox()) as outbox:
                yield outbox
        except OutboxUnavailable as error:
            fail(UNREADABLE, f"{error}.")


def _line(message: Message) -> str:
    tried = "1 attempt" if message.attempts == 1 else f"{message.attempts} attempts"
    last = f"{message.status} at {_moment(message.answered)}" if message.status else "not sent yet"
    made = _moment(message.created)
    return f"{message.id}  {message.state}  {message.vendor}  {made}  {tried}, {last}"


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ", "seconds").removesuffix("+00:00")
