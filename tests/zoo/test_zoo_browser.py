"""In a real browser: what sites of the zoo are said to do, they do, and their twins do not."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from chromium import EXECUTABLE, FLAGS
from playwright.sync_api import Browser, sync_playwright

from tests.zoo import tools
from tests.zoo.hostile import PAGES, Hostile
from tests.zoo.notices import OwnNotice
from tests.zoo.server import Served, Zoo, serving
from tests.zoo.site import Site
from tests.zoo.sites import SITES
from tests.zoo.walked import walking

pytestmark = pytest.mark.browser

WHOLE = [site for site in SITES if not site.bandeau and site.notice.tool in ("own", "none")]
QUICK = ("early-indexed", "refused-reload", "left-local")
# A person is looking: some tools hide from what says that it is a robot.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36"
_PARTS = """(ids) => {
  const host = document.getElementById(ids.root), root = host?.shadowRoot ?? host;
  const part = (id) => root?.querySelector("#" + id);
  return [part(ids.accept), part(ids.refuse), part(ids.panel), root,
          document.getElementById(ids.reopen)];
}"""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    here = [site for site in SITES if not site.bandeau and _here(site)]
    with serving(Zoo(here, 11)) as running:
        yield running


def _here(site: Site) -> bool:
    return site.notice.tool not in tools.TOOLS or tools.TOOLS[site.notice.tool].here


@pytest.fixture(scope="module")
def browser(served: Served) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=EXECUTABLE,
            args=[
                *FLAGS,
                "--disable-blink-features=AutomationControlled",
                f"--host-resolver-rules={served.resolve}",
            ],
        )
        yield running
        running.close()


def states_of(site: Site) -> list[str]:
    """The states in which a site, or the one that it is the twin of, does wrong."""
    faulty = next(each for each in SITES if each.name == (site.twin_of or site.name))
    found = {state for told in faulty.trackers for state in told.when} - {"granted"}
    if any(told.stays for told in faulty.trackers):
        found.add("withdrawn")
    if faulty.notice.tool == "none" or not found:
        return ["undecided"]
    # A page without a cross cannot be closed.
    return sorted(found - (set() if faulty.notice.close else {"closed"}))


def holds(served: Served, browser: Browser, site: Site, state: str) -> None:
    """What is seen in ``state`` is what the site's description says."""
    built = served.zoo.sites[site.name]
    served.zoo.heard.clear()
    with walking(browser, served, built, user_agent=AGENT) as walk:
        seen = walk.through(state)
    for wired in built.trackers:
        works = state in wired.told.when or (state == "withdrawn" and wired.told.stays)
        if state == "partial" and wired.told.purpose == built.purposes[-1]:
            works = True
        assert (wired.key in seen.worked) is works, (state, wired.key, wired.told.how, seen)


@pytest.mark.parametrize("name", [each + end for each in QUICK for end in ("", "-twin")])
def test_a_few_do_as_they_are_said(served: Served, browser: Browser, name: str) -> None:
    site = next(each for each in WHOLE if each.name == name)
    for state in states_of(site):
        holds(served, browser, site, state)


@pytest.mark.slow
@pytest.mark.parametrize("site", WHOLE, ids=lambda site: site.name)
def test_all_do_as_they_are_said(served: Served, browser: Browser, site: Site) -> None:
    for state in states_of(site):
        holds(served, browser, site, state)


@pytest.mark.slow
@pytest.mark.parametrize(
    "site", [each for each in SITES if each.proof and each.faulty], ids=lambda each: each.name
)
def test_a_notice_at_fault_differs_from_its_twin(
    served: Served, browser: Browser, site: Site
) -> None:
    if not _here(site):
        pytest.skip("its tool is not in .cache/npm")
    shown = {}
    for name in (site.name, f"{site.name}-twin"):
        built = served.zoo.sites[name]
        notice = OwnNotice(built, built.site.language, True, frozenset())
        ids = {part: notice.id(part) for part in ("root", "accept", "refuse", "panel")}
        with walking(browser, served, built) as walk:
            walk.page.goto(built.address)
            script = (
                f"(ids) => {{ const [accept, refuse, panel, root, reopen] = ({_PARTS})(ids); "
                f"return Boolean({site.proof}); }}"
            )
            shown[name] = walk.page.evaluate(script, {**ids, "reopen": built.word("id reopen")})
    assert shown == {site.name: True, f"{site.name}-twin": False}


@pytest.mark.slow
@pytest.mark.parametrize("tool", sorted(tools.TOOLS))
def test_a_tool_asks_and_is_obeyed_or_not(served: Served, browser: Browser, tool: str) -> None:
    if not tools.TOOLS[tool].here:
        pytest.skip(f"no {tools.TOOLS[tool].package}.tgz in .cache/npm")
    for name in (f"{tool}-early", f"{tool}-refused", f"{tool}-twin"):
        site = next(each for each in SITES if each.name == name)
        for state in ("undecided", "refused", "granted"):
            holds_by_tool(served, browser, site, state)


def holds_by_tool(served: Served, browser: Browser, site: Site, state: str) -> None:
    """As :func:`holds`, for a site whose tool keeps the choice in the page."""
    built = served.zoo.sites[site.name]
    served.zoo.heard.clear()
    with walking(browser, served, built, user_agent=AGENT) as walk:
        seen = walk.through(state)
    for wired in built.trackers:
        works = state == "granted" or state in wired.told.when
        assert (wired.key in seen.called) is works, (site.name, state, wired.key, seen)


def test_the_hostile_corner_answers() -> None:
    with (
        serving(Hostile()) as trapped,
        httpx.Client(verify=False, base_url=f"https://127.0.0.1:{trapped.port}") as client,
    ):
        for name in PAGES:
            answer = client.get("/", headers={"host": f"{name}.trap.test"})
            assert answer.status_code == 200, name
        led = client.get("/", headers={"host": "to-private.trap.test"})
        assert led.headers["location"] == "http://127.0.0.1:9/"
        with client.stream("GET", "/", headers={"host": "endless.trap.test"}) as endless:
            parts = endless.iter_bytes()
            assert len([next(parts) for _ in range(5)]) == 5
