"""The edit plan of a whole page: scanned once, then only joined (DESIGN section 3)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from bandeau.enforcement.allowlist import link_patterns
from bandeau.enforcement.pieces import Gated, Literal, Mark, Piece, Place

_KEPT_FORMS = 4
_PIECE_BYTES = 300
# A view costs as much time at each joining as copying this many bytes does.
_VIEWED_BYTES = 4_096

Settle = Callable[[Gated], bytes | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """A page as pieces that are the same whatever the visitor chose, and what the scan learnt.

    The page is kept once: literal pieces are views of it. Between two pieces that are not literal
    stands at most one that is.
    """

    page: bytes
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
        return len(self.page) + (1 + _KEPT_FORMS) * sum(map(_bytes_beside, self.pieces))

    def links(self) -> tuple[str, ...]:
        """URL patterns of where the page's own links lead, worked out when they are asked for."""
        if not self._links:
            self._links.append(tuple(link_patterns(self.page)))
        return self._links[0]

    def held(self, choice: Hashable, settle: Settle) -> tuple[Piece, ...]:
        """The pieces with all that ``settle`` can settle made literal; the rest is left.

        What it says must be the same for everyone with this ``choice``: a few such forms are kept.
        Long literals are views of the page, what stands between two of them is one.
        """
        form = self._forms.get(choice)
        if form is None:
            settled = map(_settled(settle), self.pieces)
            form = merged(stretches(self.page, self.pieces, settled), _VIEWED_BYTES)
            if len(self._forms) >= _KEPT_FORMS:
                self._forms.pop(next(iter(self._forms)), None)
            self._forms[choice] = form
        return form


def _bytes_beside(piece: Piece) -> int:
    """What a piece takes besides the page itself, in a form or in the plan."""
    if isinstance(piece, Literal):
        return _PIECE_BYTES + len(piece.original) * (len(piece.original) < _VIEWED_BYTES)
    return _PIECE_BYTES + len(piece.original) + len(getattr(piece, "inert", b""))


def _settled(settle: Settle) -> Callable[[Piece], Piece]:
    def settled(piece: Piece) -> Piece:
        if isinstance(piece, Gated) and (form := settle(piece)) is not None:
            return Literal(form)
        if isinstance(piece, Mark) and piece.place is Place.LANG:
            return Literal(piece.original)
        return piece

    return settled


def stretches(page: bytes, pieces: Iterable[Piece], settled: Iterable[Piece]) -> Iterator[Piece]:
    """What each of ``pieces`` was ``settled`` to, in turn; what stays is one view of the page.

    Joined originals of ``pieces`` are ``page``. A literal stays that holds the very same bytes.
    """
    view, since, at = memoryview(page), 0, 0
    for piece, now in zip(pieces, settled, strict=True):
        start, at = at, at + len(piece.original)
        if isinstance(now, Literal) and now.original is piece.original:
            continue
        if since < start:
            yield Literal(view[since:start])
        since = at
        yield now
    if since < at:
        yield Literal(view[since:at])


def merged(pieces: Iterable[Piece], most: int) -> tuple[Piece, ...]:
    """``pieces`` with neighbouring literals made one that are shorter than ``most`` bytes."""
    result: list[Piece] = []
    run: list[bytes | memoryview] = []
    for piece in pieces:
        if isinstance(piece, Literal) and len(piece.original) < most:
            run.append(piece.original)
            continue
        if run:
            result.append(Literal(b"".join(run)))
            run = []
        result.append(piece)
    if run:
        result.append(Literal(b"".join(run)))
    return tuple(result)
