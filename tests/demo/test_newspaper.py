"""The demo newspaper as its readers and their browsers get it."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import httpx
import pytest

from bandeau.demo import stories
from bandeau.demo.addresses import Addresses, host_of, is_trustworthy
from bandeau.demo.newspaper import typeset

pytestmark = pytest.mark.slow

FRENCH = [story for story in stories.STORIES if story.lang == "fr"]
PAGES = ["/", "/vie-privee", *(story.path for story in stories.STORIES)]


def parse(answer: httpx.Response) -> Element:
    assert answer.status_code == 200
    return html5lib.HTMLParser(strict=False, namespaceHTMLElements=False).parse(answer.text)


def of_class(page: Element, name: str) -> list[Element]:
    return [e for e in page.iter() if name in (e.get("class") or "").split()]


def text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def sources(page: Element, tag: str) -> list[str]:
    return [e.get("src") or "" for e in page.iter(tag) if e.get("src")]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_well_made(paper: Any, path: str) -> None:
    answer = paper.get(path)
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    page = parser.parse(answer.text)
    assert parser.errors == []
    assert page.get("lang") == answer.headers["content-language"]
    assert page.get("dir") == ("rtl" if page.get("lang") == "ar" else "ltr")
    assert len(list(page.iter("h1"))) == 1
    assert all(e.get("alt") is not None for e in page.iter("img"))
    assert all(e.get("title") for e in page.iter("iframe"))
    assert text(next(page.iter("title")))


@pytest.mark.parametrize("story", stories.STORIES, ids=lambda story: story.path)
def test_an_article_has_its_parts(paper: Any, story: stories.Story) -> None:
    page = parse(paper.get(story.path))
    assert text(next(page.iter("h1"))).replace("\u202f", " ") == story.headline
    assert text(of_class(page, "lead")[0]).replace("\u202f", " ") == story.lead
    assert story.byline in text(of_class(page, "byline")[0])
    assert next(page.iter("time")).get("datetime") == story.published
    figure = of_class(page, "picture")[0]
    assert next(figure.iter("img")).get("alt") == story.picture.alt
    assert story.picture.source in text(of_class(figure, "source")[0])
    assert story.picture.credit in text(of_class(figure, "credit")[0])
    assert all(list(quote.iter("cite")) for quote in of_class(page, "quote"))
    assert of_class(page, "quote")
    assert [e.tag for e in page.iter() if e.get("data-bandeau") == "comments"] == ["section"]


@pytest.mark.parametrize("story", stories.STORIES, ids=lambda story: story.path)
def test_every_article_reaches_all_four_companies(
    paper: Any, addresses: Addresses, story: stories.Story
) -> None:
    page = parse(paper.get(story.path))
    embedded = sources(page, "script") + sources(page, "iframe")
    for origin in (addresses.mouette, addresses.bulles, addresses.regie, addresses.sextant):
        assert any(url.startswith(origin + "/") for url in embedded), origin
    assert addresses.sextant in paper.get(story.path).text.split("<noscript>")[1]


@pytest.mark.parametrize("story", FRENCH, ids=lambda story: story.path)
def test_a_french_article_is_as_long_as_an_article(paper: Any, story: stories.Story) -> None:
    body = of_class(parse(paper.get(story.path)), "story-body")[0]
    assert 300 <= len(text(body).split()) <= 560


def test_the_paper_embeds_posts_by_script_and_by_frame_videos_and_rooms(
    paper: Any, addresses: Addresses
) -> None:
    pages = [parse(paper.get(story.path)) for story in FRENCH]
    frames = [url for page in pages for url in sources(page, "iframe")]
    assert any(of_class(page, "mouette-post") for page in pages)
    for part in (
        f"{addresses.mouette}/embed/",
        f"{addresses.bulles}/embed/video/",
        f"{addresses.bulles}/embed/salon/",
        f"{addresses.regie}/ad?slot=",
    ):
        assert any(url.startswith(part) for url in frames), part


@pytest.mark.parametrize("path", PAGES)
def test_follow_links_are_plain_links(paper: Any, addresses: Addresses, path: str) -> None:
    follow = of_class(parse(paper.get(path)), "follow")[0]
    links = [e.get("href") for e in follow.iter("a")]
    assert links == [f"{addresses.mouette}/@phare_estuaire", f"{addresses.bulles}/chaine/phare"]
    assert not list(follow.iter("script"))


@pytest.mark.parametrize("path", PAGES)
def test_nothing_else_is_contacted(paper: Any, addresses: Addresses, path: str) -> None:
    page = parse(paper.get(path))
    loaded = [url for tag in ("script", "iframe", "img") for url in sources(page, tag)]
    loaded += [e.get("href") or "" for e in page.iter("link") if e.get("rel") != "alternate"]
    parties = {addresses.mouette, addresses.bulles, addresses.regie, addresses.sextant}
    outside = [url for url in loaded if not url.startswith("/")]
    assert all("/".join(url.split("/")[:3]) in parties for url in outside)
    for own in (url for url in loaded if url.startswith("/")):
        assert paper.get(own).status_code == 200, own


def test_every_own_link_leads_somewhere(paper: Any) -> None:
    links = {
        e.get("href") or ""
        for path in PAGES
        for e in parse(paper.get(path)).iter("a")
        if (e.get("href") or "").startswith("/")
    }
    ours = {link for link in links if not link.startswith("/.bandeau/")}
    assert all(paper.get(link).status_code == 200 for link in ours)


def test_cookies_on_an_article(paper: Any) -> None:
    jar: SimpleCookie = SimpleCookie()
    for line in paper.get(FRENCH[0].path).headers.get_list("set-cookie"):
        jar.load(line)
    assert jar["session"]["httponly"] and jar["session"]["path"] == "/"
    assert not jar["session"]["max-age"]
    assert jar["_pub_srv"]["httponly"] and jar["_pub_srv"]["path"] == "/articles"
    assert jar["audience"]["max-age"] == "15552000"


def test_cookies_that_came_are_not_set_again(paper: Any) -> None:
    paper.get(FRENCH[0].path)
    assert "set-cookie" not in paper.get(FRENCH[0].path).headers
    assert "set-cookie" not in paper.get("/").headers


def test_a_wrong_address_is_a_404_in_the_papers_own_looks(paper: Any) -> None:
    answer = paper.get("/articles/<script>")
    assert answer.status_code == 404
    assert "Cette page a pris le large" in answer.text
    assert paper.post("/").status_code == 405


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("« Oui »", "«\u202fOui\u202f»"),
        ("Quoi ? Rien ; ceci : cela !", "Quoi\u202f? Rien\u202f; ceci\u202f: cela\u202f!"),
        ("a <b> & c", "a &lt;b&gt; &amp; c"),
        ("English: unchanged?", "English: unchanged?"),
    ],
)
def test_typeset(given: str, expected: str) -> None:
    assert typeset(given) == expected


def test_addresses() -> None:
    ours = Addresses.on_loopback(8000, 8010)
    assert (ours.site, host_of(ours.regie)) == (
        "http://phare.localhost:8000",
        "regie-pistil.localhost",
    )
    assert is_trustworthy(ours.mouette) and is_trustworthy("https://mouette.test")
    assert not is_trustworthy("http://mouette.test")
    with pytest.raises(ValueError, match="not an origin"):
        host_of("mouette")
