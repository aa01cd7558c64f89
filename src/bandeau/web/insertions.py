"""What is put into the pages of one site."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bandeau.enforcement.exchange import Exchange
from bandeau.enforcement.pieces import Mark
from bandeau.web.leaving import Leaving
from bandeau.web.notice import Notice
from bandeau.web.placeholder import Placeholder

Comments = Callable[[Exchange, str, Mark], Awaitable[tuple[bytes, bytes]]]


@dataclass(frozen=True, slots=True)
class Insertions:
    """What is put into pages, and the CSP sources of every inline style and script in it.

    ``comments`` renders what stands at a mark of comments, as (start tag, what follows it);
    ``asking`` goes into pages that are asked for reports.
    """

    notice: Notice
    placeholder: Placeholder
    leaving: Leaving
    asking: bytes
    comments: Comments | None
    scripts: tuple[str, ...]
    styles: tuple[str, ...]
