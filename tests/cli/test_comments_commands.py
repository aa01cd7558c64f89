"""``bandeau comments``: imports that can be tried, repeated and trusted, and the export."""

from __future__ import annotations

import asyncio
import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import exports
import pytest
from click.testing import CliRunner, Result
from commenting import Site_
from wordpress import HOST, wordpress

from bandeau import limits
from bandeau.cli import main
from bandeau.features.comments.model import Comment
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.storage.comments.exchange import StoredExchange
from bandeau.storage.comments.store import FILE
from bandeau.storage.place import Folder, open_place

pytestmark = pytest.mark.slow

POLICY = """
[site]
name = "Le Phare"
controller = "Le Phare SAS, 1 rue du Port, Brest"
hosts = ["www.phare.test", "phare.test", "blog.test"]
privacy_policy = "/vie-privee"

[purposes.social]

[features.comments]
purpose = "social"
alternative = { en = "Write to us" }
"""
SYSTEMS = ["disqus", "wordpress", "remark42", "isso"]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    return path


def comments(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["comments", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def import_(file: Path, system: str, policy: Path, data: object, *more: object) -> Result:
    told = ("--from", system, "--config", policy, "--data", data, *more)
    return comments("import", file, *told)


def folder(tmp_path: Path, name: str = "data") -> Path:
    path = tmp_path / name
    path.mkdir()
    return path


def listed(data: Path, page: str) -> list[dict[str, Any]]:
    store = Folder(data).comments()
    try:
        found: list[dict[str, Any]] = Site_(store=store).get(page).json()["comments"]  # type: ignore[arg-type]
    finally:
        store.close()
    return found


def kept(data: Path, comment_id: str) -> Comment | None:
    store = Folder(data).comments()
    try:
        return asyncio.run(store.find(comment_id))
    finally:
        store.close()


def test_an_import_can_be_tried_done_and_repeated(tmp_path: Path, policy: Path) -> None:
    data, file = folder(tmp_path), exports.write(tmp_path, "disqus")
    tried = import_(file, "disqus", policy, data, "--dry-run")
    assert tried.exit_code == 0
    assert tried.output.splitlines() == [
        "2 comments on 1 page to take in.",
        "1 tombstone, under which replies stay.",
        "3 dropped:",
        "  1 deleted, first in line 20: https://www.phare.test/news/a",
        "  1 spam, first in line 23: https://www.phare.test/news/a",
        "  1 address not of this site, first in line 26: https://other.test/b",
        "Nothing was changed: 3 would be added, 0 are there already.",
    ]
    assert listed(data, "/news/a") == []
    assert "3 added, 0 were there already." in import_(file, "disqus", policy, data).output
    first, deep = listed(data, "/news/a")
    assert (first["name"], first["origin"], first["reply_to"]) == ("Zoé", "disqus", None)
    assert 'href="https://e.test/long"' in first["html"] and "x()" not in first["html"]
    gone = kept(data, deep["reply_to"])
    assert gone is not None
    assert (gone.state, gone.html, gone.name, gone.reply_to) == ("gone", "", "", first["id"])
    assert deep["html"] == '<p dir="auto">Deep &amp; late</p>'
    again = import_(file, "disqus", policy, data)
    assert "0 added, 3 were there already." in again.output
    assert [each["id"] for each in listed(data, "/news/a")] == [first["id"], deep["id"]]


def test_nobody_can_edit_what_was_imported(tmp_path: Path, policy: Path) -> None:
    data = folder(tmp_path)
    import_(exports.write(tmp_path, "disqus"), "disqus", policy, data)
    first = kept(data, listed(data, "/news/a")[0]["id"])
    assert first is not None
    assert (first.receipt, first.author) == ("", "")
    store = Folder(data).comments()
    assert asyncio.run(store.mine([""])) == ()
    store.close()


@pytest.mark.parametrize("system", SYSTEMS)
def test_private_data_of_others_are_not_kept(tmp_path: Path, policy: Path, system: str) -> None:
    data = folder(tmp_path)
    done = import_(exports.write(tmp_path, system), system, policy, data)
    assert done.exit_code == 0 and " 0 added" not in done.output
    everything = b"".join(path.read_bytes() for path in data.glob(f"{FILE}*"))
    assert not [each for each in exports.PRIVATE if each.encode() in everything]


def test_replies_keep_their_place_whatever_the_depth(tmp_path: Path, policy: Path) -> None:
    data = folder(tmp_path)
    import_(exports.write(tmp_path, "wordpress"), "wordpress", policy, data)
    one, two, three = listed(data, "/b/")
    assert [each["reply_to"] for each in (one, two, three)] == [None, one["id"], two["id"]]
    assert "One<br>" in one["html"] and '<p dir="auto">1. Four</p>' in one["html"]
    assert listed(data, "/draft/") == listed(data, "/secret/") == listed(data, "/") == []
    import_(exports.write(tmp_path, "isso"), "isso", policy, data)
    first, under = listed(data, "/d/")
    assert (first["name"], under["html"]) == (None, '<p dir="auto">Under it</p>')


def test_a_map_says_where_pages_are(tmp_path: Path, policy: Path) -> None:
    data, where = folder(tmp_path), tmp_path / "map"
    where.write_text("https://www.phare.test/?p=9 /plain\nhttps://www.phare.test/* /was/*\n")
    file = exports.write(tmp_path, "wordpress")
    assert import_(file, "wordpress", policy, data, "--map", where).exit_code == 0
    assert [each["name"] for each in listed(data, "/plain")] == ["Zoé 9"]
    assert len(listed(data, "/was/b/")) == 3
    where.write_text("https://www.phare.test/* /was\n")
    wrong = import_(file, "wordpress", policy, data, "--map", where)
    assert (wrong.exit_code, "map:1: * stands at the end" in wrong.output) == (1, True)


def test_parents_that_go_in_circles_or_stand_behind(tmp_path: Path, policy: Path) -> None:
    data, file = folder(tmp_path), tmp_path / "r.json"
    told = [{"version": 1, "users": [], "posts": []}]
    parents = {"a": "b", "b": "a", "c": "c", "d": "nothing", "e": "f", "f": ""}
    told += [
        {"id": key, "pid": pid, "orig": f"Text {key}", "user": {"name": key},
         "locator": {"url": "https://phare.test/p"}, "time": f"2022-01-01T00:00:0{n}Z"}
        for n, (key, pid) in enumerate(parents.items())
    ]  # fmt: skip
    file.write_text("\n".join(map(json.dumps, told)))
    assert "6 added" in import_(file, "remark42", policy, data).output
    by_name = {each["name"]: each for each in listed(data, "/p")}
    assert set(by_name) == set("abcdef")
    assert [key for key in "abcdf" if by_name[key]["reply_to"]] == []
    assert by_name["e"]["reply_to"] == by_name["f"]["id"]


@pytest.mark.parametrize("system", [*SYSTEMS, "bandeau"])
def test_a_wrong_file_changes_nothing(tmp_path: Path, policy: Path, system: str) -> None:
    data, file = folder(tmp_path), tmp_path / "wrong.export"
    file.write_text("<html>\nno export at all\n" * 99)
    wrong = import_(file, system, policy, data)
    assert wrong.exit_code == 1
    assert wrong.output.startswith(f"{file}")
    assert wrong.output.endswith("Nothing was imported.\n")
    missing = import_(tmp_path / "none", system, policy, data)
    assert (missing.exit_code, "cannot be read" in missing.output) == (1, True)
    assert comments("export", "--data", data).output.count("\n") == 1


def test_nothing_of_a_file_that_breaks_off_is_written(tmp_path: Path, policy: Path) -> None:
    data, file = folder(tmp_path), tmp_path / "cut.xml"
    file.write_text(exports.DISQUS.replace("</disqus>", ""), "utf-8")
    assert import_(file, "disqus", policy, data).exit_code == 1
    assert listed(data, "/news/a") == []


def test_an_import_that_was_stopped_goes_on(
    tmp_path: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IMPORT_BATCH", 2)
    data, file, taken = folder(tmp_path), exports.write(tmp_path, "wordpress"), []
    take = StoredExchange.take

    async def failing(store: StoredExchange, kept: Any) -> int:
        taken.append(kept)
        if len(taken) == 3:  # the page, then two comments
            raise CommentsUnavailable("the disk is full")
        return await take(store, kept)

    monkeypatch.setattr(StoredExchange, "take", failing)
    stopped = import_(file, "wordpress", policy, data)
    assert (stopped.exit_code, "it goes on where it stopped" in stopped.output) == (2, True)
    assert len(listed(data, "/b/")) == 2
    monkeypatch.undo()
    assert "2 added, 2 were there already." in import_(file, "wordpress", policy, data).output
    assert [each["name"] for each in listed(data, "/b/")] == ["Zoé 1", "Zoé 2", "Zoé 3"]


def test_a_policy_and_a_folder_that_do_not_hold(tmp_path: Path, policy: Path) -> None:
    file = exports.write(tmp_path, "disqus")
    missing = import_(file, "disqus", policy, tmp_path / "nowhere")
    assert (missing.exit_code, "no such directory" in missing.output) == (2, True)
    assert import_(file, "disqus", tmp_path / "none", tmp_path).exit_code == 2
    policy.write_text("[site]\nname = 5\n")
    wrong = import_(file, "disqus", policy, tmp_path)
    assert (wrong.exit_code, "policy.toml:" in wrong.output) == (2, True)


def test_the_export_is_one_private_file_that_comes_back(tmp_path: Path, policy: Path) -> None:
    data, out = folder(tmp_path), tmp_path / "all.jsonl"
    for system in SYSTEMS:
        import_(exports.write(tmp_path, system), system, policy, data)
    done = comments("export", "--data", data, "--out", out)
    told = out.read_text().splitlines()
    assert done.output == f"{out}: {len(told)} lines.\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    other = folder(tmp_path, "other")
    assert " 0 were there" in import_(out, "bandeau", policy, other).output
    assert comments("export", "--data", other).output.splitlines()[1:] == told[1:]
    nowhere = comments("export", "--data", data, "--out", tmp_path / "no" / "x")
    assert (nowhere.exit_code, "cannot be written" in nowhere.output) == (2, True)


def test_a_purge_can_be_tried_and_done(tmp_path: Path, policy: Path) -> None:
    data = folder(tmp_path)
    import_(exports.write(tmp_path, "wordpress"), "wordpress", policy, data)
    told = ("purge", "--config", policy, "--data", data)
    tried = comments(*told, "--dry-run")
    assert (tried.exit_code, "held: 1 would go" in tried.output) == (0, True)
    assert "held: 1 went" in comments(*told).output
    assert "held: 0 went" in comments(*told).output
    assert len(listed(data, "/b/")) == 3
    policy.write_text(
        POLICY.replace(
            "[features.comments]", "[features.comments.retention]\nheld = 5\n\n[features.comments]"
        )
    )
    wrong = comments(*told)
    assert (wrong.exit_code, "features.comments.retention.held" in wrong.output) == (2, True)
    policy.write_text(POLICY.partition("[features")[0])
    assert comments(*told).exit_code == 2


_EXPORT = """<?php
require '{root}/wp-load.php';
require '{root}/wp-admin/includes/export.php';
$add = function ($more) use (&$last) {{
  $last = wp_insert_comment($more + ['comment_post_ID' => {post}, 'comment_author' => 'Zoé',
    'comment_author_email' => 'zoe@mail.test', 'comment_author_IP' => '192.0.2.77',
    'comment_agent' => 'Mozilla/5.0 (X11)', 'comment_author_url' => 'https://zoe.example.test',
    'comment_date_gmt' => '2024-05-01 10:00:00', 'comment_date' => '2024-05-01 12:00:00']);
  return $last;
}};
$first = $add(['comment_content' => "One\\n<em>two</em> ]]> & three"]);
$second = $add(['comment_content' => 'A reply', 'comment_parent' => $first]);
$add(['comment_content' => 'Its reply', 'comment_parent' => $second]);
$add(['comment_content' => 'Not yet', 'comment_approved' => '0']);
$add(['comment_content' => 'Thrown away', 'comment_approved' => 'trash']);
$add(['comment_content' => 'A ping', 'comment_type' => 'pingback']);
export_wp(['content' => 'all']);
"""


def test_what_a_real_wordpress_exports(tmp_path: Path, policy: Path) -> None:
    with wordpress(tmp_path / "wp", "<p>A story.</p>") as (_, post):
        root, script = tmp_path / "wp" / "site", tmp_path / "export.php"
        script.write_text(_EXPORT.format(root=root, post=post))
        told = ("php", "-d", f"error_log={tmp_path / 'php.log'}", str(script))
        made = subprocess.run(told, check=True, capture_output=True)
    file, where, data = tmp_path / "wp.xml", tmp_path / "map", folder(tmp_path)
    file.write_bytes(made.stdout[made.stdout.index(b"<?xml") :])
    where.write_text(f"http://{HOST}/?p={post} /story\n")
    done = import_(file, "wordpress", policy, data, "--map", where)
    assert done.exit_code == 0, done.output
    one, two, three = listed(data, "/story")
    assert "<em>two</em> ]]&gt; &amp; three" in one["html"]
    assert (two["reply_to"], three["reply_to"]) == (one["id"], two["id"])
    assert one["time"] == "2024-05-01T10:00:00.000Z"
    assert "1 no comment" in done.output and "1 deleted" in done.output
    everything = b"".join(path.read_bytes() for path in data.glob(f"{FILE}*"))
    assert not [each for each in exports.PRIVATE if each.encode() in everything]


_ISSO = """
import sys
from isso import config
from isso.db import SQLite3
conf = config.load(config.default_file())
conf.set("general", "dbpath", sys.argv[1])
db = SQLite3(sys.argv[1], conf)
db.threads.new("/story/", "A story")
def add(text, parent=None, mode=1):
    return db.comments.add("/story/", dict(text=text, parent=parent, mode=mode, author="Zoé",
        email="zoe@mail.test", website="https://zoe.example.test", remote_addr="192.0.2.77",
        notification=0))["id"]
first = add("One *two*")
second = add("A reply", first)
add("Not yet", mode=2)
db.comments.delete(first)
"""


def test_what_a_real_isso_keeps(tmp_path: Path, policy: Path) -> None:
    python = Path(".cache/isso/bin/python")
    if not python.exists():
        pytest.skip("no isso here: bench/comments.py installs it")
    file, data = tmp_path / "isso.db", folder(tmp_path)
    subprocess.run([python, "-c", _ISSO, str(file)], check=True, capture_output=True)
    done = import_(file, "isso", policy, data)
    assert "1 page" in done.output and "3 added" in done.output
    gone, reply = listed(data, "/story/")
    assert (gone["state"], reply["name"], reply["origin"]) == ("removed", "Zoé", "isso")


def test_from_one_database_to_the_other_and_back(
    tmp_path: Path, policy: Path, postgres: Any
) -> None:
    data, address, back = folder(tmp_path), postgres.database(), folder(tmp_path, "back")
    place = open_place(address)
    place.ledger(place.make_keys("www.phare.test", bytes)).close()
    place.close()
    for system in SYSTEMS:
        import_(exports.write(tmp_path, system), system, policy, data)
    there, again = tmp_path / "there.jsonl", tmp_path / "again.jsonl"
    comments("export", "--data", data, "--out", there)
    assert import_(there, "bandeau", policy, address).exit_code == 0
    comments("export", "--data", address, "--out", again)
    assert import_(again, "bandeau", policy, back).exit_code == 0
    for page in ("/news/a", "/b/", "/c", "/d/"):
        assert listed(back, page) == listed(data, page) != []
    assert sorted(again.read_text().splitlines()[1:]) == sorted(there.read_text().splitlines()[1:])
