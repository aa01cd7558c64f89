"""Policy files and language files on disk."""

from __future__ import annotations

import stat
from pathlib import Path
from string import Formatter

import pytest

from bandeau import limits
from bandeau.policy.model import (
    KNOWN_PURPOSES,
    LANGUAGES,
    DataKind,
    Feature,
    Policy,
    Site,
    WordSource,
)
from bandeau.storage.files import listed_words, read_policy, read_words, write_new

WORDS = read_words()


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_a_policy_is_read_as_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b"\xef\xbb\xbf[site]\r\n")
    assert read_policy(path) == b"\xef\xbb\xbf[site]\r\n"


def test_no_more_is_read_than_tells_that_it_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b"#" * 10_000_000)
    assert len(read_policy(path)) == limits.POLICY_BYTES + 1


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"none\.toml: cannot be read: no such file"):
        read_policy(tmp_path / "none.toml")
    with pytest.raises(OSError, match=r"cannot be read: is a directory"):
        read_policy(tmp_path)
    with pytest.raises(OSError, match=r"cannot be read"):
        read_policy(tmp_path / "a\0b")


def test_the_product_speaks_only_languages_that_it_lists() -> None:
    assert set(WORDS.languages) <= set(LANGUAGES)
    assert "en" in WORDS.languages


@pytest.mark.parametrize("language", sorted(WORDS.languages))
def test_a_language_has_every_text_with_the_same_places(language: str) -> None:
    english, texts = WORDS.languages["en"], WORDS.languages[language]
    assert set(texts) == set(english)
    assert {key: placeholders(texts[key]) for key in texts} == {
        key: placeholders(english[key]) for key in english
    }
    assert all(text.strip() for text in texts.values())


def test_every_known_purpose_and_kind_of_data_has_texts() -> None:
    english = WORDS.languages["en"]
    for key in KNOWN_PURPOSES:
        assert {f"purposes.{key}.{field}" for field in ("title", "summary", "detail")} <= set(
            english
        )
    assert {f"data.{kind.value}" for kind in DataKind} <= set(english)
    named = {key.split(".")[1] for key in english if key.startswith("purposes.")}
    assert named == set(KNOWN_PURPOSES)


def test_a_new_file_is_written_whole_and_readable(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    write_new(path, b"one")
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_stays_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="exists already"):
        write_new(path, b"other")
    assert path.read_bytes() == b"mine"
    write_new(path, b"other", replace=True)
    assert path.read_bytes() == b"other"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_but_a_file_is_replaced(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be written"):
        write_new(tmp_path, b"x", replace=True)
    with pytest.raises(OSError, match="cannot be written"):
        write_new(Path("/dev/null"), b"x", replace=True)
    with pytest.raises(OSError, match="cannot be written: no such file"):
        write_new(tmp_path / "none" / "policy.toml", b"x")


LISTING = Policy(
    site=Site(name="x", controller="x", hosts=("x.test",), privacy_policy="/p"),
    features=(Feature(key="comments", purpose="social", words=WordSource(file="words.txt")),),
)


def test_a_word_list_lies_beside_the_policy(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_bytes(b"\xef\xbb\xbfcasino # why\r\n\r\n!pills\r\n")
    assert listed_words(LISTING, tmp_path / "policy.toml") == ("casino", "!pills")
    written = LISTING.features[0].model_copy(update={"words": WordSource(listed=("a",))})
    within = LISTING.model_copy(update={"features": (written,)})
    assert listed_words(within, tmp_path / "policy.toml") == ("a",)
    assert listed_words(LISTING.model_copy(update={"features": ()}), tmp_path / "p") == ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "no such file"),
        (b"caf\xe9", "not UTF-8"),
        (b"a\n" * (limits.POLICY_WORDS + 1), "shorten it"),
        (b"a" * (limits.POLICY_WORDS_BYTES + 1), "shorten it"),
    ],
)
def test_a_word_list_that_cannot_be_used_is_named(
    tmp_path: Path, data: bytes | None, said: str
) -> None:
    if data is not None:
        (tmp_path / "words.txt").write_bytes(data)
    with pytest.raises(OSError, match=rf"words\.txt: .*{said}"):
        listed_words(LISTING, tmp_path / "policy.toml")
