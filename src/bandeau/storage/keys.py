"""The secrets of one data directory, made on first start: ``keys.json``, for its owner only.

The public key of the log stands beside it in ``ledger.vkey``.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bandeau.ledger.checkpoint import CheckpointError, Signer

KEYS = "keys.json"
PUBLIC = "ledger.vkey"
KEY_BYTES = 32
COOKIE_KEYS = 10
_FILE_BYTES = 65_536
_FIELDS = frozenset({"cookie", "subject", "log", "origin"})
Random = Callable[[int], bytes]


class KeysError(Exception):
    """The keys cannot be used. The message says which file, and what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Secrets of one site: ``cookie`` keys oldest first, the ``subject`` key, the ``log`` seed."""

    cookie: tuple[bytes, ...]
    subject: bytes
    log: bytes
    origin: str

    @property
    def signer(self) -> Signer:
        """Who signs this log's checkpoints."""
        return Signer(self.origin, self.log)


def load_or_create(
    directory: Path, origin: str, randomness: Random = os.urandom, name: str = KEYS
) -> Keys:
    """The keys in ``directory``, made under ``origin`` where there are none yet.

    Two processes that start at once get the same keys. An existing log keeps the origin that it
    was made with. Raises :class:`KeysError`.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (directory / name).exists():
            if name == KEYS and (directory / PUBLIC).exists():
                raise KeysError(
                    f"{directory / KEYS}: missing, though {PUBLIC} shows that it was there; restore"
                    f" it, or move the whole directory away to begin a new ledger"
                )
            _create(directory / name, made(origin, randomness))
        keys = load(directory, name)
        if name == KEYS:
            _publish(directory, keys)
    except OSError as error:
        raise KeysError(f"{directory}: {error.strerror or error}") from error
    return keys


def load(directory: Path, name: str = KEYS) -> Keys:
    """The keys in ``directory``; raises :class:`KeysError` where they cannot be trusted."""
    path = directory / name
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(_FILE_BYTES + 1)
    except FileNotFoundError:
        raise KeysError(f"{path}: no such file; the server makes it when it first starts") from None
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror or error}") from error
    if mode & 0o077:
        raise KeysError(f"{path}: others can read it (mode {mode:04o}); run chmod 600 on it")
    return parse_keys(str(path), data)


def rotate_cookie_key(directory: Path, randomness: Random = os.urandom, name: str = KEYS) -> Keys:
    """Add a cookie key, which signs from the next start on; older ones still verify.

    At most ``COOKIE_KEYS`` are kept. Raises :class:`KeysError`.
    """
    keys = turned(load(directory, name), randomness)
    try:
        temporary = _write(directory, name, format_keys(keys), 0o600)
        os.replace(temporary, directory / name)
        _sync(directory)
    except OSError as error:
        raise KeysError(f"{directory / name}: {error.strerror or error}") from error
    return keys


def turned(keys: Keys, randomness: Random) -> Keys:
    """The same keys with one more for cookies; the oldest of too many goes."""
    cookie = (*keys.cookie, randomness(KEY_BYTES))[-COOKIE_KEYS:]
    return Keys(cookie, keys.subject, keys.log, keys.origin)


def made(origin: str, randomness: Random) -> Keys:
    """New keys; raises :class:`KeysError` where no log can have the name ``origin``."""
    keys = Keys((randomness(KEY_BYTES),), randomness(KEY_BYTES), randomness(KEY_BYTES), origin)
    try:
        Signer(origin, keys.log)
    except CheckpointError as error:
        raise KeysError(f"{origin!r}: {error}") from error
    return keys


def _create(path: Path, keys: Keys) -> None:
    temporary = _write(path.parent, path.name, format_keys(keys), 0o600)
    try:
        # A link never replaces: the first process wins, and the others read what it made.
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    _sync(path.parent)


def _publish(directory: Path, keys: Keys) -> None:
    text = keys.signer.vkey + "\n"
    path = directory / PUBLIC
    if path.exists() and path.read_text("utf-8", errors="replace") == text:
        return
    os.replace(_write(directory, PUBLIC, text.encode(), 0o644), path)
    _sync(directory)


def _write(directory: Path, name: str, data: bytes, mode: int) -> Path:
    temporary = directory / f".{name}.{os.getpid()}.{os.urandom(6).hex()}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(data)
        file.flush()
        os.fsync(handle)
    return temporary


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def format_keys(keys: Keys) -> bytes:
    """The keys as JSON, which :func:`parse_keys` reads."""
    fields = {
        "cookie": [key.hex() for key in keys.cookie],
        "subject": keys.subject.hex(),
        "log": keys.log.hex(),
        "origin": keys.origin,
    }
    return json.dumps(fields, indent=1).encode() + b"\n"


def parse_keys(where: str, data: bytes) -> Keys:
    """The keys in JSON found at ``where``; raises :class:`KeysError`."""
    try:
        fields = json.loads(data)
        if not isinstance(fields, Mapping) or set(fields) != _FIELDS:
            raise ValueError(f"it must hold {', '.join(sorted(_FIELDS))}")
        if not isinstance(fields["cookie"], list) or not fields["cookie"]:
            raise ValueError("cookie must be a list of keys")
        keys = Keys(
            tuple(_key(key) for key in fields["cookie"]),
            _key(fields["subject"]),
            _key(fields["log"]),
            str(fields["origin"]),
        )
        Signer(keys.origin, keys.log)
    except (ValueError, RecursionError) as error:
        advice = "restore it from a backup: without it no kept choice can be read"
        raise KeysError(f"{where}: damaged ({error}); {advice}") from error
    return keys


def _key(value: object) -> bytes:
    key = bytes.fromhex(value) if isinstance(value, str) else b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key is {KEY_BYTES} bytes in hexadecimal")
    return key
