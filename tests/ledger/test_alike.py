"""What an audit takes unread is what it would have read the same."""

import ledger_drafts as drafts
import pytest

from bandeau.ledger.alike import Shapes
from bandeau.ledger.record import RecordError, parse_record
from bandeau.ledger.verify import id_bytes

PREV = "ab" * 32


def known_by(shapes, body, number, prev=PREV):
    subject = bytes.fromhex(drafts.subject(f"visitor {number}"))
    return shapes.time_of(body, id_bytes(drafts.record_id(number)), subject, prev)


def times_of(shapes, told):
    return shapes.times_of(*zip(*told, strict=True))


@pytest.fixture
def shapes():
    made = Shapes()
    made.learn(drafts.choice(1).body(PREV))
    made.learn(drafts.choice(1).body(None))
    return made


def test_a_choice_alike_is_taken_with_its_time(shapes):
    assert known_by(shapes, drafts.choice(700).body(PREV), 700) == drafts.NOW + 700
    assert known_by(shapes, drafts.choice(700).body(None), 700, None) == drafts.NOW + 700


def test_what_is_not_as_expected_is_left_to_be_parsed(shapes):
    body = drafts.choice(700).body(PREV)
    assert known_by(shapes, body, 701) is None
    assert known_by(shapes, body, 700, None) is None
    assert known_by(shapes, body, 700, "cd" * 32) is None
    other = drafts.choice(700, social=False).body(PREV)
    assert known_by(shapes, other, 700) is None
    assert known_by(Shapes(), body, 700) is None


def test_of_many_each_is_told_by_itself(shapes):
    def told(number, body, prev=None):
        subject = bytes.fromhex(drafts.subject(f"visitor {number}"))
        return body, id_bytes(drafts.record_id(number)), subject, prev

    fit = [told(n, drafts.choice(n).body(None)) for n in range(700, 710)]
    chained = told(711, drafts.choice(711).body(PREV), PREV)
    refused = told(712, drafts.choice(712, social=False).body(None))
    foreign = told(714, drafts.choice(713).body(None))
    times = [drafts.NOW + n for n in range(700, 710)]
    assert times_of(shapes, fit) == times
    assert times_of(shapes, [*fit, chained, refused]) == [*times, drafts.NOW + 711, None]
    assert times_of(shapes, [foreign, *fit]) == [None, *times]
    assert shapes.times_of([], [], [], []) == []


def test_values_of_another_length_never_make_up_for_each_other(shapes):
    """Their texts stand side by side when they are compared."""
    told = [
        (drafts.choice(n).body(None), id_bytes(drafts.record_id(n)),
         bytes.fromhex(drafts.subject(f"visitor {n}")), None)
        for n in (700, 701)
    ]  # fmt: skip
    assert times_of(shapes, told) == [drafts.NOW + 700, drafts.NOW + 701]
    for column in (1, 2):
        moved = [list(each) for each in told]
        values = moved[0][column] + moved[1][column]
        half = len(values) // 2 - 1
        moved[0][column], moved[1][column] = values[:half], values[half:]
        assert times_of(shapes, moved) == [None, None]


def test_no_changed_byte_is_taken_that_a_parser_refuses(shapes):
    body = drafts.choice(700).body(PREV)
    for at in range(len(body)):
        for value in (body[at] ^ 1, body[at] ^ 32, ord("0"), ord('"'), ord("\\"), 0xFF):
            changed = body[:at] + bytes([value]) + body[at + 1 :]
            time = known_by(shapes, changed, 700)
            if time is not None:
                assert parse_record(changed).time == time


def test_a_learnt_shape_never_vouches_for_a_bad_id(shapes):
    body = drafts.choice(700).body(PREV)
    bad = drafts.record_id(700).replace("-7", "-4", 1)
    forged = body.replace(drafts.record_id(700).encode(), bad.encode())
    subject = bytes.fromhex(drafts.subject("visitor 700"))
    assert shapes.time_of(forged, id_bytes(bad), subject, PREV) is None
    with pytest.raises(RecordError):
        parse_record(forged)
