"""Settings from flags and environment, read into values that can hold.

Every flag of the command line can be given as ``BANDEAU_<COMMAND>_<FLAG>`` in the environment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_LAST_PORT = 65_535
_SENDER = re.compile(r"[^\s@<>\",;:]{1,64}@[A-Za-z0-9.-]{1,253}")
DATABASES = ("postgresql", "postgres")
"""Schemes of addresses under which data can be kept."""


class SettingsError(ValueError):
    """A setting that cannot hold; the message names the setting and what to do."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the gateway listens. Port 0 means any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def parse_listen(value: str) -> Listen:
    """``HOST:PORT``, ``[IPv6]:PORT`` or ``PORT``; raises :class:`SettingsError`."""
    host, colon, port = value.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port[:6]) <= _LAST_PORT):
        raise SettingsError(f"listen: {value!r} is not HOST:PORT, such as 127.0.0.1:8000")
    return Listen(host.strip("[]") if colon else "127.0.0.1", int(port))


def parse_upstream(value: str) -> str:
    """The site's own address, ``http://HOST:PORT``; raises :class:`SettingsError`."""
    wrong = f"upstream: {value!r} is not a URL such as http://127.0.0.1:9000"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise SettingsError(wrong) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise SettingsError(wrong)
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise SettingsError(f"upstream: {value!r} must be a scheme, a host and a port only")
    return f"{parts.scheme}://{parts.netloc}"


class Encryption(StrEnum):
    """How a mail server is spoken to."""

    FROM_THE_START = "tls"
    STARTTLS = "starttls"
    WHERE_OFFERED = "offered"
    """On this very machine only."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed over; ``user`` is empty where nobody has to sign in."""

    host: str
    port: int
    encryption: Encryption
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


def parse_mail(value: str) -> MailServer:
    """``smtp://USER:PASSWORD@HOST:587?from=ADDRESS``, or ``smtps://``.

    ``smtp`` is encrypted by STARTTLS, and refuses a server without; only one on this machine may
    go without. Raises :class:`SettingsError`, whose message holds no password.
    """
    wrong = "mail: write smtp://USER:PASSWORD@HOST:587?from=ADDRESS, or smtps://"
    try:
        parts = urlsplit(value)
        port, host = parts.port, parts.hostname or ""
        query = parse_qs(parts.query, strict_parsing=True)
    except ValueError:
        raise SettingsError(wrong) from None
    senders = query.get("from", [])
    kinds = {"smtp": 587, "smtps": 465}
    known = parts.scheme in kinds and bool(host) and port != 0 and set(query) == {"from"}
    if not (known and len(senders) == 1 and _SENDER.fullmatch(senders[0])):
        raise SettingsError(wrong)
    if parts.path not in ("", "/") or parts.fragment:
        raise SettingsError(wrong)
    return MailServer(
        host=host,
        port=port or kinds[parts.scheme],
        encryption=_encryption(parts),
        sender=senders[0],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _encryption(parts: SplitResult) -> Encryption:
    if parts.scheme == "smtps":
        return Encryption.FROM_THE_START
    host = parts.hostname or ""
    try:
        here = ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    return Encryption.WHERE_OFFERED if here else Encryption.STARTTLS


def parse_data(value: str) -> Path | str:
    """The folder for ledger and keys, or the address of a PostgreSQL database.

    Raises :class:`SettingsError`.
    """
    scheme, colon, _ = value.partition("://")
    if colon and scheme in DATABASES:
        return value
    if colon:
        raise SettingsError(f"data: {scheme} is not supported; name a folder or postgresql://…")
    path = Path(value)
    if path.exists() and not path.is_dir():
        raise SettingsError(f"data: {value} is a file; name a folder")
    return path
