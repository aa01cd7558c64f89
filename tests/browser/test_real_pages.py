"""Saved news pages of others behind the gateway, every third party answered by a tracker.

The pages are not ours to ship: put them under ``.cache/pages`` (CONTRIBUTING says which), or
these tests skip.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import browsing
from playwright.sync_api import BrowserContext, sync_playwright
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tracking import Trackers, tracking

from bandeau.app import gateway

PAGES = Path(__file__).parents[2] / ".cache" / "pages"
HOSTS = re.compile(rb"""(?:https?:)?//([a-z0-9.-]+\.[a-z]{2,})[/"'?:]""", re.IGNORECASE)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _corpus() -> list[Path]:
    """Saved pages with many third parties, the same ones every time."""
    found = sorted(PAGES.rglob("*.html*")) if PAGES.is_dir() else []
    rich = [path for path in found if len(_third_parties(_read(path))) >= 15]
    return rich[:: max(1, len(rich) // 12)][:12]


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _third_parties(html: bytes) -> set[str]:
    return {host.decode().lower() for host in HOSTS.findall(html)}


def _policy(folder: Path, hosts: set[str]) -> Path:
    listed = ", ".join(f'"{host}"' for host in sorted(hosts))
    path = folder / "policy.toml"
    path.write_text(
        f"""
[site]
name = "Paper"
controller = "Paper SAS"
hosts = ["www.paper.test"]
privacy_policy = "/p"
languages = ["en"]
[purposes.advertising]
[[trackers]]
vendor = "Everyone"
purpose = "advertising"
hosts = [{listed}]
cookies = [{{ name = "tracked_by_script", max_age = "1 month" }}]
storage = ["tracked"]
"""
    )
    return path


@pytest.fixture(scope="module")
def trackers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trackers]:
    with tracking(tmp_path_factory.mktemp("tls")) as running:
        yield running


def _corpus_or_skip() -> list[Path]:
    corpus = _corpus()
    if not corpus:
        pytest.skip("no saved pages under .cache/pages; CONTRIBUTING.md says how to get them")
    return corpus


def test_real_pages_leak_nothing_before_after_refusal_and_after_withdrawal(
    tmp_path: Path, trackers: Trackers
) -> None:
    corpus = _corpus_or_skip()
    declared = set().union(*(_third_parties(_read(path)) for path in corpus)) | {"second-hop.test"}
    declared = {host for host in declared if "_" not in host and not host.endswith(".")}

    async def page(request: Request) -> Response:
        return Response(_read(corpus[int(request.path_params["n"])]), media_type="text/html")

    site = Starlette(routes=[Route("/{n:int}", page)])
    with (
        serving(site) as origin,
        serving(gateway(_policy(tmp_path, declared), origin.url, tmp_path / "data")) as front,
        sync_playwright() as playwright,
    ):
        rules = (
            f"MAP www.paper.test:80 127.0.0.1:{front.port},MAP *.googleapis.com ~NOTFOUND,"
            f"MAP *:80 127.0.0.1:{trackers.http},MAP *:443 127.0.0.1:{trackers.https}"
        )
        with browsing(playwright, tmp_path / "profile", rules) as context:
            for state, action in (
                ("before", None),
                ("refused", "refuse_all"),
                ("accepted", "accept_all"),
                ("withdrawn", "refuse_all"),
            ):
                if action:
                    _choose(context, action)
                trackers.contacts.forget()
                kept = set[str]()
                for number in range(len(corpus)):
                    kept |= _visit(context, number)
                contacted = set(trackers.contacts.hosts)
                if state == "accepted":
                    assert len(contacted) > 20, "acceptance must let declared parties work"
                else:
                    assert contacted == set(), (state, contacted)
                    names = {c.get("name") for c in context.cookies()}
                    assert names <= {"eu-consent", "eu-consent-receipt", "id"}, (state, names)
                    assert kept == set(), (state, kept)


def _choose(context: BrowserContext, action: str) -> None:
    page = context.new_page()
    page.goto("http://www.paper.test/.bandeau/panel", wait_until="commit")
    name = {"refuse_all": "refuse-all", "accept_all": "accept-all"}[action]
    page.locator(f"[data-bandeau={name}]").last.click()
    page.wait_for_load_state("domcontentloaded")
    page.close()


def _visit(context: BrowserContext, number: int) -> set[str]:
    """Read one page; the keys that stand in the site's storage when leaving it."""
    page = context.new_page()
    page.goto(f"http://www.paper.test/{number}", wait_until="domcontentloaded", timeout=30_000)
    page.wait_for_timeout(700)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    kept = page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    page.close()
    return set(kept)
