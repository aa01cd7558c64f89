"""``bandeau ledger copy``: the same ledger in PostgreSQL, and every receipt of before."""

import asyncio
import json
from datetime import date

import apsw
import ledger_drafts as drafts
import pytest
from click.testing import CliRunner

from bandeau.cli import main
from bandeau.enforcement.sightings import Kind, Sighting, Teller
from bandeau.features.comments.model import Comment
from bandeau.ledger.outbox import Event, Message, State, Withdrawal
from bandeau.ledger.record import parse_record
from bandeau.storage.keys import load_or_create
from bandeau.storage.place import open_place
from bandeau.storage.sqlite.ledger import SqliteLedger
from bandeau.storage.sqlite.outbox import SqliteOutbox
from bandeau.storage.suffixes import public_suffixes

pytestmark = pytest.mark.slow

COMMENT = Comment("c-1", "/a", "Ana", "<p>Été</p>", 1_700_000_000_000, None, "r-1", root="c-1")

MESSAGE = Message("msg_1", "Ads", "https://ads.test/", b"{}", 5, State.DELIVERED, 1, 9, "204", 6)
DAYS = date(2026, 11, 25), date(2026, 11, 27)
SIGHTING = Sighting(Kind.COOKIE, "_été", Teller.BROWSER, "set-cookie", "/é", *DAYS, 2, 2**40)
REGISTRABLE = public_suffixes().registrable
ERASED = Withdrawal(Event.ERASED, "ab" * 32, "www.quotidien.test", 7, ("social",))


def run(*words):
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def folder(tmp_path):
    """Data of a site: choices, what was shown, an erasure and a comment; and its receipts."""
    directory = tmp_path / "data"
    keys = load_or_create(directory, drafts.ORIGIN)
    ledger = SqliteLedger(directory, keys.signer)

    async def work():
        await ledger.append(drafts.terms())
        await ledger.append(drafts.notice())
        receipts = [await ledger.append(drafts.choice(n, f"v{n % 7}")) for n in range(300)]
        await ledger.append(drafts.erasure(900, drafts.record_id(7)))
        return receipts

    receipts = asyncio.run(work())
    ledger.close()
    comments = open_place(directory).comments()
    asyncio.run(comments.add(COMMENT))
    comments.close()
    outbox = SqliteOutbox(directory)
    outbox.queue([MESSAGE], 302)
    outbox.announce([ERASED])
    outbox.close()
    sightings = open_place(directory).sightings(REGISTRABLE)
    sightings.add([SIGHTING])
    sightings.close()
    return directory, receipts


def exported(data, tmp_path):
    out = tmp_path / "out.jsonl"
    assert run("ledger", "export", "--data", data, "--out", out)[0] == 0
    return out.read_bytes()


def test_everything_is_there_and_every_receipt_comes_again(folder, postgres, tmp_path):
    directory, receipts = folder
    address = postgres.database()
    code, text = run("ledger", "copy", "--from", directory, "--to", address)
    assert (code, text.split(".")[0]) == (0, "303 records copied, and verified there")
    assert exported(address, tmp_path) == exported(directory, tmp_path)
    assert run("ledger", "key", "--data", address) == run("ledger", "key", "--data", directory)
    assert run("ledger", "verify", "--data", address) == run(
        "ledger", "verify", "--data", directory
    )
    place = open_place(address)
    ledger, comments = place.ledger(place.keys()), place.comments()

    async def work():
        again = [await ledger.append(drafts.choice(n, f"v{n % 7}")) for n in (0, 8, 299)]
        new = await ledger.append(drafts.choice(1000, "v0"))
        return again, new, await comments.find("c-1")

    try:
        again, new, comment = asyncio.run(work())
    finally:
        ledger.close()
        place.close()
    assert [json.dumps(r.as_json()) for r in again] == [
        json.dumps(receipts[n].as_json()) for n in (0, 8, 299)
    ]
    assert new.index == 303
    assert parse_record(new.record).prev is not None
    assert comment == COMMENT
    assert run("ledger", "verify", "--data", address)[0] == 0
    name = address.rpartition("/")[2]
    assert postgres.sql("SELECT count(*) FROM consent_2027_01", name) == "301\n"


def test_a_database_with_a_ledger_is_refused_and_left_alone(folder, postgres, tmp_path):
    directory, _ = folder
    address = postgres.database()
    assert run("ledger", "copy", "--from", directory, "--to", address)[0] == 0
    before = exported(address, tmp_path)
    code, text = run("ledger", "copy", "--from", directory, "--to", address)
    assert (code, text) == (
        1,
        "Nothing copied: the database has a ledger already: copy into a new one.\n",
    )
    assert exported(address, tmp_path) == before


def test_a_copy_that_fails_leaves_an_empty_database(folder, postgres):
    directory, _ = folder
    file = apsw.Connection(str(directory / "comments.sqlite"))
    file.execute("UPDATE comment SET name = 'a' || char(0)")
    address = postgres.database()
    code, text = run("ledger", "copy", "--from", directory, "--to", address)
    assert (code, text.startswith("the database cannot be written: ")) == (2, True)
    assert postgres.sql("SELECT count(*) FROM leaf", address.rpartition("/")[2]) == "0\n"
    file.execute("UPDATE comment SET name = 'Ana'")
    file.close()
    assert run("ledger", "copy", "--from", directory, "--to", address)[0] == 0


def test_what_does_not_verify_is_not_copied(folder, postgres):
    directory, _ = folder
    file = apsw.Connection(str(directory / "ledger.sqlite"))
    file.execute("UPDATE leaf SET salt = zeroblob(32) WHERE idx = 5")
    file.close()
    code, text = run("ledger", "copy", "--from", directory, "--to", postgres.database())
    assert (code, "does not verify" in text) == (1, True)


def test_only_from_a_folder_to_a_database(folder, tmp_path):
    directory, _ = folder
    code, text = run("ledger", "copy", "--from", directory, "--to", tmp_path)
    assert (code, text) == (2, "Copy --from a directory --to a postgresql:// address.\n")


def test_vendors_are_not_told_again(folder, postgres):
    address = postgres.database()
    assert run("ledger", "copy", "--from", folder[0], "--to", address)[0] == 0
    place = open_place(address)
    outbox = place.outbox()
    assert (outbox.all(), outbox.position(), outbox.announced()) == ((MESSAGE,), 302, (ERASED,))
    place.close()


def test_what_was_seen_undeclared_is_there(folder, postgres):
    address = postgres.database()
    assert run("ledger", "copy", "--from", folder[0], "--to", address)[0] == 0
    place = open_place(address)
    assert place.sightings(REGISTRABLE).all() == (SIGHTING,)
    place.close()


@pytest.mark.parametrize("name", ["comments", "outbox", "trackers"])
def test_a_damaged_file_beside_the_ledger_is_told_and_nothing_copied(folder, postgres, name):
    directory, _ = folder
    (directory / f"{name}.sqlite").write_bytes(b"no database" * 500)
    address = postgres.database()
    code, text = run("ledger", "copy", "--from", directory, "--to", address)
    assert (code, text.startswith("Nothing copied: ")) == (2, True), text
    assert f"{name}.sqlite" in text
    assert postgres.sql("SELECT count(*) FROM leaf", address.rpartition("/")[2]) == "0\n"
