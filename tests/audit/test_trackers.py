"""Trackers against the choice: what each state must not hold, and its compliant twin."""

from __future__ import annotations

from dataclasses import replace

import pytest
from seeing import (
    HOME,
    IDENTIFIER,
    POLICY,
    STORY,
    by_script,
    cookie,
    ids,
    judged,
    read,
    request,
    run,
    seen,
    sent,
    stored,
    visit,
    write,
)

from bandeau.audit.evidence import Cause, Kind, Means, Phase, Seen, Setting
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.shown import Choosing

VENDOR = request("https://x.adroit.test/a.js")
ID_OF_STATE = {
    Phase.ARRIVED: "V4",
    Phase.IGNORED: "V4",
    Phase.REFUSED: "V3",
    Phase.CLOSED: "V5",
    Phase.SAVED: "V6",
    Phase.ONLY: "C9",
}
DEEDS = {
    "contact": ({"requests": (VENDOR,)}, {"P3", "R1"}),
    "own path": ({"requests": (request("https://www.gazette.test/measure/a"),)}, {"P3", "R1"}),
    "written by script": ({"writes": (write("_adr1"),)}, {"P1", "R1"}),
    "written by header": ({"writes": (write("_adr1", means=Means.HEADER),)}, {"P1", "R1"}),
    "storage": ({"writes": (write("adr:id", kind=Kind.LOCAL),)}, {"P1", "R1"}),
    "kept": ({"stored": (stored("adr:id", kind=Kind.INDEXED),)}, {"P1", "R1"}),
    "sent": (
        {"requests": (request(HOME, cookies=(sent("_adr1", "www.gazette.test"),)),)},
        {"P2", "R2"},
    ),
    "read": (
        {
            "reads": (read("Storage.getItem", detail="adr:id"),),
            "stored": (stored("adr:id"),),
        },
        {"P2", "R2"},
    ),
    "read by another's script": (
        {"reads": (read("document.cookie", "https://adroit.test/r.js"),)},
        {"P2", "R2"},
    ),
    "undeclared host": ({"requests": (request("https://nobody.test/x.js"),)}, {"P9"}),
    "undeclared cookie": ({"writes": (write("rogue"),)}, {"P9"}),
}


def only(findings: tuple[Finding, ...], id: str) -> Finding:
    (found,) = [each for each in findings if each.id == id]
    return found


@pytest.mark.parametrize("phase", ID_OF_STATE)
@pytest.mark.parametrize("deed", DEEDS)
def test_what_needs_consent_is_found_in_each_state_without_it(phase: Phase, deed: str) -> None:
    changes, rules = DEEDS[deed]
    purpose = {"purpose": "social"} if phase is Phase.ONLY else {}
    found = only(judged(seen(phase, **changes, **purpose)), ID_OF_STATE[phase])
    assert rules & set(found.rules)
    assert found.severity is Severity.VIOLATION
    assert found.proof and found.again and found.where[0].phase is phase


@pytest.mark.parametrize("deed", [each for each in DEEDS if "undeclared" not in each])
def test_the_same_is_no_finding_once_accepted(deed: str) -> None:
    changes, _ = DEEDS[deed]
    assert judged(seen(Phase.ACCEPTED, **changes)) == ()
    assert judged(seen(Phase.ONLY, purpose="advertising", **changes)) == ()


def test_what_nobody_declared_is_found_even_then() -> None:
    found = only(
        judged(seen(Phase.ACCEPTED, requests=DEEDS["undeclared host"][0]["requests"])), "V14"
    )
    assert found.subject == "nobody.test"
    assert {"I6", "P9"} <= set(found.rules)


def test_proof_names_the_script_and_line_and_hides_values() -> None:
    pixel = request(
        f"https://x.adroit.test/{IDENTIFIER}/p.gif?uid={IDENTIFIER}",
        cause=by_script("https://www.gazette.test/site.js?v=3", 41),
    )
    found = only(judged(seen(requests=(pixel,))), "V4")
    assert found.proof == (
        "GET https://x.adroit.test/…/p.gif?uid=… (200), by https://www.gazette.test/site.js?v=…:41",
    )


def test_one_cause_is_one_finding_with_its_places() -> None:
    deeds = (VENDOR, request("https://y.adroit.test/b.gif", page=STORY))
    phases = run(
        seen(requests=deeds, writes=(write("_adr1"),)),
        seen(Phase.IGNORED, began=10, requests=(request(VENDOR.url, at=15),)),
    )
    found = judged(phases)
    assert ids(found) == {"V4"}
    (finding,) = found
    assert finding.subject == "Adroit"
    assert [(w.phase.value, w.page) for w in finding.where] == [
        ("arrived", HOME),
        ("arrived", STORY),
        ("ignored", HOME),
    ]


def test_a_finding_of_one_browser_alone_says_of_which() -> None:
    firefox = Setting(browser="firefox")
    chromium = run(seen(requests=(VENDOR,)), seen(Phase.WITHDRAWN, requests=(VENDOR,)))
    spared = run(seen(), number=1, setting=firefox)
    found = judged(chromium, spared)
    assert only(found, "V4").detail.endswith(
        "Seen in Chromium, and not in Firefox, which tells less."
    )
    both = judged(chromium, run(seen(requests=(VENDOR,)), number=1, setting=firefox))
    assert not any("Seen in" in each.detail for each in both)
    # What only one of them tried says nothing of the other.
    assert not any("Seen in" in each.detail for each in found if each.id != "V4")


def test_browsing_on_is_no_consent() -> None:
    asking = (visit(HOME, 10, asking=True), visit(STORY, 14))
    phases = run(
        seen(),
        seen(Phase.IGNORED, began=10, visits=asking, requests=(request(VENDOR.url, at=16),)),
    )
    assert "B11" in only(judged(phases), "V4").rules


def test_what_happened_before_the_refusal_is_not_told_of_it() -> None:
    assert judged(seen(Phase.REFUSED, requests=(request(VENDOR.url, at=1),))) == ()
    fired = request(VENDOR.url, at=2.2, cause=by_script(HOME))
    moved = (visit(HOME, 0.1), visit(STORY, 6))
    found = only(judged(seen(Phase.REFUSED, requests=(fired,), visits=moved)), "V3")
    assert "R3" in found.rules


def test_an_old_tracker_may_not_be_sent_after_a_refusal() -> None:
    old = {"cookies": (cookie("_adr1"),)}
    phases = run(
        seen(**old),
        seen(
            Phase.REFUSED,
            began=10,
            requests=(request(HOME, at=16, cookies=(sent("_adr1", "www.gazette.test"),)),),
            **old,
        ),
    )
    assert "R2" in only(judged(phases), "V3").rules


def test_a_page_out_of_a_shared_cache_is_named() -> None:
    page = request(HOME, at=4, kind="document", answer_headers=(("Age", "120"),))
    by_parser = request(VENDOR.url, cause=Cause("parser", HOME))
    assert "C10" in only(judged(seen(Phase.REFUSED, requests=(page, by_parser))), "V3").rules


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"cookies": (cookie("_adr1"),)}, "W5"),
        ({"stored": (stored("adr:id"),)}, "W5"),
        ({"requests": (request(HOME, 25, cookies=(sent("_adr1", "www.gazette.test"),)),)}, "W4"),
        ({"requests": (request("https://x.adroit.test/a.js", 25),)}, "W6"),
        ({"writes": (write("_adr1", at=25),)}, "W4"),
    ],
)
@pytest.mark.parametrize("policy", [POLICY, None])
def test_what_goes_on_after_a_withdrawal(changes: dict, rule: str, policy: str | None) -> None:
    used = {
        "requests": (VENDOR,),
        "writes": (write("_adr1"),),
        "cookies": (cookie("_adr1"),),
        "stored": (stored("adr:id"),),
    }
    withdrawn = seen(Phase.WITHDRAWN, began=20, **changes)
    phases = run(seen(Phase.ACCEPTED, **used), withdrawn)
    assert rule in only(judged(phases, seen(Phase.REFUSED), policy=policy), "V21").rules


def test_what_another_company_keeps_cannot_be_deleted_from_here() -> None:
    kept = {"cookies": (cookie("adr_uid", ".adroit.test"),)}
    phases = run(seen(Phase.ACCEPTED, **kept), seen(Phase.WITHDRAWN, began=20, **kept))
    assert "V21" not in ids(judged(phases))


def test_the_last_call_of_a_page_that_is_left_is_a_warning() -> None:
    leaving = request(VENDOR.url, at=23, kind="ping", page=HOME)
    accepted = seen(Phase.ACCEPTED, requests=(VENDOR,))
    moved = (visit(HOME, 20.1), visit(STORY, 26))
    withdrawn = seen(Phase.WITHDRAWN, began=20, visits=moved, requests=(leaving,))
    assert only(judged(run(accepted, withdrawn)), "V21").severity is Severity.WARNING


def test_a_choice_that_was_not_made_is_never_judged() -> None:
    failed = Choosing("refuse", "words", 1, False, "no control that refuses", 2)
    for phase in (Phase.REFUSED, Phase.CLOSED, Phase.SAVED, Phase.ONLY, Phase.WITHDRAWN):
        assert judged(seen(phase, requests=(VENDOR,), choosing=failed, notice=None)) == ()
        assert judged(seen(phase, requests=(VENDOR,), choosing=None, notice=None)) == ()


def test_an_attempt_that_the_browser_stopped_is_a_warning() -> None:
    blocked = write("adr_uid", ".adroit.test", means=Means.HEADER, blocked="UserPreferences")
    setting = Setting(third_party_cookies=False)
    found = only(judged(run(seen(writes=(blocked,)), setting=setting)), "V4")
    assert found.severity is Severity.WARNING
    not_sent = request(HOME, cookies=(sent("_adr1", "www.gazette.test", blocked="NotOnPath"),))
    assert judged(seen(requests=(not_sent,))) == ()


def test_an_earlier_visits_cookie_is_not_sent_before_a_choice() -> None:
    jar = (sent("adr_uid", ".adroit.test"),)
    seeded = seen(Phase.SEEDED, requests=(request(VENDOR.url, cookies=jar),))
    assert only(judged(seeded), "V23").subject == "Adroit"
    assert judged(seen(Phase.SEEDED, cookies=(cookie("adr_uid", ".adroit.test"),))) == ()


def test_what_an_earlier_visit_left_is_told_as_that_after_a_refusal() -> None:
    jar = (sent("_adr1", "www.gazette.test"),)
    sending = (request(STORY, 4.2, cookies=jar),)
    refused = seen(Phase.REFUSED, began=10.0, requests=(replace(sending[0], at=15.0),))
    (found,) = judged(run(seen(Phase.SEEDED), refused))
    assert (found.id, found.severity) == ("R2", Severity.VIOLATION)
    (found,) = judged(run(seen(), refused))
    assert found.id == "V3"
    busy = replace(refused, writes=(write("_adr1", at=15.0),))
    assert {each.id for each in judged(run(seen(Phase.SEEDED), busy))} == {"V3"}


def test_an_earlier_visits_own_cookie_ends_with_the_first_answer() -> None:
    """No site can keep a browser from sending it once; its twin lets it go on."""

    def coming_back(*at: float) -> Seen:
        jar = (sent("_adr1", "www.gazette.test"),)
        return seen(Phase.SEEDED, requests=tuple(request(HOME, each, cookies=jar) for each in at))

    assert judged(coming_back(0.2)) == ()
    assert only(judged(coming_back(0.2, 4.2)), "V23")


def test_social_networks_are_named_as_such() -> None:
    contacted = seen(Phase.REFUSED, requests=(request("https://birdsong.test/f.js"),))
    found = only(judged(contacted), "V3")
    assert "F1" in found.rules and any("Fashion ID" in case for case in found.cases)


def unlisted(**changes: object) -> Seen:
    return seen(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"writes": (write("zqx", ".lurk.test"),), "cookies": (cookie("zqx", ".lurk.test"),)},
        {"requests": (request("https://a.lurk.test/v", kind="image", size=43),)},
        {"requests": (request("https://a.lurk.test/v", kind="ping", method="POST"),)},
        {"requests": (request("wss://a.lurk.test/v", kind="websocket"),)},
        {"requests": (request(f"https://a.lurk.test/v?k={IDENTIFIER}"),)},
        {"requests": (request("https://a.lurk.test/v", method="POST", body=IDENTIFIER),)},
        {"reads": (read("document.cookie", "https://a.lurk.test/v.js"),)},
        {"writes": (write("zqx", cause=by_script("https://a.lurk.test/v.js")),)},
    ],
)
def test_without_any_list_behaviour_tells_a_tracker(changes: dict) -> None:
    found = only(judged(unlisted(**changes), policy=None), "V4")
    assert found.subject == "lurk.test"
    assert found.severity is Severity.WARNING


def test_without_a_policy_a_plain_file_of_others_is_a_note() -> None:
    plain = seen(requests=(request("https://cdn.files.test/site.css", kind="stylesheet"),))
    found = only(judged(plain, policy=None), "P5")
    assert found.severity is Severity.NOTE


def test_without_a_policy_lists_name_vendors_and_cookies() -> None:
    tracked = seen(
        requests=(request("https://www.google-analytics.com/g/collect?v=2"),),
        writes=(write("_ga", value="GA1.2.1234567890.1700000000"), write("_fbp")),
    )
    found = judged(tracked, policy=None)
    assert {f.subject for f in found if f.id == "V4"} == {"Google Analytics", "Meta Pixel"}
    assert {f.severity for f in found if f.id == "V4"} == {Severity.VIOLATION}


def test_what_may_be_exempt_measurement_is_a_warning() -> None:
    matomo = seen(writes=(write("_pk_id.1.a3f2", value="4be8f2a1c3d59e07.1700000000."),))
    assert only(judged(matomo, policy=None), "V4").severity is Severity.WARNING


def test_a_declared_file_host_stays_without_cookies() -> None:
    host = "https://assets.gazette-files.test/a.css"
    assert judged(seen(requests=(request(host),))) == ()
    cookied = request(host, cookies=(sent("z", "assets.gazette-files.test"),))
    assert "P5" in ids(judged(seen(requests=(cookied,))))


@pytest.mark.parametrize(
    ("value", "tracks"),
    [
        (f'{{"categories":["needed"],"consentId":"{IDENTIFIER}"}}', False),
        (f"consent%3Dno%26id%3D{IDENTIFIER}", False),
        (IDENTIFIER, True),
        (f'{{"user":"{IDENTIFIER}"}}', True),
    ],
)
def test_without_a_policy_the_record_of_a_choice_is_no_tracker(value: str, tracks: bool) -> None:
    refused = seen(Phase.REFUSED, cookies=(cookie("qx7", value=value),))
    assert ("V3" in ids(judged(refused, policy=None))) is tracks


@pytest.mark.parametrize("name", ["FCCDCF", "_sp_su", "_cmpRepromptHash", "IABGPP_HDR_GppString"])
def test_what_a_consent_tool_keeps_of_the_choice_needs_none(name: str) -> None:
    looked = seen(Phase.REFUSED, writes=(write(name),), cookies=(cookie(name),))
    assert judged(looked, policy=None) == ()


@pytest.mark.parametrize("host", ["cmp.inmobi.com", "cdn-cookieyes.com", "cdn.trustcommander.net"])
def test_a_consent_tools_host_is_no_tracker(host: str) -> None:
    assert judged(seen(requests=(request(f"https://{host}/notice.js"),)), policy=None) == ()
