"""Where a site's data are: a folder with SQLite files, or a PostgreSQL database."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from bandeau.enforcement.folding import Registrable
from bandeau.enforcement.sightings import SightingStore
from bandeau.features.comments.store import CommentStore, CommentsUnavailable
from bandeau.ledger.outbox import Outbox
from bandeau.ledger.store import LedgerStore, LedgerUnavailable
from bandeau.ledger.verify import Evidence, Outcome, verify
from bandeau.storage import keys as key_files
from bandeau.storage.comments.store import FILE as COMMENTS
from bandeau.storage.comments.store import MIGRATIONS, SCHEMA, StoredComments
from bandeau.storage.keys import KEYS, Keys, Random
from bandeau.storage.postgres import evidence as postgres_evidence
from bandeau.storage.postgres import keys as postgres_keys
from bandeau.storage.postgres.database import FAILURES, Database
from bandeau.storage.postgres.ledger import PostgresLedger, open_schema
from bandeau.storage.postgres.outbox import PostgresOutbox
from bandeau.storage.postgres.sightings import PostgresSightings
from bandeau.storage.postgres.tables import PostgresTables
from bandeau.storage.sqlite import ledger as sqlite_ledger
from bandeau.storage.sqlite.ledger import SqliteLedger
from bandeau.storage.sqlite.ledger_reader import SqliteLedgerReader
from bandeau.storage.sqlite.outbox import SqliteOutbox
from bandeau.storage.sqlite.sightings import FILE as SIGHTINGS
from bandeau.storage.sqlite.sightings import SqliteSightings
from bandeau.storage.sqlite.tables import SqliteTables
from bandeau.storage.tables import Tables


class Closing(Protocol):
    """What holds files, threads or connections until it is closed."""

    def close(self) -> None:
        """Let go of them."""
        ...


class Ledger(LedgerStore, Closing, Protocol):
    """A ledger that is open."""


class Comments(CommentStore, Closing, Protocol):
    """Comments that are open."""

    @property
    def tables(self) -> Tables:
        """Where they are, with what :func:`newsroom` opens."""
        ...


class Sightings(SightingStore, Closing, Protocol):
    """Sightings that are open."""


class OpenOutbox(Outbox, Closing, Protocol):
    """An outbox that is open."""


class Place(Closing, Protocol):
    """One site's data. What it gives is closed first, then the place."""

    def make_keys(self, origin: str, randomness: Random) -> Keys:
        """The keys, made where there are none; raises ``KeysError``."""
        ...

    def keys(self) -> Keys:
        """The keys that are there; raises ``KeysError``."""
        ...

    def rotate_keys(self, randomness: Random) -> Keys:
        """Add a cookie key; raises ``KeysError``."""
        ...

    def ledger(self, keys: Keys) -> Ledger:
        """The ledger, made or migrated; raises ``LedgerUnavailable``."""
        ...

    def reader(self, keys: Keys) -> Ledger:
        """The ledger for who only reads it; raises ``LedgerUnavailable``, on appending too."""
        ...

    def comments(self) -> Comments:
        """The comments; raises ``CommentsUnavailable``."""
        ...

    def sightings(self, registrable: Registrable) -> Sightings:
        """What was seen and not declared; raises ``SightingsUnavailable``."""
        ...

    def outbox(self) -> OpenOutbox:
        """What vendors are to be told; raises ``OutboxUnavailable``."""
        ...

    def evidence(self) -> AbstractContextManager[Evidence]:
        """All that the ledger holds, at one moment; raises ``LedgerUnavailable``."""
        ...

    def verify(self, vkey: str, known: Iterable[bytes] = ()) -> Outcome:
        """See :func:`bandeau.ledger.verify.verify`; raises ``LedgerUnavailable`` too."""
        ...


class Folder:
    """Data in the folder ``path``; the keys in ``keys``, or in the folder."""

    def __init__(self, path: Path, keys: Path | None = None) -> None:
        self.path = path
        self._keys = keys or path / KEYS

    def make_keys(self, origin: str, randomness: Random) -> Keys:
        """See :class:`Place`."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _made(self._keys, origin, randomness)

    def keys(self) -> Keys:
        """See :class:`Place`."""
        return key_files.load(self._keys.parent, self._keys.name)

    def rotate_keys(self, randomness: Random = os.urandom) -> Keys:
        """See :class:`Place`."""
        return key_files.rotate_cookie_key(self._keys.parent, randomness, self._keys.name)

    def ledger(self, keys: Keys) -> SqliteLedger:
        """See :class:`Place`."""
        return SqliteLedger(self.path, keys.signer)

    def reader(self, keys: Keys) -> SqliteLedgerReader:
        """See :class:`Place`."""
        return SqliteLedgerReader(self.path, keys.signer.vkey)

    def comments(self) -> StoredComments:
        """See :class:`Place`."""
        return StoredComments(comment_tables(self.path))

    def sightings(self, registrable: Registrable) -> SqliteSightings:
        """See :class:`Place`."""
        return SqliteSightings(self.path / SIGHTINGS, registrable)

    def outbox(self) -> SqliteOutbox:
        """See :class:`Place`."""
        return SqliteOutbox(self.path)

    def evidence(self) -> AbstractContextManager[Evidence]:
        """See :class:`Place`."""
        return sqlite_ledger.open_evidence(self.path)

    def verify(self, vkey: str, known: Iterable[bytes] = ()) -> Outcome:
        """See :class:`Place`."""
        return sqlite_ledger.verify_file(self.path, vkey, known)

    def close(self) -> None:
        """Nothing to close."""


def comment_tables(directory: Path) -> SqliteTables:
    """The tables of comments in ``directory``; raises ``CommentsUnavailable``."""
    return SqliteTables(directory / COMMENTS, MIGRATIONS, SCHEMA, CommentsUnavailable)


class PostgresPlace:
    """Data in the database at ``address``; the keys in the file ``keys``, or in the database.

    Raises :class:`LedgerUnavailable` where it cannot be reached, without the password of its
    address.
    """

    def __init__(self, address: str, keys: Path | None = None) -> None:
        self._keys = keys
        try:
            self._database = Database(address)
        except (*FAILURES, ValueError) as error:
            told = str(error) or type(error).__name__
            raise LedgerUnavailable(f"PostgreSQL cannot be reached: {told}") from error

    @property
    def database(self) -> Database:
        """Where the data are."""
        return self._database

    def make_keys(self, origin: str, randomness: Random) -> Keys:
        """See :class:`Place`."""
        if self._keys:
            return _made(self._keys, origin, randomness)
        open_schema(self._database)
        return postgres_keys.load_or_create(self._database, origin, randomness)

    def keys(self) -> Keys:
        """See :class:`Place`."""
        if self._keys:
            return key_files.load(self._keys.parent, self._keys.name)
        return postgres_keys.load(self._database)

    def rotate_keys(self, randomness: Random = os.urandom) -> Keys:
        """See :class:`Place`."""
        if self._keys:
            return key_files.rotate_cookie_key(self._keys.parent, randomness, self._keys.name)
        return postgres_keys.rotate_cookie_key(self._database, randomness)

    def ledger(self, keys: Keys) -> PostgresLedger:
        """See :class:`Place`."""
        return PostgresLedger(self._database, keys.signer)

    def reader(self, keys: Keys) -> PostgresLedger:
        """See :class:`Place`; it could append, which a reader does not."""
        return self.ledger(keys)

    def comments(self) -> StoredComments:
        """See :class:`Place`."""
        return StoredComments(PostgresTables(self._database, "comments", CommentsUnavailable))

    def sightings(self, registrable: Registrable) -> PostgresSightings:
        """See :class:`Place`."""
        return PostgresSightings(self._database, registrable)

    def outbox(self) -> PostgresOutbox:
        """See :class:`Place`."""
        return PostgresOutbox(self._database)

    def evidence(self) -> AbstractContextManager[Evidence]:
        """See :class:`Place`."""
        return postgres_evidence.open_evidence(self._database)

    def verify(self, vkey: str, known: Iterable[bytes] = ()) -> Outcome:
        """See :class:`Place`."""
        with self.evidence() as evidence:
            return verify(evidence, vkey, known)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()


def open_place(data: Path | str, keys: Path | None = None) -> Place:
    """The place ``data``, as ``settings.parse_data`` gives it; ``keys`` is a file for the keys.

    Raises :class:`LedgerUnavailable` where a database cannot be reached.
    """
    return PostgresPlace(data, keys) if isinstance(data, str) else Folder(data, keys)


def _made(file: Path, origin: str, randomness: Random) -> Keys:
    return key_files.load_or_create(file.parent, origin, randomness, file.name)
