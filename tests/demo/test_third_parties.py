"""The pretend third parties: what they set, read and learn."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from bandeau.demo.addresses import Addresses
from bandeau.demo.parties import third_parties
from bandeau.demo.parties.board import KEPT, Board, Contact, Kind, Known
from bandeau.demo.parties.party import shorten
from bandeau.demo.parties.regie import interests

ARTICLE = "https://phare.test/articles/ardent-usine-portugal"
CONTACTS = [
    ("mouette", "GET", "/embed.js", "script", "mouette_id"),
    ("mouette", "GET", "/widgets.js", "script", "mouette_id"),
    ("mouette", "GET", "/embed/quais-velo", "iframe", "mouette_id"),
    ("mouette", "GET", "/jot.gif", "pixel", "mouette_id"),
    ("mouette", "POST", "/seen", "beacon", "mouette_id"),
    ("bulles", "GET", "/embed/video/apogee-montage", "iframe", "bulles_id"),
    ("bulles", "GET", "/embed/salon/apres-le-vote", "iframe", "bulles_id"),
    ("bulles", "GET", "/player.js", "script", "bulles_id"),
    ("bulles", "GET", "/vu.gif", "pixel", "bulles_id"),
    ("bulles", "POST", "/pulse", "beacon", "bulles_id"),
    ("bulles", "GET", "/chaine/phare", "visit", "bulles_id"),
    ("regie", "GET", "/pub.js", "script", "pistil_uid"),
    ("regie", "GET", "/encheres.js", "script", "pistil_uid"),
    ("regie", "GET", "/ad?slot=haut", "iframe", "pistil_uid"),
    ("regie", "GET", "/vu.gif", "pixel", "pistil_uid"),
    ("regie", "POST", "/enchere", "beacon", "pistil_uid"),
    ("sextant", "GET", "/s.js", "script", "sextant_id"),
    ("sextant", "GET", "/r.js", "script", "sextant_id"),
    ("sextant", "GET", "/p.gif?js=0", "pixel", "sextant_id"),
    ("sextant", "POST", "/c", "beacon", "sextant_id"),
]


def columns(parties: Any) -> dict[str, str]:
    """The board's live part, cut by company."""
    answer = parties.get("/colonnes?lang=en")
    assert answer.status_code == 200
    parts = re.split(r'data-company="', answer.text)[1:]
    return {part.split('"', 1)[0]: part for part in parts}


def cookie_of(answer: httpx.Response, name: str) -> str:
    found = re.search(rf"{name}=([a-z0-9]+); ([^,]*)", answer.headers["set-cookie"])
    assert found
    assert "samesite=none" in found[2].lower() and "secure" in found[2].lower()
    return found[1]


@pytest.mark.parametrize(("company", "method", "path", "kind", "cookie"), CONTACTS)
def test_a_contact_sets_a_cookie_reads_it_back_and_reaches_the_board(
    parties: Any,
    addresses: Addresses,
    company: str,
    method: str,
    path: str,
    kind: str,
    cookie: str,
) -> None:
    url = getattr(addresses, company) + path
    first = parties.request(method, url, headers={"Referer": ARTICLE})
    assert first.status_code in (200, 204)
    visitor = cookie_of(first, cookie)
    again = parties.request(method, url, headers={"Referer": ARTICLE})
    assert cookie_of(again, cookie) == visitor
    seen = columns(parties)[company]
    for word in (visitor, "cookie read back", "new id", "/articles/ardent-usine-portugal", ARTICLE):
        assert word in seen
    assert {"script": "script", "iframe": "frame"}.get(kind, kind) in seen
    assert [c for c, part in columns(parties).items() if "Follows you" in part] == [company]


def test_the_board_is_dark_until_somebody_calls(parties: Any) -> None:
    page = parties.get("/", headers={"Accept-Language": "fr"}).text
    assert page.count("Ne sait rien") == 4
    assert "Vous suit" not in page
    assert "0 sociétés sur 4" in page


def test_a_script_tells_the_page_and_an_older_id(parties: Any, addresses: Addresses) -> None:
    parties.get(f"{addresses.sextant}/p.gif", params={"fp": "abcdef0123", "page": ARTICLE})
    seen = columns(parties)["sextant"]
    assert "abcdef0123" in seen and "the paper’s cookie" in seen


def test_a_page_that_asks_for_many_things_is_one_visitor(
    parties: Any, addresses: Addresses
) -> None:
    one = cookie_of(parties.get(f"{addresses.bulles}/player.js"), "bulles_id")
    parties.cookies.clear()
    two = cookie_of(parties.get(f"{addresses.bulles}/vu.gif"), "bulles_id")
    assert one == two


def test_a_visitor_who_lost_the_cookie_is_new_a_moment_later(
    addresses: Addresses, asking: Any
) -> None:
    now = [1_000.0]
    client = asking(third_parties(addresses, clock=lambda: now[0]), addresses.board)
    one = cookie_of(client.get(f"{addresses.bulles}/player.js"), "bulles_id")
    client.cookies.clear()
    now[0] += 60
    assert cookie_of(client.get(f"{addresses.bulles}/player.js"), "bulles_id") != one


@pytest.mark.parametrize("bad", ["<b>", "a" * 33, "", "abc\x00def", "é" * 8])
def test_an_id_that_is_none_is_not_believed(parties: Any, addresses: Addresses, bad: str) -> None:
    answer = parties.get(f"{addresses.mouette}/jot.gif", params={"fp": bad, "st": bad})
    assert re.fullmatch(r"[a-z0-9]{6,32}", cookie_of(answer, "mouette_id"))
    assert "new id" in columns(parties)["mouette"]


@pytest.mark.parametrize("page", ["http://[", "javascript:alert(1)", "x" * 9_000, "<script>1"])
def test_a_page_that_is_none_harms_nothing(parties: Any, addresses: Addresses, page: str) -> None:
    answer = parties.post(f"{addresses.sextant}/c", params={"page": page, "saw": page})
    assert answer.status_code == 204
    seen = columns(parties)["sextant"]
    assert "<script>" not in seen and len(seen) < 4_000


def test_the_ad_follows_what_was_read(parties: Any, addresses: Addresses) -> None:
    ad = f"{addresses.regie}/ad"
    assert "Choisie pour vous" not in parties.get(ad).text
    parties.get(f"{addresses.regie}/pub.js", headers={"Referer": ARTICLE})
    shown = parties.get(ad).text
    assert "vous avez lu sur l’automobile" in shown and "Boussole Assurances" in shown


def test_interests_newest_first() -> None:
    pages = ("/", "/articles/apogee-x", "/articles/ardent", "/articles/apogee-y")
    assert interests(pages) == ("l’espace", "l’automobile")


def test_cookie_matching_hands_the_id_over(parties: Any, addresses: Addresses) -> None:
    answer = parties.get(f"{addresses.regie}/sync.gif")
    visitor = cookie_of(answer, "pistil_uid")
    assert answer.headers["location"] == f"{addresses.sextant}/match.gif?pistil={visitor}"
    parties.get(answer.headers["location"])
    assert f"pistil = {visitor}" in columns(parties)["sextant"]


def test_forgetting_wipes_the_board(parties: Any, addresses: Addresses) -> None:
    parties.get(f"{addresses.mouette}/jot.gif")
    answer = parties.post("/oublier?lang=fr")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=fr")
    assert "Follows you" not in "".join(columns(parties).values())
    assert parties.get("/oublier").status_code == 405


def test_the_live_part_is_sent_only_when_something_changed(
    parties: Any, addresses: Addresses
) -> None:
    version = parties.get("/colonnes").headers["x-board-version"]
    assert parties.get(f"/colonnes?version={version}").status_code == 204
    parties.get(f"{addresses.mouette}/jot.gif")
    assert parties.get(f"/colonnes?version={version}").status_code == 200


def test_each_company_shows_its_own_column_only(parties: Any, addresses: Addresses) -> None:
    page = parties.get(f"{addresses.bulles}/", headers={"Accept-Language": "en-GB"}).text
    assert re.findall(r'data-company="(\w+)"', page) == ["bulles"]
    assert 'lang="en"' in page


@pytest.mark.parametrize(
    "path",
    ["https://mouette.test/other.js", "https://mouette.test/embed/none", "https://nobody.test/"]
    + [f"https://bulles.test/{p}" for p in ("embed/video/none", "embed/salon/none", "x.js")]
    + ["https://regie-pistil.test/x.js", "https://sextant.test/x.js"],
)
def test_what_is_not_there_is_a_404_and_no_contact(parties: Any, path: str) -> None:
    assert parties.get(path).status_code == 404
    assert "Follows you" not in "".join(columns(parties).values())


def test_without_tls_the_cookie_stays_on_its_own_site(asking: Any) -> None:
    plain = Addresses(*(f"http://{name}.test" for name in ("a", "b", "c", "d", "e", "f")))
    answer = asking(third_parties(plain), plain.board).get("http://b.test/jot.gif")
    assert "samesite=lax" in answer.headers["set-cookie"].lower()


def test_scripts_hold_the_id_as_a_string(parties: Any, addresses: Addresses) -> None:
    answer = parties.get(f"{addresses.mouette}/embed.js")
    assert json.dumps(cookie_of(answer, "mouette_id")) in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("192.0.2.77", "192.0.2.×"),
        ("2001:db8:1:2::9", "2001:0db8:0001:×"),
        ("testclient", "?"),
        ("", "?"),
    ],
)
def test_addresses_are_shown_shortened(address: str, shown: str) -> None:
    assert shorten(address) == shown


def test_the_board_keeps_no_more_than_it_should() -> None:
    board = Board()
    for i in range(KEPT + 50):
        board.record(
            Contact("sextant", Kind.PIXEL, i, f"/{i}", "abcdef", Known.NEW, "", "?", "", "")
        )
    assert len(board.of("sextant")) == KEPT
    assert board.of("sextant")[0].page == f"/{KEPT + 49}"
    assert len(board.pages_of("sextant", "abcdef")) == KEPT
