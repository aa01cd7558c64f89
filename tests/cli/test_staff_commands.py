"""``bandeau staff``: who may sign in, and what is said where it does not work."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bandeau import limits
from bandeau.cli import main
from bandeau.features.comments.staff import Role, Staff, matches
from bandeau.storage.comments.newsroom import newsroom
from bandeau.storage.comments.store import FILE
from bandeau.storage.place import open_place

pytestmark = [pytest.mark.usefixtures("quick_passwords"), pytest.mark.slow]
PASSWORD = "correct horse battery"


def staff(data: Path | str, *arguments: str, said: str = "") -> Result:
    result = CliRunner().invoke(main, ["staff", *arguments, "--data", str(data)], input=said)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def member(data: Path | str, name: str) -> Staff | None:
    place = open_place(data)
    comments = place.comments()
    try:
        return asyncio.run(newsroom(comments.tables).staff.find(name))
    finally:
        comments.close()
        place.close()


def test_a_member_is_added_listed_and_removed(tmp_path: Path) -> None:
    assert "Nobody" in staff(tmp_path, "list").output
    added = staff(tmp_path, "add", "Camille", "--role", "editor", said=f"{PASSWORD}\n")
    assert (added.exit_code, added.output) == (0, "camille: added, editor.\n")
    assert staff(tmp_path, "add", "ada", said=PASSWORD).exit_code == 0
    listed = staff(tmp_path, "list").output.splitlines()
    assert [line.split("  ")[:2] for line in listed] == [
        ["ada", "moderator"],
        ["camille", "editor"],
    ]
    assert PASSWORD not in "".join(listed)
    assert staff(tmp_path, "remove", "camille").output == "camille: removed.\n"
    assert member(tmp_path, "camille") is None


def test_a_password_is_kept_as_an_argon2_hash_and_can_be_changed(tmp_path: Path) -> None:
    staff(tmp_path, "add", "ada", "--role", "administrator", said=PASSWORD)
    first = member(tmp_path, "ada")
    assert first is not None
    assert first.role is Role.ADMINISTRATOR
    assert first.secret.startswith("$argon2id$")
    assert matches(first, PASSWORD)
    changed = staff(tmp_path, "password", "ada", said="étoile de mer\n")
    assert changed.exit_code == 0
    second = member(tmp_path, "ada")
    assert not matches(second, PASSWORD)
    assert matches(second, "e\u0301toile de mer")
    everything = b"".join(path.read_bytes() for path in tmp_path.glob(f"{FILE}*"))
    assert PASSWORD.encode() not in everything
    assert first.secret.encode() not in everything


@pytest.mark.parametrize(
    ("arguments", "said", "told"),
    [
        (("add", "a b"), PASSWORD, "'a b' cannot be a name: a name is"),
        (("add", "x" * 41), PASSWORD, "at most 40"),
        (("add", "new"), "short\n", "a password has 12 to 200 characters"),
        (("add", "new"), "", "a password has 12 to 200 characters"),
        (("add", "new"), "x" * (limits.STAFF_PASSWORD_CHARACTERS + 1), "12 to 200"),
        (("add", "ada"), PASSWORD, "ada: is on the staff already."),
        (("remove", "nobody"), "", "nobody: is not on the staff."),
        (("password", "nobody"), PASSWORD, "nobody: is not on the staff."),
        (("password", "ada"), "short", "12 to 200"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    tmp_path: Path, arguments: tuple[str, ...], said: str, told: str
) -> None:
    staff(tmp_path, "add", "ada", said=PASSWORD)
    before = staff(tmp_path, "list").output
    result = staff(tmp_path, *arguments, said=said)
    assert result.exit_code == 1
    assert told in result.output
    assert staff(tmp_path, "list").output == before
    assert matches(member(tmp_path, "ada"), PASSWORD)


def test_a_password_is_no_argument(tmp_path: Path) -> None:
    assert staff(tmp_path, "add", "ada", PASSWORD).exit_code == 2
    assert staff(tmp_path, "add", "ada", "--password", PASSWORD).exit_code == 2


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    missing = staff(tmp_path / "nowhere", "list")
    assert (missing.exit_code, "no such directory" in missing.output) == (2, True)
    (tmp_path / FILE).write_bytes(b"not a database at all, but long enough" * 50)
    damaged = staff(tmp_path, "list")
    assert damaged.exit_code == 2
    assert FILE in damaged.output


def test_staff_of_a_database(postgres: object) -> None:
    address = postgres.database()  # type: ignore[attr-defined]
    place = open_place(address)
    place.ledger(place.make_keys("www.quotidien.test", bytes)).close()
    place.close()
    assert staff(address, "add", "ada", said=PASSWORD).exit_code == 0
    assert "ada  moderator" in staff(address, "list").output
