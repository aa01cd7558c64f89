"""What a ``Set-Cookie`` line or an assignment to ``document.cookie`` asks for (RFC 6265bis)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol

from bandeau import limits
from bandeau.audit.evidence import Cause, Kind, Means, Write
from bandeau.audit.urls import split_of


@dataclass(frozen=True, slots=True)
class Asked:
    """A cookie as it was asked for; ``lifetime`` in seconds, ``None`` for a session."""

    name: str
    value: str
    domain: str
    path: str
    lifetime: float | None


def asked_by(line: str, host: str, now: float) -> Asked:
    """What ``line`` asks the browser to keep for ``host``; ``now`` is in seconds since 1970."""
    pair, *rest = line.split(";")
    stated, equals, value = pair.partition("=")
    name = stated.strip() if equals else ""
    held = {}
    for part in rest:
        key, _, said = part.partition("=")
        held[key.strip().lower()] = said.strip()
    domain = held.get("domain", "").lstrip(".").lower()
    path = held.get("path", "")
    return Asked(
        name=name,
        value=(value if equals else stated).strip(),
        domain=f".{domain}" if domain else host,
        path=path if path.startswith("/") else "/",
        lifetime=_lifetime(held, now),
    )


class Made(Protocol):
    """A request, as far as the cookies of its answer are concerned."""

    @property
    def id(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def page(self) -> str: ...

    @property
    def frame(self) -> str: ...

    @property
    def cause(self) -> Cause: ...


def set_by(line: str, made: Made, at: float) -> Write:
    """What a ``Set-Cookie`` line of the answer to ``made`` writes, in the run's second ``at``."""
    asked = asked_by(line, split_of(made.url).hostname or "", time.time())
    return Write(
        at=at,
        kind=Kind.COOKIE,
        means=Means.HEADER,
        name=asked.name,
        value=asked.value[: limits.AUDIT_KEPT_CHARACTERS],
        domain=asked.domain,
        path=asked.path,
        page=made.page,
        frame=made.frame,
        lifetime=asked.lifetime,
        cause=made.cause,
        request=made.id,
    )


def is_sent_to(host: str, domain: str) -> bool:
    """Whether a cookie of ``domain`` is sent to ``host`` (RFC 6265bis, 5.1.3).

    One that begins with a dot was asked for by its domain, and goes to all hosts under it.
    """
    bare = domain.removeprefix(".")
    return host == bare or (domain.startswith(".") and host.endswith(f".{bare}"))


def _lifetime(held: dict[str, str], now: float) -> float | None:
    try:
        return max(0.0, float(int(held["max-age"])))
    except (KeyError, ValueError):
        pass
    try:
        return max(0.0, parsedate_to_datetime(held["expires"]).timestamp() - now)
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
