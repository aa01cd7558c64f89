"""Saved news pages of others, and pages made by chance, behind the gateway: every third party is
answered by a tracker, and what the browser contacts is held against what the policy allows.

The saved pages are not ours to ship: put them under ``.cache/pages`` (CONTRIBUTING says which), or
that part skips. ``REAL_PAGES`` is how many of them are read.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from chromium import browsing
from generated_pages import HOSTS as MADE_UP
from generated_pages import generated
from playwright.sync_api import BrowserContext, Playwright, sync_playwright
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tracking import Trackers, tracking

from bandeau.app import gateway

PAGES = Path(__file__).parents[2] / ".cache" / "pages"
HOSTS = re.compile(rb"""(?:https?:)?//([a-z0-9.-]+\.[a-z]{2,})[/"'?:]""", re.IGNORECASE)
_ICONS = re.compile(rb"<link[^>]*(?:icon|dns-prefetch|preconnect)[^>]*>", re.IGNORECASE)
COUNT = int(os.environ.get("REAL_PAGES", "12"))
SEEDS = range(6)
ELSEWHERE = "Elsewhere on the site"
_TABS = 6
_PAGES = 22  # of one site: the hosts that one policy names must fit into headers
OURS = {"eu-consent", "eu-consent-receipt"}
STATES = {"before": None, "refused": "refuse_all", "accepted": "accept_all", "left": "refuse_all"}

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _corpus() -> list[bytes]:
    """Saved pages with many third parties, the same ones every time."""
    found = sorted(PAGES.rglob("*.html*")) if PAGES.is_dir() else []
    rich = [path for path in found if len(_third_parties(_read(path))) >= 15]
    return [_read(path) for path in rich[:: max(1, len(rich) // COUNT)][:COUNT]]


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _third_parties(html: bytes) -> set[str]:
    found = {host.decode().lower().strip(".") for host in HOSTS.findall(html)}
    return {host for host in found if ".." not in host}


@dataclass(frozen=True)
class Declared:
    """What the policy says of hosts: allowed without a choice, upon acceptance; else never."""

    exempt: set[str]
    advertising: set[str]

    def allows(self, host: str, state: str) -> bool:
        hosts = self.exempt | (self.advertising if state == "accepted" else set())
        labels = host.split(".")
        return any(".".join(labels[at:]) in hosts for at in range(len(labels)))

    def policy(self) -> str:
        return f"""
[site]
name = "Paper"
controller = "Paper SAS"
hosts = ["www.paper.test"]
privacy_policy = "/p"
languages = ["en"]
[purposes.functioning]
exempt = "strictly-necessary"
[purposes.advertising]
[[trackers]]
vendor = "Assets"
purpose = "functioning"
hosts = {json.dumps(sorted(self.exempt))}
[[trackers]]
vendor = "Everyone"
purpose = "advertising"
hosts = {json.dumps(sorted(self.advertising))}
cookies = [{{ name = "tracked_by_script", max_age = "1 month" }}]
storage = ["tracked"]
"""


def _declared(named: set[str]) -> Declared:
    """A part of ``named`` exempt, a part upon acceptance, the rest in no state."""
    told = sorted(host for host in named if "_" not in host)
    exempt = set(told[::20])
    above = {host for host in told if any(each.endswith(f".{host}") for each in exempt)}
    below = {host for host in told if any(host.endswith(f".{each}") for each in exempt)}
    return Declared(exempt, {*told[1::3], *told[2::3], "second-hop.test"} - exempt - above - below)


@dataclass
class World:
    """A browser, and pages that it may read through the gateway (``www``) or without (``bare``)."""

    context: BrowserContext
    trackers: Trackers
    pages: Sequence[bytes]
    asked: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=lambda: {"/favicon.ico"})
    gone: set[int] = field(default_factory=set)
    """Pages whose own scripts led elsewhere on the site, for want of a host of theirs."""

    def contacted(self, host: str) -> tuple[set[str], set[str]]:
        """Hosts that the pages contact when all are read, and storage keys that they leave."""
        self.trackers.contacts.forget()
        kept = set[str]()
        numbers = range(len(self.pages))
        for first in numbers[::_TABS]:
            kept |= self._visit(host, numbers[first : first + _TABS])
        return set(self.trackers.contacts.hosts), kept

    def shown(self, host: str, number: int) -> tuple[str, set[str]]:
        """The text of a page whose own scripts stand still, and the site's files it asks for.

        Icons, lazy images and what is fetched ahead, which no load waits for, are left out: they
        may come while the next page is read.
        """
        page = self.context.new_page()
        self.asked.clear()
        page.goto(f"http://{host}.paper.test/still/{number}", timeout=60_000)
        text, late = page.evaluate(_READ)
        page.close()
        self.late.update(late)
        return text, self.asked - self.late

    def choose(self, action: str) -> None:
        page = self.context.new_page()
        page.goto("http://www.paper.test/.bandeau/panel", wait_until="commit")
        name = {"refuse_all": "refuse-all", "accept_all": "accept-all"}[action]
        page.locator(f"[data-bandeau={name}]").last.click()
        page.wait_for_load_state("domcontentloaded")
        page.close()

    def _visit(self, host: str, numbers: Sequence[int]) -> set[str]:
        """Some pages side by side, each in a tab."""
        opened = []
        for number in numbers:
            page = self.context.new_page()
            page.goto(f"http://{host}.paper.test/{number}", wait_until="commit", timeout=60_000)
            opened.append(page)
        for page in opened:
            page.wait_for_load_state("domcontentloaded", timeout=60_000)
        opened[-1].wait_for_timeout(1_000)
        kept = set[str]()
        for number, page in zip(numbers, opened, strict=True):
            if page.title() == ELSEWHERE:
                self.gone.add(number)
            page.evaluate("dispatchEvent(new Event('pagehide'))")
            kept |= set(page.evaluate("Object.keys({...localStorage, ...sessionStorage})"))
            page.close()
        return kept


_READ = """() => {
  const waits = "[loading=lazy], link[rel~=icon i], link[rel~=prefetch i]";
  const late = [...document.querySelectorAll(waits)].flatMap((each) =>
    [each.currentSrc, each.src, each.href].filter(Boolean)
      .map((url) => new URL(url).pathname));
  const ours = "[data-bandeau=root], [data-bandeau=placeholder], script, style, noscript, template";
  for (const each of document.querySelectorAll(ours)) each.remove();
  return [document.body?.textContent.replace(/\\s+/g, " ").trim() ?? "", late];
}"""


@pytest.fixture(scope="module")
def trackers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trackers]:
    with tracking(tmp_path_factory.mktemp("tls")) as running:
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@contextmanager
def _world(
    folder: Path,
    playwright: Playwright,
    trackers: Trackers,
    pages: Sequence[bytes],
    declared: Declared,
) -> Iterator[World]:
    (folder / "policy.toml").write_text(declared.policy())
    asked = set[str]()

    async def page(request: Request) -> Response:
        body = pages[int(request.path_params["n"])]
        still = {"content-security-policy": "script-src 'none'"}
        given = still if request.url.path.startswith("/still/") else {}
        return Response(body, media_type="text/html", headers=given)

    async def asset(request: Request) -> Response:
        asked.add(request.url.path)
        if request.headers.get("accept", "").startswith("text/html"):
            return Response(f"<!doctype html><title>{ELSEWHERE}</title>", media_type="text/html")
        return Response(status_code=204)

    routes = [Route("/{n:int}", page), Route("/still/{n:int}", page), Route("/{rest:path}", asset)]
    with (
        serving(Starlette(routes=routes)) as origin,
        serving(gateway(folder / "policy.toml", origin.url, folder / "data")) as front,
    ):
        rules = (
            f"MAP www.paper.test:80 127.0.0.1:{front.port},"
            f"MAP bare.paper.test:80 127.0.0.1:{origin.port},MAP *.paper.test:443 ~NOTFOUND,"
            "MAP update.googleapis.com ~NOTFOUND,MAP *.googleapis.com:443 ~NOTFOUND,"
            "MAP accounts.google.com:443 ~NOTFOUND,"
            f"MAP *:80 127.0.0.1:{trackers.http},MAP *:443 127.0.0.1:{trackers.https}"
        )
        with browsing(playwright, folder / "profile", rules) as context:
            yield World(context, trackers, pages, asked)


def _hold(world: World, declared: Declared) -> None:
    """Read all pages in each state, and hold what happens against the policy."""
    untouched, _ = world.contacted("bare")
    for state, action in STATES.items():
        if action:
            world.choose(action)
        contacted, kept = world.contacted("www")
        # Whom a frame of an allowed party contacts from its own document is that party's matter.
        askers = world.trackers.contacts.askers
        over = {
            host
            for host in contacted
            if not declared.allows(host, state)
            and not all(declared.allows(asker, state) for asker in askers[host])
        }
        assert over == set(), state
        if state == "accepted":
            wanted = {host for host in untouched if declared.allows(host, state)}
            # A browser keeps an icon from the untouched page.
            wanted -= _icon_hosts(world.pages)
            # Scripts against blockers give their page up where a part of it is not declared.
            wanted -= set().union(*(_third_parties(world.pages[n]) for n in world.gone))
            missing = wanted - contacted
            print(f"\n{state}: {len(contacted)} contacted, {missing=}, gone={world.gone}")
            assert wanted <= contacted, "acceptance must let declared parties work"
        else:
            print(f"\n{state}: {len(contacted)} contacted, untouched {len(untouched)}")
            cookies = world.context.cookies("http://www.paper.test")
            assert {cookie.get("name") for cookie in cookies} <= OURS, state
            assert kept == set(), state


def _icon_hosts(pages: Sequence[bytes]) -> set[str]:
    """Hosts that nothing but icons, and hints for them, may come from."""
    every = set().union(*map(_third_parties, pages))
    return every - set().union(*(_third_parties(_ICONS.sub(b"", page)) for page in pages))


def _compare(world: World) -> None:
    """Nothing of the text, and none of the site's own files, is lost to who has not chosen."""
    lost_text, lost_files = [], []
    for number in range(len(world.pages)):
        bare, through = (world.shown(host, number) for host in ("bare", "www"))
        if bare[0] != through[0]:
            lost_text.append(number)
        if bare[1] - through[1]:
            lost_files.append((number, bare[1] - through[1]))
    print(f"\ntext differs: {lost_text}; own files lost: {lost_files}")
    assert lost_text == []
    assert lost_files == []


def test_real_pages_contact_whom_the_choice_allows_and_lose_nothing(
    tmp_path: Path, playwright: Playwright, trackers: Trackers
) -> None:
    corpus = _corpus()
    if not corpus:
        pytest.skip("no saved pages under .cache/pages; CONTRIBUTING.md says how to get them")
    for first in range(0, len(corpus), _PAGES):
        pages = corpus[first : first + _PAGES]
        declared = _declared(set().union(*map(_third_parties, pages)))
        (folder := tmp_path / str(first)).mkdir()
        with _world(folder, playwright, trackers, pages, declared) as world:
            _compare(world)
            _hold(world, declared)


def test_pages_made_by_chance_contact_whom_the_choice_allows_and_lose_nothing(
    tmp_path: Path, playwright: Playwright, trackers: Trackers
) -> None:
    pages = [generated(seed) for seed in SEEDS]
    declared = Declared(set(MADE_UP["exempt"]), {*MADE_UP["declared"], "second-hop.test"})
    with _world(tmp_path, playwright, trackers, pages, declared) as world:
        _compare(world)
        _hold(world, declared)
