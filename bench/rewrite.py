"""HTML rewriting, as ratios: ``.venv/bin/python bench/rewrite.py``.

Real pages, each held for a visitor who has not chosen: every third party is denied. Ours and
python-lolhtml do the same task in the same run; all times are CPU time of one thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

import lolhtml_gate
from corpus import Page, pages
from hostile import HOSTILE
from measured import Task, best_of

from bandeau.choice.model import Answer, Source, Standing
from bandeau.enforcement.engine import PythonEngine
from bandeau.enforcement.pieces import Gated, Literal, Piece, Place
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.urls import OWN
from bandeau.policy.check import load
from bandeau.policy.model import Policy
from bandeau.storage.files import read_words
from bandeau.web.page import may_be_placed
from bandeau.web.plans import Plans

INSERTED = '<style>.b{color:red}</style><script src="/.bandeau/guard.js"></script>'
HOST = ""
HOSTILE_BYTES = 100_000
TRACKERS = (10, 100, 1_000, 10_000)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    asked.add_argument("--pages", type=int, default=150, help="how many saved pages (150)")
    asked.add_argument("--rounds", type=int, default=7, help="the best of how many rounds (7)")
    given = asked.parse_args()
    corpus = [page for page in pages(given.pages) if _both_can(page)]
    print(f"{len(corpus)} pages, {sum(len(page.body) for page in corpus) / 1e6:.1f} MB")
    _compared(corpus, given.rounds, warm=True)
    _compared(corpus, given.rounds, warm=False)
    _trackers(corpus[:: max(1, len(corpus) // 30)], given.rounds)
    _hostile(given.rounds)


class Site:
    """One publisher's site as Bandeau holds it, for a visitor who has not chosen."""

    def __init__(self, host: str, trackers: int = 10) -> None:
        self.rules = Rules(_policy(host, trackers))
        self.judge = self.rules.judge(UNDECIDED)
        self.plans = Plans(PythonEngine(self.rules))

    def denied(self, host: str) -> bool:
        return not self.judge.host(host).passes

    def cold(self, page: bytes) -> bytes:
        """Scanned and held."""
        scan = self.plans.engine.open(HOST)
        return self.held(*scan.feed(page), *scan.close())

    def planned(self, page: bytes) -> bytes:
        """Looked up, then joined."""
        return self.held(*self.plans.plan(page, HOST, OWN).held(self.judge, self._settled))

    def held(self, *pieces: Piece) -> bytes:
        return b"".join(map(self._rendered, pieces))

    def _settled(self, gated: Gated) -> bytes | None:
        return None if may_be_placed(gated) else self._judged(gated)

    def _judged(self, gated: Gated) -> bytes:
        return gated.inert if any(map(self.denied, gated.subjects.hosts)) else gated.original

    def _rendered(self, piece: Piece) -> bytes | memoryview:
        if isinstance(piece, Literal):
            return piece.original
        if isinstance(piece, Gated):
            return self._judged(piece)
        if piece.place is Place.HEAD_START:
            return piece.original + INSERTED.encode()
        return piece.original


UNDECIDED = Standing({"advertising": Answer.UNDECIDED}, frozenset(), Source.NONE)


def _policy(host: str, trackers: int) -> Policy:
    declared = "".join(
        f'[[trackers]]\nvendor = "V{n}"\npurpose = "advertising"\nhosts = ["t{n}.example"]\n'
        for n in range(trackers)
    )
    text = f"""
[site]
name = "Paper"
controller = "Paper SAS"
hosts = ["{host}"]
privacy_policy = "/p"
languages = ["en"]
[purposes.advertising]
{declared}"""
    return load(text.encode(), read_words())[0]


def _both_can(page: Page) -> bool:
    """Whether python-lolhtml reads the page at all: it refuses some, and text not in UTF-8."""
    try:
        page.body.decode()
        lolhtml_gate.rewritten(page.body, lambda host: True, "")
    except (UnicodeDecodeError, ValueError, RuntimeError):
        return False
    return True


class Arrival:
    """The page that just came in: a copy of its own, as if from a socket."""

    def __init__(self, corpus: list[Page]) -> None:
        self._corpus = corpus
        self.body = b""

    def arrives(self, turn: int) -> None:
        self.body = bytes(bytearray(self._corpus[turn].body))


def _compared(corpus: list[Page], rounds: int, *, warm: bool) -> None:
    sites = [Site(page.site) for page in corpus]
    size = sum(len(page.body) for page in corpus)
    came = Arrival(corpus)
    for page, site in zip(corpus, sites, strict=True):
        site.planned(page.body)

    def over(task: Callable[[bytes, Site], object]) -> list[Task]:
        return [lambda site=site: task(came.body, site) for site in sites]  # type: ignore[misc]

    took = best_of(
        {
            "python-lolhtml, noscript too": over(
                lambda body, site: lolhtml_gate.rewritten(body, site.denied, INSERTED)
            ),
            "ours, cold": over(lambda body, site: site.cold(body)),
            "ours, plan in memory": over(lambda body, site: site.planned(body)),
            "memory copy": over(lambda body, site: bytearray(body)),
        },
        rounds,
        arrives=came.arrives,
        warm=warm,
    )
    after = "a run of its own" if warm else "another candidate's run"
    print(f"\n| right after {after} | MB/s | µs per 100 kB | ÷ python-lolhtml |\n|---|---|---|---|")
    lolhtml = took["python-lolhtml, noscript too"]
    for name, seconds in took.items():
        rate = size / seconds / 1e6
        print(f"| {name} | {rate:,.0f} | {1e5 / rate:,.1f} | {lolhtml / seconds:.2f} |")


def _trackers(corpus: list[Page], rounds: int) -> None:
    """Whether a page costs more where more trackers are declared."""
    print("\n| trackers declared | time ÷ that with 10 |\n|---|---|")
    took = best_of({str(n): _with_trackers(corpus, n) for n in TRACKERS}, rounds)
    for name, seconds in took.items():
        print(f"| {int(name):,} | {seconds / took['10']:.2f} |")


def _with_trackers(corpus: list[Page], trackers: int) -> list[Task]:
    site = Site("paper.test", trackers)
    return [partial(site.cold, page.body) for page in corpus]


def _hostile(rounds: int) -> None:
    """Whether twice as much hostile input takes twice as long."""
    print("\n| hostile page of 100 kB | µs | 2n ÷ n |\n|---|---|---|")
    site = Site("paper.test")
    for name, page in HOSTILE.items():
        once, twice = page(HOSTILE_BYTES), page(2 * HOSTILE_BYTES)
        took = best_of({"n": [partial(site.cold, once)], "2n": [partial(site.cold, twice)]}, rounds)
        print(f"| {name} | {took['n'] * 1e6:,.0f} | {took['2n'] / took['n']:.1f} |")


if __name__ == "__main__":
    main()
