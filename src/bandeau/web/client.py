"""Asking others over HTTP, from the command line: witnesses, time-stampers, published logs."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp

from bandeau import limits


class Unreachable(Exception):
    """Nobody answered in time, or with too much. The message says who, and what happened."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of any status."""

    status: int
    body: bytes


class Client:
    """A client for one command; nothing is redirected, and what is read is bounded."""

    def __init__(self) -> None:
        timeout = aiohttp.ClientTimeout(total=limits.WITNESS_SECONDS)
        self._session = aiohttp.ClientSession(timeout=timeout, raise_for_status=False)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, url: str) -> Answer:
        """Raises :class:`Unreachable`."""
        return await self._ask("GET", url, None, {})

    async def post(self, url: str, data: bytes, media_type: str) -> Answer:
        """Raises :class:`Unreachable`."""
        return await self._ask("POST", url, data, {"content-type": media_type})

    async def _ask(
        self, method: str, url: str, data: bytes | None, headers: dict[str, str]
    ) -> Answer:
        most = limits.TIMESTAMP_BYTES
        try:
            async with self._session.request(
                method, url, data=data, headers=headers, allow_redirects=False
            ) as answer:
                body = b""
                async for chunk in answer.content.iter_chunked(65_536):
                    body += chunk
                    if len(body) > most:
                        raise Unreachable(f"{url}: answered with more than {most} bytes")
                return Answer(answer.status, body)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(f"{url}: {error or type(error).__name__}") from error
        except TimeoutError:
            raise Unreachable(f"{url}: no answer in {limits.WITNESS_SECONDS} seconds") from None
