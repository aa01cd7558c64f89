"""Content codings on saved pages: time and size, as a page streams and as it is kept.

    .venv/bin/python bench/compression.py [--pages 60]

Pages are taken from ``.cache/pages`` (see CONTRIBUTING.md).
"""

from __future__ import annotations

import argparse
import gzip
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from bandeau.web import codings

CHUNK = 65_536


def pages(most: int) -> list[bytes]:
    root = Path(__file__).parents[1] / ".cache" / "pages"
    found = sorted(path for path in root.rglob("*.html*") if path.is_file())
    if not found:
        sys.exit(f"no pages below {root}")
    chosen = found[:: max(1, len(found) // most)][:most]
    read = (p.read_bytes() for p in chosen)
    return [gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body for body in read]


def streamed(name: str) -> Callable[[bytes], bytes]:
    def work(body: bytes) -> bytes:
        encoder = codings.encoder(name)
        parts = [encoder.add(body[at : at + CHUNK]) for at in range(0, len(body), CHUNK)]
        return b"".join([*parts, encoder.finish()])

    return work


def kept(name: str) -> Callable[[bytes], bytes]:
    return lambda body: codings.recoded(body, "identity", name)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pages", type=int, default=60)
    bodies = pages(arguments.parse_args().pages)
    total = sum(map(len, bodies))
    works: dict[str, Callable[[bytes], bytes]] = {"zlib, level 6": lambda b: zlib.compress(b, 6)}
    works |= {f"{name}, as it streams": streamed(name) for name in codings.PREFERENCE[:-1]}
    works |= {f"{name}, kept": kept(name) for name in codings.KEPT_PREFERENCE[:-1]}
    least = dict.fromkeys(works, float("inf"))
    sizes = dict.fromkeys(works, 0)
    for _ in range(3):
        for name, work in works.items():
            start = time.thread_time_ns()
            sizes[name] = sum(len(work(body)) for body in bodies)
            least[name] = min(least[name], (time.thread_time_ns() - start) / 1_000)
    print(f"{len(bodies)} pages, {total:,} bytes\n\n| coding | µs for 100 kB | ÷ zlib 6 | size |")
    print("|---|---|---|---|")
    for name in works:
        each, ratio = least[name] * 100_000 / total, least[name] / least["zlib, level 6"]
        print(f"| {name} | {each:,.0f} | {ratio:.2f} | {sizes[name] / total:.1%} |")


if __name__ == "__main__":
    main()
