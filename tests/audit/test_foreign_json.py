"""What a page can put into JSON is read, or is a ``ValueError``; and it can be written again."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau.audit.foreign_json import read_foreign

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=10,
)


@given(ANY)
def test_whatever_is_read_can_be_written(value: object) -> None:
    found = read_foreign(json.dumps(value))
    orjson.dumps(found)
    if "\\ud" not in json.dumps(value):
        assert found == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":"\\ud800"}', {"a": "\ufffd"}),
        (b'["\\udc00x\\ud83d\\ude00\\ud83d"]', ["\ufffdx\U0001f600\ufffd"]),
        (b'"\\\\ud800"', "\\ud800"),
        (b'{"\\ud800":1}', {"\ufffd": 1}),
        (b'"\xff"', "\ufffd"),
        (memoryview(b'["\\ud800"]'), ["\ufffd"]),
    ],
)
def test_halves_of_characters_are_replaced(text: bytes, value: object) -> None:
    assert read_foreign(text) == value


@pytest.mark.parametrize("text", ["[" * 100_000, '["\\ud800"' + ",[" * 50_000, "", "x", "NaN"])
def test_what_holds_no_value_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        read_foreign(text)
