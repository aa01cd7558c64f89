"""``bandeau staff``: who moderates comments."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from bandeau import limits
from bandeau.cli.opening import INVALID, UNREADABLE, data_option, fail, opened
from bandeau.features.comments.passkeys import Passkey
from bandeau.features.comments.staff import Role, Staff, StaffError, hashed, staff_name
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.storage.comments.newsroom import Newsroom, newsroom

Found = TypeVar("Found")


@click.group("staff")
def staff_group() -> None:
    """Who moderates comments: add, list, remove, change a password, see to passkeys."""


@staff_group.command("add")
@click.argument("name")
@data_option
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.MODERATOR.value,
    show_default=True,
    help="What NAME may do.",
)
def add_command(name: str, data: str, role: str) -> None:
    """Add NAME, who signs in under /.bandeau/admin/. The password is asked for, or read from stdin.

    An editor judges comments, a moderator authors too, an administrator reads the log too.
    """
    known = _named(name)
    member = Staff(known, Role(role), _password(), int(time.time()))
    if not _ask(data, lambda room: room.staff.add(member)):
        fail(INVALID, f"{known}: is on the staff already.")
    click.echo(f"{known}: added, {role}.")


@staff_group.command("list")
@data_option
def list_command(data: str) -> None:
    """Print names, roles, and since when."""
    members = _ask(data, lambda room: room.staff.all())
    for member in members:
        since = datetime.fromtimestamp(member.made, UTC).date().isoformat()
        click.echo(f"{member.name}  {member.role}  since {since}")
    if not members:
        click.echo("Nobody is on the staff.")


@staff_group.command("remove")
@click.argument("name")
@data_option
def remove_command(name: str, data: str) -> None:
    """Remove NAME, and end their sessions; what they did stays in the log."""
    known = _named(name)
    if not _ask(data, lambda room: room.staff.remove(known)):
        fail(INVALID, f"{known}: is not on the staff.")
    click.echo(f"{known}: removed.")


@staff_group.command("password")
@click.argument("name")
@data_option
def password_command(name: str, data: str) -> None:
    """Give NAME another password, asked for or read from stdin, and end their sessions."""
    known, secret = _named(name), _password()
    if not _ask(data, lambda room: room.staff.change(known, secret)):
        fail(INVALID, f"{known}: is not on the staff.")
    click.echo(f"{known}: has another password.")


@staff_group.command("passkeys")
@click.argument("name")
@data_option
@click.option("--remove", is_flag=True, help="Remove them all.")
def passkeys_command(name: str, data: str, remove: bool) -> None:
    """Print the passkeys of NAME, or remove them; the password stays."""
    known = _named(name)
    kept = _ask(data, lambda room: _passkeys(room, known, remove))
    for passkey in kept:
        since = datetime.fromtimestamp(passkey.made, UTC).date().isoformat()
        click.echo(f"{passkey.id}  since {since}{'  removed' if remove else ''}")
    if not kept:
        click.echo(f"{known}: has no passkey.")


async def _passkeys(room: Newsroom, name: str, remove: bool) -> Sequence[Passkey]:
    kept = await room.passkeys.of(name)
    for passkey in kept if remove else ():
        await room.passkeys.remove(name, passkey.id)
    return kept


def _named(raw: str) -> str:
    try:
        return staff_name(raw)
    except StaffError as error:
        fail(INVALID, f"{raw[:80]!r} cannot be a name: {error}.")


def _password() -> str:
    """The hash of a password from the terminal, where there is one, else of a line of stdin."""
    if sys.stdin.isatty():
        given = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.readline(limits.STAFF_PASSWORD_CHARACTERS + 3).rstrip("\r\n")
    try:
        return hashed(given, os.urandom)
    except StaffError as error:
        fail(INVALID, f"Not usable: {error}.")


def _ask(data: str, work: Callable[[Newsroom], Coroutine[Any, Any, Found]]) -> Found:
    try:
        with _open(data) as room:
            return asyncio.run(work(room))
    except CommentsUnavailable as error:
        fail(UNREADABLE, f"{error}.")


@contextmanager
def _open(data: str) -> Iterator[Newsroom]:
    with opened(data) as place, closing(place.comments()) as comments:
        yield newsroom(comments.tables)
