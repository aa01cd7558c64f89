"""What is put into the pages of one site."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bandeau.enforcement.exchange import Exchange
from bandeau.web.leaving import Leaving
from bandeau.web.notice import Notice
from bandeau.web.placeholder import Placeholder

Section = Callable[[Exchange, str], Awaitable[tuple[str, bytes]]]


@dataclass(frozen=True, slots=True)
class Insertions:
    """What is put into pages, and the CSP sources of every inline style and script in it.

    ``section`` renders what opens with consent, as (state of the element, its inside); ``asking``
    goes into pages that are asked for reports.
    """

    notice: Notice
    placeholder: Placeholder
    leaving: Leaving
    asking: bytes
    section: Section | None
    scripts: tuple[str, ...]
    styles: tuple[str, ...]
