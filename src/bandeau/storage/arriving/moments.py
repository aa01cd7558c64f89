"""Times as other systems write them."""

from __future__ import annotations

from datetime import UTC, datetime

_MOST = 2**47


def milliseconds(text: str) -> int:
    """An ISO 8601 time as Unix milliseconds, in UTC where it says no zone; 0 for anything else."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return 0
    return of_seconds((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def of_seconds(seconds: object) -> int:
    """Unix seconds as milliseconds; 0 for what is no such time."""
    if not isinstance(seconds, int | float) or not 0 < seconds < _MOST / 1000:
        return 0
    return round(seconds * 1000)
