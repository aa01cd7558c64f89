"""Requests of our own to addresses that a policy names: no cookies, and no private network."""

from __future__ import annotations

import contextlib
from ipaddress import ip_address
from socket import AF_UNSPEC, AddressFamily
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult


class PrivateAddress(OSError):
    """A host that is on a private network, where a policy file must not reach by accident."""


def session_for(seconds: float, *, private: bool) -> aiohttp.ClientSession:
    """A client whose requests take so long at most; unless ``private``, to public addresses."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=None if private else _Public(), force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=seconds),
    )


class _Public(AbstractResolver):
    """Names whose every address is public; looked up where the connection is then made."""

    def __init__(self) -> None:
        self._names = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        for each in found:
            _refuse(each["host"], host)
        return found

    async def close(self) -> None:
        await self._names.close()


def reason_of(error: Exception) -> str:
    """Why there was no answer: what lies behind the library's own error says more."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return f"{type(cause).__name__}: {cause}"


def require_public(url: str) -> None:
    """Refuse a private address in the place of a name, which never comes to the resolver.

    Raises :class:`PrivateAddress`.
    """
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        ip_address(host)
        _refuse(host, host)


def _refuse(address: str, host: str) -> None:
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    if not found.is_global or found.is_multicast:
        raise PrivateAddress(f"{host} is not on the public internet; see --notify-private")
