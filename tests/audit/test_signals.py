"""The choice in other alphabets: consent strings, Consent Mode, Global Privacy Control."""

from __future__ import annotations

from dataclasses import replace

import pytest
from seeing import (
    ACCEPT,
    CUSTOMISE,
    HOME,
    LINK,
    REFUSE,
    control,
    ids,
    judged,
    notice,
    request,
    run,
    seen,
    visit,
)

from bandeau.audit.evidence import Phase, Seen, Setting
from bandeau.audit.shown import ConsentMode, Notice, Role, Tcf
from bandeau.robot.notice_mode import mode_of

DAY = 86_400.0
GOOD = Tcf(
    "C", True, "", disclosed_vendors=(1,), created=DAY, updated=DAY, service_specific=True
)  # fmt: skip
TOGGLE = control(Role.TOGGLE, "Advertising")
PANEL = notice(REFUSE, TOGGLE, layer=2)
TELLS = "We use cookies for advertising and social networks."
PROMINENT = (visit(HOME, 0.1, asking=True, covered=0.4),)


def with_tcf(tcf: Tcf, shown: Notice | None = None, panel: Notice = PANEL, **more: object) -> Seen:
    told = {"visits": PROMINENT, **more}
    return seen(tcf=tcf, notice=shown or notice(), panel=panel, **told)


@pytest.mark.parametrize(
    ("bad", "id"),
    [
        (with_tcf(GOOD), None),
        (with_tcf(replace(GOOD, updated=2 * DAY)), "T4"),
        (with_tcf(replace(GOOD, created=DAY + 60, updated=DAY + 60)), "T4"),
        (with_tcf(replace(GOOD, service_specific=False)), "T4"),
        (with_tcf(replace(GOOD, loaded_after="https://x.adroit.test/a.js")), "T6"),
        (with_tcf(GOOD, notice(text=TELLS)), "T7"),
        (with_tcf(GOOD, panel=replace(PANEL, controls=(REFUSE,))), "T8"),
        (with_tcf(GOOD, visits=(visit(HOME, 0.1, asking=True, covered=0.02),)), "T9"),
    ],
)
def test_the_form_of_strings_and_layers(bad: Seen, id: str | None) -> None:
    assert ids(judged(bad)) == ({id} if id else set())


def with_string(at: float, string: str) -> object:
    return request(f"https://x.adroit.test/p?gdpr_consent={string}", at)


@pytest.mark.parametrize(("after", "told"), [("CPyes", False), ("CPno", True), ("", False)])
def test_whoever_was_told_of_consent_is_told_that_it_ended(after: str, told: bool) -> None:
    accepted = seen(Phase.ACCEPTED, requests=(with_string(5, "CPyes"),))
    requests = (with_string(25, after),) if after else ()
    withdrawn = seen(Phase.WITHDRAWN, began=20, requests=requests)
    assert ("V22" in ids(judged(run(accepted, withdrawn)))) is not told


def test_global_privacy_control_is_heeded() -> None:
    partner = request("https://x.adroit.test/a.js")
    quiet, loud = seen(), seen(requests=(partner,))
    signal = Setting(signal=True)
    assert "G4" not in ids(judged(run(quiet), run(quiet, number=1, setting=signal)))
    assert "G4" in ids(judged(run(quiet), run(loud, number=1, setting=signal)))
    assert "G4" not in ids(judged(run(loud), run(loud, number=1, setting=signal))), "that is V4"


def default(told: dict[str, object]) -> list[object]:
    return ["consent", "default", told]


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        ([["config", "G-1", {}]], None),
        ([default({"ad_storage": "denied", "security_storage": "granted"})], ConsentMode()),
        ([default({"ad_storage": "granted"})], ConsentMode(("ad_storage",))),
        (
            [
                default({"ad_storage": "denied", "region": ["FR", "DE"]}),
                default({"ad_storage": "granted"}),
            ],
            ConsentMode(),
        ),
        ([default({"ad_storage": "granted", "region": ["US"]})], ConsentMode()),
        (
            [["config", "G-1", {}], default({"ad_storage": "denied"})],
            ConsentMode((), ("config G-1",)),
        ),
    ],
)
def test_what_tags_are_told_by_default(queue: list, expected: ConsentMode | None) -> None:
    mode = mode_of(queue)
    assert mode == expected
    found = ids(judged(seen(mode=mode)))
    assert found == ({"K1"} if mode and (mode.granted or mode.early) else set())
    assert ids(judged(seen(Phase.ACCEPTED, mode=mode))) == set(), "the choice was made by then"


def test_the_ways_of_a_notice_with_a_string_are_those_of_any() -> None:
    behind = notice(ACCEPT, CUSTOMISE, LINK)
    tracked = seen(Phase.ACCEPTED, requests=(request("https://x.adroit.test/a.js"),))
    assert "B1" in ids(judged(seen(notice=behind, panel=PANEL), tracked))
