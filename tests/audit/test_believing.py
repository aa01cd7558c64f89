"""Whether a choice is believed: by records, strings and effects, never by a claim."""

from __future__ import annotations

import pytest

from bandeau.audit.believing import Action, State, believed
from bandeau.audit.contrast import contrast
from bandeau.audit.records import told
from bandeau.audit.shown import Tcf
from bandeau.audit.tcf import NotReadable, consents

ASKED = State(asking=True)
# The specification's own example, with a segment of disclosed vendors.
STRING = (
    "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA"
    ".IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgAQBAAAAAAAGBAAgAAAAAAAFAAECAAAgAAQARAEQAAAAAJAAIAAgAAAYQEAAAQmAgBC3ZAYzUw"
)


def keeps(name: str, value: str, **more: str) -> State:
    return State(asking=False, told=told({name: value, **more}, {}))


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("cc_cookie", '{"categories":["necessary","ads"]}', '{"categories":["necessary"]}'),
        ("klaro", '{"ads":true}', "%7B%22ads%22%3Afalse%7D"),
        ("orejime", '{"ads":true}', '{"ads":false}'),
        ("tarteaucitron", "!youtube=true", "!youtube=false"),
        ("cookieconsent_status", "allow", "deny"),
        ("CookieConsent", "{necessary:true,ads:true,method:'explicit'}",
         "{necessary:true,ads:false,method:'explicit'}"),
        ("cookieyes-consent", "action:yes,necessary:yes,ads:yes", "action:yes,ads:no"),
    ],
)  # fmt: skip
def test_a_tools_record_is_believed(name: str, accepted: str, refused: str) -> None:
    yes, no = keeps(name, accepted), keeps(name, refused)
    assert believed(Action.ACCEPT_ALL, ASKED, yes).done
    assert believed(Action.REFUSE_ALL, ASKED, no).done
    assert not believed(Action.ACCEPT_ALL, ASKED, no).done
    assert not believed(Action.WITHDRAW, yes, yes).done


def test_a_record_that_waits_or_is_torn_says_nothing() -> None:
    torn = {"tarteaucitron": "!youtube=wait", "klaro": "{", "CookieConsent": "-1", "cc_cookie": "7"}
    assert told(torn, {}) == ()
    assert told({"OptanonConsent": "groups=C0001:1,C0002:0"}, {}) == ()
    closed = {"OptanonAlertBoxClosed": "x", "OptanonConsent": "a=1&groups=C0001:1,C0002:1,C0004:0"}
    assert told(closed, {})[0].purposes == (("performance", True), ("targeting", False))
    dutch = {"cmplz_banner-status": "dismissed", "cmplz_functional": "allow"}
    dutch |= {"cmplz_statistics": "allow", "cmplz_marketing": "deny"}
    assert told(dutch, {})[0].purposes == (("statistics", True), ("marketing", False))


def test_one_purpose_alone_is_believed_only_alone() -> None:
    only = keeps("klaro", '{"ads":true,"count":false}')
    assert believed(Action.ONLY, ASKED, only, matches=lambda key: key == "ads").done
    assert not believed(Action.ONLY, ASKED, only, matches=lambda key: key == "count").done


def test_a_record_of_purposes_is_believed_under_any_name() -> None:
    kept = keeps(
        "zz", "%7B%22necessary%22%3Atrue%2C%22advertising%22%3Afalse%2C%22audience%22%3Atrue%7D"
    )
    assert kept.purposes == (("advertising", False), ("audience", True))
    assert not believed(Action.REFUSE_ALL, ASKED, kept).done
    for other in (
        '{"advertising":false}',
        '{"advertising":false,"audience":true,"dark":true}',
        '{"advertising":false,"audience":"yes"}',
        '{"advertising":false,"audience":true,"all":{}}',
        "[true,false]",
    ):
        assert told({}, {"zz": other}) == ()
    for pairs in (
        "necessary=true&statistics=false&marketing=true",
        "essential:1|statistics:0|marketing:1",
    ):
        assert keeps("zz", pairs).purposes == (("statistics", False), ("marketing", True))
    assert told({"zz": "statistics=false&marketing=true&page=7"}, {}) == ()
    dated = keeps("zz", '{"date":"2026-11-28","advertising":false,"audience":false}')
    nagging = State(asking=True, told=dated.told)
    assert believed(Action.REFUSE_ALL, ASKED, nagging).done
    assert not believed(Action.REFUSE_ALL, nagging, nagging).done
    named = keeps("klaro", '{"one":true}', zz='{"advertising":false,"audience":false}')
    assert named.purposes == (("one", True),)


def test_without_a_record_effects_count() -> None:
    before, gone = State(True, kept=frozenset()), State(False, kept=frozenset({"wahl=1"}))
    assert believed(Action.REFUSE_ALL, before, gone, gone).done
    assert not believed(Action.REFUSE_ALL, before, State(True), None).done
    assert not believed(Action.REFUSE_ALL, before, State(False), None).done
    assert not believed(Action.REFUSE_ALL, before, gone, State(True)).done
    open_still = State(True, kept=gone.kept)
    assert believed(Action.REFUSE_ALL, before, open_still, gone).done
    assert not believed(Action.REFUSE_ALL, before, open_still, open_still).done
    assert not believed(Action.CLOSE, before, open_still, gone).done


def test_a_string_that_grants_after_a_refusal_is_not_believed() -> None:
    granting = State(False, tcf=Tcf(STRING, True, "tcloaded", purposes=(1, 2)))
    assert not believed(Action.REFUSE_ALL, ASKED, granting).done
    assert believed(Action.ACCEPT_ALL, ASKED, granting).done


def test_a_tc_string_is_read() -> None:
    found = consents(STRING)
    assert (found.cmp, found.policy, found.service_specific) == (27, 2, False)
    assert (found.purposes, found.vendors) == ({1, 2, 3}, {2, 6, 8})
    assert found.disclosed is not None
    assert {2, 702, 720} <= found.disclosed


@pytest.mark.parametrize(
    "string", ["", "BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA", STRING[:30], "C+==", "C" * 20_000]
)
def test_what_is_no_tc_string_is_refused(string: str) -> None:
    with pytest.raises(NotReadable):
        consents(string)


def test_contrast_is_that_of_wcag() -> None:
    assert round(contrast((0, 0, 0), (255, 255, 255)), 2) == 21
    assert round(contrast((118, 118, 118), (255, 255, 255)), 2) == 4.54
