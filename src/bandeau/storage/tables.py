"""One SQL for both databases: statements that SQLite and PostgreSQL read alike, and transactions.

A statement names its values ``$1``, ``$2`` …, keeps to what both know, and gives rows as tuples.
A transaction is a generator of statements: it gets each one's rows, and what it returns is the
outcome. Whoever runs it keeps all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

Found = TypeVar("Found")
Value: TypeAlias = str | int | bytes | None
Rows: TypeAlias = Sequence[tuple[Any, ...]]


class Statement(NamedTuple):
    """One statement; ``values`` stand for ``$1``, ``$2`` …"""

    text: str
    values: tuple[Value, ...] = ()


Steps: TypeAlias = Generator[Statement, Rows, Found]


class Tables(Protocol):
    """Tables of one database.

    Both methods raise the error that the tables were opened with where the database cannot answer.
    """

    async def read(self, text: str, *values: Value) -> Rows:
        """The rows of one statement that changes nothing."""
        ...

    async def write(self, steps: Steps[Found], *, erasing: bool = False) -> Found:
        """What ``steps`` return, all of them durable before that, or none kept.

        After ``erasing`` no copy of what was there before stays in files that are ours.
        """
        ...

    def close(self) -> None:
        """Let what is under way end. Further calls fail."""
        ...


def listed(first: int, count: int) -> str:
    """``$first, $first+1 …``: the names of ``count`` values in a list."""
    return ", ".join(f"${number}" for number in range(first, first + count))
