"""What was shown stands in the log before the first choice made under it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import Bandeau
from bandeau.cli import main
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import Kind
from bandeau.ledger.store import LedgerUnavailable

pytestmark = pytest.mark.slow

PATH = "/.bandeau/choice"


def choose(folder: Path, policy: str, **sent: str) -> dict[str, Any]:
    """Start a server, choose once, end it; gives the record."""
    file = folder / "policy.toml"
    file.write_text(policy, encoding="utf-8")
    app = Bandeau(publisher(Seen()), policy=file, data=folder / "data")
    with serving(app) as address, httpx.Client(base_url=address.url) as client:
        body = {"action": "refuse_all", **sent}
        receipt = client.post(PATH, json=body).json()["receipt"]
    app.close()
    return json.loads(receipt["record"])


@contextmanager
def site_of(folder: Path, policy: str) -> Iterator[httpx.Client]:
    """The site under ``policy``, for a French visitor without cookies."""
    file = folder / "policy.toml"
    file.write_text(policy, encoding="utf-8")
    app = Bandeau(publisher(Seen()), policy=file, data=folder / "data")
    with serving(app) as address, httpx.Client(base_url=address.url) as client:
        yield client
    app.close()


def recorded(answer: httpx.Response) -> dict[str, Any]:
    """The record of a choice."""
    assert answer.status_code == 200, answer.text
    return json.loads(answer.json()["receipt"]["record"])


def records(folder: Path) -> list[dict[str, Any]]:
    out = folder / "all.jsonl"
    data = str(folder / "data")
    result = CliRunner().invoke(main, ["ledger", "export", "--data", data, "--out", str(out)])
    assert result.exit_code == 0, result.output
    return [json.loads(json.loads(line)["record"]) for line in out.read_text().splitlines()]


def artefact(folder: Path, digest: str) -> bytes:
    with closing(sqlite3.connect(folder / "data" / "ledger.sqlite")) as db:
        found = db.execute("SELECT data FROM artefact WHERE hash = ?", (bytes.fromhex(digest),))
        return bytes(found.fetchone()[0])


def test_every_language_is_in_the_log_before_the_first_choice(tmp_path: Path) -> None:
    choice = choose(tmp_path, POLICY, lang="ar")
    log = records(tmp_path)
    assert [record["kind"] for record in log] == ["policy"] + ["notice"] * 6 + ["choice"]
    served = {r["lang"]: r for r in log if r["kind"] == "notice" and r["layout"] == "bar"}
    assert sorted(served) == ["ar", "en", "fr"]
    shown = served["ar"]
    assert (shown["notice"], shown["policy"]) == (choice["notice"], choice["policy"])
    assert sorted(shown["artefacts"]) == [
        "notice.html",
        "panel.html",
        "policy.toml",
        "privacy.html",
    ]
    assert shown["artefacts"]["notice.html"] == choice["notice"]
    assert artefact(tmp_path, shown["artefacts"]["policy.toml"]).decode() == POLICY
    notice = artefact(tmp_path, choice["notice"]).decode()
    assert 'dir="rtl"' in notice and "Le Quotidien SAS" in notice
    assert "Example Ads" in artefact(tmp_path, shown["artefacts"]["privacy.html"]).decode()


def test_the_version_of_an_item_is_the_hash_of_what_its_placeholder_said(tmp_path: Path) -> None:
    choose(tmp_path, POLICY)
    log = records(tmp_path)
    told = [r for r in log if r["kind"] == "notice" and r["layout"] == "placeholder"]
    assert {record["lang"] for record in told} == {"ar", "en", "fr"}
    for record in told:
        assert record["artefacts"]["placeholder.txt"] == record["notice"]


def test_a_restart_adds_nothing_and_a_change_of_the_file_one_edition(tmp_path: Path) -> None:
    choose(tmp_path, POLICY)
    choose(tmp_path, POLICY)
    assert len(records(tmp_path)) == 9
    choose(tmp_path, POLICY + "# nothing that visitors see\n")
    log = records(tmp_path)
    assert len(log) == 9 + 7
    assert log[-1]["notice"] == log[7]["notice"]


def test_verify_accounts_for_what_was_shown(tmp_path: Path) -> None:
    choose(tmp_path, POLICY)
    run = CliRunner().invoke(main, ["ledger", "verify", "--data", str(tmp_path / "data")])
    assert run.output.startswith("Valid: 8 records")


def test_while_the_ledger_cannot_take_it_there_is_no_choice(tmp_path: Path) -> None:
    """And once it can, what was shown comes before the first choice."""
    file = tmp_path / "policy.toml"
    file.write_text(POLICY, encoding="utf-8")
    app = Bandeau(publisher(Seen()), policy=file, data=tmp_path / "data")
    ledger, refused = app.site.ledger, []
    append = ledger.append

    async def failing(draft: Draft) -> Receipt:
        if draft.kind is Kind.NOTICE and len(refused) < 2:
            refused.append(draft)
            raise LedgerUnavailable("disk full")
        return await append(draft)

    ledger.append = failing  # type: ignore[method-assign]
    with serving(app) as address, httpx.Client(base_url=address.url) as client:
        answer = client.post(PATH, json={"action": "accept_all"})
        assert (answer.status_code, "set-cookie" in answer.headers) == (503, False)
        assert client.post(PATH, json={"action": "accept_all"}).status_code == 200
    app.close()
    kinds = [record["kind"] for record in records(tmp_path)]
    assert kinds == ["policy"] + ["notice"] * 6 + ["choice"]


def hidden(page: str) -> str:
    """The version that the notice's form tells."""
    return re.findall(r'name="notice" value="([0-9a-f]*)"', page)[0]


def test_a_page_of_before_counts_for_what_it_showed(tmp_path: Path) -> None:
    """Other words of the site, same terms: recorded as shown. Other terms: no consent to them."""
    with site_of(tmp_path, POLICY) as client:
        old = hidden(client.get("/.bandeau/panel?lang=fr").text)
        assert client.post(PATH, json={"action": "refuse_all"}).status_code == 200
    same = POLICY.replace('name = "Le Quotidien"', 'name = "Le Quotidien du soir"')
    accept = {"action": "accept_all", "notice": old, "lang": "fr"}
    with site_of(tmp_path, same) as client:
        assert hidden(client.get("/.bandeau/panel?lang=fr").text) != old
        assert recorded(client.post(PATH, json=accept))["notice"].startswith(old)
    added = POLICY.replace('vendor = "Telegram"', 'vendor = "Somebody else"')
    with site_of(tmp_path, added) as client:
        today = hidden(client.get("/.bandeau/panel?lang=fr").text)
        answer = client.post(PATH, json=accept)
        assert (answer.status_code, "terms" in answer.text) == (409, True)
        assert "set-cookie" not in answer.headers
        form = client.post(PATH, data=accept, headers={"accept": "text/html"})
        assert form.status_code == 409 and hidden(form.text) == today
        assert "La question a changé" in form.text
        for told in ("x", "é" * 99, "0" * 16, today + "0"):
            assert client.post(PATH, json=accept | {"notice": told}).status_code == 409
        refused = recorded(client.post(PATH, json=accept | {"action": "refuse_all"}))
        assert refused["notice"].startswith(today)
        assert recorded(client.post(PATH, json=accept | {"notice": today}))["notice"].startswith(
            today
        )
