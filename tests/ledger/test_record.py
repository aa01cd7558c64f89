"""What a record says, and what it can never say (rules L2, L8, C5)."""

import hashlib
import json
import uuid

import ledger_drafts as drafts
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.ledger.draft import Draft
from bandeau.ledger.record import (
    FIELDS,
    Kind,
    RecordError,
    artefact_hash,
    items_subject_of,
    parse_record,
    policy_record_id,
    subject_of,
    uuid7,
)

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
SUBJECT = "ab" * 32


def choice(**changes):
    fields = {
        "id": ID,
        "site": "www.quotidien.test",
        "subject": SUBJECT,
        "time": 1_800_000_000_123,
        "action": "save",
        "mechanism": "panel",
        "purposes": {"social": True, "advertising": False},
        "policy": "0123456789abcdef",
        "notice": "a" * 64,
        "lang": "fr",
        "layout": "bar",
        "gpc": False,
        "expires": 1_815_000_000,
    }
    return Draft.choice(**{**fields, **changes})


def test_a_choice_is_written_as_canonical_json_and_read_back():
    body = choice().body()
    assert (
        body
        == json.dumps(
            json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()
    )
    record = parse_record(body)
    assert record.purposes == {"social": True, "advertising": False}
    assert (record.kind, record.prev, record.id) == (Kind.CHOICE, None, ID)


def test_no_field_has_room_for_an_address_an_agent_or_a_page():
    names = {name for fields in FIELDS.values() for name in fields}
    for word in ("ip", "addr", "agent", "ua", "url", "uri", "page", "path", "referer", "referrer",
                 "query", "mail", "device", "session", "cookie", "geo", "country"):  # fmt: skip
        assert not [name for name in names if word in name.split("_")], word
    for value in (
        "192.0.2.7",
        "2001:db8::7",
        "https://www.quotidien.test/a?b=c",
        "Mozilla/5.0 (X)",
    ):
        for field in ("lang", "layout", "notice", "mechanism", "action", "policy", "subject"):
            with pytest.raises(RecordError, match=field):
                choice(**{field: value})
        with pytest.raises(RecordError, match="purposes"):
            choice(purposes={value: True})


@pytest.mark.parametrize("name", sorted(FIELDS[Kind.CHOICE]))
def test_a_record_without_one_of_its_fields_is_refused(name):
    fields = json.loads(choice().body())
    del fields[name]
    with pytest.raises(RecordError, match=name):
        parse_record(json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"purposes": {"social": 1}}, "purposes"),
        ({"purposes": {f"p{n}": True for n in range(limits.POLICY_PURPOSES + 1)}}, "purposes"),
        ({"purposes": None}, "purposes"),
        ({"gpc": 0}, "gpc"),
        ({"time": -1}, "time"),
        ({"time": 1.5}, "time"),
        ({"time": True}, "time"),
        ({"expires": 1 << 53}, "expires"),
        ({"id": ID.upper()}, "id"),
        ({"id": "x"}, "id"),
        ({"extra": "x"}, "extra"),
        ({"site": "no host"}, "site"),
        ({"lang": "f\ud800"}, "writable|lang"),
    ],
)
def test_bad_fields_are_refused_by_name(changes, word):
    with pytest.raises(RecordError, match=word):
        choice(**changes)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 10_000,
        b'{"kind":"choice","kind":"choice"}',
        b'{"kind":["choice"]}',
        b'{"v":NaN,"kind":"choice"}',
        b'{"kind":"other"}',
        b"{" + b" " * limits.LEDGER_TERMS_BYTES + b"}",
    ],
)
def test_anything_else_is_no_record(body):
    with pytest.raises(RecordError):
        parse_record(body)


@given(st.binary(max_size=300))
def test_parsing_never_fails_in_another_way(body):
    with pytest.raises(RecordError):
        parse_record(body)


def test_other_kinds():
    policy = Draft.policy(site="a.test", time=5, digest="0123456789abcdef", terms="é".encode())
    record = parse_record(policy.body())
    assert (record.terms, record.policy) == ("é", "0123456789abcdef")
    assert record.id == policy_record_id("0123456789abcdef")
    shown = {"policy": "0" * 16, "notice": "b" * 64, "lang": "fr", "layout": "bar"}
    notice = Draft.notice(site="a.test", time=5, artefacts={"notice.html": b"<p>"}, **shown)
    record = parse_record(notice.body())
    assert record.notice == "b" * 64
    assert record.artefacts == {"notice.html": artefact_hash(b"<p>")}
    kept = {"notice.html": b"<b>"}
    later = Draft.notice(site="a.test", time=6, artefacts=kept, **shown)
    other = Draft.notice(site="a.test", time=5, artefacts=kept, number=1, **shown)
    assert later.id == notice.id != other.id
    with pytest.raises(RecordError):
        Draft.notice(site="a.test", time=5, artefacts=kept, policy="0" * 16)


def test_records_of_the_first_version_are_read():
    """As they were written before what was withdrawn, the variant and the ground were told."""
    body = (
        b'{"action":"refuse_all","expires":1800000000,"gpc":false,"id":"%b","kind":"choice",'
        b'"lang":"fr","layout":"bar","mechanism":"notice","notice":"n","policy":"%b","prev":null,'
        b'"purposes":{"social":false},"site":"a.test","subject":"%b","time":5,"v":1}'
    ) % (ID.encode(), b"0" * 16, b"0" * 64)
    record = parse_record(body)
    assert (record.v, record.variant, list(record.withdrawn)) == (1, "standard", [])
    with pytest.raises(RecordError, match="withdrawn"):
        parse_record(body.replace(b'"v":1', b'"v":2'))


def test_an_erasure_does_not_repeat_the_erased_id():
    draft = Draft.erasure(id=uuid7(1, bytes(10)), site="a.test", time=5, erases=ID)
    body = draft.body(3)
    assert ID.encode() not in body and ID.replace("-", "").encode() not in body
    assert parse_record(body).index == 3


def test_a_record_too_long_is_refused():
    with pytest.raises(RecordError, match="longer"):
        Draft.policy(site="a.test", time=5, digest="0" * 16, terms=b"x" * limits.LEDGER_TERMS_BYTES)


@given(st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10))
def test_uuid7_holds_its_time_and_sorts_by_it(ms, random):
    made = uuid.UUID(uuid7(ms, random))
    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, ms)
    assert uuid7(ms, random) < uuid7(ms + 1, bytes(10)) or ms == (1 << 48) - 1


def test_uuid7_of_the_rfc():
    # RFC 9562, appendix A.6.
    assert uuid7(0x017F22E279B0, bytes.fromhex("0cc3") + bytes.fromhex("18c4dc0c0c07398f")) == (
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    )


def test_a_subject_is_keyed_and_names_no_visitor():
    one = subject_of(b"k" * 32, b"v" * 16)
    assert one != subject_of(b"j" * 32, b"v" * 16) != subject_of(b"j" * 32, b"w" * 16)
    # RFC 4231, test case 2.
    assert subject_of(b"Jefe", b"what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_an_item_has_a_form_of_its_own():
    record = parse_record(drafts.item(1, "anna").body())
    assert (record.kind, record.action, record.purposes) == (Kind.ITEM, "load", {})
    assert items_subject_of(b"key", b"anna") == record.subject != subject_of(b"key", b"anna")
    assert record.item == hashlib.sha256(b"https://t.me/a/1?embed=1").hexdigest()


@pytest.mark.parametrize(
    "changed",
    [
        {"item": "https://t.me/a/1"},
        {"host": "t.me/a"},
        {"vendor": ""},
        {"purpose": "Social"},
        {"action": "grant"},
        {"purposes": {}},
    ],
)
def test_an_item_has_no_room_for_anything_else(changed):
    told = json.loads(drafts.item(1, "anna").body()) | changed
    with pytest.raises(RecordError):
        parse_record(json.dumps(told).encode())


def test_a_choice_cannot_be_called_an_item():
    with pytest.raises(RecordError, match="action"):
        choice(action="load")
