"""``/.bandeau/record``: a visitor sees what the ledger holds of them, and erases it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell

from bandeau.app import Bandeau
from bandeau.cli import main
from bandeau.features.comments.authors import tag_of
from bandeau.ledger.receipt import verify_receipt
from bandeau.policy.model import LANGUAGES
from bandeau.storage.place import Folder

pytestmark = pytest.mark.slow

RECORD = "/.bandeau/record"
JSON = {"accept": "application/json"}
ITEM = "https://telegram.test/post/1"
OWN = {"sec-fetch-site": "same-origin"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("record") / "data"


@pytest.fixture(scope="module")
def shell(data: Path) -> Iterator[Shell]:
    policy = data.parent / "policy.toml"
    listed = json.dumps(list(LANGUAGES))
    text = re.sub("alternative = .*", "", POLICY).replace('["fr", "en", "ar"]', listed)
    policy.write_text(text, "utf-8")
    with ExitStack() as stack:
        seen = Seen()
        app = Bandeau(publisher(seen), policy=policy, data=data)
        yield Shell(stack.enter_context(serving(app)).url, seen)
        app.close()


def history(visitor) -> list[dict[str, object]]:
    return visitor.get(RECORD, headers=JSON).json()["records"]


def test_a_visitor_reads_the_history_of_choices_and_items(shell: Shell) -> None:
    visitor = shell.visitor()
    visitor.choose("save", "social", mechanism="notice")
    visitor.choose("refuse_all", mechanism="panel")
    visitor.choose("load", "social", item=ITEM, mechanism="placeholder")
    found = visitor.get(RECORD, headers=JSON).json()
    assert [(r["kind"], r["action"], r["mechanism"]) for r in found["records"]] == [
        ("item", "load", "placeholder"),
        ("choice", "refuse_all", "panel"),
        ("choice", "save", "notice"),
    ]
    item, refused, saved = found["records"]
    assert (item["vendor"], item["host"]) == ("Telegram", "telegram.test")
    assert refused["purposes"] == {"advertising": False, "social": False}
    assert (refused["holds"], saved["holds"]) == (True, False)
    assert saved["purposes"] == {"advertising": False, "social": True}
    for record in found["records"]:
        receipt = visitor.get(f"{record['receipt']}?file").json()
        assert verify_receipt(receipt, found["key"]).record.id == record["id"]
    other = shell.visitor().get(RECORD, headers=JSON).json()
    assert (other["subject"], other["records"]) == (None, [])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pages_say_it_in_every_language(shell: Shell, lang: str) -> None:
    visitor = shell.visitor()
    visitor.choose("accept_all")
    visitor.choose("load", "social", item=ITEM)
    (record,) = [r for r in history(visitor) if r["kind"] == "choice"]
    page = visitor.get(f"{RECORD}?lang={lang}")
    assert page.headers["cache-control"] == "no-store"
    assert f'<html lang="{lang}"' in page.text
    assert f"/.bandeau/receipt/{record['id']}?file" in page.text
    assert "Telegram" in page.text
    question = visitor.get(f"{RECORD}/erase?lang={lang}").text
    assert f'<form method="post" action="{RECORD}/erase?lang={lang}">' in question
    assert f'href="{RECORD}?lang={lang}"' in question


def test_pages_of_the_site_lead_there_and_hold_nothing_of_it(shell: Shell) -> None:
    visitor = shell.visitor()
    visitor.choose("accept_all")
    told = visitor.get(RECORD, headers=JSON).json()
    page = visitor.get("/article").text
    assert f'href="{RECORD}?lang=fr"' in page
    assert told["subject"] not in page
    assert told["records"][0]["id"] not in page


def test_erasing_by_form_leaves_an_undecided_visitor_and_a_valid_log(
    shell: Shell, data: Path
) -> None:
    visitor = shell.visitor()
    visitor.choose("accept_all")
    posted = {"page": "/article", "name": "A", "text": "Bonjour"}
    assert visitor.send("POST", "/.bandeau/comments", data=posted, headers=OWN).status_code == 303
    visitor.choose("save", "social")
    visitor.choose("load", "social", item=ITEM)
    found = visitor.get(RECORD, headers=JSON).json()
    ids = [str(record["id"]) for record in found["records"]]
    assert len(ids) == 3
    author = tag_of(Folder(data).keys().subject, found["subject"])
    assert author.encode() in b"".join(path.read_bytes() for path in data.glob("comments*"))
    answer = visitor.send("POST", f"{RECORD}/erase?lang=en", content=b"", headers=OWN | FORM)
    assert answer.status_code == 303
    assert not [name for name, _ in visitor.jar if name.startswith("eu-consent")]
    onward = urlsplit(answer.headers["location"])
    assert (onward.path, "return=" in onward.query) == ("/.bandeau/sweep", True)
    assert visitor.state()["decided"] is False
    assert "is erased" in visitor.get(f"{RECORD}?erased&lang=en").text
    told = CliRunner().invoke(main, ["ledger", "verify", "--data", str(data)])
    assert told.exit_code == 0, told.output
    assert int(re.search(r"(\d+) erasures", told.output)[1]) >= 3
    everything = b"".join(path.read_bytes() for path in data.iterdir() if path.is_file())
    assert author.encode() not in everything
    for gone in (*ids, found["subject"]):
        assert gone.encode() not in everything
        assert bytes.fromhex(gone.replace("-", "")) not in everything


def test_what_is_erased_does_not_hold_in_an_old_jar(shell: Shell) -> None:
    visitor = shell.visitor()
    visitor.choose("accept_all")
    kept = dict(visitor.jar)
    answer = visitor.send("POST", f"{RECORD}/erase", json={}, headers=JSON | OWN)
    assert answer.json() == {"erased": 1}
    visitor.jar = kept
    assert visitor.state()["band"] == "undecided"
    assert history(visitor) == []
    again = visitor.send("POST", f"{RECORD}/erase", json={}, headers=JSON | OWN)
    assert again.json() == {"erased": 0}


def test_no_other_site_and_no_other_visitor_can_erase(shell: Shell) -> None:
    visitor = shell.visitor()
    visitor.choose("accept_all")
    crossed = visitor.send(
        "POST", f"{RECORD}/erase", content=b"", headers={"sec-fetch-site": "cross-site"} | FORM
    )
    assert crossed.status_code == 403
    shell.visitor().send("POST", f"{RECORD}/erase", content=b"", headers=OWN | FORM)
    assert len(history(visitor)) == 1


def test_the_page_names_no_machine_and_offers_no_way_out_of_the_csp(shell: Shell) -> None:
    visitor = shell.visitor()
    visitor.choose("accept_all")
    page = visitor.get(RECORD)
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert re.search(r"<script>(?!\(\(\)=>)", page.text) is None
