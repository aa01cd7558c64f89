"""What a ``Set-Cookie`` line or an assignment to ``document.cookie`` asks for (RFC 6265bis)."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime


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


def _lifetime(held: dict[str, str], now: float) -> float | None:
    try:
        return max(0.0, float(int(held["max-age"])))
    except (KeyError, ValueError):
        pass
    try:
        return max(0.0, parsedate_to_datetime(held["expires"]).timestamp() - now)
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
