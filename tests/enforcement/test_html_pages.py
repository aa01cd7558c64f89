"""Saved news pages: nothing changes outside of changed tags, however a page is cut.

The pages are not ours to ship: CONTRIBUTING says how to get them, or these tests skip.
"""

from __future__ import annotations

import gzip
import random
import re
import sys
from pathlib import Path

import pytest

from bandeau.enforcement.calm import Calm, calm_for
from bandeau.enforcement.html import Scanner
from bandeau.enforcement.inert import PREFIX
from bandeau.enforcement.pieces import Gated, Piece
from bandeau.enforcement.plan import merged

PAGES = Path(__file__).parents[2] / ".cache" / "pages"
OWN = "example.test"
ADDED = re.compile(rb' type="text/plain"| hidden')

pytestmark = pytest.mark.slow


def pages(step: int) -> list[bytes]:
    found = sorted(PAGES.rglob("*.html*")) if PAGES.is_dir() else []
    if not found:
        pytest.skip("no saved pages under .cache/pages; CONTRIBUTING.md says how to get them")
    return [
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for path in found[::step]
    ]


def third_party(host: str) -> bool:
    return host != OWN and not host.endswith("." + OWN)


def scanned(page: bytes, cuts: list[int], calm: Calm | None = None) -> tuple[Piece, ...]:
    scanner, pieces = Scanner(third_party, calm=calm), []
    for start, end in zip([0, *cuts], [*cuts, len(page)], strict=True):
        pieces += scanner.feed(page[start:end])
    return merged(pieces + scanner.close(), sys.maxsize)


def test_bytes_outside_of_changed_tags_stay() -> None:
    for page in pages(1):
        pieces = scanned(page, [])
        assert b"".join(piece.original for piece in pieces) == page
        for piece in pieces:
            if isinstance(piece, Gated):
                plain = ADDED.sub(b"", piece.inert.replace(PREFIX, b""), 1)
                assert plain in (piece.original, ADDED.sub(b"", piece.original, 1))


def test_cuts_anywhere_give_the_same_pieces() -> None:
    source = random.Random(11)
    for page in pages(12):
        whole = scanned(page, [])
        for count in (1, 5, 60):
            cuts = sorted(source.randint(0, len(page)) for _ in range(count))
            assert scanned(page, cuts) == whole


def test_own_hosts_that_are_passed_quickly_change_nothing() -> None:
    for page in pages(9):
        own = page.replace(b"://www.", b"://www.example.test/")
        assert scanned(own, [], calm_for((OWN,))) == scanned(own, [])
