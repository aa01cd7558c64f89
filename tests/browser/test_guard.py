"""First-party code that writes what the choice denies finds it refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chromium import browsing
from playwright.sync_api import BrowserContext, sync_playwright
from publisher import POLICY
from serving import serving
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bandeau.app import Bandeau

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang=fr><head><title>t</title><script>
document.cookie = "session=kept; path=/";
document.cookie = "_ea7=tracked; path=/; max-age=9999";
document.cookie = "rogue=1";
document.cookie = "nameless";
localStorage.setItem("ea:id", "1");
localStorage.setItem("rogue", "1");
localStorage.direct = "1";
sessionStorage.setItem("ea:visit", "1");
window.seen = document.cookie;
if (window.cookieStore) window.later = cookieStore.set("rogue2", "1");
</script></head><body><h1>Page</h1></body></html>"""


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    folder = tmp_path_factory.mktemp("guard")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")

    async def page(_: object) -> HTMLResponse:
        return HTMLResponse(PAGE)

    site = Bandeau(
        Starlette(routes=[Route("/", page)]), policy=folder / "policy.toml", data=folder / "data"
    )
    with serving(site) as address, sync_playwright() as playwright:
        rules = f"MAP www.quotidien.test:80 127.0.0.1:{address.port},MAP * ~NOTFOUND"
        with browsing(playwright, folder / "profile", rules) as found:
            yield found


def stored(context: BrowserContext) -> tuple[set[str], list[str]]:
    page = context.new_page()
    page.goto("http://www.quotidien.test/")
    page.evaluate("window.later")
    keys = page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    page.close()
    names = {str(cookie.get("name")) for cookie in context.cookies("http://www.quotidien.test/")}
    return names - {"eu-consent"}, sorted(keys)


def choose(context: BrowserContext, action: str) -> None:
    page = context.new_page()
    page.goto("http://www.quotidien.test/")
    page.evaluate(
        """action => fetch("/.bandeau/choice", {method: "POST",
        headers: {"content-type": "application/json"}, body: JSON.stringify({action})})""",
        action,
    )
    page.close()


def test_only_what_the_choice_allows_is_written(context: BrowserContext) -> None:
    assert stored(context) == ({"session"}, [])
    choose(context, "accept_all")
    assert stored(context) == ({"session", "_ea7"}, ["ea:id", "ea:visit"])
    choose(context, "refuse_all")
    assert stored(context) == ({"session"}, [])
