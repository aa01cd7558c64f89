"""Notices that are not fair, each against one that is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from seeing import (
    ACCEPT,
    CUSTOMISE,
    HOME,
    LINK,
    POLICY,
    REFUSE,
    STORY,
    TEXT,
    control,
    ids,
    judged,
    notice,
    request,
    run,
    seen,
    visit,
)

from bandeau.audit.evidence import Phase
from bandeau.audit.finding import Severity
from bandeau.audit.shown import NO_WAY_BACK, Box, Choosing, Notice, Reach, Role, Tcf

TRACKED = seen(Phase.ACCEPTED, requests=(request("https://x.adroit.test/a.js"),))


def shown(**refuse: Any) -> Notice:
    return notice(ACCEPT, replace(REFUSE, **refuse), CUSTOMISE, LINK)


@pytest.mark.parametrize(
    ("bad", "id"),
    [
        (notice(ACCEPT, LINK), "V2"),
        (notice(ACCEPT, replace(ACCEPT, label="Yes, all"), REFUSE, CUSTOMISE, LINK), "B6"),
        (notice(ACCEPT, REFUSE, LINK), "B9"),
        (shown(tag="a", filled=False), "B3"),
        (shown(background=(236, 236, 236)), "V8"),
        (shown(font_size=11), "V8"),
        (shown(font_weight=300), "V8"),
        (shown(contrast=2.0), "B5"),
        (shown(gap=1, box=Box(130, 40, 90, 20)), "B8"),
        (shown(label="Decline non-essential purposes"), "B7"),
        (shown(order=-1), "A3"),
        (shown(order=5), "A4"),
        (notice(dialogs=2), "B15"),
        (notice(language="fr"), "B17"),
        (notice(text=f"{TEXT} You must accept to read on."), "B13"),
        (notice(text=f"{TEXT} By continuing to browse you agree."), "B11"),
        (notice(text="We use cookies."), "V7"),
        (notice(ACCEPT, REFUSE, CUSTOMISE, LINK, control(Role.CLOSE, "x")), "B12"),
        (
            notice(
                ACCEPT, REFUSE, CUSTOMISE, LINK, control(Role.TOGGLE, "Advertising", checked=True)
            ),
            "V18",
        ),
    ],
)
def test_what_sets_the_refusal_back_is_found(bad: Notice, id: str) -> None:
    assert ids(judged(seen(), TRACKED)) == set()
    assert id in ids(judged(seen(notice=bad), TRACKED))


@pytest.mark.parametrize(
    ("switch", "is_found"),
    [
        ({"label": "Always on", "purpose": "needed", "disabled": True}, False),
        ({"label": "Always on", "purpose": "needed"}, True),
        ({"label": "Always on", "purpose": "advertising", "disabled": True}, True),
        ({"label": "Audience", "purpose": "audience"}, False),
    ],
)
def test_a_switch_is_judged_by_the_purpose_that_the_policy_has(
    switch: dict[str, Any], is_found: bool
) -> None:
    toggle = control(Role.TOGGLE, checked=True, **switch)
    asked = notice(ACCEPT, REFUSE, CUSTOMISE, LINK, toggle)
    assert ("V18" in ids(judged(seen(notice=asked), TRACKED))) is is_found


def test_purposes_that_only_the_settings_name_are_told_too_late() -> None:
    behind = notice(control(Role.TOGGLE, "Advertising"), ACCEPT, layer=2)
    vague = notice(text="We want you to have a good time here.")
    assert "B16" in ids(judged(seen(notice=vague, panel=behind), TRACKED, policy=None))
    assert "B16" not in ids(judged(seen(panel=behind), TRACKED, policy=None))
    assert "B16" not in ids(judged(seen(notice=vague), TRACKED, policy=None))


def test_a_page_that_is_never_usable_is_not_shut_by_its_notice() -> None:
    asked = seen(visits=(visit(STORY, asking=True, usable_links=(0, 5)),))
    after = (visit(STORY, 4, usable_links=(0, 7)),)
    assert "V9" in ids(judged(asked))
    assert "V9" not in ids(judged(asked, seen(Phase.ACCEPTED, visits=after)))
    assert "V9" in ids(judged(asked, seen(Phase.REFUSED, visits=after)))


def test_green_and_red_push() -> None:
    pushing = notice(
        replace(ACCEPT, background=(46, 125, 50)),
        replace(REFUSE, background=(198, 40, 40)),
        CUSTOMISE,
        LINK,
    )
    assert ids(judged(seen(notice=pushing), TRACKED)) == {"B14"}


def test_nobody_is_asked() -> None:
    silent = (visit(HOME), visit(STORY, 4))
    tracked = seen(requests=TRACKED.requests, notice=None, visits=silent)
    assert "V1" in ids(judged(tracked))
    assert judged(seen(notice=None, visits=silent)) == ()


def chosen(clicks: int, at: float = 2, by: str = "words") -> Choosing:
    return Choosing("", by, clicks, True, "", at)


def test_a_notice_that_a_rule_worked_asks_and_its_clicks_are_not_judged() -> None:
    tracked = seen(requests=TRACKED.requests, notice=None, visits=(visit(HOME),))
    made = chosen(3, by="autoconsent:x")
    ruled = seen(Phase.REFUSED, notice=None, visits=(visit(HOME),), choosing=made)
    assert {"V1", "B2"} & set(ids(judged(tracked, ruled, TRACKED))) == set()
    assert "V1" in ids(judged(tracked, replace(ruled, choosing=None)))
    unread = replace(ruled, choosing=chosen(0, by="autoconsent:x"))
    bare = seen(notice=replace(notice(), controls=(ACCEPT, CUSTOMISE)))
    assert "V2" in ids(judged(bare, unread, TRACKED))


def test_what_can_only_be_saved_as_it_is_set_refuses_nothing() -> None:
    bare = replace(notice(), controls=(ACCEPT, CUSTOMISE))
    panel = replace(notice(), layer=2, controls=(ACCEPT, control(Role.SAVE, "Save")))
    made = seen(Phase.REFUSED, notice=bare, choosing=chosen(2))
    assert "V2" in ids(judged(seen(notice=bare, panel=panel), made, TRACKED))
    behind = replace(panel, controls=(ACCEPT, REFUSE))
    found = ids(judged(seen(notice=bare, panel=behind), made, TRACKED))
    assert "B1" in found and "V2" not in found
    assert "V2" not in ids(judged(seen(notice=bare), made, TRACKED))


def test_a_cross_that_refuses_too_takes_nothing_from_the_button() -> None:
    cross = replace(REFUSE, label="Close and refuse", filled=False, font_weight=300)
    both = replace(notice(), controls=(cross, ACCEPT, REFUSE, CUSTOMISE, LINK))
    assert not {"B3", "V8", "B8"} & set(ids(judged(seen(notice=both), TRACKED)))


def taken_back(**changes: Any) -> Any:
    return run(TRACKED, seen(Phase.WITHDRAWN, began=20, choosing=chosen(2, 22), **changes))


def test_comments_that_hang_on_consent_leave_another_way() -> None:
    assert judged(seen()) == ()
    without = POLICY.replace('alternative = { en = "Write to us." }\n', "")
    assert ids(judged(seen(), policy=without)) == {"F5"}


@pytest.mark.parametrize(
    ("runs", "id"),
    [
        ((seen(reach=Reach(hidden=("Contact",))),), "A5"),
        ((seen(reach=Reach(unreached=("Refuse all",))),), "A9"),
        ((seen(reach=Reach(width=900)),), "A9"),
        ((seen(Phase.REFUSED, choosing=chosen(2)),), "B2"),
        ((seen(Phase.REFUSED, visits=(visit(), visit(STORY, 4, asking=True))),), "R6"),
        ((seen(Phase.REFUSED, visits=(visit(), visit(HOME, 4, reopen=False))),), "V20"),
        (
            (
                seen(Phase.ACCEPTED, visits=(visit(STORY, 4, words=300),)),
                seen(Phase.REFUSED, visits=(visit(STORY, 4, words=40),)),
            ),
            "R5",
        ),
        ((seen(visits=(visit(asking=True, usable_links=(0, 5)),)),), "V9"),
        ((seen(visits=(visit(f"{HOME}privacy", asking=True, status=404),)),), "I12"),
        ((seen(Phase.REFUSED, visits=(visit(STORY, 4, comments="open"),)),), "F2"),
        ((seen(Phase.REFUSED, visits=(visit(STORY, 4, band="allowed"),)),), "B14"),
        ((seen(Phase.REFUSED, purposes=(("advertising", True),)),), "B16"),
        ((seen(tcf=Tcf("C", True, "", purposes=(1,), disclosed_vendors=(1,))),), "V16"),
        (
            (seen(Phase.REFUSED, tcf=Tcf("C", True, "", vendors=(1,), disclosed_vendors=(1,))),),
            "V17",
        ),
        ((seen(Phase.REFUSED, tcf=Tcf("C", True, "", legitimate_purposes=(2,))),), "V19"),
        ((seen(tcf=Tcf("C", True, "")),), "T3"),
        (
            (seen(Phase.REFUSED, requests=(request("https://x.adroit.test/c?gcs=G111"),)),),
            "K2",
        ),
        (
            (
                run(
                    TRACKED,
                    seen(Phase.WITHDRAWN, began=20, choosing=chosen(4, 22)),
                ),
            ),
            "V20",
        ),
        ((seen(Phase.ACCEPTED, visits=(visit(), visit(STORY, 4, asking=True))),), "C1"),
        ((taken_back(panel=notice(ACCEPT, LINK, layer=2)),), "W3"),
        ((taken_back(panel=notice(REFUSE, text="Are you sure? You will lose it.")),), "W8"),
    ],
)
def test_what_becomes_of_the_choice(runs: tuple[Any, ...], id: str) -> None:
    assert id in ids(judged(*runs, replace(TRACKED, visits=())))


def test_settings_called_preferences_name_no_use() -> None:
    box = notice(text="We use cookies to remember your basket. Customise consent preferences.")
    assert "V7" in ids(judged(seen(notice=box), TRACKED))
    named = notice(text="We use cookies for advertising. Customise consent preferences.")
    assert "V7" not in ids(judged(seen(notice=named), TRACKED))


def test_a_way_back_that_opens_nothing_is_a_warning() -> None:
    failed = Choosing("withdraw", "words", 0, False, NO_WAY_BACK, 12)
    accepted = seen(Phase.ACCEPTED, requests=TRACKED.requests)
    for reopen, told in ((True, {"V20"}), (False, set())):
        after = (visit(HOME, 13.0, reopen=reopen),)
        withdrawn = seen(Phase.WITHDRAWN, began=10.0, visits=after, choosing=failed)
        found = [each for each in judged(run(seen(), accepted, withdrawn)) if each.id == "V20"]
        assert {each.id for each in found if each.severity is Severity.WARNING} == told
