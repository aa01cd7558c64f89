"""At the level of HTTP, for all sites: what a violator does its twin does not; names are drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bandeau.policy.check import check
from bandeau.policy.lines import lines_of
from bandeau.policy.parse import parse
from bandeau.storage.files import read_words
from tests.zoo.built import Built
from tests.zoo.hundreds import hundreds, numbered
from tests.zoo.measured import Found, Outcome, judge, read_report, shown, tallied
from tests.zoo.server import Served, Zoo, serving
from tests.zoo.site import Site, twin
from tests.zoo.sites import SITES

WORDS = read_words()
PLAIN = [site for site in SITES if not site.bandeau and site.notice.tool in ("own", "none")]
CATALOGUE = {f"V{number}" for number in range(1, 25)}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(Zoo(PLAIN, 7)) as running:
        yield running


def visitor(served: Served) -> httpx.Client:
    return httpx.Client(verify=False, base_url=f"https://127.0.0.1:{served.port}")


def in_state(served: Served, built: Built, state: str) -> str:
    """All that a visitor is served who is in ``state``, headers included."""
    moves = {
        "undecided": [],
        "refused": [("refuse", [])],
        "saved": [("save", [])],
        "closed": [("close", [])],
        "withdrawn": [("accept", built.purposes), ("refuse", [])],
        "partial": [("save", built.purposes[1:])],
        "granted": [("accept", built.purposes)],
    }[state]
    head = {"host": built.host}
    if any(wired.told.on == "signal" for wired in built.trackers):
        head["sec-gpc"] = "1"
    with visitor(served) as client:
        if moves:
            client.get("/", headers=head)
        for action, purposes in moves:
            told = {"a": action, "p": list(purposes)}
            answer = client.post(built.choose_path, headers=head, json=told)
            assert answer.status_code == 204
        other = [f"/{built.site.other_language}/"] if built.site.other_language else []
        found = [client.get(path, headers=head) for path in ("/", f"/{built.slugs[0]}", *other)]
        kept = "".join(f"{cookie.name}=;" for cookie in client.cookies.jar)
        return kept + "".join(
            answer.text.partition("var B=")[0] + str(answer.headers) for answer in found
        )


def at_work(built: Built, text: str) -> set[str]:
    """The trackers whose mark-up, script or cookie stands in ``text``."""
    found = set()
    for wired in built.trackers:
        signs = {wired.path("a"), wired.path("w"), f"'{wired.cookie}", f"{wired.cookie}="}
        if any(sign in text for sign in signs):
            found.add(wired.key)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("site", PLAIN, ids=lambda site: site.name)
def test_in_each_state_only_that_is_served_which_is_said(served: Served, site: Site) -> None:
    built = served.zoo.sites[site.name]
    for state in ("undecided", "refused", "saved", "withdrawn", "partial", "granted"):
        text = in_state(served, built, state)
        for wired in built.trackers:
            granted = state == "granted" or (
                state == "partial" and wired.told.purpose in built.purposes[1:]
            )
            if site.notice.keeps_toggles and state in ("saved", "partial"):
                granted = True
            expected = granted or state in wired.told.when
            assert (wired.key in at_work(built, text)) is expected, (state, wired.key, text)


def test_every_violation_of_the_catalogue_has_a_site_and_every_violator_a_twin() -> None:
    expected = {name for site in SITES for each in site.expects
                for name in each.partition("@")[0].split("|")}  # fmt: skip
    assert expected >= CATALOGUE, CATALOGUE - expected
    violators = [site for site in SITES if site.faulty]
    assert len(violators) >= 60
    twins = {site.twin_of for site in SITES}
    tools = {site.notice.tool for site in violators} - {"own", "none"}
    alone = [site.name for site in violators
             if site.name not in twins and site.notice.tool not in tools]  # fmt: skip
    assert alone == []
    assert all(not site.expects for site in SITES if not site.faulty)


def test_policy_files_hold_but_for_the_one_that_must_not() -> None:
    zoo = Zoo(SITES, 3)
    faulty = set()
    for name, built in zoo.sites.items():
        lines = lines_of(built.policy)
        if check(parse(built.policy, lines), WORDS, lines):
            faulty.add(name)
    assert faulty == {"declared-twice"}


def test_the_same_seed_gives_the_same_zoo_and_another_seed_other_names() -> None:
    some = PLAIN[:6]
    names = [set(_words(Zoo(some, seed))) for seed in (1, 1, 2)]
    assert names[0] == names[1]
    assert not names[0] & names[2]


def _words(zoo: Zoo) -> Iterator[str]:
    for built in zoo.sites.values():
        yield from (built.host, built.choice, built.session, built.policy_path)
        yield from (wired.host for wired in built.trackers)


def test_no_name_says_what_a_site_is(served: Served) -> None:
    built = served.zoo.sites["early-pixel"]
    page = in_state(served, built, "undecided")
    told = re.findall(r'(?:id|class|name)="([^"]+)"', page)
    assert not [word for word in told if re.search("accept|cookie|consent|track|refus", word)]


def test_an_outcome_is_counted_as_it_is() -> None:
    site = next(site for site in SITES if site.name == "early-pixel")
    built = Zoo([site, twin(site)], 1).sites["early-pixel"]
    right = Found("V4", frozenset({"P1"}), frozenset({"arrived"}))
    late = Found("V4", frozenset(), frozenset({"refused"}))
    stray = Found("B7", frozenset(), frozenset({"arrived"}))
    assert judge(built, True, [right]) == (site.expects, (), ())
    assert judge(built, True, [late, stray]) == ((), site.expects, (stray,))
    table = tallied([Outcome("a", True, site.expects, (), ()),
                     Outcome("b", True, (), site.expects, (stray,))])  # fmt: skip
    assert (table.all.precision, table.all.recall) == (0.5, 0.5)
    assert re.search(r"^V4 +1 +1 +0 +1.000 +0.500$", shown(table), re.MULTILINE)
    assert re.search(r"^B7 +0 +0 +1 +0.000 +-$", shown(table), re.MULTILINE)


def test_notes_are_no_findings() -> None:
    report = b"""{"findings": [
        {"id": "V4", "rules": ["P1"], "severity": "violation", "where": [{"phase": "arrived"}]},
        {"id": "F5", "rules": [], "severity": "note", "where": []}]}"""
    assert read_report(report) == {Found("V4", frozenset({"P1"}), frozenset({"arrived"}))}


def test_numbered_sites_are_the_same_each_time() -> None:
    assert hundreds(20) == [numbered(number) for number in range(20)]
    assert [bool(site.expects) for site in hundreds(10)] == [*[True] * 4, False] * 2
    assert len({built.address for built in Zoo(hundreds(200)).sites.values()}) == 200


@pytest.mark.slow
def test_behind_bandeau_pages_are_held_and_lies_are_told(tmp_path: Path) -> None:
    sites = [site for site in SITES if site.bandeau]
    with serving(Zoo(sites, 5, tmp_path)) as served, visitor(served) as client:
        pages = {name: client.get("/", headers={"host": built.host}).text
                 for name, built in served.zoo.sites.items()}  # fmt: skip
    assert re.search(r'data-bandeau="?band"?[^>]*data-state="?allowed', pages["bandeau-band"])
    assert not re.search(r'data-bandeau="?band"?[^>]*"?allowed', pages["bandeau-band-twin"])
    comments = r'data-state="?{}"?[^>]*data-bandeau="?comments'
    assert re.search(comments.format("open"), pages["bandeau-comments"])
    assert re.search(comments.format("locked"), pages["bandeau-comments-twin"])
