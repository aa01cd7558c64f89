"""The signed cookies: what this site did not write is nothing."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.choice.model import Choice
from bandeau.choice.token import Loaded, Seal, Ticket

KEYS = (b"k" * 32,)
RECORD = str(uuid.UUID(int=7))
CHOICE = Choice("0123456789abcdef", {"social": True, "advertising": False}, RECORD, 1_790_000_000)


def test_a_choice_comes_back_as_it_was_written() -> None:
    seal = Seal(KEYS, "a.test")
    sealed = seal.read_choice(seal.write_choice(CHOICE))
    assert sealed is not None
    assert sealed.open(("advertising", "social")) == CHOICE


def test_all_before_the_tilde_is_the_same_for_visitors_who_chose_alike() -> None:
    seal = Seal(KEYS, "a.test")
    other = Choice(CHOICE.terms, CHOICE.answers, str(uuid.UUID(int=8)), 1_790_000_999)
    first, second = seal.write_choice(CHOICE), seal.write_choice(other)
    assert first != second
    assert first.split("~")[0] == second.split("~")[0] == "1.0123456789abcdef.01"


def test_a_receipt_comes_back_as_it_was_written() -> None:
    seal, ticket = Seal(KEYS, "a.test"), Ticket(b"v" * 16, RECORD)
    assert seal.read_receipt(seal.write_receipt(ticket)) == ticket


def test_a_choice_is_no_receipt_and_the_other_way_round() -> None:
    seal = Seal(KEYS, "a.test")
    assert seal.read_receipt(seal.write_choice(CHOICE)) is None
    assert seal.read_choice(seal.write_receipt(Ticket(b"v" * 16, RECORD))) is None


def test_a_cookie_of_another_site_with_the_same_keys_is_nothing() -> None:
    assert Seal(KEYS, "b.test").read_choice(Seal(KEYS, "a.test").write_choice(CHOICE)) is None


def test_keys_rotate_without_asking_anyone_again() -> None:
    old, new = b"o" * 32, b"n" * 32
    written = Seal((old,), "a.test").write_choice(CHOICE)
    rotated = Seal((old, new), "a.test")
    assert rotated.read_choice(written) is not None
    assert Seal((new,), "a.test").read_choice(written) is None
    assert Seal((new,), "a.test").read_choice(rotated.write_choice(CHOICE)) is not None


@given(st.integers(0), st.characters(codec="ascii"))
def test_any_changed_character_is_a_forgery(at: int, other: str) -> None:
    seal = Seal(KEYS, "a.test")
    value = seal.write_choice(CHOICE)
    index = at % len(value)
    forged = value[:index] + other + value[index + 1 :]
    assert forged == value or seal.read_choice(forged) is None


@given(st.text(max_size=600))
def test_arbitrary_text_is_nothing(value: str) -> None:
    assert Seal(KEYS, "a.test").read_choice(value) is None
    assert Seal(KEYS, "a.test").read_receipt(value) is None


@pytest.mark.parametrize("cut", [1, 10, 43, 60])
def test_a_truncated_cookie_is_nothing(cut: int) -> None:
    seal = Seal(KEYS, "a.test")
    assert seal.read_choice(seal.write_choice(CHOICE)[:-cut]) is None


def test_a_mask_that_does_not_fit_the_terms_opens_nothing() -> None:
    seal = Seal(KEYS, "a.test")
    sealed = seal.read_choice(seal.write_choice(CHOICE))
    assert sealed is not None
    assert sealed.open(("social",)) is None


LOADED = [
    Loaded(RECORD, None, ("0123456789abcdef",)),
    Loaded(RECORD, str(uuid.UUID(int=9)), ("0" * 16,) * limits.ITEMS),
]


@pytest.mark.parametrize("loaded", LOADED)
def test_loaded_items_come_back_as_they_were_written(loaded: Loaded) -> None:
    seal = Seal(KEYS, "a.test")
    value = seal.write_items(loaded)
    assert seal.read_items(value) == loaded
    assert len(value) <= limits.CHOICE_COOKIE_BYTES
    assert seal.read_choice(value) is None
    assert seal.read_receipt(value) is None
    assert Seal(KEYS, "b.test").read_items(value) is None
    assert seal.read_items(value[:-1]) is None
