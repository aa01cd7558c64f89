"""The list of sites to audit: one address a line, or a table of commas with one in each line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

import idna

from bandeau import limits

_HEADINGS = ("url", "address", "site", "website", "domain", "host", "hostname")


@dataclass(frozen=True, slots=True)
class Site:
    """One line of the list: ``address`` as it is audited, and its ``host``."""

    line: int
    address: str
    host: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that names no site; ``reason`` says why, and what to write."""

    line: int
    reason: str


def sites(lines: Iterable[str]) -> Iterator[Site | Fault]:
    """Each line's site, or what is wrong with it. Empty lines, and those after ``#``, say nothing.

    Of a line with commas the column that the first line calls ``url``, ``domain`` or alike counts,
    else its first field that is no number. Without a scheme it is ``https``. Ends after the
    first line beyond ``limits.SURVEY_SITES``.
    """
    column: int | None = None
    read, first = 0, True
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix("\ufeff")
        if not text or text.startswith("#"):
            continue
        fields = _fields(text)
        heading = _heading(fields) if first else None
        first = False
        if heading is not None:
            column = heading
            continue
        read += 1
        if read > limits.SURVEY_SITES:
            yield Fault(number, f"more than {limits.SURVEY_SITES:,} sites; make several lists")
            return
        yield _site(number, _chosen(fields, column))


def _fields(text: str) -> list[str]:
    if "," not in text and '"' not in text:
        return [text.partition(" #")[0].strip()]
    try:
        return [each.strip() for each in next(csv.reader([text]), [])]
    except csv.Error:
        return []


def _heading(fields: list[str]) -> int | None:
    """Which column the first line says has the addresses; ``None`` where it is a site itself."""
    names = [each.lower() for each in fields]
    return next((names.index(each) for each in _HEADINGS if each in names), None)


def _chosen(fields: list[str], column: int | None) -> str:
    if column is not None:
        return fields[column] if column < len(fields) else ""
    return next((each for each in fields if each and not each.isdigit()), "")


def _site(line: int, text: str) -> Site | Fault:
    if not text:
        return Fault(line, "no address in this line")
    if len(text) > limits.SURVEY_ADDRESS_CHARACTERS:
        return Fault(line, f"longer than {limits.SURVEY_ADDRESS_CHARACTERS} characters")
    if any(not c.isprintable() or c.isspace() for c in text):
        return Fault(line, "white space or control characters in the address")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError as error:
        return Fault(line, f"{text}: {error}")
    wrong = _wrong(parts, host, port)
    return Fault(line, f"{text}: {wrong}") if wrong else Site(line, _address(parts, host), host)


def _host(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        ascii_host: str = idna.encode(host, uts46=True).decode() if host else ""
        return ascii_host.rstrip(".")


def _wrong(parts: SplitResult, host: str, port: int | None) -> str:
    if parts.scheme not in ("http", "https"):
        return "only http and https can be audited"
    if not host or port == 0:
        return "no host in the address"
    if parts.username is not None:
        return "a user name or password in the address; leave it out"
    return ""


def _address(parts: SplitResult, host: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    netloc = shown if parts.port in (None, usual) else f"{shown}:{parts.port}"
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
