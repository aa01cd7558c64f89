"""What a visitor clicks leads where it says, under the headers of who refuses."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from chromium import browsing
from playwright.sync_api import Page, sync_playwright
from publisher import POLICY
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bandeau.app import Bandeau

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang=fr><head><title>t</title></head><body><h1>Page</h1>
<a id=plain href="http://elsewhere.test/plain">.</a>
<a id=tab target=_blank href="http://another.test/tab">.</a>
<a id=own href="/own?x=1">.</a>
<a id=sibling href="http://blog.quotidien.test/sibling">.</a>
<a id=moved href="/moved">.</a>
<a id=out href="http://elsewhere.test/out">.</a>
<a id=file download href="http://elsewhere.test/file">.</a>
<a id=mail href="mailto:desk@quotidien.test">.</a>
<a id=call href="tel:+33">.</a>
<a id=message href="whatsapp://send?text=x">.</a>
<a id=chat href="tg:resolve?domain=x">.</a>
<form action="/own" method=post><button id=form>.</button></form>
<form action="http://search.test/find?old">
<input name=q value="a b"><button id=seek>.</button></form>
<form action="http://give.test/" method=post>
<input name=card value=1><button id=give>.</button></form>
<p id=written></p><p id=still onclick="event.stopPropagation()"></p>
<button id=opens onclick="window.open('http://unseen.test/opens')">.</button>
<button id=leads onclick="setTimeout(() => location = 'http://elsewhere.test/leads', 100)">.
</button><button id=goes onclick="location = 'http://unseen.test/goes'">.</button>
<script>
const write = (where, id, more) => {
  const link = Object.assign(document.createElement("a"), {id, textContent: id});
  document.getElementById(where).append(Object.assign(link, more));
  link.href ||= `http://unseen.test/${id}`;
};
write("written", "script");
write("written", "script-tab", {target: "_blank"});
write("written", "script-known", {href: "http://elsewhere.test/known"});
write("written", "script-handled", {onclick: event => event.preventDefault()});
write("still", "script-still");
</script>
<img id=image src="http://img.quotidien.test/image"></body></html>"""


ACTS = """<!doctype html><html><head><script>
const go = new URLSearchParams(location.search).get("go");
const way = {
  location: url => { location = url; },
  framed: url => document.body.append(Object.assign(document.createElement("iframe"),
    {srcdoc: `<script>parent.location = "${url}"<\\/script>`})),
  click: url => Object.assign(document.createElement("a"), {href: url}).click(),
  linked: () => document.querySelector("#link").click(),
  top: url => window.open(url, "_top"),
  tab: url => { window.opened = window.open(url); },
  refresh: url => document.head.append(Object.assign(
    document.createElement("meta"), {httpEquiv: "refresh", content: `0;url=${url}`})),
  form: url => document.body.append(Object.assign(document.createElement("form"),
    {action: url, id: "made"})) || document.forms.made.submit(),
}[go.split(",")[0]];
const acts = () => { window.acted = true; way(go.split(",")[1]); };
if (go.endsWith(",early")) acts(); else addEventListener("load", acts);
</script></head><body><a id=link href="http://elsewhere.test/linked">.</a>
</body></html>"""
asked: set[str] = set()


async def world(request: Request) -> Response:
    """Every host there is, the site's own too."""
    asked.add(str(request.url.hostname))
    match request.url.path:
        case "/":
            return HTMLResponse(PAGE)
        case "/acts":
            return HTMLResponse(ACTS)
        case "/moved":
            return RedirectResponse("/own?moved")
        case "/out":
            return RedirectResponse("http://third.test/after")
        case "/file":
            return Response(b"x", headers={"content-disposition": "attachment; filename=x"})
        case path:
            return HTMLResponse(f"<title>{request.url.hostname}{path}</title>")


@pytest.fixture
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    asked.clear()
    folder = tmp_path_factory.mktemp("links")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    everywhere = Starlette(routes=[Route("/{path:path}", world, methods=["GET", "POST"])])
    site = Bandeau(everywhere, policy=folder / "policy.toml", data=folder / "data")
    with serving(site) as ours, serving(everywhere) as others, sync_playwright() as playwright:
        rules = (
            f"MAP www.quotidien.test:80 127.0.0.1:{ours.port},MAP *:80 127.0.0.1:{others.port},"
            "MAP * ~NOTFOUND"
        )
        with browsing(playwright, folder / "profile", rules) as context:
            yield context.new_page()


@pytest.fixture(autouse=True)
def _front_page(page: Page) -> None:
    answer = page.goto("http://www.quotidien.test/")
    assert answer
    assert answer.headers["connection-allowlist"].startswith("(response-origin ")


@pytest.mark.parametrize(
    ("click", "led_to"),
    [
        ("plain", "elsewhere.test/plain"),
        ("own", "www.quotidien.test/own"),
        ("sibling", "blog.quotidien.test/sibling"),
        ("moved", "www.quotidien.test/own"),
        ("out", "third.test/after"),
        ("form", "www.quotidien.test/own"),
    ],
)
def test_a_click_leads_there(page: Page, click: str, led_to: str) -> None:
    page.locator(f"#{click}").click()
    page.wait_for_url(f"**://{led_to}**")
    assert page.title() == led_to


def test_a_new_tab_opens(page: Page) -> None:
    with page.expect_popup() as opened:
        page.locator("#tab").click()
    opened.value.wait_for_url("http://another.test/tab")
    opened.value.close()


def test_a_file_is_saved(page: Page) -> None:
    with page.expect_download() as saved:
        page.locator("#file").click()
    assert saved.value.suggested_filename == "x"


@pytest.mark.parametrize("click", ["mail", "call", "message", "chat"])
def test_a_link_to_another_program_leaves_the_page_alone(page: Page, click: str) -> None:
    page.locator(f"#{click}").click()
    page.wait_for_timeout(300)
    assert page.url == "http://www.quotidien.test/"
    assert page.locator("h1").text_content() == "Page"


def test_parts_from_own_hosts_load(page: Page) -> None:
    asked = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
    assert "http://img.quotidien.test/image" in asked


def _way_out(page: Page, url: str) -> None:
    page.wait_for_url("**/.bandeau/leave**")
    link = page.locator("[data-bandeau=leave]")
    assert link.get_attribute("href") == url
    assert urlsplit(url).hostname not in asked


@pytest.mark.parametrize("click", ["script", "script-still", "goes"])
def test_a_script_that_leads_elsewhere_leads_to_the_way_out_first(page: Page, click: str) -> None:
    page.locator(f"#{click}").click()
    _way_out(page, f"http://unseen.test/{click}")
    page.locator("[data-bandeau=leave]").click()
    page.wait_for_url(f"http://unseen.test/{click}")


@pytest.mark.parametrize("click", ["script-tab", "opens"])
def test_a_new_tab_that_a_script_asks_for_shows_the_way_out(page: Page, click: str) -> None:
    with page.expect_popup() as opened:
        page.locator(f"#{click}").click()
    _way_out(opened.value, f"http://unseen.test/{click}")
    opened.value.close()


def test_the_way_out_by_keyboard_and_by_the_middle_button(page: Page) -> None:
    with page.context.expect_page() as opened:
        page.locator("#script").click(button="middle")
    _way_out(opened.value, "http://unseen.test/script")
    opened.value.close()
    page.locator("#script").press("Enter")
    _way_out(page, "http://unseen.test/script")
    page.get_by_text("Rester ici").click()
    page.wait_for_url("http://www.quotidien.test/")


def test_links_that_can_be_reached_or_do_something_else_are_left_alone(page: Page) -> None:
    page.locator("#script-handled").click()
    page.locator("#script-known").click()
    page.wait_for_url("http://elsewhere.test/known")


WAYS = ["location", "framed", "click", "linked", "top", "tab", "refresh", "form"]


@pytest.mark.parametrize("host", ["elsewhere.test", "unseen.test"])
def test_what_no_visitor_asked_for_leads_nowhere(page: Page, host: str) -> None:
    """Neither where a link of the page leads, nor elsewhere; and the page stays."""
    tabs = {}
    for way in [*(f"{way},late" for way in WAYS), "location,early", "refresh,early"]:
        name, when = way.split(",")
        tabs[way] = page.context.new_page()
        answer = tabs[way].goto(f"http://www.quotidien.test/acts?go={name},http://{host}/x,{when}")
        assert answer
        assert "elsewhere.test" in answer.headers["connection-allowlist"]
    page.wait_for_timeout(500)
    acted = {way: tab.evaluate("window.acted && !window.opened") for way, tab in tabs.items()}
    assert acted == dict.fromkeys(tabs, True)
    assert host not in asked
    for tab in tabs.values():
        assert tab.url.startswith("http://www.quotidien.test/acts")
    tabs["location,late"].locator("#link").click()
    tabs["location,late"].wait_for_url("http://elsewhere.test/linked")


def test_a_script_that_answers_a_click_leads_where_links_of_the_page_do(page: Page) -> None:
    page.locator("#leads").click()
    page.wait_for_url("http://elsewhere.test/leads")


def test_links_work_by_keyboard_and_by_the_middle_button(page: Page) -> None:
    with page.context.expect_page() as opened:
        page.locator("#plain").click(button="middle")
    opened.value.wait_for_url("http://elsewhere.test/plain")
    opened.value.close()
    page.locator("#plain").press("Enter")
    page.wait_for_url("http://elsewhere.test/plain")


def test_forms_to_other_hosts_get_to_the_way_out(page: Page) -> None:
    page.locator("#seek").click()
    _way_out(page, "http://search.test/find?q=a+b")
    page.goto("http://www.quotidien.test/")
    page.locator("#give").click()
    page.wait_for_url("**/.bandeau/leave/**")
    assert page.locator("main").inner_text().count("give.test") == 3
    assert "give.test" not in asked
