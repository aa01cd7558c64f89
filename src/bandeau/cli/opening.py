"""What commands on a ledger share: the options that name it, and how it is opened or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import click

from bandeau import limits
from bandeau.ledger.store import LedgerUnavailable
from bandeau.settings import SettingsError, parse_data
from bandeau.storage.keys import Keys, KeysError
from bandeau.storage.place import Place, open_place

INVALID = 1
UNREADABLE = 2
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
anchors_option = click.option(
    "--anchors",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where others' word is kept, if not in the data directory.",
)


def parsed(data: str) -> Path | str:
    """What ``--data`` names; exits with 2 where it can be neither folder nor database."""
    try:
        return parse_data(data)
    except SettingsError as error:
        fail(UNREADABLE, f"{error}.")


@contextmanager
def opened(data: str, keys: Path | None = None) -> Iterator[Place]:
    """The place that ``--data`` and ``--keys`` name; exits with 2 where there is none."""
    where = parsed(data)
    if isinstance(where, Path) and not where.is_dir():
        fail(UNREADABLE, f"{data}: no such directory.")
    try:
        place = open_place(where, keys)
    except LedgerUnavailable as error:
        fail(UNREADABLE, f"{error}.")
    with closing(place):
        yield place


def keys_of(place: Place) -> Keys:
    """The keys of a place; exits with 2 where they cannot be used."""
    try:
        return place.keys()
    except KeysError as error:
        fail(UNREADABLE, f"{error}.")


def usable(work: Callable[[], Result]) -> Result:
    """What ``work`` finds; exits with 2 where ledger or files cannot be used."""
    try:
        return work()
    except (LedgerUnavailable, OSError) as error:
        fail(UNREADABLE, f"{error}.")


def public_key(public: str) -> str:
    """A public key, given as it is or as the file that has it."""
    path = Path(public)
    if "+" in public and not path.exists():
        return public
    return contents(path).decode("utf-8", "replace").strip()


def contents(path: Path) -> bytes:
    """A small file from outside; exits with 2 where it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(limits.RECEIPT_BYTES + 1)
    except (OSError, ValueError) as error:
        fail(UNREADABLE, f"{path}: {error}.")
    return data


def fail(code: int, message: str) -> NoReturn:
    """Say what is wrong, and exit with ``code``."""
    click.echo(message, err=True)
    raise SystemExit(code)
