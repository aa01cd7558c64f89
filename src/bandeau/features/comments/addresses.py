"""From the address of a page, as other systems keep it, to the path that its comments are under."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from urllib.parse import urlsplit

from bandeau import limits
from bandeau.features.comments.model import Refusal
from bandeau.features.comments.write import page_path

REST = "*"


class MapError(ValueError):
    """A line of a map that cannot hold; the message names it and what to do."""


class Addresses:
    """The pages of a site. ``moved`` gives addresses their path; with ``*`` at the end of both,
    what stands there is taken over. The longest that fits counts."""

    def __init__(self, hosts: Collection[str], moved: Mapping[str, str]) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._moved = {a: path for a, path in moved.items() if not a.endswith(REST)}
        starts = [(a[:-1], path) for a, path in moved.items() if a.endswith(REST)]
        self._starts = sorted(starts, key=lambda each: -len(each[0]))

    def page(self, address: str) -> str | None:
        """The path of ``address``, or ``None`` where it has none.

        A query may tell pages apart that have one path here, so such an address is only known
        where it was moved.
        """
        moved = self._to(address)
        if moved is None and ("?" in address or not self.known(address)):
            return None
        try:
            path = moved or urlsplit(address).path or "/"
        except ValueError:
            return None
        page = page_path(path)
        return None if isinstance(page, Refusal) else page

    def known(self, address: str) -> bool:
        """Whether it is one of the site's own: a path, or on one of its hosts."""
        if address.startswith("/") and not address.startswith("//"):
            return True
        try:
            parts = urlsplit(address)
            return parts.scheme in ("http", "https") and parts.hostname in self._hosts
        except ValueError:
            return False

    def _to(self, address: str) -> str | None:
        if address in self._moved:
            return self._moved[address]
        for start, path in self._starts:
            if address.startswith(start):
                return path[:-1] + address[len(start) :]
        return None


def moved(text: str) -> dict[str, str]:
    """What a map says: an address and its path a line; what follows `` #`` is a remark.

    Raises :class:`MapError`.
    """
    found: dict[str, str] = {}
    for number, address, path in _pairs(text):
        if len(found) == limits.IMPORT_MAP_LINES:
            raise MapError(f"{number}: over {limits.IMPORT_MAP_LINES} addresses; use * for more")
        if address.endswith(REST) != path.endswith(REST):
            raise MapError(f"{number}: * stands at the end of both, or of none")
        if isinstance(page_path(path), Refusal):
            raise MapError(f"{number}: {path[:80]!r} is not the path of a page, such as /news/a")
        if found.setdefault(address, path) != path:
            raise MapError(f"{number}: {address[:80]!r} is there already with another path")
    return found


def _pairs(text: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.partition(" #")[0].split()
        if not parts or parts[0].startswith("#"):
            continue
        if len(parts) != 2:
            raise MapError(f"{number}: write an address, a space and a path")
        yield number, parts[0], parts[1]
