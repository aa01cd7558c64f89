"""Readers who sign in by a link that is mailed to them: who gets a session, and when it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from letters_site import (
    COMMENTS,
    OWN,
    SIGN_IN,
    LettersSite,
    ask,
    letters_site,
    path_of,
    post,
    sign_in,
)
from mail_server import links_of, text_of

from bandeau import limits
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.policy.model import LANGUAGES
from bandeau.storage.comments.readers import StoredReaders
from bandeau.storage.files import read_words

pytestmark = pytest.mark.slow

WORDS = read_words()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LettersSite]:
    with letters_site(tmp_path_factory.mktemp("letters")) as made:
        yield made


def say(key: str, lang: str = "en", **values: object) -> str:
    return WORDS.say(lang, key, **values)


def rows(site: LettersSite, text: str) -> list[tuple[object, ...]]:
    import apsw

    file = apsw.Connection(str(site.data / "comments.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return list(file.execute(text))
    finally:
        file.close()


def test_a_mailed_link_signs_in_and_the_name_is_the_readers(site: LettersSite) -> None:
    reader = site.reader()
    page = ask(reader, "Zoe@lecteurs.test")
    assert say("signin.sent") in page.text
    assert "set-cookie" not in page.headers
    letter = site.box.next()
    assert (letter["to"], letter["from"]) == (
        "Zoe@lecteurs.test",
        "Le Quotidien <letters@quotidien.test>",
    )
    assert letter["subject"] == say("letters.sign_in_subject", site="Le Quotidien")
    (link,) = links_of(letter)
    shown = reader.get(path_of(link))
    assert shown.status_code == 200
    assert "set-cookie" not in shown.headers
    answer = reader.send("POST", path_of(link), data={"name": "Zoé"}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/article")
    (line,) = answer.headers.get_list("set-cookie")
    assert re.fullmatch(
        r"eu-consent-reader=[A-Za-z0-9_-]{43}; Path=/\.bandeau/; Max-Age=2592000; HttpOnly; "
        "SameSite=Lax",
        line,
    )
    assert post(reader, name="Somebody else").json()["comment"]["name"] == "Zoé"
    assert say("signin.as", name="Zoé") in reader.get(f"{SIGN_IN}?lang=en").text
    again = reader.send("POST", path_of(link), data={"name": "Zoé"}, headers=OWN)
    assert again.status_code == 410
    assert say("signin.over") in reader.get(path_of(link)).text


def test_the_same_address_is_the_same_reader_in_another_browser(site: LettersSite) -> None:
    first, second = site.reader(), site.reader()
    sign_in(site, first, "ada@lecteurs.test", "Ada Byron")
    ask(second, "ADA@lecteurs.test")
    path = path_of(links_of(site.box.next())[0])
    page = second.get(path).text
    assert say("signin.as_whom", name="Ada Byron") in page
    assert 'name="name"' not in page
    second.send("POST", path, data={"name": "Other"}, headers=OWN)
    assert post(second).json()["comment"]["name"] == "Ada Byron"


@pytest.mark.parametrize("name", ["Max Power", "MAX POWER", "Мах Роwеr", "Max\u200bPower"])
def test_a_readers_name_is_nobody_elses(site: LettersSite, name: str) -> None:
    if not rows(site, "SELECT 1 FROM reader WHERE folded = 'maxpower'"):
        sign_in(site, site.reader(), "max@lecteurs.test", "Max Power")
    answer = post(site.reader(), name=name)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (422, "name-taken")
    other = site.reader()
    refused = sign_in(site, other, f"not{len(name)}{ord(name[0])}@lecteurs.test", name)
    assert refused.status_code == 422
    assert say("signin.error_taken") in refused.text
    assert "set-cookie" not in refused.headers


@pytest.mark.parametrize("name", ["", "\u200b", "x" * 81, "Le Quotidien", "Rédaction"])
def test_nobody_is_called_like_the_newsroom_or_nothing(site: LettersSite, name: str) -> None:
    refused = sign_in(site, site.reader(), f"n{len(name)}@nobody{len(name)}.test", name)
    assert refused.status_code == 422
    assert say("signin.error_name") in refused.text


def test_a_withdrawal_ends_the_session_for_good(site: LettersSite) -> None:
    reader = site.reader()
    sign_in(site, reader, "bea@lecteurs.test", "Bea")
    token = reader.jar["eu-consent-reader", "/.bandeau/"]
    reader.choose("accept_all")
    assert post(reader).json()["comment"]["name"] == "Bea"
    answer = reader.choose("refuse_all")
    assert any(
        line.startswith("eu-consent-reader=; Path=/.bandeau/; Max-Age=0")
        for line in answer.headers.get_list("set-cookie")
    )
    assert not [row for row in rows(site, "SELECT reader FROM reader_session") if "Bea" in row]
    reader.jar["eu-consent-reader", "/.bandeau/"] = token
    assert post(reader).status_code == 403
    reader.choose("accept_all")
    assert post(reader).json()["comment"]["name"] == "Zed"
    assert say("signin.as", name="Bea") not in reader.get(f"{SIGN_IN}?lang=en").text


def test_a_withdrawal_ends_it_even_where_the_store_did_not_learn_of_it(
    site: LettersSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = site.reader()
    sign_in(site, reader, "cleo@lecteurs.test", "Cleo")
    jar = dict(reader.jar)

    async def down(*_: object) -> None:
        raise CommentsUnavailable("down")

    monkeypatch.setattr(StoredReaders, "withdrawn", down)
    assert reader.choose("refuse_all").status_code == 303
    monkeypatch.undo()
    reader.choose("accept_all")
    reader.jar["eu-consent-reader", "/.bandeau/"] = jar["eu-consent-reader", "/.bandeau/"]
    assert post(reader).json()["comment"]["name"] == "Zed"


def test_a_session_is_of_one_browser_only(site: LettersSite) -> None:
    reader, thief = site.reader(), site.reader()
    sign_in(site, reader, "dan@lecteurs.test", "Dan")
    stolen = reader.jar["eu-consent-reader", "/.bandeau/"]
    thief.jar["eu-consent-reader", "/.bandeau/"] = stolen
    assert post(thief).json()["comment"]["name"] == "Zed"
    sign_in(site, thief, "eve@lecteurs.test", "Eve")
    assert thief.jar["eu-consent-reader", "/.bandeau/"] != stolen


def test_a_link_is_good_in_the_browser_that_asked_only(site: LettersSite) -> None:
    reader, other = site.reader(), site.reader()
    ask(reader, "fay@lecteurs.test")
    path = path_of(links_of(site.box.next())[0])
    assert other.get(path).status_code == 410
    assert other.send("POST", path, data={"name": "Fay"}, headers=OWN).status_code == 410
    assert reader.get(path).status_code == 200


def test_the_answer_is_the_same_whoever_is_asked_for(site: LettersSite) -> None:
    sign_in(site, site.reader(), "gus@lecteurs.test", "Gus")
    known, unknown = ask(site.reader(), "gus@lecteurs.test"), ask(site.reader(), "no@one.test")
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text
    site.box.next(), site.box.next()


def test_attempts_are_bounded(site: LettersSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LETTERS_PER_ADDRESS", 2)
    reader = site.reader()
    answers = [ask(reader, "hal@lecteurs.test") for _ in range(3)]
    assert {answer.text for answer in answers} == {answers[0].text}
    ask(reader, "iva@lecteurs.test")
    came = [site.box.next()["to"] for _ in range(3)]
    assert sorted(came) == ["hal@lecteurs.test", "hal@lecteurs.test", "iva@lecteurs.test"]
    monkeypatch.setattr(limits, "LETTERS_PER_SOURCE", 1)
    answer = ask(reader, "ian@lecteurs.test")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3600"


@pytest.mark.parametrize(
    "address",
    [
        *("", "zoe", "zoe@", "@x.test", "a b@x.test", "a@x", 'a"b@x.test', "a,b@x.test"),
        *(
            "a@x.test\r\nBcc: b@x.test",
            "a@" + "x" * 300 + ".test",
            "x" * 65 + "@x.test",
            "<a@x.test>",
        ),
    ],
)
def test_what_is_no_address_is_refused(site: LettersSite, address: str) -> None:
    answer = ask(site.reader(), address)
    assert answer.status_code == 422
    assert say("signin.error_address") in answer.text


def test_nobody_signs_in_without_consent_or_from_another_site(site: LettersSite) -> None:
    for undecided in (site.shell.visitor(), site.shell.visitor(**{"sec-gpc": "1"})):
        assert ask(undecided, "jo@lecteurs.test").status_code == 403
        assert say("error.comments_locked") in undecided.get(f"{SIGN_IN}?lang=en").text
    reader = site.reader()
    for path in (SIGN_IN, f"{SIGN_IN}/link", f"{SIGN_IN}/out"):
        answer = reader.send(
            "POST", path, data={"email": "a@x.test"}, headers={"sec-fetch-site": "cross-site"}
        )
        assert answer.status_code == 403


def test_signing_out_ends_the_session(site: LettersSite) -> None:
    reader = site.reader()
    sign_in(site, reader, "kim@lecteurs.test", "Kim")
    token = reader.jar["eu-consent-reader", "/.bandeau/"]
    answer = reader.send("POST", f"{SIGN_IN}/out?return=/article", data={"x": ""}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/article")
    assert ("eu-consent-reader", "/.bandeau/") not in reader.jar
    reader.jar["eu-consent-reader", "/.bandeau/"] = token
    assert post(reader).json()["comment"]["name"] == "Zed"


def test_neither_address_nor_token_is_kept(site: LettersSite) -> None:
    reader = site.reader()
    sign_in(site, reader, "lea@lecteurs.test", "Léa")
    token = reader.jar["eu-consent-reader", "/.bandeau/"]
    kept = b"".join(path.read_bytes() for path in site.data.glob("comments.sqlite*"))
    assert b"lea@" not in kept and b"lecteurs" not in kept
    assert token.encode() not in kept


def test_erasing_the_record_erases_the_reader(site: LettersSite) -> None:
    reader, second = site.reader(), site.reader()
    for each in (reader, second):
        sign_in(site, each, "mia@lecteurs.test", "Mia")
    for each, left in ((reader, 1), (second, 0)):
        each.send("POST", "/.bandeau/record/erase", data={"comments": "leave"}, headers=OWN)
        assert len(rows(site, "SELECT 1 FROM reader WHERE name = 'Mia'")) == left
    kept = b"".join(path.read_bytes() for path in site.data.glob("comments.sqlite*"))
    assert b"Mia" not in kept


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_and_letters_speak_every_language(site: LettersSite, lang: str) -> None:
    reader = site.reader()
    page = reader.get(f"{SIGN_IN}?lang={lang}").text
    assert f'<html lang="{lang}"' in page
    assert say("signin.kept", lang) in page
    ask(reader, f"{lang}@langues.test", lang=lang)
    letter = site.box.next()
    assert letter["content-language"] == lang
    assert letter["subject"] == say("letters.sign_in_subject", lang, site="Le Quotidien")
    assert say("letters.sign_in_text", lang, site="Le Quotidien", minutes=15) in text_of(letter)
    path = path_of(links_of(letter)[0])
    assert say("signin.name_rule", lang) in reader.get(path).text
    section = reader.get(f"{COMMENTS}?page=/article&format=html&lang={lang}").text
    assert say("signin.optional", lang) in section
    assert say("comments.tell", lang) in section


def test_where_signing_in_is_needed_a_name_alone_is_not_enough(tmp_path: Path) -> None:
    with letters_site(tmp_path, 'sign_in = ["email"]\n') as site:
        reader = site.reader()
        answer = post(reader)
        assert (answer.status_code, answer.json()["error"]["reason"]) == (403, "sign-in")
        page = reader.send(
            "POST",
            COMMENTS,
            data={"page": "/article", "text": "Kept draft"},
            headers={"accept": "text/html", "accept-language": "en", **OWN},
        )
        assert page.status_code == 403
        assert "Kept draft" in page.text
        assert say("comments.error_sign_in") in page.text
        assert 'name="name"' not in page.text
        assert f'href="{SIGN_IN}?return=/article&amp;lang=en"' in page.text
        sign_in(site, reader, "zoe@lecteurs.test")
        assert post(reader).status_code == 201


def test_without_a_way_to_sign_in_there_is_nothing(tmp_path: Path) -> None:
    with letters_site(tmp_path, "") as site:
        reader = site.reader()
        assert reader.get(SIGN_IN).status_code == 404
        assert ask(reader, "a@x.test").status_code == 404
        assert SIGN_IN not in reader.get("/article").text
