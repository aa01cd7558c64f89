"""Identifiers by which a measurement knows a visitor again on another site (rule M6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from seeing import (
    IDENTIFIER,
    POLICY,
    WORDS,
    by_lists,
    evidence,
    judged,
    request,
    run,
    seen,
    sent,
    stored,
    visit,
    write,
)

from bandeau.audit.evidence import Phase, Run, Seen
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.shown import Choosing
from bandeau.audit.verdicts import judge

OTHER = "www.tribune.test"
ELSEWHERE = f"https://{OTHER}/"
METER = "https://meter.gazette-files.test/hit?page=1"
MEASURED = f"""{POLICY}
[[trackers]]
vendor = "Meter"
purpose = "audience"
hosts = ["meter.gazette-files.test"]
cookies = [{{ name = "uid", domain = ".gazette-files.test", max_age = "13 months" }}]
"""
FRESH = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def crossed(
    here: dict[str, Any],
    there: dict[str, Any],
    *others: Seen,
    policy: str | None = MEASURED,
) -> list[Finding]:
    """What is found of M6 where ``here`` was seen on the site, ``there`` on the other one."""
    first = seen(Phase.ARRIVED, **here)
    told = {"choosing": None, "visits": (visit(ELSEWHERE, 20.0),), **there}
    second = seen(Phase.BESIDE, 20.0, **told)
    beside = (run(first, second, number=9),)
    found = judged(*(others or (seen(),)), policy=policy, beside=beside)
    return [each for each in found if each.id == "M6"]


def kept(value: str = IDENTIFIER, host: str = OTHER, name: str = "seen") -> dict[str, Any]:
    return {"writes": (write(name, host, 25.0, value=value),)}


def of_meter(value: str = IDENTIFIER, at: float = 5.0) -> dict[str, Any]:
    """A request to the measurement's own host, with its cookie."""
    cookie = sent("uid", ".gazette-files.test", value)
    return {"requests": (request(METER, at, cookies=(cookie,)),)}


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (of_meter(), of_meter(at=25.0)),
        ({"writes": (write("seen"),)}, kept()),
        ({"writes": (write("seen"),)}, {"requests": (request(f"{METER}&u={IDENTIFIER}", 25.0),)}),
        ({"requests": (request(f"{METER}&u={IDENTIFIER}"),)}, kept()),
    ],
)
def test_one_identifier_on_two_sites_is_told(here: dict[str, Any], there: dict[str, Any]) -> None:
    (found,) = crossed(here, there)
    assert found.severity is Severity.VIOLATION
    assert OTHER in found.detail
    assert {place.phase for place in found.where} == {Phase.ARRIVED, Phase.BESIDE}
    assert IDENTIFIER not in "".join((found.title, found.subject, found.detail, *found.proof))


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (of_meter(), of_meter(FRESH, 25.0)),
        ({"writes": (write("seen"),)}, kept(FRESH)),
        # What runs the site is no measurement, and what needs consent is told by other findings.
        ({"writes": (write("session"),)}, kept(name="session")),
        ({"writes": (write("_adr"),)}, kept(name="_adr")),
        # It lies on the terminal from before, and was not sent.
        ({"writes": (write("seen"),)}, {"stored": (stored("seen"),)}),
        (
            {"writes": (write("seen"),)},
            {
                "requests": (
                    request(METER, 25.0, cookies=(sent("a", ".b.test", blocked="SameSite"),)),
                )
            },
        ),
    ],
)
def test_what_differs_or_measures_nothing_is_not(
    here: dict[str, Any], there: dict[str, Any]
) -> None:
    assert crossed(here, there) == []


def test_what_fresh_profiles_have_too_is_a_warning_where_it_is_kept() -> None:
    everybody = seen(writes=(write("seen"),))
    (found,) = crossed({"writes": (write("seen"),)}, kept(), everybody)
    assert found.severity is Severity.WARNING
    assert "Fresh profiles have it too" in found.detail
    key = {"requests": (request(f"{METER}&key={IDENTIFIER}"),)}
    assert crossed(key, key, seen(**key)) == [], "a key of the site itself"


def test_without_a_policy_a_measurement_is_known_by_its_name() -> None:
    here, there = {"writes": (write("_pk_id.1.a"),)}, kept(name="_pk_id.1.b")
    (found,) = crossed(here, there, policy=None)
    assert (found.severity, found.subject) == (Severity.VIOLATION, "Matomo")
    unknown = {"writes": (write("abc"),)}
    (found,) = crossed(unknown, kept(name="abc"), policy=None)
    assert found.severity is Severity.WARNING


def test_a_refusal_that_was_not_made_is_not_judged() -> None:
    failed = Choosing("refuse_all", "words", 1, False, "nothing changed")
    refused = seen(Phase.REFUSED, writes=(write("seen"),), choosing=failed)
    second = seen(Phase.BESIDE, 20.0, visits=(visit(ELSEWHERE, 20.0),), **kept())
    beside: tuple[Run, ...] = (run(refused, second, number=9),)
    assert "M6" not in {each.id for each in judged(seen(), policy=MEASURED, beside=beside)}


def test_it_is_told_as_unchecked_unless_another_site_was_seen() -> None:
    first, second = seen(), seen(Phase.BESIDE, 20.0, visits=(visit(ELSEWHERE, 20.0),))
    alone = evidence(run(seen()))
    for whole, open_ in ((alone, True), (replace(alone, beside=(run(first, second),)), False)):
        _, gaps, _ = judge(whole, by_lists(), None, WORDS)
        assert ("M6" in {each.id for each in gaps}) is open_


def test_another_site_that_did_not_answer_leaves_it_open() -> None:
    gone = replace(visit(ELSEWHERE, 20.0), status=0, failure="no answer")
    assert crossed({"writes": (write("seen"),)}, {**kept(), "visits": (gone,)}) == []
