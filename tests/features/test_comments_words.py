"""Word lists: whole words, however they are written."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau.features.comments.words import WordList, entries, fold

LETTERS = st.text("abcdefghiklmnoprstuvxyz", min_size=1, max_size=12)


def words_in(text: str, *listed: str) -> list[str]:
    return [found.word for found in WordList(listed).found(text)]


@pytest.mark.parametrize(
    "text",
    [
        "cheap casino here",
        "CASINO",
        "(Casino!)",
        "casino\ncasino",
        "cásinö",
        "caſino",
        "ｃａｓｉｎｏ",
        "cаsinо",
        "сαѕıno",
        "cas\u200bi\u00adno",
        "ca\u0336s\u0336ino",
        "𝐜𝐚𝐬𝐢𝐧𝐨",
    ],
)
def test_a_listed_word_is_found_however_it_is_written(text: str) -> None:
    assert words_in(text, "Casino", "other") == ["Casino"]


@pytest.mark.parametrize("text", ["", "casinos", "ocasino", "cas ino", "casi", "no case", "!*"])
def test_other_words_are_not(text: str) -> None:
    assert words_in(text, "casino") == []


@pytest.mark.parametrize(
    ("listed", "text", "found"),
    [
        ("buy now", "Buy  NOW!", True),
        ("buy now", "buy it now", False),
        ("viagr*", "viagrande", True),
        ("viagr*", "xviagra", False),
        ("сволочь", "Ах ты, СВОЛОЧЬ!", True),
        ("été", "ete", True),
        ("مرحبا", "مَرْحَبًا بكم", True),
        ("straße", "STRASSE", True),
        ("bœuf", "boeuf", True),
    ],
)
def test_phrases_endings_and_scripts(listed: str, text: str, found: bool) -> None:
    assert bool(words_in(text, listed)) is found


def test_what_is_refused_is_told_from_what_is_held() -> None:
    both = WordList(["casino", "! pills", "casino"]).found("pills at the casino, pills!")
    assert both == (("casino", False), ("pills", True))


def test_entries_in_which_nothing_can_be_found_find_nothing() -> None:
    assert words_in("any * text ! at all", "", " ", "*", "!", "!*", "…") == []
    assert words_in("anything") == []


def test_a_file_has_an_entry_a_line_and_remarks() -> None:
    assert entries("casino\r\n\n# all of them\n! pills # worst\n  buy now  \n") == [
        "casino",
        "! pills",
        "buy now",
    ]


@given(LETTERS, st.lists(LETTERS, max_size=6), st.lists(LETTERS, max_size=6))
def test_a_word_is_found_if_and_only_if_it_is_there(
    word: str, before: list[str], after: list[str]
) -> None:
    others = " ".join([*before, *after])
    assert words_in(others, word) == ([word] if word in [*before, *after] else [])
    assert words_in(" ".join([*before, word.upper(), *after]), word) == [word]


@given(st.text(max_size=60), st.text(max_size=20))
def test_folding_holds_and_nothing_breaks_it(text: str, listed: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert not any(unicodedata.category(char) in ("Mn", "Me", "Cf") for char in fold(text))
    WordList([listed]).found(text)


def test_thousands_of_words_are_one_search() -> None:
    listed = WordList(f"word{number}" for number in range(20_000))
    assert [found.word for found in listed.found("a word19999 and word7")] == ["word7", "word19999"]
