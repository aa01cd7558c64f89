"""What leaves the terminal: identifiers, fingerprints, and hosts that are not whose they seem."""

from __future__ import annotations

from dataclasses import replace

import pytest
from seeing import (
    IDENTIFIER,
    POLICY,
    cookie,
    ids,
    judged,
    read,
    request,
    seen,
    sent,
)

from bandeau.audit.evidence import HostSeen, Kind, Phase, Seen, Stored
from bandeau.audit.finding import Severity
from bandeau.audit.shown import Choosing

ELSEWHERE = "https://assets.gazette-files.test/a?u="
WORKER = Stored(Kind.WORKER, "https://www.gazette.test", "/", "https://www.gazette.test/push.js")


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        (
            {"cookies": (cookie("session"),), "requests": (request(ELSEWHERE + IDENTIFIER),)},
            {"cookies": (cookie("session"),), "requests": (request(ELSEWHERE + "1"),)},
        ),
        (
            {"reads": (read("canvas.toDataURL"), read("AudioContext"))},
            {"reads": (read("measureText", times=3),)},
        ),
        (
            {"reads": (read("WebGL.getParameter", "https://nobody.test/f.js"),)},
            {"reads": (read("userAgentData", "https://nobody.test/f.js"),)},
        ),
    ],
)
def test_what_tells_a_terminal_from_others(bad: dict, good: dict) -> None:
    for phase, rule in ((Phase.ARRIVED, "P1"), (Phase.REFUSED, "R1")):
        (found,) = [each for each in judged(seen(phase, **bad)) if each.id == "V24"]
        assert rule in found.rules
        assert "V24" not in ids(judged(seen(phase, **good)))
    assert "V24" not in ids(judged(seen(Phase.ACCEPTED, **bad)))


@pytest.mark.parametrize(
    ("api", "severity"),
    [
        ("canvas.getImageData", Severity.NOTE),
        ("canvas.toDataURL", Severity.WARNING),
        ("AudioContext", Severity.WARNING),
    ],
)
def test_one_look_by_the_site_itself_is_weighed(api: str, severity: Severity) -> None:
    (found,) = judged(seen(reads=(read(api),)), policy=None)
    assert (found.id, found.severity) == ("V24", severity)


def test_partners_that_match_their_names_for_a_visitor() -> None:
    first = request("https://one.test/a", cookies=(sent("uid", ".one.test"),))
    second = request(f"https://two.test/b?uid={IDENTIFIER}", 5.1, redirected_from=first.id)
    assert "V24" in ids(judged(seen(requests=(first, second)), policy=None))
    plain = replace(second, url="https://two.test/b")
    assert "V24" not in ids(judged(seen(requests=(first, plain)), policy=None))


@pytest.mark.parametrize("policy", [POLICY, None])
def test_a_name_of_the_sites_own_that_leads_to_a_tracker(policy: str | None) -> None:
    shown = request("https://metrics.gazette.test/a", cookies=(sent("uid", ".gazette.test"),))

    def found(canonical: str, phase: Phase = Phase.ARRIVED) -> set[str]:
        hosts = (HostSeen("metrics.gazette.test", ("192.0.2.1",), canonical),)
        return ids(judged(seen(phase, requests=(shown,)), policy=policy, hosts=hosts))

    assert "P7" in found("gazette.collector.test")
    assert "P7" not in found("front.gazette.test")
    assert "P7" not in found("")


def test_an_exempt_partners_script_reads_only_what_it_declares() -> None:
    looked = seen(reads=(read("document.cookie", "https://assets.gazette-files.test/r.js"),))
    (found,) = judged(looked, policy=_helper(""))
    assert (found.id, found.subject) == ("P2", "Helper")
    assert judged(looked, policy=_helper('cookies = [{ name = "helper" }]')) == ()
    reader = read("Storage.getItem", "https://assets.gazette-files.test/r.js", detail="adr:id")
    assert "P2" in ids(judged(seen(reads=(reader,)), policy=_helper('storage = ["helper"]')))
    own = replace(reader, detail="helper")
    assert judged(seen(reads=(own,)), policy=_helper('storage = ["helper"]')) == ()


def _helper(line: str) -> str:
    """The policy, with its exempt file host a partner of its own."""
    own = 'hosts = ["assets.gazette-files.test"]\n'
    told = f'vendor = "Helper"\npurpose = "functioning"\n{own}{line}\n'
    return POLICY.replace(own, "") + f"\n[[trackers]]\n{told}"


def test_without_a_policy_a_worker_of_the_sites_own_needs_a_reason() -> None:
    (found,) = judged(seen(stored=(WORKER,)), policy=None)
    assert (found.id, found.severity) == ("V4", Severity.WARNING)
    assert found.subject == "service worker /push.js of www.gazette.test"
    assert judged(seen(stored=(WORKER,))) == (), "a policy file says whose the path is"


def alone(purpose: str, *hosts: str) -> Seen:
    made = Choosing("only", "words", 3, True, "", 2)
    requests = tuple(
        request(f"https://{host}/a", cookies=(sent("id", f".{host}"),)) for host in hosts
    )
    return seen(Phase.ONLY, purpose=purpose, choosing=made, requests=requests)


def test_without_a_policy_purposes_are_still_kept_apart() -> None:
    apart = (alone("Advertising", "one.test"), alone("Audience statistics", "two.test"))
    assert "C9" not in ids(judged(*apart, policy=None))
    both = (alone("Advertising", "one.test"), alone("Audience statistics", "one.test", "two.test"))
    (found,) = [each for each in judged(*both, policy=None) if each.id == "C9"]
    assert (found.subject, found.severity) == ("one.test", Severity.WARNING)
    assert "C9" not in ids(judged(both[1], policy=None)), "one alone shows nothing"
