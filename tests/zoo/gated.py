"""Sites behind Bandeau itself, honest or tampered with on the way out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bandeau.app import Bandeau
from tests.zoo.built import Built

_BAND = re.compile(rb'(data-bandeau="?band"?[^>]*data-state="?)(refused|undecided)')
_COMMENTS = re.compile(rb'(data-state="?)locked("?[^>]*data-bandeau="?comments)')


def gated(built: Built, site: Any, folder: Path) -> Any:
    """The site as an ASGI application behind Bandeau, its data in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    policy = folder / "policy.toml"
    policy.write_bytes(_served(built))
    front = Bandeau(site, policy=policy, data=folder / "data")
    if built.site.bandeau == "band":
        return Tampered(front, _BAND, rb"\1allowed")
    if built.site.bandeau == "comments":
        return Tampered(front, _COMMENTS, rb"\1open\2")
    return front


def _served(built: Built) -> bytes:
    """The policy that Bandeau is given: one that calls advertising audience measurement, at times.

    The audit is told the true one.
    """
    if built.site.bandeau != "wrong":
        return built.policy
    text = built.policy.decode()
    entry = text.index('purpose = "advertising"')
    changed = text[:entry] + 'purpose = "audience"' + text[entry + len('purpose = "advertising"') :]
    return changed.replace(
        "[purposes.advertising]", '[purposes.audience]\nexempt = "audience-measurement"\n', 1
    ).encode()


class Tampered:
    """An application whose pages are changed as they leave."""

    def __init__(self, app: Any, pattern: re.Pattern[bytes], by: bytes) -> None:
        self._app, self._pattern, self._by = app, pattern, by

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        plain = [(k, v) for k, v in scope["headers"] if k != b"accept-encoding"]
        held: dict[str, Any] = {"body": b""}

        async def keep(message: Any) -> None:
            if message["type"] == "http.response.start":
                held["start"] = message
                return
            held["body"] += message.get("body", b"")
            if not message.get("more_body"):
                body = self._pattern.sub(self._by, held["body"])
                start = held["start"]
                headers = [(k, v) for k, v in start["headers"] if k.lower() != b"content-length"]
                length = (b"content-length", str(len(body)).encode())
                bare = start["status"] in (204, 304)
                await send({**start, "headers": headers if bare else [*headers, length]})
                await send({"type": "http.response.body", "body": b"" if bare else body})

        await self._app({**scope, "headers": plain}, receive, keep)
