"""Feeds of comments, addresses that find them again, and quoting."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from xml.etree import ElementTree

import html5lib
import pytest
from commenting import PATH, REFUSED, WORDS, Site_

from bandeau import limits
from bandeau.features.comments.atom import About, feed
from bandeau.features.comments.markdown import plain
from bandeau.features.comments.model import Comment, State
from bandeau.policy.model import LANGUAGES

FEED = f"{PATH}/feed"
ATOM = "{http://www.w3.org/2005/Atom}"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def read(site: Site_, query: str = "?page=/article", **headers: str) -> Any:
    answer = site.ask("GET", FEED + query, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)


def texts(element: Any, name: str) -> list[str]:
    return [each.text for each in element.findall(ATOM + name)]


def valid(root: Any) -> None:
    """What RFC 4287 asks of a feed and of each entry (4.1.1, 4.1.2)."""
    assert root.tag == ATOM + "feed"
    for element in (root, *root.findall(ATOM + "entry")):
        for name in ("id", "title", "updated"):
            assert len(texts(element, name)) == 1
        assert RFC_3339.fullmatch(texts(element, "updated")[0])
        links = [(each.get("rel"), each.get("type")) for each in element.findall(ATOM + "link")]
        assert len(links) == len(set(links)) > 0
        for link in element.findall(ATOM + "link"):
            assert link.get("href").startswith("http://phare.test/")
    for entry in root.findall(ATOM + "entry"):
        assert texts(entry.find(ATOM + "author"), "name")[0]
        assert entry.find(ATOM + "content").get("type") == "html"
    ids = texts(root, "id") + [texts(e, "id")[0] for e in root.findall(ATOM + "entry")]
    assert len(ids) == len(set(ids))
    assert all(each.startswith("tag:phare.test,2026:") for each in ids)


def test_a_feed_tells_what_was_published_last() -> None:
    site = Site_()
    valid(read(site))
    site.post_json(text="first & <b>only</b>")
    site.post_json(text="answer", reply_to="id-0000", name="")
    site.post_json(text="answer", reply_to="id-0000")
    site.post_json(text="elsewhere", page="/other")
    site.post_json(name="Moderator", text="waits")
    root = read(site)
    valid(root)
    answer, first = root.findall(ATOM + "entry")
    assert first.find(ATOM + "content").text == (
        '<p dir="auto">first &amp; &lt;b&gt;only&lt;/b&gt;</p>'
    )
    (reference,) = answer.findall("{http://purl.org/syndication/thread/1.0}in-reply-to")
    assert reference.get("ref") == texts(first, "id")[0]
    assert answer.find(ATOM + "link").get("href") == f"http://phare.test{PATH}/at/id-0001"
    assert len(read(site, "").findall(ATOM + "entry")) == 3
    asyncio.run(site.store.move("id-0000", State.GONE))
    assert len(read(site).findall(ATOM + "entry")) == 1


def test_a_feed_is_bounded_and_told_once() -> None:
    site = Site_()
    for number in range(limits.COMMENT_FEED_ENTRIES + 2):
        site.post_json(text=f"n {number}")
    answer = site.ask("GET", FEED)
    assert answer.text.count("<entry>") == limits.COMMENT_FEED_ENTRIES
    for known in (
        {"if-none-match": answer.headers["etag"]},
        {"if-modified-since": answer.headers["last-modified"]},
    ):
        again = site.ask("GET", FEED, headers=known)
        assert (again.status_code, again.content) == (304, b"")
    for stale in (
        {"if-none-match": '"x"', "if-modified-since": answer.headers["last-modified"]},
        {"if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"if-modified-since": "nonsense"},
    ):
        assert site.ask("GET", FEED, headers=stale).status_code == 200


@pytest.mark.parametrize("query", ["?page=", "?page=//evil.test", "?page=/a&page=/b", "?page=%ff"])
def test_a_feed_of_no_page_is_refused(query: str) -> None:
    assert Site_().ask("GET", FEED + query).status_code == 400


def test_a_feed_names_the_site_and_no_host_that_is_not_its_own() -> None:
    root = read(Site_(), "", host="evil.test")
    valid(root)
    assert texts(root, "title") == ["Le Phare – Commentaires"]


def test_a_feed_holds_what_xml_cannot() -> None:
    made = Comment("c", "/a", "\x0b\ufffe]]>", "<p>\x00\ud800</p>", 1, None, "r")
    about = About("a.test", "https://a.test/f", "https://a.test/", "\x01", "en", str, lambda c: "t")
    entry = ElementTree.fromstring(feed(about, [made])).find(ATOM + "entry")
    assert entry is not None
    assert entry.find(f"{ATOM}author/{ATOM}name").text == "\ufffd\ufffd]]>"  # type: ignore[union-attr]
    assert entry.find(ATOM + "content").text == "<p>\ufffd\ufffd</p>"  # type: ignore[union-attr]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_section_leads_to_its_feed(lang: str) -> None:
    page = site_page(Site_(), lang=lang)
    (link,) = page.findall(".//a[@type='application/atom+xml']")
    assert link.get("href") == f"{FEED}?page=/article&lang={lang}"
    assert link.get("rel") == "alternate"
    assert link.text == WORDS.say(lang, "comments.feed")


def site_page(site: Site_, **query: str) -> Any:
    return html5lib.parse(site.get(html=True, **query).text, namespaceHTMLElements=False)


def test_a_comment_has_an_address_that_outlives_its_place() -> None:
    site = Site_()
    site.post_json(text="root")
    site.post_json(text="answer", reply_to="id-0000")
    address = f"{PATH}/at/id-0001"
    assert f'href="{address}"' in site.get(html=True).text
    answer = site.ask("GET", address)
    assert (answer.status_code, answer.headers["location"]) == (303, "/article#comment-id-0001")
    for number in range(limits.COMMENTS_PER_PAGE):
        site.post_json(text=f"newer {number}")
    place = site.ask("GET", address).headers["location"]
    assert place == f"{PATH}?page=%2Farticle&thread=id-0000&from=0#comment-id-0001"
    assert 'id="comment-id-0001"' in site.ask("GET", place, headers={"accept": "text/html"}).text


def test_what_is_not_published_has_no_address() -> None:
    site = Site_()
    site.post_json()
    asyncio.run(site.store.move("id-0000", State.HELD))
    for named in ("id-0000", "nothing", "%00", "' OR 1=1"):
        assert site.ask("GET", f"{PATH}/at/{named}").status_code == 404


def test_quoting_opens_the_form_with_the_words_to_answer() -> None:
    site = Site_()
    site.post_json(text="One *word*.\nTwo.")
    link = f"{PATH}?page=/article&amp;quote=id-0000&amp;lang=en#comment-form"
    assert f'href="{link}" aria-label="Quote: Zoé">Quote</a>' in site.get(html=True, lang="en").text
    page = site_page(site, quote="id-0000", lang="en")
    assert page.find(".//textarea[@name='text']").text == "> One *word*.\n> Two.\n\n"
    assert page.find(".//input[@name='reply_to']").get("value") == "id-0000"
    asyncio.run(site.store.disown("id-0000"))
    nameless = site_page(site, quote="id-0000", lang="en")
    assert nameless.find(".//textarea[@name='text']").text == "> One word.\n> Two.\n\n"
    assert plain("<p>a &lt;b&gt; &amp;amp;</p>") == "a <b> &amp;"


def test_nobody_quotes_what_is_not_there_or_while_the_form_is_locked() -> None:
    site = Site_()
    site.post_json(text="secret")
    other = site.get("/other", html=True, quote="id-0000", lang="en")
    assert "secret" not in other.text
    asyncio.run(site.store.move("id-0000", State.HELD))
    assert "secret" not in site.get(html=True, quote="id-0000").text
    asyncio.run(site.store.move("id-0000", State.PUBLISHED))
    site.proof = REFUSED
    locked = site.get(html=True, quote="id-0000", lang="en").text
    assert "> secret" not in locked and "&gt; secret" not in locked
