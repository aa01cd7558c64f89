"""What scans pages, behind one interface: a compiled scanner can take its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bandeau.enforcement.calm import calm_for
from bandeau.enforcement.html import Scanner
from bandeau.enforcement.pieces import Piece
from bandeau.enforcement.plan import Plan, stretches
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.urls import OWN, Target


class Scan(Protocol):
    """One page being scanned as it comes."""

    @property
    def lang(self) -> str:
        """The language of the ``html`` element, as far as it was read."""

    @property
    def is_document(self) -> bool:
        """Whether the page is a document rather than a fragment, as far as it was read."""

    @property
    def rebased(self) -> bool:
        """Whether relative URLs lead elsewhere than the page's origin, as far as it was read."""

    def feed(self, chunk: bytes) -> Sequence[Piece]:
        """The pieces that ``chunk`` completes."""

    def close(self) -> Sequence[Piece]:
        """The last pieces."""


class Engine(Protocol):
    """Reads the pages of one site into pieces. ``base`` is what their base URL reaches.

    Joined originals of all pieces are the page, byte for byte, however it is cut; what the pieces
    are depends on the page, on ``base`` and on :meth:`serves` of the host alone.
    """

    def serves(self, host: str) -> str:
        """``host`` where it changes what is the publisher's own, else empty."""

    def open(self, host: str, base: Target = OWN) -> Scan:
        """A scan of one page that ``host`` serves."""

    def plan(self, page: bytes, host: str, base: Target = OWN) -> Plan:
        """The plan of one whole page that ``host`` serves."""


class PythonEngine:
    """The engine without compiled parts."""

    def __init__(self, rules: Rules) -> None:
        self._owns = rules.matcher.owns
        self._declared = rules.declared
        self._calm = calm_for(rules.policy.site.hosts)

    def serves(self, host: str) -> str:
        """``host`` where it changes what is the publisher's own, else empty."""
        return "" if self._owns(host) else host

    def open(self, host: str, base: Target = OWN) -> Scanner:
        """A scan of one page that ``host`` serves."""
        owns = self._owns
        return Scanner(
            lambda other: other != host and not owns(other),
            base,
            declared=self._declared,
            calm=self._calm,
        )

    def plan(self, page: bytes, host: str, base: Target = OWN) -> Plan:
        """The plan of one whole page that ``host`` serves."""
        scan = self.open(host, base)
        scanned = [*scan.feed(page), *scan.close()]
        pieces = tuple(stretches(page, scanned, scanned))
        return Plan(page, pieces, scan.lang, scan.is_document, scan.rebased, scan.overflowed)
