"""The edit plan of a whole page: scanned once, then only joined (DESIGN section 3)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

from bandeau.enforcement.allowlist import link_patterns
from bandeau.enforcement.pieces import Gated, Literal, Mark, Piece, Place

_KEPT_FORMS = 4

Settle = Callable[[Gated], bytes | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """A page as pieces that are the same whatever the visitor chose, and what the scan learnt.

    Between two pieces that are not literal stands at most one that is.
    """

    pieces: tuple[Piece, ...]
    lang: str
    is_document: bool
    rebased: bool
    overflowed: bool
    _links: list[tuple[str, ...]] = field(default_factory=list, repr=False)
    _forms: dict[Hashable, tuple[Piece, ...]] = field(default_factory=dict, repr=False)

    @property
    def bytes_kept(self) -> int:
        """An upper bound of the memory that the plan and its forms take, in bytes."""
        whole = sum(len(p.original) + len(getattr(p, "inert", b"")) + 200 for p in self.pieces)
        return whole * (1 + _KEPT_FORMS)

    def links(self) -> tuple[str, ...]:
        """URL patterns of where the page's own links lead, worked out when they are asked for."""
        if not self._links:
            page = b"".join([piece.original for piece in self.pieces])
            self._links.append(tuple(link_patterns(page)))
        return self._links[0]

    def held(self, choice: Hashable, settle: Settle) -> tuple[Piece, ...]:
        """The pieces with all that ``settle`` can settle made literal; the rest is left.

        What it says must be the same for everyone with this ``choice``: a few such forms are kept.
        """
        form = self._forms.get(choice)
        if form is None:
            form = merged(map(_settled(settle), self.pieces))
            if len(self._forms) >= _KEPT_FORMS:
                self._forms.pop(next(iter(self._forms)), None)
            self._forms[choice] = form
        return form


def _settled(settle: Settle) -> Callable[[Piece], Piece]:
    def settled(piece: Piece) -> Piece:
        if isinstance(piece, Gated) and (form := settle(piece)) is not None:
            return Literal(form)
        if isinstance(piece, Mark) and piece.place is Place.LANG:
            return Literal(piece.original)
        return piece

    return settled


def merged(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """``pieces`` with neighbouring literals made one."""
    result: list[Piece] = []
    run: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, Literal):
            run.append(piece.original)
            continue
        if run:
            result.append(Literal(b"".join(run)))
            run = []
        result.append(piece)
    if run:
        result.append(Literal(b"".join(run)))
    return tuple(result)
