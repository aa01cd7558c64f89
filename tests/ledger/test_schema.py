"""The published schema and the reader accept the same records."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import ledger_drafts as drafts
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.cli import main
from bandeau.ledger.record import FIELDS, VERSIONS, Kind, RecordError, fields_of, parse_record
from bandeau.ledger.schema import record_schema

SCHEMA = record_schema()
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)


def written(draft: Any, placed: Any = None) -> dict[str, Any]:
    return json.loads(draft.body(placed))


WHOLE = [
    written(drafts.choice(1)),
    written(drafts.choice(2), "c" * 64) | {"withdrawn": ["advertising", "social"]},
    written(drafts.item(1, "ana")),
    written(drafts.terms()),
    written(drafts.notice()),
    written(drafts.audit()),
    written(drafts.erasure(3, drafts.record_id(1)), 7),
]
OLD = [
    {name: value for name, value in record.items() if name in fields_of(Kind(record["kind"]), 1)}
    | {"v": 1}
    for record in WHOLE
]
ODD = [
    *(None, True, False, 0, -1, 3, 1.5, 1e3, 1 << 53, (1 << 53) - 1, "", " ", "x", "é", "fr\n"),
    *("a" * 64, "a" * 64 + "\n", "A" * 64, "a" * 40, "a" * 41, "a" * 100, "a" * 101, "load", "api"),
    *("en-Latn-GB", "save", "request", "a.test", ".test", "b" * 2_000, "b" * 2_001, "choice"),
    *([], ["social"], ["b", "a"], ["a", "a"], [1], ["A"], [f"p{n:02}" for n in range(25)]),
    *({}, {"social": True}, {"social": 1}, {"a.png": "a" * 64}, {"../a.png": "a" * 64}),
    *({f"p{n}": True for n in range(25)}, {f"{n}.png": "a" * 64 for n in range(65)}),
]
KNOWN = [value for record in WHOLE for value in record.values()]
NAMES = sorted({name for fields in FIELDS.values() for name in fields} | {"ip", "V", ""})


@st.composite
def records(draw: st.DrawFn) -> Any:
    """A record of any kind and version, with up to three changes."""
    record = dict(draw(st.sampled_from(WHOLE + OLD)))
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(NAMES) | st.sampled_from(sorted(record) or NAMES))
        if draw(st.booleans()):
            record.pop(name, None)
        else:
            record[name] = draw(st.sampled_from(ODD) | st.sampled_from(KNOWN))
    return draw(st.sampled_from([record] * 30 + [[record], None, "x", 1]))


def read(body: bytes) -> bool:
    try:
        parse_record(body)
    except RecordError:
        return False
    return True


def allowed(body: bytes) -> bool:
    """What the schema says, of numbers as they are written and of sorted lists."""
    value = json.loads(body, parse_float=lambda written: [written])
    kept = value.get("withdrawn") if isinstance(value, dict) else None
    if isinstance(kept, list) and all(isinstance(key, str) for key in kept):
        value["withdrawn"] = sorted(kept)
        return VALIDATOR.is_valid(value) and kept == sorted(kept)
    return VALIDATOR.is_valid(value)


@given(records())
def test_both_accept_or_both_refuse(record: Any) -> None:
    body = json.dumps(record).encode()
    assert allowed(body) == read(body)


@pytest.mark.parametrize("record", WHOLE + OLD, ids=lambda r: f"{r['kind']}-{r['v']}")
def test_every_field_of_every_kind_with_every_odd_value(record: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(record)
    for name in sorted(record):
        for value in ODD:
            body = json.dumps(record | {name: value}).encode()
            assert allowed(body) == read(body), (name, value)


def test_the_schema_is_one_and_describes_every_field() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    defined = SCHEMA["$defs"]
    assert isinstance(defined, dict)
    assert set(defined) == {f"{kind}-{v}" for kind in Kind for v in VERSIONS}
    for kind in Kind:
        for version in VERSIONS:
            told = defined[f"{kind}-{version}"]["properties"]
            assert set(told) == fields_of(kind, version)
            assert all(field["description"] for field in told.values())


def test_what_the_schema_cannot_say_it_says_in_words() -> None:
    said = str(SCHEMA["description"])
    assert str(limits.LEDGER_RECORD_BYTES) in said and "No key stands twice" in said
    assert "no fraction" in said


def test_the_command_prints_it() -> None:
    printed = CliRunner().invoke(main, ["ledger", "schema"])
    assert printed.exit_code == 0 and json.loads(printed.output) == SCHEMA
