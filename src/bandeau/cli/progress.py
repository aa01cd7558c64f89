"""A bar on a terminal while something goes on; nothing where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

Told = Callable[[int, int, str], None]


def silent(_done: int, _most: int, _what: str) -> None:
    """Is told the same, and shows nothing."""


@contextmanager
def progress() -> Iterator[Told]:
    """What is told how many parts are done, of how many, and what is done now."""
    if not sys.stderr.isatty():
        yield silent
        return
    said = [""]
    bar: Any
    with click.progressbar(length=1, file=sys.stderr, item_show_func=lambda _: said[0]) as bar:

        def told(done: int, most: int, what: str) -> None:
            said[0], bar.length = what, most
            bar.update(done - bar.pos)
            bar.render_progress()

        yield told
