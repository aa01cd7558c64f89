"""Exports of other systems, written by hand after what these systems write."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path

PRIVATE = ("zoe@mail.test", "192.0.2.77", "https://zoe.example.test", "Mozilla/5.0 (X11)")
_EMAIL, _IP, _SITE, _AGENT = PRIVATE

DISQUS = f"""<?xml version="1.0" encoding="utf-8"?>
<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <category dsq:id="1"><forum>phare</forum><title>General</title></category>
  <thread dsq:id="10"><id/><forum>phare</forum><category dsq:id="1"/>
    <link>https://www.phare.test/news/a</link><title>A</title><message/>
    <createdAt>2020-01-01T00:00:00Z</createdAt>
    <author><email>{_EMAIL}</email><name>Editor</name></author><ipAddress>{_IP}</ipAddress>
    <isClosed>false</isClosed><isDeleted>false</isDeleted></thread>
  <thread dsq:id="11"><id>x</id><link>https://other.test/b</link><isDeleted>false</isDeleted></thread>
  <post dsq:id="102"><id>7</id><message>Deep &amp; late</message>
    <createdAt>2020-01-04T00:00:00Z</createdAt><isDeleted>false</isDeleted><isSpam>false</isSpam>
    <author><name>Bo</name></author><thread dsq:id="10"/><parent dsq:id="101"/></post>
  <post dsq:id="100"><id>1</id><message>
      <![CDATA[<p>Hello <b>you</b><script>x()</script></p><p><a href="https://e.test/long"
      onclick="x()">https://e.test/...</a></p>]]></message>
    <createdAt>2020-01-02T00:00:00Z</createdAt><isDeleted>false</isDeleted><isSpam>false</isSpam>
    <author><email>{_EMAIL}</email><name>Zoé</name><isAnonymous>false</isAnonymous>
      <username>zoe</username></author><ipAddress>{_IP}</ipAddress><thread dsq:id="10"/></post>
  <post dsq:id="101"><id>2</id><message>taken back</message>
    <createdAt>2020-01-03T00:00:00Z</createdAt><isDeleted>true</isDeleted><isSpam>false</isSpam>
    <author><name>Ann</name></author><thread dsq:id="10"/><parent dsq:id="100"/></post>
  <post dsq:id="103"><id>3</id><message>cheap pills</message>
    <createdAt>2020-01-03T00:00:00Z</createdAt><isDeleted>false</isDeleted><isSpam>true</isSpam>
    <author><name>Spam</name></author><thread dsq:id="10"/></post>
  <post dsq:id="104"><id>4</id><message>elsewhere</message>
    <createdAt>2020-01-05T00:00:00Z</createdAt><isDeleted>false</isDeleted><isSpam>false</isSpam>
    <author><name>Cy</name></author><thread dsq:id="11"/></post>
</disqus>
"""


def _wordpress_comment(
    number: int, text: str, parent: int = 0, approved: str = "1", kind: str = "comment"
) -> str:
    return f"""<wp:comment><wp:comment_id>{number}</wp:comment_id>
      <wp:comment_author><![CDATA[Zoé {number}]]></wp:comment_author>
      <wp:comment_author_email><![CDATA[{_EMAIL}]]></wp:comment_author_email>
      <wp:comment_author_url>{_SITE}</wp:comment_author_url>
      <wp:comment_author_IP><![CDATA[{_IP}]]></wp:comment_author_IP>
      <wp:comment_date><![CDATA[2021-05-01 12:00:0{number}]]></wp:comment_date>
      <wp:comment_date_gmt><![CDATA[2021-05-01 10:00:0{number}]]></wp:comment_date_gmt>
      <wp:comment_content><![CDATA[{text}]]></wp:comment_content>
      <wp:comment_approved><![CDATA[{approved}]]></wp:comment_approved>
      <wp:comment_type><![CDATA[{kind}]]></wp:comment_type>
      <wp:comment_parent>{parent}</wp:comment_parent>
      <wp:comment_user_id>0</wp:comment_user_id>
      <wp:commentmeta><wp:meta_key>agent</wp:meta_key><wp:meta_value>{_AGENT}</wp:meta_value>
      </wp:commentmeta></wp:comment>"""


def _wordpress_item(path: str, comments: str, status: str = "publish", secret: str = "") -> str:
    return f"""<item><title><![CDATA[T]]></title><link>https://www.phare.test{path}</link>
      <content:encoded><![CDATA[<p>{_AGENT}</p>]]></content:encoded>
      <wp:status><![CDATA[{status}]]></wp:status>
      <wp:post_password><![CDATA[{secret}]]></wp:post_password>{comments}</item>"""


_ON_B = "".join(
    (
        _wordpress_comment(1, "One\ntwo <em>three</em>\n\n1. Four"),
        _wordpress_comment(2, "A reply", parent=1),
        _wordpress_comment(3, "Its reply", parent=2),
        _wordpress_comment(4, "Not yet", approved="0"),
        _wordpress_comment(5, "Trash", approved="trash"),
        _wordpress_comment(6, "A ping", kind="pingback"),
    )
)
WORDPRESS = f"""<?xml version="1.0" encoding="UTF-8" ?>
<!-- generator="WordPress/6.1.9" created="2021-06-01 00:00" -->
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
    xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>Le Phare</title><link>https://www.phare.test</link>
<wp:author><wp:author_email><![CDATA[{_EMAIL}]]></wp:author_email></wp:author>
{_wordpress_item("/b/", _ON_B)}
{_wordpress_item("/draft/", _wordpress_comment(7, "Among us"), status="private")}
{_wordpress_item("/secret/", _wordpress_comment(8, "Among us"), secret="pw")}
{_wordpress_item("/?p=9", _wordpress_comment(9, "Plain address"))}
</channel></rss>
"""

_REMARK = [
    {"version": 1, "users": [{"id": "u1", "blocked": {"status": False}}], "posts": []},
    {
        "id": "r1", "pid": "", "text": "<p>Hi <strong>there</strong></p>\n",
        "orig": "Hi **there**",
        "user": {"name": "Zo&#39;e", "id": "u1", "ip": _IP, "picture": _SITE},
        "locator": {"site": "phare", "url": "https://phare.test/c"},
        "score": 3, "votes": {"u2": True},
        "time": "2022-03-01T12:00:00.123456789+02:00",
    },
    {
        "id": "r2", "pid": "r1", "text": "", "user": {"name": "deleted", "id": "deleted"},
        "locator": {"url": "https://phare.test/c"}, "time": "2022-03-01T12:01:00+02:00",
        "delete": True,
    },
    {
        "id": "r3", "pid": "r2", "text": "<p>Only <em>shown</em></p>", "user": {"name": "Bo"},
        "locator": {"url": "https://phare.test/c"}, "time": "2022-03-01T12:02:00+02:00",
    },
]  # fmt: skip
REMARK42 = "".join(json.dumps(line) + "\n" for line in _REMARK)

# As isso 0.14 makes it.
_ISSO = """
CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR(256) UNIQUE, title VARCHAR(256));
CREATE TABLE comments (
    tid REFERENCES threads(id), id INTEGER PRIMARY KEY, parent INTEGER, created FLOAT NOT NULL,
    modified FLOAT, mode INTEGER, remote_addr VARCHAR, text VARCHAR, author VARCHAR, email VARCHAR,
    website VARCHAR, likes INTEGER DEFAULT 0, dislikes INTEGER DEFAULT 0, voters BLOB NOT NULL,
    notification INTEGER NOT NULL DEFAULT 0);
"""


def write(folder: Path, system: str) -> Path:
    """The file of ``system`` in ``folder``."""
    path = folder / f"{system}.export"
    match system:
        case "disqus":
            path.write_text(DISQUS, "utf-8")
        case "wordpress":
            path.write_text(WORDPRESS, "utf-8")
        case "remark42":
            path.write_bytes(gzip.compress(REMARK42.encode()))
        case _:
            _write_isso(path)
    return path


def _write_isso(path: Path) -> None:
    file = sqlite3.connect(path)
    file.executescript(_ISSO)
    file.execute("INSERT INTO threads VALUES (1, '/d/', 'D')")
    for number, parent, mode, text in (
        (1, None, 1, "Some *words*"),
        (2, 1, 4, ""),
        (3, 2, 1, "Under it"),
        (4, None, 2, "Not yet"),
    ):
        row = (1, number, parent, 1_600_000_000.5 + number, None, mode, _IP, text, None, _EMAIL)
        file.execute(
            "INSERT INTO comments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, x'00', 0)",
            (*row, _SITE),
        )
    file.commit()
    file.close()
