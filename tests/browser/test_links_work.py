"""What a visitor clicks leads where it says, under the headers of who refuses."""

from __future__ import annotations

from collections.abc import Iterator

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
<img id=image src="http://img.quotidien.test/image"></body></html>"""


async def world(request: Request) -> Response:
    """Every host there is, the site's own too."""
    match request.url.path:
        case "/":
            return HTMLResponse(PAGE)
        case "/moved":
            return RedirectResponse("/own?moved")
        case "/out":
            return RedirectResponse("http://third.test/after")
        case "/file":
            return Response(b"x", headers={"content-disposition": "attachment; filename=x"})
        case path:
            return HTMLResponse(f"<title>{request.url.hostname}{path}</title>")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("links")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    everywhere = Starlette(routes=[Route("/{path:path}", world, methods=["GET", "POST"])])
    site = Bandeau(everywhere, policy=folder / "policy.toml", data=folder / "data", confine=True)
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
    page.locator(f"#{click}").dispatch_event("click")
    page.wait_for_url(f"**://{led_to}**")
    assert page.title() == led_to


def test_a_new_tab_opens(page: Page) -> None:
    with page.expect_popup() as opened:
        page.locator("#tab").dispatch_event("click")
    opened.value.wait_for_url("http://another.test/tab")
    opened.value.close()


def test_a_file_is_saved(page: Page) -> None:
    with page.expect_download() as saved:
        page.locator("#file").dispatch_event("click")
    assert saved.value.suggested_filename == "x"


@pytest.mark.parametrize("click", ["mail", "call", "message", "chat"])
def test_a_link_to_another_program_leaves_the_page_alone(page: Page, click: str) -> None:
    page.locator(f"#{click}").dispatch_event("click")
    page.wait_for_timeout(300)
    assert page.url == "http://www.quotidien.test/"
    assert page.locator("h1").text_content() == "Page"


def test_parts_from_own_hosts_load(page: Page) -> None:
    asked = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
    assert "http://img.quotidien.test/image" in asked
