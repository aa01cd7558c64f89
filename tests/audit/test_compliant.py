"""A site that keeps its word is found to, with a policy file and without."""

from __future__ import annotations

from seeing import (
    ACCEPT,
    cookie,
    judged,
    notice,
    request,
    run,
    seen,
    sent,
    stored,
    write,
)

from bandeau.audit.evidence import Device, Phase, Seen, Setting
from bandeau.audit.finding import Severity

OWN = {
    "requests": (
        request("https://www.gazette.test/", kind="document"),
        request(
            "https://www.gazette.test/story",
            cookies=(sent("session", "www.gazette.test"), sent("seen", "www.gazette.test")),
        ),
        request("https://assets.gazette-files.test/site.css"),
    ),
    "writes": (
        write("session", lifetime=None),
        write("seen", lifetime=390 * 86_400.0),
        write("eu-consent", lifetime=180 * 86_400.0),
        write("_adr1", lifetime=0.0),
    ),
    "cookies": (cookie("session", expires=None), cookie("seen"), cookie("eu-consent")),
}
TRACKED = {
    "requests": (
        *OWN["requests"],
        request("https://x.adroit.test/a.js", cookies=(sent("adr_uid", ".adroit.test"),)),
        request("https://birdsong.test/follow.js"),
        request("https://www.gazette.test/measure/hit"),
    ),
    "writes": (*OWN["writes"], write("_adr1")),
    "cookies": (*OWN["cookies"], cookie("_adr1"), cookie("adr_uid", ".adroit.test")),
    "stored": (stored("adr:id"),),
}


def states() -> tuple[Seen, ...]:
    return (
        seen(Phase.ARRIVED, **OWN),
        seen(Phase.IGNORED, **OWN),
        seen(Phase.REFUSED, **OWN),
        seen(Phase.CLOSED, **OWN),
        seen(Phase.SAVED, **OWN),
        seen(Phase.ACCEPTED, **TRACKED),
        seen(Phase.ONLY, purpose="social", **OWN),
    )


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert judged(*states()) == ()


def test_without_a_policy_a_lasting_identifier_of_the_sites_own_is_only_a_warning() -> None:
    found = [f for f in judged(*states(), policy=None) if f.severity is not Severity.NOTE]
    assert {f.severity for f in found} == {Severity.WARNING}
    assert {f.subject for f in found} == {"cookie seen of www.gazette.test"}


def test_a_withdrawal_that_works_is_no_finding() -> None:
    left_elsewhere = (*OWN["cookies"], cookie("adr_uid", ".adroit.test"))
    phases = run(
        seen(Phase.ACCEPTED, **TRACKED),
        seen(Phase.WITHDRAWN, began=20, **{**OWN, "cookies": left_elsewhere}),
    )
    assert judged(phases) == ()


def test_the_withdrawing_request_itself_may_still_carry_what_it_ends() -> None:
    own_cookies = (sent("_adr1", "www.gazette.test"),)
    posted = request("https://www.gazette.test/.bandeau/choice", at=22.0, cookies=own_cookies)
    changed = {**OWN, "requests": (posted,)}
    phases = run(seen(Phase.ACCEPTED, **TRACKED), seen(Phase.WITHDRAWN, began=20, **changed))
    assert judged(phases) == ()


def test_the_same_on_a_phone() -> None:
    phone = run(seen(**OWN), number=1, setting=Setting(device=Device.PHONE))
    assert judged(run(seen(**OWN)), phone) == ()


def test_a_request_that_the_page_policy_stopped_never_left() -> None:
    stopped = request("https://x.adroit.test/a.js", status=0, failure="blocked: csp")
    assert judged(seen(requests=(stopped,))) == ()


def test_other_sites_are_not_the_publishers_matter() -> None:
    elsewhere = request("https://x.adroit.test/a.js", page="https://other.test/")
    assert judged(seen(requests=(elsewhere,))) == ()


def test_without_trackers_a_plain_bar_needs_no_refusal() -> None:
    bar = notice(ACCEPT)
    assert "V2" not in {f.id for f in judged(seen(notice=bar, **OWN))}
