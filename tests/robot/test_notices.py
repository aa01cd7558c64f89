"""Notices of tools and of nobody: found, described, worked, and believed only by effect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from foreign_notices import NPM, foreign_notices

from bandeau.audit.believing import Action
from bandeau.audit.evidence import Setting
from bandeau.audit.shown import Reach, Role
from bandeau.robot.browser import BrowserOptions
from bandeau.robot.browsers import open_browsers
from bandeau.robot.notice_page import ways_back
from bandeau.robot.notice_press import press
from bandeau.robot.notice_reach import reach_of
from bandeau.robot.notice_sight import Sight, look
from bandeau.robot.notice_work import Worked, choose
from bandeau.robot.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOOLS = {
    "vanilla-cookieconsent": "vanilla-cookieconsent",
    "klaro": "klaro",
    "tarteaucitronjs": "tarteaucitron",
    "cookieconsent": "cookieconsent",
    "c15t-built": "c15t",
}
# Tools that nothing was made for; clicks to refuse on each.
UNKNOWN = {
    "cookies-eu-banner": 1,
    "gdpr-cookie-notice": 5,
    "cookie-consent-js": 1,
    "bootstrap-cookie-consent-settings": 1,
    "cookie-though": 1,
}
T = TypeVar("T")
OPTIONS = BrowserOptions(resolve="MAP *.test 127.0.0.1", allow_private=True)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with foreign_notices() as served:
        yield served


def on_page(
    port: int, name: str, do: Callable[[Window], Awaitable[T]], browser: str = "chromium"
) -> T:
    setting = Setting(browser=browser)

    async def run() -> T:
        async with open_browsers(OPTIONS) as browsers, browsers.terminal(setting) as terminal:
            await terminal.tab.goto(f"http://www.ferry.test:{port}/{name}")
            return await do(terminal.tab)

    return asyncio.run(run())


async def both_ways(tab: Window) -> tuple[Worked, Worked]:
    return await choose(tab, Action.ACCEPT_ALL), await choose(tab, Action.WITHDRAW)


@pytest.mark.parametrize("name", TOOLS)
def test_a_tools_notice_is_refused_and_its_record_believed(port: int, name: str) -> None:
    if not (NPM / name).is_dir():
        pytest.skip(f"{name} is not in .cache/npm")
    worked = on_page(port, name, lambda tab: choose(tab, Action.REFUSE_ALL))
    assert worked.notice is not None
    assert worked.notice.tool == TOOLS[name]
    assert (worked.choosing.done, worked.choosing.clicks) == (True, 1), worked.choosing.proof
    assert not any(yes for _, yes in worked.after.purposes)


@pytest.mark.parametrize(
    ("name", "browser"),
    [
        *((name, "chromium") for name in ("french", "arabic", "frame", "closed")),
        *((name, "firefox") for name in ("frame", "closed")),
    ],
)
def test_an_unknown_notice_is_accepted_and_withdrawn(port: int, name: str, browser: str) -> None:
    accepted, withdrawn = on_page(port, name, both_ways, browser)
    assert accepted.notice is not None
    assert len(accepted.notice.having(Role.ACCEPT)) == len(accepted.notice.having(Role.REFUSE)) == 1
    assert (accepted.choosing.done, accepted.choosing.clicks) == (True, 1), accepted.choosing.proof
    assert (withdrawn.choosing.done, withdrawn.choosing.clicks) == (True, 2)


@pytest.mark.parametrize(("name", "clicks"), UNKNOWN.items())
def test_a_tool_that_nothing_was_made_for_is_worked(port: int, name: str, clicks: int) -> None:
    if not (NPM / name).is_dir():
        pytest.skip(f"{name} is not in .cache/npm")
    accepted, withdrawn = on_page(port, name, both_ways)
    refused = on_page(port, name, lambda tab: choose(tab, Action.REFUSE_ALL))
    for worked in (accepted, withdrawn, refused):
        assert worked.choosing.done, (worked.choosing.action, worked.choosing.proof)
    assert all(yes for _, yes in accepted.after.purposes)
    assert not any(yes for _, yes in (*withdrawn.after.purposes, *refused.after.purposes))
    assert refused.choosing.clicks == clicks


def test_a_refusal_on_the_second_layer_costs_what_it_costs(port: int) -> None:
    worked = on_page(port, "deep", lambda tab: choose(tab, Action.REFUSE_ALL))
    assert (worked.choosing.done, worked.choosing.clicks) == (True, 4), worked.choosing.proof
    assert worked.notice is not None
    assert worked.notice.modal
    assert worked.panel is not None
    assert [each.checked for each in worked.panel.having(Role.TOGGLE)] == [True, True]


def test_a_press_that_a_busy_page_did_not_hear_is_made_again(port: int) -> None:
    worked = on_page(port, "deaf", lambda tab: choose(tab, Action.REFUSE_ALL))
    assert (worked.choosing.done, worked.choosing.clicks) == (True, 1), worked.choosing.proof


def test_one_purpose_alone_is_set_beside_a_switch_for_all(port: int) -> None:
    def only(purpose: str) -> Worked:
        return on_page(port, "switches", lambda tab: choose(tab, Action.ONLY, purpose=purpose))

    for purpose, clicks in (("advertising", 2), ("audience", 2)):
        worked = only(purpose)
        assert (worked.choosing.done, worked.choosing.clicks) == (True, clicks)
        assert {key for key, yes in worked.after.purposes if yes} == {purpose}


def test_a_bar_slides_away_and_its_settings_stay_open_before_it(port: int) -> None:
    accepted = on_page(port, "slides", lambda tab: choose(tab, Action.ACCEPT_ALL))
    assert accepted.choosing.done
    assert [yes for _, yes in accepted.after.purposes] == [True, True]
    refused = on_page(port, "slides", lambda tab: choose(tab, Action.REFUSE_ALL))
    assert (refused.choosing.done, refused.choosing.clicks) == (True, 4), refused.choosing.proof
    assert [yes for _, yes in refused.after.purposes] == [False, False]


def test_links_under_a_notice_count_only_where_they_cannot_scroll_away(port: int) -> None:
    beside, locked = on_page(port, "under", look), on_page(port, "under?locked", look)
    assert beside.notice is not None and not beside.notice.modal
    assert beside.usable == (1, 1)
    assert locked.usable == (1, 13)


def test_settings_that_open_over_their_notice_are_found(port: int) -> None:
    if not (NPM / "vanilla-cookieconsent").is_dir():
        pytest.skip("vanilla-cookieconsent is not in .cache/npm")

    async def opened(tab: Window) -> Sight:
        sight = await look(tab)
        assert not await press(tab, sight.world, sight.indexes(Role.CUSTOMISE)[0])
        return await look(tab, first=False, layer=2)

    notice = on_page(port, "vanilla-cookieconsent", opened).notice
    assert notice is not None and notice.having(Role.TOGGLE) and notice.having(Role.SAVE)


def test_a_newsletter_a_sign_in_and_a_paywall_are_no_notices(port: int) -> None:
    beside = on_page(port, "newsletter", look)
    assert beside.notice is not None
    assert (beside.notice.dialogs, beside.notice.text.split("\n")[0]) == (
        1,
        "This site uses cookies.",
    )
    assert on_page(port, "walls", look).notice is None


def test_a_player_that_waits_above_a_footer_with_ways_back_is_no_notice(port: int) -> None:
    assert on_page(port, "player", look).notice is None


def test_a_person_may_choose_and_is_believed_by_what_is_kept_only(port: int) -> None:
    async def chosen(tab: Window) -> tuple[Worked, Worked]:
        async def person(action: Action, purpose: str) -> None:
            if action is Action.ACCEPT_ALL:
                raise TimeoutError
            await (await tab.worlds())[0].evaluate(
                "() => document.querySelector('#q81x button').click()"
            )

        late = await choose(tab, Action.ACCEPT_ALL, person=person)
        return late, await choose(tab, Action.REFUSE_ALL, person=person)

    late, refused = on_page(port, "french", chosen)
    assert (late.choosing.by, late.choosing.done) == ("person", False)
    assert late.choosing.proof == "nobody chose in time"
    assert (refused.choosing.by, refused.choosing.done) == ("person", True), refused.choosing.proof


def test_a_footer_that_withdraws_at_once_is_no_notice_and_costs_one_click(port: int) -> None:
    async def seen(tab: Window) -> tuple[Worked, Sight, Worked]:
        accepted = await choose(tab, Action.ACCEPT_ALL)
        return accepted, await look(tab, within=0.5), await choose(tab, Action.WITHDRAW)

    accepted, sight, withdrawn = on_page(port, "footer", seen)
    assert accepted.choosing.done, accepted.choosing.proof
    assert sight.notice is None
    assert (withdrawn.choosing.done, withdrawn.choosing.clicks) == (True, 1)
    assert [yes for _, yes in withdrawn.after.purposes] == [False, False]


def test_a_consent_is_taken_back_on_the_page_that_tells_of_privacy(port: int) -> None:
    accepted, withdrawn = on_page(port, "by-policy", both_ways)
    assert accepted.choosing.done, accepted.choosing.proof
    assert (withdrawn.choosing.done, withdrawn.choosing.clicks) == (True, 3), withdrawn.choosing
    assert [yes for _, yes in withdrawn.after.purposes] == [False, False]


def test_a_consent_is_taken_back_by_switches_that_stand_in_a_page(port: int) -> None:
    accepted, withdrawn = on_page(port, "radios", both_ways)
    assert accepted.choosing.done, accepted.choosing.proof
    assert (withdrawn.choosing.done, withdrawn.choosing.clicks) == (True, 2), withdrawn.choosing
    assert [yes for _, yes in withdrawn.after.purposes] == [False, False]


def test_where_nothing_leads_back_nothing_is_withdrawn(port: int) -> None:
    worked = on_page(port, "nothing", lambda tab: choose(tab, Action.WITHDRAW))
    assert not worked.choosing.done
    assert worked.choosing.proof == "no control led back to the choices"


def test_a_way_back_in_what_has_no_box_of_its_own_is_found(port: int) -> None:
    async def labels(tab: Window) -> list[str]:
        await look(tab, within=0)
        return [each.label for each in await ways_back(tab)]

    assert on_page(port, "contents", labels) == ["Change my choices"]


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_the_notice_is_outlined_and_the_page_left_as_it_is(port: int, browser: str) -> None:
    async def pictures(tab: Window) -> tuple[bytes, bytes, bytes]:
        sight = await look(tab)
        assert sight.notice is not None
        before = await tab.screenshot()
        outlined = await tab.outlined(sight.notice.box)
        await asyncio.sleep(0.2)
        return before, outlined, await tab.screenshot()

    before, outlined, after = on_page(port, "french", pictures, browser)
    assert outlined.startswith(b"\x89PNG")
    assert before == after != outlined


def test_a_bar_that_hides_the_focus_and_is_too_wide(port: int) -> None:
    async def reached(tab: Window) -> tuple[Reach | None, Reach | None]:
        bad = await reach_of(tab, await look(tab))
        await (await tab.worlds())[0].evaluate(_MENDED)
        return bad, await reach_of(tab, await look(tab))

    bad, good = on_page(port, "tall", reached)
    assert bad is not None and bad.hidden and bad.width > 320
    assert good is not None and (good.hidden, good.unreached) == ((), ()) and good.width <= 320


_MENDED = """() => {
  document.documentElement.style.scrollPaddingBottom = "250px";
  document.body.style.paddingBottom = "250px";
  document.querySelector("#bar").className = "";
  document.querySelectorAll("#bar button")[1].style.marginLeft = "0";
}"""
