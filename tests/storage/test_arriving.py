"""Files of other systems: what is read of them, and what is said of those that do not hold."""

from __future__ import annotations

import gzip
import io
import sqlite3
from pathlib import Path

import exports
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandeau import limits
from bandeau.features.comments.foreign import Drop, Foreign, Form, Origin, Unreadable
from bandeau.storage.arriving.disqus import disqus
from bandeau.storage.arriving.files import read
from bandeau.storage.arriving.opening import json_lines
from bandeau.storage.arriving.wordpress import wordpress


def found(folder: Path, system: str) -> dict[str, Foreign]:
    return {each.key: each for each in read(exports.write(folder, system), Origin(system))}


def drops(read_: dict[str, Foreign]) -> dict[str, Drop | None]:
    return {key: each.drop for key, each in read_.items()}


def test_disqus(tmp_path: Path) -> None:
    posts = found(tmp_path, "disqus")
    assert drops(posts) == {
        "102": None, "100": None, "101": Drop.DELETED, "103": Drop.SPAM, "104": None,
    }  # fmt: skip
    assert (posts["102"].parent, posts["101"].parent, posts["100"].parent) == ("101", "100", "")
    assert posts["102"].text == "Deep & late"
    assert (posts["100"].name, posts["100"].time) == ("Zoé", 1_577_923_200_000)
    assert posts["100"].url == "https://www.phare.test/news/a"
    assert posts["102"].line == 11


def test_wordpress(tmp_path: Path) -> None:
    comments = found(tmp_path, "wordpress")
    assert drops(comments) == {
        "1": None, "2": None, "3": None, "4": None, "5": Drop.DELETED, "6": Drop.PINGBACK,
        "7": Drop.HIDDEN, "8": Drop.HIDDEN, "9": None,
    }  # fmt: skip
    assert [comments[key].parent for key in "1234"] == ["", "1", "2", ""]
    assert (comments["4"].waits, comments["1"].waits) == (True, False)
    assert comments["1"].text == "One\ntwo <em>three</em>\n\n1. Four"
    assert comments["1"].time == 1_619_863_201_000
    assert comments["9"].url == "https://www.phare.test/?p=9"


def test_remark42(tmp_path: Path) -> None:
    comments = found(tmp_path, "remark42")
    assert drops(comments) == {"r1": None, "r2": Drop.DELETED, "r3": None}
    first = comments["r1"]
    assert (first.name, first.text, first.form) == ("Zo'e", "Hi **there**", Form.MARKDOWN)
    assert (first.time, first.line) == (1_646_128_800_123, 2)
    assert (comments["r3"].form, comments["r3"].parent) == (Form.HTML, "r2")


def test_isso(tmp_path: Path) -> None:
    path = exports.write(tmp_path, "isso")
    before = path.read_bytes()
    comments = {each.key: each for each in read(path, Origin.ISSO)}
    assert drops(comments) == {"1": None, "2": Drop.DELETED, "3": None, "4": None}
    assert (comments["4"].waits, comments["3"].parent, comments["1"].url) == (True, "2", "/d/")
    assert (comments["1"].name, comments["1"].time) == ("", 1_600_000_001_500)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("system", ["disqus", "wordpress", "remark42", "isso"])
def test_nothing_else_is_taken(tmp_path: Path, system: str) -> None:
    told = repr(list(read(exports.write(tmp_path, system), Origin(system))))
    assert not [each for each in exports.PRIVATE if each in told]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE disqus [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    '<disqus xmlns="http://disqus.com">&b;</disqus>'
)
DISQUS = '<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">'


@pytest.mark.parametrize(
    ("system", "text", "line", "told"),
    [
        ("disqus", BOMB, 1, "document type"),
        ("disqus", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', 1, "document type"),
        ("disqus", "<html>\n</html>", 1, "begins with <html>"),
        ("disqus", "<disqus/>", 1, ""),
        ("disqus", f"{DISQUS}\n<post>", 2, "not XML: no element found"),
        ("disqus", f"{DISQUS}\n\n<post></post></disqus>", 3, "a post of no thread"),
        ("disqus", DISQUS + "<x>" * limits.IMPORT_DEPTH, 1, "nested deeper"),
        ("disqus", "", 1, "not XML"),
        ("disqus", '<?xml version="1.0" encoding="klingon"?><disqus/>', 1, "encoding"),
        ("wordpress", exports.DISQUS, 2, "begins with <"),
        ("wordpress", "<rss>&lt;\n&nope;</rss>", 2, "undefined entity"),
        ("remark42", "", 0, "no backup of remark42"),
        ("remark42", '{"version":2,"users":[]}', 1, "no backup of remark42"),
        ("remark42", '{"version":1,"users":[]}\n{"id":', 2, "not JSON"),
        ("remark42", '{"version":1,"users":[]}\n\n[1]', 3, "not a JSON object"),
        ("remark42", '{"version":1,"users":[]}\n' + "[" * 50_000, 2, "not JSON"),
        ("isso", "not a database at all, however long it may be" * 30, 0, "not a database"),
    ],
)
def test_a_file_that_does_not_hold_is_named(
    tmp_path: Path, system: str, text: str, line: int, told: str
) -> None:
    path = tmp_path / "file"
    path.write_text(text, "utf-8")
    if not told:
        assert list(read(path, Origin(system))) == []
        return
    with pytest.raises(Unreadable, match=told) as raised:
        list(read(path, Origin(system)))
    assert raised.value.line == line


def test_another_database_is_not_isso(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    file = sqlite3.connect(path)
    file.execute("CREATE TABLE threads (id, uri)")
    file.execute("CREATE VIEW comments AS SELECT 1 AS id")
    file.commit()
    file.close()
    with pytest.raises(Unreadable, match="no table comments"):
        list(read(path, Origin.ISSO))
    with pytest.raises(Unreadable, match="no such file"):
        list(read(tmp_path / "nowhere", Origin.ISSO))
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_was_cut_while_compressed(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(exports.REMARK42.encode())[:-20])
    with pytest.raises(Unreadable, match=r"cannot be read|not JSON"):
        list(read(path, Origin.REMARK42))


def test_long_texts_and_files_are_not_held_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IMPORT_FIELD_CHARACTERS", 100)
    long = exports.DISQUS.replace("Deep &amp; late", "x " * 200_000)
    (text,) = (each.text for each in disqus(io.BytesIO(long.encode())) if each.key == "102")
    assert 100 < len(text) < 100_000
    monkeypatch.setattr(limits, "IMPORT_BYTES", 5_000)
    for reader, data in ((disqus, exports.DISQUS * 9), (wordpress, exports.WORDPRESS * 9)):
        with pytest.raises(Unreadable, match=r"over 5000 bytes|not XML"):
            list(reader(io.BytesIO(data.encode())))
    monkeypatch.setattr(limits, "IMPORT_LINE_BYTES", 50)
    with pytest.raises(Unreadable, match="a line over 50 bytes"):
        list(json_lines(io.BytesIO(b'{"a":"' + b"x" * 100 + b'"}')))


@pytest.mark.parametrize("system", ["disqus", "wordpress", "remark42", "isso"])
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_refused(
    tmp_path: Path, system: str, data: st.DataObject
) -> None:
    path = tmp_path / f"{system}.export"
    whole = bytearray((path if path.exists() else exports.write(tmp_path, system)).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path / "damaged"
    damaged.write_bytes(whole)
    try:
        for each in read(damaged, Origin(system)):
            assert isinstance(each, Foreign)
    except Unreadable as error:
        assert str(error)
