"""To whom a host, cookie or key belongs and what for: the port that every verdict asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bandeau.audit.finding import Source


class Basis(StrEnum):
    """Why something is taken to have a purpose."""

    POLICY = "policy"
    """The site's own policy file says so."""
    LIST = "list"
    """A public list says so."""
    GUESS = "guess"
    """Its name or its behaviour says so."""
    NOTHING = "nothing"
    """Nobody says anything of it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a thing. ``gated`` is whether it needs consent; ``None`` where unknown.

    ``purpose`` is a key of the policy file, or of the product's own purposes (``advertising``,
    ``statistics``, ``social``, ``functioning`` …), empty where unknown. ``max_age`` is the longest
    lifetime declared, in seconds: 0 for the browser's session, ``None`` where none is declared.
    """

    basis: Basis
    purpose: str = ""
    vendor: str = ""
    gated: bool | None = None
    max_age: float | None = None
    source: str = ""


class Knowledge(Protocol):
    """What is known of the things of one site."""

    def own(self, host: str) -> bool:
        """Whether the publisher runs ``host``."""
        ...

    def domain(self, host: str) -> str:
        """The domain that somebody registered for ``host``, or ``host`` where there is none."""
        ...

    def host(self, host: str) -> Known:
        """Of a host that is contacted."""
        ...

    def address(self, url: str) -> Known:
        """Of a whole address, which may be a path of the site's own."""
        ...

    def cookie(self, name: str, domain: str) -> Known:
        """Of a cookie on ``domain`` (a leading dot is allowed)."""
        ...

    def stored(self, key: str, host: str) -> Known:
        """Of a storage key of an origin on ``host``."""
        ...

    def allowed(self, purpose: str, granted: frozenset[str]) -> bool:
        """Whether what has ``purpose`` may be, when ``granted`` purposes were accepted."""
        ...

    @property
    def declared(self) -> bool:
        """Whether a policy file says what is allowed, so that what it leaves out is not."""
        ...

    @property
    def public(self) -> Knowledge:
        """What public lists say, whatever the policy file says: the same value without one."""
        ...

    @property
    def sources(self) -> tuple[Source, ...]:
        """The lists behind it."""
        ...
