"""``bandeau ledger erase`` by version and ``purge``: what they say first, and what they do."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import ledger_drafts as drafts
import pytest
from click.testing import CliRunner
from publisher import POLICY

from bandeau.cli import main
from bandeau.ledger.draft import Draft
from bandeau.ledger.record import Ground, parse_record, uuid7
from bandeau.storage.keys import load_or_create
from bandeau.storage.sqlite.ledger import SqliteLedger
from bandeau.storage.sqlite.outbox import SqliteOutbox

NOTICE = "a" * 64


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    ledger = SqliteLedger(directory, load_or_create(directory, drafts.ORIGIN).signer)

    async def work() -> None:
        await ledger.append(drafts.terms())
        await asyncio.gather(*(ledger.append(drafts.choice(n)) for n in range(5)))
        await ledger.append(drafts.item(9, "anna"))

    asyncio.run(work())
    ledger.close()
    return directory


def run(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["ledger", *map(str, args)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def exported(data: Path) -> list[dict[str, str]]:
    out = data.parent / "out.jsonl"
    assert run("export", "--data", data, "--out", out)[0] == 0
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def test_erasing_by_version_says_how_many_first(data: Path) -> None:
    said = "6 records would be erased, made 2027-01-15.\n"
    code, text = run("erase", "--data", data, "--notice", NOTICE, "--dry-run")
    assert (code, text) == (0, said)
    code, text = run("erase", "--data", data, "--notice", NOTICE)
    assert (code, text) == (0, said + "Nothing was erased; add --yes to erase it.\n")
    code, text = run("erase", "--data", data, "--notice", NOTICE, "--dry-run", "--yes")
    assert (code, text) == (0, said)
    assert sum(line["record"] is None for line in exported(data)) == 0


@pytest.mark.parametrize(("option", "value"), [("--notice", NOTICE), ("--policy", drafts.TERMS)])
def test_erasing_by_version_is_told_to_vendors_and_verifies(
    data: Path, option: str, value: str
) -> None:
    code, text = run("erase", "--data", data, option, value, "--yes")
    assert (code, text) == (0, "6 records erased, made 2027-01-15.\n")
    assert run("verify", "--data", data)[0] == 0
    lines = exported(data)
    erasures = [parse_record(line["record"].encode()) for line in lines[7:]]
    assert {each.ground for each in erasures} == {Ground.INVALID}
    assert [line["record"] is None for line in lines[:7]] == [False, *[True] * 6]
    outbox = SqliteOutbox(data)
    told = outbox.announced()
    outbox.close()
    assert sorted((each.purposes, each.vendor) for each in told) == [
        *[(("social",), "")] * 5,
        (("social",), "Télégramme"),
    ]
    assert run("erase", "--data", data, option, value, "--yes") == (0, "No record to erase.\n")


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["x", "--notice", NOTICE],
        ["--notice", NOTICE, "--policy", drafts.TERMS],
        ["--notice", "no version"],
        ["--policy", "ABC"],
    ],
)
def test_an_unclear_request_erases_nothing(data: Path, args: list[str]) -> None:
    code, text = run("erase", "--data", data, "--yes", *args)
    assert (code, "Traceback" in text) == (2, False)
    assert sum(line["record"] is None for line in exported(data)) == 0


def test_a_policy_record_is_not_erased_by_its_id(data: Path) -> None:
    identity = exported(data)[0]["id"]
    code, text = run("erase", identity, "--data", data)
    assert (code, text) == (1, f"Nothing erased: no choice {identity} is held.\n")


def test_purge_goes_by_the_policy_file(data: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    asked = ("purge", "--data", data, "--config", policy)
    assert run(*asked, "--dry-run") == (0, "No record to erase.\n")
    ledger = SqliteLedger(data, load_or_create(data, drafts.ORIGIN).signer)
    asyncio.run(ledger.append(_of_2015()))
    ledger.close()
    said = "1 record would be erased, made 2015-08-31.\n"
    assert run(*asked, "--dry-run") == (0, said)
    assert run(*asked) == (0, said.replace("would be erased", "erased"))
    assert run(*asked) == (0, "No record to erase.\n")
    assert run("verify", "--data", data)[0] == 0
    assert parse_record(exported(data)[-1]["record"].encode()).ground == Ground.RETENTION
    policy.write_text("[site]", "utf-8")
    code, text = run(*asked)
    assert (code, "site.name" in text) == (2, True)


def _of_2015() -> Draft:
    made = 1_441_015_200
    return Draft.choice(
        id=uuid7(made * 1000, bytes(10)),
        site="www.quotidien.test",
        subject=drafts.subject("anna"),
        time=made * 1000,
        action="refuse_all",
        mechanism="notice",
        purposes={"social": False},
        policy=drafts.TERMS,
        notice=NOTICE,
        lang="fr",
        layout="bar",
        gpc=False,
        expires=made + 15_000_000,
    )
