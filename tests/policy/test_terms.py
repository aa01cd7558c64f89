"""The digest changes with what a visitor agrees to, and with nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau.policy.model import DataKind, Policy, Purpose, Site, Tracker
from bandeau.policy.terms import (
    PurposeTerms,
    Terms,
    canonical,
    digest,
    parse_terms,
    terms_of,
    vendor_key,
)

VENDORS = ["Telegram", "Example Ads", "L’Écho des Savanes", "Canal", "Canal+"]


def policy(
    vendors: list[str],
    *,
    controller: str = "Le Quotidien SAS, Nantes",
    title: str = "Réseaux sociaux",
    data: tuple[DataKind, ...] = (DataKind.IP, DataKind.BROWSING),
    keys: tuple[str, ...] = ("social", "advertising"),
) -> Policy:
    return Policy(
        site=Site(name="Q", controller=controller, hosts=("q.test",), privacy_policy="/p"),
        purposes=tuple(Purpose(key=key, data=data, title={"fr": title}) for key in keys),
        trackers=tuple(Tracker(vendor=each, purpose="social") for each in vendors),
    )


def name(**changed: object) -> str:
    vendors = changed.pop("vendors", ["Telegram", "Example Ads"])
    return digest(terms_of(policy(vendors, **changed)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {"vendors": ["TELEGRAM", "Example  Ads"]},
        {"vendors": ["“Telegram”", "Example-Ads."]},
        {"vendors": ["Example\u00a0Ads", "Telegram"]},
        {"vendors": ["Telegram", "Example Ads", "telegram"]},
        {"controller": "le quotidien s.a.s. — Nantes"},
        {"title": "« Réseaux sociaux »"},
        {"title": "Re\u0301seaux   SOCIAUX !"},
        {"data": (DataKind.BROWSING, DataKind.IP)},
        {"keys": ("advertising", "social")},
    ],
)
def test_typography_and_order_change_nothing(changed: dict[str, object]) -> None:
    assert name(**changed) == name()


@pytest.mark.parametrize(
    "changed",
    [
        {"vendors": ["Telegram"]},
        {"vendors": ["Telegram", "Example Ads", "Clubhouse"]},
        {"controller": "Le Quotidien SA, Nantes"},
        {"title": "Réseaux"},
        {"data": (DataKind.IP,)},
        {"keys": ("social", "advertising", "statistics")},
        {"keys": ("social",)},
    ],
)
def test_what_is_material_changes_the_digest(changed: dict[str, object]) -> None:
    assert name(**changed) != name()


def test_exempt_purposes_are_no_part_of_the_terms() -> None:
    plain = policy(["Telegram"])
    exempt = Purpose.model_validate({"key": "functioning", "exempt": "strictly-necessary"})
    more = plain.model_copy(update={"purposes": (*plain.purposes, exempt)})
    assert terms_of(more) == terms_of(plain)


def test_vendors_told_apart_by_a_plus_or_by_signs_alone_stay_apart() -> None:
    assert vendor_key("Canal+") != vendor_key("Canal")
    assert vendor_key("***") != vendor_key("!!!")


_TYPOGRAPHY = st.text(" \u00a0\u2009.,;:!?-–—«»“”‘’'\"()…/", max_size=3)


@given(st.sampled_from(VENDORS), st.data())
def test_signs_and_case_never_make_another_vendor(vendor: str, data: st.DataObject) -> None:
    dressed = "".join(
        data.draw(_TYPOGRAPHY) + data.draw(st.sampled_from([c, c.upper(), c.lower()]))
        for c in vendor
    )
    assert vendor_key(dressed + data.draw(_TYPOGRAPHY)) == vendor_key(vendor)


@given(st.lists(st.sampled_from(VENDORS), unique_by=vendor_key), st.sampled_from(VENDORS))
def test_a_new_vendor_is_new_and_a_known_one_is_not(vendors: list[str], added: str) -> None:
    same = digest(terms_of(policy(vendors))) == digest(terms_of(policy([*vendors, added])))
    assert same == (added in vendors)


_SETS = st.frozensets(st.text(max_size=8), max_size=4)
_PURPOSES = st.builds(
    PurposeTerms, key=st.text(max_size=8), data=_SETS, words=st.text(), vendors=_SETS
)
_TERMS = st.builds(
    Terms,
    purposes=st.lists(_PURPOSES, max_size=4, unique_by=lambda purpose: purpose.key).map(
        lambda purposes: tuple(sorted(purposes, key=lambda purpose: purpose.key))
    ),
    controller=st.text(),
)


@given(_TERMS)
def test_terms_come_back_from_their_bytes(terms: Terms) -> None:
    assert parse_terms(canonical(terms)) == terms
    assert digest(parse_terms(canonical(terms))) == digest(terms)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"controller":"x","purposes":[],"v":2}',
        b'{"controller":"x","purposes":"social","v":1}',
        b'{"controller":"x","purposes":[{"data":"ip","key":"k","vendors":[],"words":""}],"v":1}',
        b'{"controller":"x","purposes":[],"v":1,"more":1}',
        b'{"controller": "x", "purposes": [], "v": 1}',
        json.dumps({"controller": "x", "purposes": [{"key": "k"}], "v": 1}).encode(),
    ],
)
def test_other_bytes_are_no_terms(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_terms(data)


def test_terms_with_a_purpose_twice_or_out_of_order_are_refused() -> None:
    def part(key: str) -> PurposeTerms:
        return PurposeTerms(key=key, data=frozenset(), words="", vendors=frozenset())

    for keys in ("aa", "ba"):
        with pytest.raises(ValueError, match="not the terms"):
            parse_terms(canonical(Terms(tuple(map(part, keys)), "x")))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_terms(data)


def test_how_a_vendor_is_known_on_the_site_changes_nothing() -> None:
    told = policy(["Telegram"])
    tracker = told.trackers[0].model_copy(
        update={"hosts": ("t.test",), "paths": ("/tg/*",), "snippets": ("telegram('init'",)}
    )
    known = told.model_copy(update={"trackers": (tracker,)})
    assert digest(terms_of(known)) == digest(terms_of(told))
