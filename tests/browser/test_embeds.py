"""Placeholders in the room of embeds, and single items loaded, in Chromium and Firefox (R4)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import browsing
from click.testing import CliRunner
from embedding_site import HOST, POLICY, SHAPES, TWEET, VIDEO, embedding
from firefox import firefox
from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright
from serving import serving
from tracking import Trackers, tracking

from bandeau.app import gateway
from bandeau.cli import main
from bandeau.ledger.record import item_hash

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOXES = """ids => Object.fromEntries(ids.map(id => {
  const box = document.getElementById(id).getBoundingClientRect();
  return [id, [box.x, box.y, box.width, box.height].map(Math.round)];
}))"""
SHIFTS = """() => {
  window.shifts = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) window.shifts += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}"""


@dataclass(frozen=True)
class Paper:
    """The site behind the gateway, and the world of trackers around it."""

    url: str
    front: str
    origin: str
    upstream: str
    data: Path
    trackers: Trackers
    rules: str


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    folder = tmp_path_factory.mktemp("paper")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    with (
        tracking(folder) as trackers,
        serving(embedding()) as origin,
        serving(
            gateway(folder / "policy.toml", origin.url, folder / "data", confine=True)
        ) as front,
    ):
        rules = (
            f"MAP {HOST}:80 127.0.0.1:{front.port},MAP origin.test:80 127.0.0.1:{origin.port},"
            f"MAP *.googleapis.com ~NOTFOUND,MAP accounts.google.com ~NOTFOUND,"
            f"MAP *:80 127.0.0.1:{trackers.http},MAP *:443 127.0.0.1:{trackers.https}"
        )
        data = folder / "data"
        yield Paper(
            url=f"http://{HOST}",
            front=front.url,
            origin="http://origin.test",
            upstream=origin.url,
            data=data,
            trackers=trackers,
            rules=rules,
        )


Visit = Callable[..., BrowserContext]


@pytest.fixture
def visit(paper: Paper, tmp_path: Path) -> Iterator[Visit]:
    with sync_playwright() as playwright:
        opened = []

        def visitor(rules: str = paper.rules, **options: Any) -> BrowserContext:
            profile = tmp_path / f"profile{len(opened)}"
            opened.append(browsing(playwright, profile, rules, **options))
            paper.trackers.contacts.forget()
            return opened[-1].__enter__()

        yield visitor
        for context in opened:
            context.__exit__(None, None, None)


def placeholder_of(page: Page, frame: str) -> Locator:
    seat = page.locator(f"#{frame}").get_attribute("data-bandeau-at")
    return page.locator(f'[data-bandeau=placeholder][data-bandeau-at="{seat}"]')


ERRANDS = (".google.com", ".googleapis.com", ".gvt1.com")
"""Where Chromium goes by itself."""


def contacted(paper: Paper) -> set[str]:
    """Whom the pages contacted; what a frame does inside of itself is its own."""
    hosts = paper.trackers.contacts.hosts - {"second-hop.test"}
    return {host for host in hosts if not host.endswith(ERRANDS)}


def load(placeholder: Locator) -> None:
    placeholder.get_by_role("button", name="Load this one").click()


def test_a_placeholder_takes_the_very_room_of_the_embed(paper: Paper, visit: Visit) -> None:
    page = visit(viewport={"width": 1000, "height": 900}).new_page()
    ids = [*SHAPES, "last"]
    page.goto(f"{paper.origin}/shapes")
    untouched = page.evaluate(BOXES, ids)
    page.goto(f"{paper.url}/shapes")
    assert page.evaluate(BOXES, ids) == untouched
    for name in SHAPES:
        box = placeholder_of(page, name).bounding_box()
        assert box is not None
        at = [box[side] for side in ("x", "y", "width", "height")]
        assert at == pytest.approx(untouched[name], abs=1), name
    page.set_viewport_size({"width": 320, "height": 700})
    narrow = page.evaluate(BOXES, ids)
    for name in ("style", "percent"):
        box = placeholder_of(page, name).bounding_box()
        assert box and [box["width"], box["height"]] == pytest.approx(narrow[name][2:], abs=1)


def test_nothing_moves_before_or_after_an_item_is_loaded(paper: Paper, visit: Visit) -> None:
    page = visit(viewport={"width": 1000, "height": 900}).new_page()
    ids = [*SHAPES, "last"]
    page.add_init_script(f"({SHIFTS})()")
    page.goto(f"{paper.url}/shapes", wait_until="networkidle")
    before = page.evaluate(BOXES, ids)
    assert page.evaluate("window.shifts") == 0
    load(placeholder_of(page, "attributes"))
    page.wait_for_load_state("networkidle")
    expect(page.locator("#attributes")).to_have_attribute("src", f"{VIDEO}?1")
    assert page.evaluate("window.shifts") == 0
    page.evaluate("scrollTo(0, 0)")
    assert page.evaluate(BOXES, ids) == before


@pytest.mark.parametrize("script", [True, False])
def test_one_item_opens_alone_and_is_proven(
    paper: Paper, visit: Visit, tmp_path: Path, script: bool
) -> None:
    context = visit(java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{paper.url}/all")
    assert contacted(paper) == set()
    with page.expect_response("**/.bandeau/choice") as answered:
        load(placeholder_of(page, "attributes"))
    assert answered.value.status == 303
    page.wait_for_load_state("networkidle")
    assert page.url == f"{paper.url}/all#attributes"
    assert contacted(paper) == {"www.youtube.com"}
    expect(page.locator("iframe[src]:visible")).to_have_count(1)
    expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", "undecided")
    expect(page.locator("[data-bandeau=notice]")).to_be_visible()
    records = exported(paper, tmp_path)
    (item,) = [r for r in records if r["item"] == item_hash(f"{VIDEO}?1")][-1:]
    told = {key: item[key] for key in ("kind", "action", "purpose", "vendor", "host", "mechanism")}
    assert told == {
        "kind": "item",
        "action": "load",
        "purpose": "social",
        "vendor": "Google (YouTube)",
        "host": "www.youtube.com",
        "mechanism": "placeholder",
    }
    assert HOST + "/all" not in json.dumps(item)
    page.goto(f"{paper.url}/.bandeau/receipt/{item['id']}")
    expect(page.get_by_text("You loaded one item of Google (YouTube)")).to_be_visible()
    receipt = tmp_path / "receipt.json"
    cookies = {c["name"]: c["value"] for c in context.cookies() if "name" in c and "value" in c}
    sent = {"cookie": f"eu-consent-receipt={cookies['eu-consent-receipt']}"}
    kept = httpx.get(f"{paper.front}/.bandeau/receipt/{item['id']}", headers=sent)
    receipt.write_bytes(kept.content)
    valid = run("receipt", "verify", str(receipt), "--key", run("ledger", "key", *at(paper)))
    assert "One item of Google (YouTube), loaded from www.youtube.com: social." in valid
    assert run("ledger", "verify", *at(paper)).startswith("Valid: ")
    # Whoever refuses afterwards has refused that too.
    page.goto(f"{paper.url}/.bandeau/panel?return=/all")
    page.locator("[data-bandeau=refuse-all]").click()
    paper.trackers.contacts.forget()
    page.goto(f"{paper.url}/all", wait_until="networkidle")
    assert contacted(paper) == set()
    assert "eu-consent-items" not in {c.get("name") for c in context.cookies()}
    expect(page.locator("iframe[src]")).to_have_count(0)


def test_a_post_is_loaded_as_a_frame_without_the_vendors_script(paper: Paper, visit: Visit) -> None:
    page = visit().new_page()
    page.goto(f"{paper.url}/strict")
    posts = page.locator("[data-bandeau=placeholder]")
    tweet, telegram = posts.filter(has_text="Post on X"), posts.filter(has_text="Post on Telegram")
    expect(tweet.get_by_role("link")).to_have_attribute(
        "href", "https://twitter.com/jack/status/20"
    )
    expect(telegram.get_by_role("link")).to_have_attribute("href", "https://t.me/durov/12")
    expect(page.get_by_text("just setting up my twttr")).to_be_visible()
    load(tweet)
    page.wait_for_load_state("networkidle")
    assert contacted(paper) == {"platform.twitter.com"}
    expect(page.locator("[data-bandeau=item]")).to_have_attribute("src", TWEET)
    expect(page.get_by_text("just setting up my twttr")).to_be_visible()
    expect(telegram).to_be_visible()
    load(placeholder_of(page, "one"))
    page.wait_for_load_state("networkidle")
    assert contacted(paper) == {"platform.twitter.com", "www.youtube.com"}


def test_what_is_not_seen_or_not_declared(paper: Paper, visit: Visit) -> None:
    page = visit().new_page()
    page.goto(f"{paper.url}/all")
    expect(page.locator("[data-bandeau=placeholder]")).to_have_count(len(SHAPES) + 4)
    unknown = placeholder_of(page, "unknown")
    expect(unknown).to_contain_text("unknown.test, which this site has not declared")
    expect(unknown.get_by_role("button")).to_have_count(0)
    link = unknown.get_by_role("link")
    expect(link).to_have_attribute("href", "https://unknown.test/widget")
    asked = {"action": "load", "item": "https://unknown.test/widget", "purpose": "social"}
    answer = httpx.post(f"{paper.front}/.bandeau/choice", data=asked)
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


def test_a_small_placeholder_opens_in_full(paper: Paper, visit: Visit) -> None:
    page = visit(java_script_enabled=False).new_page()
    page.goto(f"{paper.url}/shapes")
    small = placeholder_of(page, "default")
    peek = small.get_by_role("button", name="Video from YouTube")
    expect(small.get_by_role("link")).to_be_hidden()
    peek.focus()
    page.keyboard.press("Enter")
    expect(small.get_by_text("www.youtube.com (Google (YouTube))")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/shapes#default")
    assert contacted(paper) == {"www.youtube.com"}


@pytest.mark.parametrize(
    ("lang", "options"),
    [
        ("en", {"color_scheme": "dark"}),
        ("ar", {"viewport": {"width": 320, "height": 640}}),
        ("fr", {"forced_colors": "active", "viewport": {"width": 320, "height": 640}}),
    ],
)
def test_axe_finds_nothing_in_placeholders(
    paper: Paper, visit: Visit, lang: str, options: dict[str, Any]
) -> None:
    page = visit(**options).new_page()
    page.goto(f"{paper.url}/all?lang={lang}")
    report = Axe().run(page, context="main", options={"iframes": False}).response["violations"]
    assert [(fault["id"], node["html"]) for fault in report for node in fault["nodes"]] == []


def test_firefox_keeps_the_room_and_opens_one(paper: Paper, tmp_path: Path) -> None:
    with firefox(tmp_path / "firefox") as browser:
        browser.size(1000, 900)
        browser.open(f"{paper.front}/shapes")
        apart = browser.run(
            """() => [...document.querySelectorAll("iframe[data-bandeau-at]")].map(frame => {
              const seat = frame.getAttribute("data-bandeau-at");
              const held = document.querySelector(`span[data-bandeau-at="${seat}"]`);
              const [a, b] = [frame, held].map(each => each.getBoundingClientRect());
              return [a.x - b.x, a.y - b.y, a.width - b.width, a.height - b.height, a.width > 0];
            })"""
        )
        assert len(apart) == len(SHAPES)
        assert all(max(map(abs, box[:4])) < 1 and box[4] for box in apart), apart


def test_on_a_shared_page_placeholders_go_with_what_they_stand_for(
    paper: Paper, visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    shared = gateway(
        tmp_path / "policy.toml", paper.upstream, tmp_path / "shared", shared_page=True
    )
    with serving(shared) as front:
        page = visit(
            paper.rules.replace(paper.front.rpartition(":")[2], str(front.port))
        ).new_page()
        page.goto(f"{paper.url}/all?public")
        held = page.locator("[data-bandeau=placeholder]")
        expect(held).to_have_count(len(SHAPES) + 4)
        expect(held.get_by_role("button", name="Load this one")).to_have_count(0)
        before = page.evaluate(BOXES, list(SHAPES))
        held.nth(0).get_by_role("button", name="Allow “Social networks”").click()
        expect(page.locator("#attributes")).to_have_attribute("src", f"{VIDEO}?1")
        expect(held).to_have_count(1)
        expect(held).to_contain_text("unknown.test")
        assert page.evaluate(BOXES, list(SHAPES)) == before
        assert page.locator("[at], [data-bandeau=seat]").count() == 0


def exported(paper: Paper, folder: Path) -> list[dict[str, Any]]:
    """The records of the ledger that are of single items."""
    out = folder / "export.jsonl"
    run("ledger", "export", *at(paper), "--out", str(out))
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    records = [json.loads(line["record"]) for line in lines if line["record"]]
    return [record for record in records if record["kind"] == "item"]


def at(paper: Paper) -> tuple[str, str]:
    return "--data", str(paper.data)


def run(*arguments: str) -> str:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    return done.output.strip()
