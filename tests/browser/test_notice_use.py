"""Using notice, band and panel in a real browser: mouse, keyboard, with and without script."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import pytest
from notice_site import KEYS, NoticeSite, chosen
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = pytest.mark.browser

STRICT = (
    "default-src 'none'; script-src 'nonce-x'; require-trusted-types-for 'script'; "
    "style-src 'unsafe-hashes' 'sha256-none' {styles}"
)
STRICT_WITH_SCRIPT = STRICT.replace("'nonce-x'", "'nonce-x' {scripts}")
FOCUSED = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return node.dataset.bandeau || node.dataset.bandeauPurpose || node.id
    || node.textContent.trim().slice(0, 24);
}"""
COVERED = """() => {
  const node = document.activeElement;
  if (node.shadowRoot) return false;
  const { left, right, top, bottom } = node.getClientRects()[0];
  const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return !(at === node || node.contains(at));
}"""


Open = Callable[..., Page]


def band(page: Page) -> Any:
    return page.locator("[data-bandeau=band]")


def held(page: Page, url: str) -> list[Route]:
    """The requests for ``url``, none of which goes on by itself."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        routes.append(route)

    page.route(url, hold)
    return routes


def walk(page: Page, key: str, steps: int) -> list[str]:
    seen = []
    for _ in range(steps):
        page.keyboard.press(key)
        seen.append(str(page.evaluate(FOCUSED)))
    return seen


def test_one_click_refuses_and_one_click_accepts(site: NoticeSite, open_page: Open) -> None:
    page = open_page(site, "/story?page=2")
    page.locator("[data-bandeau=notice] [data-bandeau=refuse-all]").click()
    expect(band(page)).to_have_attribute("data-state", "refused")
    expect(page.locator("[data-bandeau=notice]")).to_have_count(0)
    assert page.url == site.address + "/story?page=2"
    page.get_by_role("button", name="Change my choices").click()
    page.locator("[data-bandeau=panel] [data-bandeau=accept-all]").click()
    expect(band(page)).to_have_attribute("data-state", "allowed")
    assert [each["action"] for each in site.posted] == [["refuse_all"], ["accept_all"]]
    assert [each["mechanism"] for each in site.posted] == [["notice"], ["panel"]]
    assert site.posted[0]["lang"] == ["en"]


@pytest.mark.parametrize("script", [True, False])
def test_saving_stores_exactly_what_is_shown(
    site: NoticeSite, open_page: Open, script: bool
) -> None:
    page = open_page(site, java_script_enabled=script)
    page.locator("[data-bandeau=customise]").click()
    panel = page.locator("[data-bandeau=panel]")
    expect(panel).to_be_visible()
    for key in KEYS:
        expect(panel.locator(f"[data-bandeau-purpose={key}]")).not_to_be_checked()
    panel.locator("[data-bandeau-purpose=social]").check()
    panel.locator("[data-bandeau=save]").click()
    expect(band(page)).to_have_attribute("data-state", "mixed")
    expect(band(page)).to_contain_text("Partly allowed: 1 of 4 purposes")
    assert site.posted[0]["purpose"] == ["social"]
    page.get_by_role("button", name="Change my choices").click()
    expect(panel.locator("[data-bandeau-purpose=social]")).to_be_checked()
    expect(panel.locator("[data-bandeau-purpose=advertising]")).not_to_be_checked()


@pytest.mark.parametrize("action", ["accept-all", "refuse-all"])
def test_everything_works_without_script(site: NoticeSite, open_page: Open, action: str) -> None:
    page = open_page(site, java_script_enabled=False)
    page.locator(f"[data-bandeau=notice] [data-bandeau={action}]").click()
    state = "allowed" if action == "accept-all" else "refused"
    expect(band(page)).to_have_attribute("data-state", state)
    assert page.url == site.address + "/story"


def test_closing_the_panel_changes_nothing(site: NoticeSite, open_page: Open) -> None:
    page = open_page(site, java_script_enabled=False)
    panel = page.locator("[data-bandeau=panel]")
    page.locator("[data-bandeau=customise]").click()
    panel.locator("[data-bandeau-purpose=social]").check()
    panel.get_by_role("button", name="Close").click()
    expect(panel).not_to_be_visible()
    page.locator("[data-bandeau=customise]").click()
    page.keyboard.press("Escape")
    expect(panel).not_to_be_visible()
    expect(page.locator("[data-bandeau=notice]")).to_be_visible()
    assert site.posted == []


def test_the_keyboard_reaches_every_control_both_ways_and_leaves(
    site: NoticeSite, open_page: Open
) -> None:
    page = open_page(site)
    seen = walk(page, "Tab", 9)
    assert seen[0].startswith("You decide"), "the text can be scrolled by keyboard"
    assert seen[1:7] == [
        "Privacy policy",
        "Partners and trackers",
        "accept-all",
        "refuse-all",
        "customise",
        "Change my choices",
    ]
    assert seen[7] == "More, part 0", "the notice is no trap"
    assert walk(page, "Shift+Tab", 7)[1:5] == [
        "Change my choices",
        "customise",
        "refuse-all",
        "accept-all",
    ]


def test_the_panel_takes_focus_and_escape_gives_it_back(site: NoticeSite, open_page: Open) -> None:
    page = open_page(site)
    page.locator("[data-bandeau=customise]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-bandeau=panel]")).to_be_visible()
    assert page.evaluate(FOCUSED) == "panel"
    seen = walk(page, "Tab", 13)
    assert seen[0] == "Close"
    assert [key for key in seen if key in KEYS] == list(KEYS)
    page.keyboard.press("Escape")
    expect(page.locator("[data-bandeau=panel]")).not_to_be_visible()
    page.wait_for_function(f"({FOCUSED})() === 'customise'")
    assert site.posted == []


def test_enter_in_a_switch_decides_nothing(site: NoticeSite, open_page: Open) -> None:
    page = open_page(site)
    page.locator("[data-bandeau=customise]").click()
    page.locator("[data-bandeau-purpose=social]").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    expect(page.locator("[data-bandeau-purpose=social]")).to_be_checked()
    assert site.posted == []


@pytest.mark.parametrize("size", [(1280, 800), (320, 568), (320, 256)])
@pytest.mark.parametrize("asks", [True, False])
def test_focus_in_the_page_is_never_covered(
    site: NoticeSite, open_page: Open, size: tuple[int, int], asks: bool
) -> None:
    if not asks:
        site.standing = chosen()
    page = open_page(site, viewport={"width": size[0], "height": size[1]})
    page.locator("main a").first.focus()
    for _ in range(32):
        assert not page.evaluate(COVERED), page.evaluate(FOCUSED)
        page.keyboard.press("Tab")
    page.locator("#last").focus()
    assert not page.evaluate(COVERED)


def test_ignoring_scrolling_and_waiting_are_no_consent(site: NoticeSite, open_page: Open) -> None:
    page = open_page(site)
    page.mouse.wheel(0, 3_000)
    page.mouse.click(5, 5)
    page.keyboard.press("Escape")
    page.locator("main a").first.click()
    page.reload()
    expect(page.locator("[data-bandeau=notice]")).to_be_visible()
    assert site.posted == []


def test_the_result_is_announced_and_focus_is_not_moved(site: NoticeSite, open_page: Open) -> None:
    page = open_page(site)
    page.evaluate("history.replaceState({ route: 7 }, '')")
    page.locator("[data-bandeau=notice] [data-bandeau=refuse-all]").click()
    status = page.locator("[data-bandeau=band] [role=status]")
    expect(status).to_have_text(re.compile("recorded: trackers and profiling are refused"))
    assert page.evaluate("document.activeElement === document.body")
    assert page.evaluate("history.state") == {"route": 7}
    page.reload()
    expect(band(page)).to_be_visible()
    page.wait_for_function("performance.now() > 900")
    expect(status).to_have_text("")


@pytest.mark.parametrize("csp", [STRICT, STRICT_WITH_SCRIPT])
def test_a_strict_policy_of_the_site_leaves_all_working(
    site: NoticeSite, open_page: Open, csp: str
) -> None:
    site.csp = csp
    page = open_page(site)
    notice = page.locator("[data-bandeau=notice]")
    assert notice.evaluate("e => getComputedStyle(e).display") == "flex"
    page.locator("[data-bandeau=customise]").click()
    page.locator("[data-bandeau-purpose=social]").check()
    page.locator("[data-bandeau=save]").click()
    expect(band(page)).to_have_attribute("data-state", "mixed")
    assert len(site.posted) == 1


def test_our_inline_parts_break_no_strict_policy(site: NoticeSite, chromium: Browser) -> None:
    site.csp = STRICT_WITH_SCRIPT
    context = chromium.new_context()
    context.add_init_script(
        "window.broken = []; addEventListener('securitypolicyviolation',"
        " e => broken.push([e.effectiveDirective, e.blockedURI, e.lineNumber]))"
    )
    page = context.new_page()
    page.goto(site.address)
    page.locator("[data-bandeau=customise]").click()
    with_ours = page.evaluate("broken.filter(([what]) => what !== 'connect-src')")
    site.bare = True
    page.goto(site.address)
    assert with_ours == page.evaluate("broken")
    context.close()


def test_a_framework_that_clears_the_body_gets_the_band_back(
    site: NoticeSite, open_page: Open
) -> None:
    site.standing = chosen()
    page = open_page(site)
    page.evaluate("document.body.replaceChildren(document.createElement('main'))")
    expect(band(page)).to_be_visible()
    page.get_by_role("button", name="Change my choices").click()
    expect(page.locator("[data-bandeau=panel]")).to_be_visible()


def test_a_failing_server_falls_back_to_the_plain_form(site: NoticeSite, open_page: Open) -> None:
    site.fails = True
    page = open_page(site)
    page.locator("[data-bandeau=notice] [data-bandeau=refuse-all]").click()
    expect(band(page)).to_have_attribute("data-state", "refused")
    assert [each["action"] for each in site.posted] == [["refuse_all"]]
    assert "return" in site.posted[0]


LAST_WORDS = """report => addEventListener('pagehide', () => {
  navigator.sendBeacon(report + 'beacon');
  fetch(report + 'fetch', { method: 'POST', keepalive: true, mode: 'no-cors' }).catch(() => {});
  new Image().src = report + 'pixel';
})"""


@pytest.fixture
def partner() -> Iterator[tuple[str, Queue[str]]]:
    """A third party's address, and the paths that it was asked for."""
    asked: Queue[str] = Queue()

    class Partner(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.put(self.path)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Partner)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://partner.test:{server.server_port}/", asked
    server.shutdown()
    server.server_close()
    thread.join(20)


def test_withdrawing_silences_the_old_page_in_every_tab(
    site: NoticeSite, open_page: Open, partner: tuple[str, Queue[str]]
) -> None:
    address, asked = partner
    site.standing = chosen("social", "advertising")
    first = open_page(site)
    second = first.context.new_page()
    second.goto(site.address + "/other")
    for tab in (first, second):
        tab.evaluate("document.body.append(document.createElement('iframe'))")
        tab.evaluate(LAST_WORDS, address)
    first.get_by_role("button", name="Change my choices").click()
    first.locator("[data-bandeau-purpose=social]").uncheck()
    first.locator("[data-bandeau=save]").click()
    for tab in (first, second):
        expect(band(tab)).to_contain_text("1 of 4 purposes")
    first.goto(address + "end")
    assert asked.get(timeout=20) == "/end"


def test_without_a_withdrawal_a_page_may_say_its_last_words(
    site: NoticeSite, open_page: Open, partner: tuple[str, Queue[str]]
) -> None:
    address, asked = partner
    page = open_page(site)
    page.evaluate(LAST_WORDS, address)
    page.locator("[data-bandeau=notice] [data-bandeau=accept-all]").click()
    expect(band(page)).to_have_attribute("data-state", "allowed")
    assert asked.get(timeout=20) in ("/beacon", "/fetch", "/pixel")


def test_widening_in_one_tab_leaves_the_others_alone(site: NoticeSite, open_page: Open) -> None:
    site.standing = chosen()
    first = open_page(site)
    second = first.context.new_page()
    second.goto(site.address + "/other")
    second.evaluate("window.untouched = true")
    first.get_by_role("button", name="Change my choices").click()
    first.locator(".panel [data-bandeau=accept-all]").click()
    expect(band(first)).to_have_attribute("data-state", "allowed")
    assert second.evaluate("window.untouched")
    expect(band(second)).to_have_attribute("data-state", "refused")


def test_a_choice_made_while_the_page_loads_is_sent_once(site: NoticeSite, open_page: Open) -> None:
    page = open_page(site)
    late, sent = held(page, "**/late.png"), held(page, "**/.bandeau/choice")
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => { document.body.append("
        "Object.assign(new Image(), { src: '/late.png' })); })"
    )
    page.reload(wait_until="domcontentloaded")
    with page.expect_request("**/.bandeau/choice"):
        page.locator("[data-bandeau=notice] [data-bandeau=refuse-all]").click()
    page.evaluate("window.first = true")
    late[0].abort()
    page.wait_for_load_state("load")
    assert page.evaluate("window.first")
    sent[0].continue_()
    expect(band(page)).to_have_attribute("data-state", "refused")
    assert [route.request.headers["content-type"] for route in sent] == ["application/json"]
    for route in late[1:]:
        route.abort()


def test_another_tab_does_not_end_a_withdrawal_on_its_way(
    site: NoticeSite, open_page: Open
) -> None:
    site.standing = chosen(*KEYS)
    page = open_page(site)
    sent = held(page, "**/.bandeau/choice")
    page.get_by_role("button", name="Change my choices").click()
    with page.expect_request("**/.bandeau/choice"):
        page.locator(".panel [data-bandeau=refuse-all]").click()
    other = page.context.new_page()
    other.goto(site.address + "/other")
    page.evaluate("window.first = true")
    sent[0].continue_()
    expect(band(page)).to_have_attribute("data-state", "refused")
    expect(band(other)).to_have_attribute("data-state", "refused")
    assert [route.request.headers["content-type"] for route in sent] == ["application/json"]


def test_a_page_from_the_back_cache_is_compared_with_the_server(
    site: NoticeSite, open_page: Open
) -> None:
    site.standing = chosen(*KEYS)
    page = open_page(site)
    site.standing = chosen()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(band(page)).to_have_attribute("data-state", "refused")


def test_a_plain_link_to_the_choices_opens_the_panel(site: NoticeSite, open_page: Open) -> None:
    page = open_page(site)
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('afterbegin',"
        "'<a id=choices href=\"/.bandeau/panel\">Choices</a>')"
    )
    page.evaluate("document.querySelector('#choices').click()")
    expect(page.locator("[data-bandeau=panel]")).to_be_visible()
    assert page.url == site.address + "/story"


def test_a_browser_without_declarative_shadow_roots_shows_all(
    site: NoticeSite, chromium: Browser
) -> None:
    page = chromium.new_context().new_page()
    plain = site.page("/story").replace(b"shadowrootmode", b"data-unknown")
    page.route("**/story", lambda route: route.fulfill(body=plain, content_type="text/html"))
    page.goto(site.address + "/story")
    expect(page.locator("[data-bandeau=notice]")).to_be_visible()
    with page.expect_response("**/.bandeau/choice"):
        page.locator("[data-bandeau=notice] [data-bandeau=refuse-all]").click()
    page.unroute_all()
    page.goto(site.address + "/story")
    expect(band(page)).to_have_attribute("data-state", "refused")
    page.context.close()


def test_without_shadow_roots_or_script_a_link_to_the_choices_is_left(
    site: NoticeSite, chromium: Browser
) -> None:
    page = chromium.new_context(java_script_enabled=False).new_page()
    plain = site.page("/story?a=1").replace(b"shadowrootmode", b"data-unknown")
    page.route("**/story", lambda route: route.fulfill(body=plain, content_type="text/html"))
    page.goto(site.address + "/story")
    page.get_by_role("link", name="Change my choices").click()
    expect(page.get_by_role("heading", name="My choices")).to_be_visible()
    page.locator("[data-bandeau-purpose=social]").check()
    page.locator("[data-bandeau=save]").click()
    assert page.url == site.address + "/story"
    assert site.posted[0]["purpose"] == ["social"]
    page.context.close()


def test_robots_see_the_notice_too(site: NoticeSite, open_page: Open) -> None:
    page = open_page(
        site, user_agent="Mozilla/5.0 (compatible; Crawler/1.0; +https://crawler.test)"
    )
    assert page.evaluate("navigator.webdriver")
    expect(page.locator("[data-bandeau=notice]")).to_be_visible()


def test_the_guard_removes_what_the_choice_does_not_allow(
    site: NoticeSite, open_page: Open
) -> None:
    site.bare = True
    page = open_page(site)
    page.evaluate(
        "localStorage.setItem('ea:seen', 1); localStorage.setItem('other', 1);"
        "sessionStorage.setItem('ea:now', 1); document.cookie = '_ea1=x; path=/';"
        "document.cookie = '_ea2=x; path=/; domain=quotidien.test';"
        "document.cookie = '_ea3=x'; document.cookie = 'session=x; path=/';"
        "document.cookie = 'undeclared=x; path=/'"
    )
    left = (
        "[Object.keys(localStorage).join(), Object.keys(sessionStorage).join(),"
        " document.cookie.split('; ').sort().join()]"
    )
    site.standing = chosen("advertising")
    site.head = site.notice.head(site.standing).decode()
    page.reload()
    assert page.evaluate(left) == ["ea:seen", "ea:now", "_ea1=x,_ea2=x,_ea3=x,session=x"]
    site.standing = chosen()
    site.head = site.notice.head(site.standing).decode()
    page.reload()
    assert page.evaluate(left) == ["", "", "session=x"]
