"""Saved pages of others, each with its site (CONTRIBUTING.md says how to get them)."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

PAGES = Path(__file__).parents[1] / ".cache" / "pages"

_CANONICAL = re.compile(
    rb"<link[^>]{0,200}?rel=[\"']?canonical[^>]{0,200}?href=[\"']?https?://([a-z0-9.-]+)"
    rb"|<meta[^>]{0,200}?og:url[^>]{0,200}?content=[\"']?https?://([a-z0-9.-]+)",
    re.IGNORECASE,
)
_LINKED = re.compile(rb"<a\s[^>]{0,200}?href=[\"']?https?://([a-z0-9.-]+)", re.IGNORECASE)
_LEAST_BYTES = 5_000


class Page(NamedTuple):
    """One saved page: its bytes, and the host that its publisher runs, without ``www.``."""

    name: str
    body: bytes
    site: str


def pages(most: int) -> list[Page]:
    """At most ``most`` pages, spread evenly over all that are there, the same ones every time.

    Left out are pages that do not say which site they come from, and stubs.
    """
    found = sorted(PAGES.rglob("*.html*")) if PAGES.is_dir() else []
    if not found:
        raise SystemExit(
            f"bench: no saved pages under {PAGES}; CONTRIBUTING.md says how to get them"
        )
    usable = [page for page in map(_page, found) if page.site and len(page.body) >= _LEAST_BYTES]
    step = max(1, len(usable) // most)
    return usable[::step][:most]


def _page(path: Path) -> Page:
    data = path.read_bytes()
    body = gzip.decompress(data) if path.suffix == ".gz" else data
    return Page(path.name, body, _site(body).removeprefix("www."))


def _site(body: bytes) -> str:
    canonical = _CANONICAL.search(body)
    if canonical:
        return (canonical[1] or canonical[2]).decode().lower()
    linked = Counter(_LINKED.findall(body)).most_common(1)
    return linked[0][0].decode().lower() if linked else ""
