"""What an action decides, how long it holds, and what of it stands under a later policy."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau.choice.decide import (
    Action,
    UnknownPurposeError,
    decide,
    expiry,
    stand,
    stand_ledger_down,
    stand_without_choice,
)
from bandeau.choice.model import Answer, Band, Choice, Source
from bandeau.policy.model import ChoiceTerms, Period, Policy, Purpose, Site, Tracker
from bandeau.policy.terms import digest, terms_of

SITE = Site(name="A", controller="A SAS", hosts=("a.test",), privacy_policy="/p")
SOCIAL = Purpose(key="social", data=("ip",))
ADS = Purpose(key="advertising", data=("ip", "location"))


def policy(*purposes: Purpose, trackers: tuple[Tracker, ...] = ()) -> Policy:
    return Policy(site=SITE, choice=ChoiceTerms(), purposes=purposes, trackers=trackers)


def chosen(under: Policy, **answers: bool) -> Choice:
    return Choice(digest(terms_of(under)), answers, "r", 0)


def test_accept_all_grants_every_purpose_of_the_terms() -> None:
    terms = terms_of(policy(SOCIAL, ADS))
    assert decide(Action.ACCEPT_ALL, terms, (), {}) == {"advertising": True, "social": True}


def test_refuse_all_stores_refusals_as_explicitly_as_grants() -> None:
    terms = terms_of(policy(SOCIAL, ADS))
    assert decide(Action.REFUSE_ALL, terms, (), {}) == {"advertising": False, "social": False}


def test_save_refuses_what_it_does_not_name() -> None:
    terms = terms_of(policy(SOCIAL, ADS))
    former = {"advertising": Answer.GRANTED}
    assert decide(Action.SAVE, terms, ["social"], former) == {"advertising": False, "social": True}


def test_grant_keeps_what_was_granted_before() -> None:
    terms = terms_of(policy(SOCIAL, ADS))
    former = {"advertising": Answer.GRANTED}
    assert decide(Action.GRANT, terms, ["social"], former) == {"advertising": True, "social": True}


def test_a_purpose_that_nobody_declared_is_refused() -> None:
    with pytest.raises(UnknownPurposeError, match="spying"):
        decide(Action.SAVE, terms_of(policy(SOCIAL)), ["spying"], {})


@pytest.mark.parametrize(
    ("start", "lifetime", "end"),
    [
        ("2026-01-15", Period(count=6, unit="month"), "2026-07-15"),
        ("2026-08-31", Period(count=6, unit="month"), "2027-02-28"),
        ("2024-02-29", Period(count=1, unit="year"), "2025-02-28"),
        ("2026-12-01", Period(count=1, unit="month"), "2027-01-01"),
        ("2026-03-01", Period(count=30, unit="day"), "2026-03-31"),
    ],
)
def test_a_lifetime_is_counted_in_calendar_months(start: str, lifetime: Period, end: str) -> None:
    def at(day: str) -> int:
        return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())

    assert expiry(at(start), lifetime) == at(end)


@given(st.integers(0, 4_000_000_000), st.integers(1, 24))
def test_months_never_end_later_than_the_calendar_allows(made: int, months: int) -> None:
    days = (expiry(made, Period(count=months, unit="month")) - made) / 86_400
    assert 28 * months <= days <= 31 * months
    assert calendar.timegm(datetime.fromtimestamp(made, UTC).timetuple()) == made


def test_the_same_policy_leaves_the_choice_decided() -> None:
    today = policy(SOCIAL, ADS)
    standing = stand(
        terms_of(today), chosen(today, social=True, advertising=False), terms_of(today)
    )
    assert standing.decided
    assert standing.band is Band.MIXED
    assert standing.grants("social")
    assert not standing.grants("advertising")


def test_a_purpose_added_later_is_undecided_and_asks_again() -> None:
    then, now = policy(SOCIAL), policy(SOCIAL, ADS)
    standing = stand(terms_of(now), chosen(then, social=True), terms_of(then))
    assert standing.answers == {"advertising": Answer.UNDECIDED, "social": Answer.GRANTED}
    assert standing.asks
    assert standing.band is Band.MIXED


def test_a_vendor_added_later_is_denied_while_the_others_keep_their_grant() -> None:
    old = Tracker(vendor="Old", purpose="social", hosts=("old.test",))
    new = Tracker(vendor="New", purpose="social", hosts=("new.test",))
    then, now = policy(SOCIAL, trackers=(old,)), policy(SOCIAL, trackers=(old, new))
    standing = stand(terms_of(now), chosen(then, social=True), terms_of(then))
    assert standing.allows(now, old)
    assert not standing.allows(now, new)
    assert not standing.decided


def test_a_vendor_removed_asks_nobody_again() -> None:
    old = Tracker(vendor="Old", purpose="social", hosts=("old.test",))
    then, now = policy(SOCIAL, trackers=(old,)), policy(SOCIAL)
    assert stand(terms_of(now), chosen(then, social=True), terms_of(then)).decided


def test_more_data_for_a_purpose_asks_again_and_less_does_not() -> None:
    little, much = (
        policy(Purpose(key="social", data=("ip",))),
        policy(Purpose(key="social", data=("ip", "location"))),
    )
    assert not stand(terms_of(much), chosen(little, social=True), terms_of(little)).decided
    assert stand(terms_of(little), chosen(much, social=True), terms_of(much)).decided


def test_typography_asks_nobody_again_and_new_words_do() -> None:
    plain = policy(Purpose(key="social", data=("ip",), title={"fr": "Réseaux sociaux"}))
    typeset = policy(Purpose(key="social", data=("ip",), title={"fr": "RÉSEAUX  « sociaux » !"}))
    other = policy(Purpose(key="social", data=("ip",), title={"fr": "Partage et profilage"}))
    assert digest(terms_of(plain)) == digest(terms_of(typeset))
    choice = chosen(plain, social=True)
    assert not stand(terms_of(other), choice, terms_of(plain)).decided


def test_another_language_asks_nobody_again() -> None:
    one = policy(Purpose(key="social", data=("ip",), title={"fr": "Réseaux"}))
    two = policy(Purpose(key="social", data=("ip",), title={"fr": "Réseaux", "en": "Networks"}))
    assert stand(terms_of(two), chosen(one, social=True), terms_of(one)).decided


def test_without_a_choice_nothing_is_granted_and_the_band_is_neutral() -> None:
    standing = stand_without_choice(policy(SOCIAL), signal=False)
    assert (standing.band, standing.asks, standing.grants("social")) == (
        Band.UNDECIDED,
        True,
        False,
    )


def test_the_browsers_signal_refuses_without_asking() -> None:
    standing = stand_without_choice(policy(SOCIAL), signal=True)
    assert (standing.band, standing.asks, standing.decided) == (Band.REFUSED, False, False)
    assert standing.source is Source.SIGNAL


def test_a_ledger_that_is_down_means_refused() -> None:
    assert stand_ledger_down(policy(SOCIAL)).answers == {"social": Answer.REFUSED}
