"""The order in which a site is looked at, and the pages that are."""

from __future__ import annotations

from bandeau.audit.evidence import Device, Phase
from bandeau.audit.scenario import (
    Options,
    first_run,
    further_runs,
    pages_to_see,
    runs_beside,
    without_choices,
)


def test_first_comes_the_regulators_own_protocol() -> None:
    run = first_run(Options())
    phases = [(each.phase, each.action) for each in run.phases]
    assert phases == [
        (Phase.ARRIVED, None),
        (Phase.IGNORED, None),
        (Phase.ACCEPTED, "accept_all"),
        (Phase.WITHDRAWN, "withdraw"),
    ]
    assert [each.idle for each in run.phases] == [10.0, 0.0, 0.0, 10.0]
    assert not run.phases[0].browse


def test_refusal_is_tried_in_a_fresh_profile_in_every_setting() -> None:
    options = Options(languages=("fr", "en", "ar"))
    runs = list(further_runs(options, ("social",), closes=True, saves=True))
    refused = {
        (run.setting.device, run.setting.language, run.setting.third_party_cookies)
        for run in runs
        if any(each.phase is Phase.REFUSED for each in run.phases)
    }
    assert refused == {
        (Device.DESKTOP, "fr", True),
        (Device.DESKTOP, "en", True),
        (Device.DESKTOP, "ar", True),
        (Device.PHONE, "fr", True),
        (Device.DESKTOP, "fr", False),
    }


def test_a_second_browser_accepts_and_refuses_and_no_more() -> None:
    options = Options(browsers=("chromium", "firefox"))
    runs = [first_run(options), *further_runs(options, ("social",), closes=True, saves=True)]
    beside = [run for run in runs if run.setting.browser == "firefox"]
    phases = [[each.phase for each in run.phases] for run in beside]
    assert phases == [[Phase.ARRIVED, Phase.REFUSED], [Phase.ARRIVED, Phase.ACCEPTED]]
    alone = Options(browsers=("firefox",))
    runs = [first_run(alone), *further_runs(alone, ("social",), closes=True, saves=True)]
    assert {run.setting.browser for run in runs} == {"firefox"}
    assert {run.setting.signal for run in runs} == {True, False}


def test_each_purpose_is_tried_alone() -> None:
    runs = further_runs(Options(), ("social", "advertising"), closes=False, saves=False)
    alone = [each for run in runs for each in run.phases if each.phase is Phase.ONLY]
    assert [each.purpose for each in alone] == ["social", "advertising"]


def test_closing_and_saving_are_tried_only_where_they_can_be() -> None:
    def phases(*, closes: bool, saves: bool) -> set[Phase]:
        runs = further_runs(Options(), (), closes=closes, saves=saves)
        return {each.phase for run in runs for each in run.phases}

    assert {Phase.CLOSED, Phase.SAVED} <= phases(closes=True, saves=True)
    assert not {Phase.CLOSED, Phase.SAVED} & phases(closes=False, saves=False)


def test_pages_are_spread_over_the_sections() -> None:
    links = [
        "https://a.test/news/1#top",
        "https://a.test/news/2",
        "https://a.test/news/3",
        "https://a.test/sport/1",
        "https://a.test/",
        "https://other.test/x",
        "https://a.test/report.PDF",
        "mailto:someone@a.test",
    ]
    assert pages_to_see("https://a.test/", links, 3) == (
        "https://a.test/news/1",
        "https://a.test/sport/1",
        "https://a.test/news/2",
    )
    assert pages_to_see("https://a.test/", [], 3) == ()


def test_where_nobody_asks_each_setting_is_seen_once() -> None:
    options = Options(languages=("fr", "en"))
    runs = list(without_choices(further_runs(options, (), closes=False, saves=False)))
    assert all(each.action is None for run in runs for each in run.phases)
    settings = [run.setting for run in runs]
    assert len(settings) == len(set(settings)) == 5


def test_another_site_is_gone_to_from_this_one_with_and_without_a_refusal() -> None:
    options = Options(beside="https://b.test/")
    phases = [
        [(each.phase, each.action, each.address) for each in run.phases]
        for run in runs_beside(options, asked=True)
    ]
    plain = [(Phase.ARRIVED, None, ""), (Phase.BESIDE, None, "https://b.test/")]
    refusing = [
        (Phase.ARRIVED, None, ""),
        (Phase.REFUSED, "refuse_all", ""),
        (Phase.BESIDE, "refuse_all", "https://b.test/"),
    ]
    assert phases == [plain, refusing]
    assert all(run.beside for run in runs_beside(options, asked=True))
    assert len(list(runs_beside(options, asked=False))) == 1
    assert list(runs_beside(Options(), asked=True)) == []
