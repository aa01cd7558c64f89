"""The built-in texts: every language says the same things, with the same blanks."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from bandeau.ledger.record import MECHANISMS
from bandeau.policy import words
from bandeau.policy.model import LANGUAGES, DataKind, Exemption

TEXTS = Path(words.__file__).parent / "texts"
BUTTONS = ("notice.accept_all", "notice.refuse_all", "notice.customise")
BUTTON_CHARACTERS = 28
EXPLICIT_REFUSALS = {
    "fr": "Tout refuser",
    "en": "Refuse all",
    "de": "Alle ablehnen",
    "es": "Rechazar todo",
    "it": "Rifiuta tutto",
    "ru": "Отклонить всё",
    "ar": "رفض الكل",
}


def texts_of(lang: str) -> Mapping[str, str]:
    return words.flatten(tomllib.loads((TEXTS / f"{lang}.toml").read_text("utf-8")))


def blanks(text: str) -> list[str]:
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})


def test_each_language_has_one_file() -> None:
    assert {path.stem for path in TEXTS.glob("*.toml")} == set(LANGUAGES)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_holds_the_keys_of_english(lang: str) -> None:
    assert set(texts_of(lang)) ^ set(texts_of("en")) == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_text_has_the_blanks_of_english(lang: str) -> None:
    english = texts_of("en")
    wrong = {
        key: (blanks(text), blanks(english[key]))
        for key, text in texts_of(lang).items()
        if key in english and blanks(text) != blanks(english[key])
    }
    assert not wrong


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_is_empty_or_padded(lang: str) -> None:
    assert [key for key, text in texts_of(lang).items() if not text or text != text.strip()] == []


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "en"])
def test_sentences_are_translated(lang: str) -> None:
    english = texts_of("en")
    sentences = {key: text for key, text in texts_of(lang).items() if text.count(" ") > 1}
    assert [key for key, text in sentences.items() if text == english.get(key)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_three_controls_are_short_and_differ(lang: str) -> None:
    labels = [texts_of(lang)[key] for key in BUTTONS]
    assert len(set(labels)) == len(labels)
    assert [label for label in labels if len(label) > BUTTON_CHARACTERS] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_refusal_is_explicit(lang: str) -> None:
    """Rule B7."""
    assert texts_of(lang)["notice.refuse_all"] == EXPLICIT_REFUSALS[lang]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_shouts(lang: str) -> None:
    """Rule B13: no emotion in the dialog."""
    assert [key for key, text in texts_of(lang).items() if "!" in text] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_texts_point_at_the_band_by_its_own_label(lang: str) -> None:
    texts = texts_of(lang)
    assert texts["band.change"] in texts["notice.withdraw"]
    assert texts["band.change"] in texts["comments.error_locked"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_place_of_a_choice_has_a_name(lang: str) -> None:
    texts = texts_of(lang)
    assert [place for place in MECHANISMS if f"record.where_{place}" not in texts] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_of_data_and_every_exemption_has_a_name(lang: str) -> None:
    texts = texts_of(lang)
    assert [kind for kind in DataKind if f"data.{kind}" not in texts] == []
    assert [reason for reason in Exemption if f"exemptions.{reason}" not in texts] == []


def test_french_sets_its_spaces() -> None:
    """A plain space before a double mark, or inside guillemets, would break across lines."""
    loose = (" :", " ;", " ?", " !", " »", "« ")
    assert [k for k, text in texts_of("fr").items() if any(mark in text for mark in loose)] == []


def test_arabic_isolates_are_closed() -> None:
    texts = texts_of("ar")
    assert [k for k, t in texts.items() if t.count("\u2068") != t.count("\u2069")] == []
