"""The measured table of withdrawal (rules, section 5), with Bandeau: nothing stored, nothing sent.

Nine cookies of a tracker, two that the site needs, and what else a page can store.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from press_group import HOST, NAMES, POLICY, SIBLING, STORE, Group, press_group
from two_browsers import BROWSERS, Tab, band, opened, press, stored_cookies, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NINE = {*NAMES, "t_sibling"}
ARTICLE = """<!doctype html><html lang=en><head><title>t</title></head><body><h1>Article</h1>
<img src="/picture.gif"><img src="/articles/picture.gif">
<img src="//ads.pub.test:{port}/picture.gif"></body></html>"""
FRONT = (
    "<!doctype html><html lang=en><head><title>t</title></head><body><h1>Front</h1></body></html>"
)
PAGES = {"/articles/seed": ARTICLE, "/articles/1": ARTICLE, "/": FRONT}
ITEMS = (
    """async () => {"""
    + STORE
    + """
  document.cookie = "t_suffix_GA1=1; max-age=9999; path=/";
  localStorage.setItem("t:local", "1");
  localStorage.setItem("kept", "1");
  sessionStorage.setItem("t:session", "1");
  await opened("t:base");
  await opened("kept:base");
  await caches.open("t:cache");
  await caches.open("kept:cache");
  await navigator.serviceWorker.register("/t-worker.js", { scope: "/t/" });
  await navigator.serviceWorker.register("/kept-worker.js", { scope: "/kept/" });
  return 1;
}"""
)
LEFT = """async () => [
  ...Object.keys(localStorage), ...Object.keys(sessionStorage), ...await caches.keys(),
  ...(await indexedDB.databases()).map(({ name }) => name),
  ...(await navigator.serviceWorker.getRegistrations()).map(({ scope }) => new URL(scope).pathname),
].sort()"""
OLD_PICTURE = """() => new Promise((done) => {{
  const picture = new Image();
  picture.onload = picture.onerror = () => done(1);
  picture.src = "//ads.pub.test:{port}/old.gif";
}})"""
STAY = {"session", "eu-consent", "eu-consent-receipt"}
KEPT = ["/kept/", "kept", "kept:base", "kept:cache"]
ALL = sorted([*KEPT, "/t/", "t:local", "t:session", "t:base", "t:cache"])


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    pages = dict.fromkeys(PAGES, "")
    with press_group(tmp_path, pages) as served:
        pages.update({path: page.format(port=served.port) for path, page in PAGES.items()})
        yield served


def accept_and_seed(tab: Tab, group: Group) -> None:
    """Every item of the table, as an accepting visitor's browser comes to hold it."""
    tab.open(group.url("/articles/1"))
    press(tab, "accept-all")
    until(lambda: band(tab) == "allowed")
    tab.open(group.url("/articles/seed"))
    tab.run(ITEMS)
    group.seen.forget()
    tab.open(group.url("/articles/1"))
    assert {*NAMES, "t_suffix_GA1", "session"} <= group.seen.sent
    tab.open(group.url("/"))
    tab.run(OLD_PICTURE.format(port=group.port))
    group.seen.forget()
    tab.open(group.url("/"))
    assert tab.run(LEFT) == ALL
    assert stored_cookies(tab, f"https://{SIBLING}") >= {*NINE}


def assert_nothing_is_left(tab: Tab, group: Group) -> None:
    until(lambda: tab.run(LEFT) == KEPT)
    group.seen.forget()
    for path in ("/articles/1", "/"):
        tab.open(group.url(path))
    tab.open(group.url("/picture.gif", SIBLING))
    assert group.seen.sent == {"session", "eu-consent"}
    for host in (HOST, SIBLING):
        origin = f"https://{host}"
        until(lambda origin=origin: stored_cookies(tab, origin) == STAY)


@pytest.mark.parametrize("browser", BROWSERS)
def test_after_withdrawal_nothing_is_stored_or_sent(
    browser: str, group: Group, tmp_path: Path
) -> None:
    with opened(browser, tmp_path) as tab:
        accept_and_seed(tab, group)
        press(tab, "refuse-all")
        until(lambda: band(tab) == "refused")
        assert_nothing_is_left(tab, group)


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_plain_form_leads_past_the_other_hosts(
    browser: str, group: Group, tmp_path: Path
) -> None:
    """As without script: the answer is a page that asks them, one of which is silent."""
    with opened(browser, tmp_path) as tab:
        accept_and_seed(tab, group)
        tab.run(
            """() => { const form = document.createElement("form");
            form.method = "post"; form.action = "/.bandeau/choice";
            for (const [name, value] of [["action", "refuse_all"], ["return", "/articles/1"]])
              form.append(Object.assign(document.createElement("input"), { name, value }));
            document.body.append(form); form.submit(); return 1; }"""
        )
        until(
            lambda: tab.run("() => location.pathname") == "/articles/1" and band(tab) == "refused"
        )
        assert ("ads.pub.test", "/.bandeau/sweep") in group.seen.asked
        assert_nothing_is_left(tab, group)


@pytest.mark.parametrize("silent", [False, True], ids=["all answer", "one is silent"])
def test_without_script_the_form_leads_past_the_other_hosts(silent: bool, tmp_path: Path) -> None:
    """It goes on when all have answered; a silent one keeps nobody who follows the link."""
    policy = POLICY if silent else POLICY.replace(', "silent.pub.test"', "")
    with (
        press_group(tmp_path / "site", PAGES, policy) as group,
        opened("chromium", tmp_path, script=False) as tab,
    ):
        page = tab.page  # type: ignore[attr-defined]
        page.goto(group.url("/old.gif", SIBLING))
        page.goto(group.url("/"))
        page.locator("[data-bandeau=refuse-all]").first.click(no_wait_after=True)
        if silent:
            page.get_by_role("link", name="Back to the page").click(no_wait_after=True)
        page.wait_for_url(group.url("/"))
        page.locator("[data-bandeau=band][data-state=refused]").wait_for()
        until(
            lambda: (
                stored_cookies(tab, f"https://{SIBLING}") == {"eu-consent", "eu-consent-receipt"}
            )
        )
