"""Readers who are told of replies by mail: only who asked, confirmed, and still consents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest
from letters_site import COMMENTS, JSON, OWN, LettersSite, letters_site, path_of, post, sign_in
from mail_server import PASSWORD, USER, certified, links_of, mailbox, text_of
from visitor import Visitor

from bandeau import limits
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.letters import Content, Kind, Letter, due_after, seal, unseal
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.record import uuid7
from bandeau.policy.model import LANGUAGES
from bandeau.settings import Encryption, MailServer, SettingsError, parse_mail
from bandeau.storage.comments.letters import StoredLetters
from bandeau.storage.comments.newsroom import newsroom
from bandeau.storage.files import read_words
from bandeau.storage.place import Folder
from bandeau.web.letter_text import written

pytestmark = pytest.mark.slow

WORDS = read_words()
REPLIES = f"{COMMENTS}/replies"
_PUT_OFF = "letter WHERE attempts = 1 AND due > made + 10 AND due < made + 40"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LettersSite]:
    with letters_site(tmp_path_factory.mktemp("replies")) as made:
        yield made


def say(key: str, lang: str = "en", **values: object) -> str:
    return WORDS.say(lang, key, **values)


def kept(site: LettersSite, table: str) -> int:
    file = apsw.Connection(str(site.data / "comments.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return len(list(file.execute(f"SELECT 1 FROM {table}")))
    finally:
        file.close()


def watch(reader: Visitor, address: str, **more: Any) -> str:
    answer = post(reader, notify="yes", email=address, **more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["comment"]["id"])


def confirmed(site: LettersSite, reader: Visitor, address: str, **more: Any) -> str:
    made = watch(reader, address, **more)
    link = links_of(site.box.next())[0]
    answer = site.shell.visitor().send("POST", path_of(link), data={}, headers=OWN)
    assert answer.status_code == 200
    return made


def test_a_reply_is_told_once_confirmed_and_stopped_by_one_click(site: LettersSite) -> None:
    reader, before = site.reader(), kept(site, "watch")
    sure = kept(site, "watch WHERE confirmed = 1")
    first = watch(reader, "zoe@lecteurs.test", page="/a")
    letter = site.box.next()
    assert letter["to"] == "zoe@lecteurs.test"
    assert letter["subject"] == say("letters.confirm_subject", "fr", site="Le Quotidien")
    confirm, _ = links_of(letter)
    other = site.reader()
    post(other, "Too early", page="/a", reply_to=first)
    mails = site.shell.visitor(**{"accept-language": "en"})
    page = mails.get(path_of(confirm))
    assert say("replies.ask_confirm", "fr") in page.text
    assert kept(site, "watch WHERE confirmed = 1") == sure
    done = mails.send("POST", path_of(confirm), data={}, headers=OWN)
    assert say("replies.done_confirm", "fr") in done.text
    reply = post(other, "Well said", page="/a", reply_to=first, name="Bob").json()["comment"]["id"]
    told = site.box.next()
    assert told["subject"] == say("letters.reply_subject", "fr", site="Le Quotidien", name="Bob")
    read, stop = links_of(told)
    assert read.endswith(f"/a#comment-{reply}")
    assert "Well said" not in text_of(told)
    assert told["list-unsubscribe"] == f"<{stop}>"
    assert "http" in stop and told["list-unsubscribe-post"] is None
    assert site.shell.visitor().get(path_of(stop)).status_code == 200
    assert kept(site, "watch") == before + 1
    # As a mail program does it: no cookie, no origin.
    with httpx.Client(base_url=site.shell.url) as program:
        assert program.post(path_of(stop), data=ONE_CLICK).status_code == 200
        assert program.post(path_of(stop), data=ONE_CLICK).status_code == 200
    assert kept(site, "watch") == before
    post(other, "Nobody is told", page="/a", reply_to=first)
    confirmed(site, site.reader(), "last@lecteurs.test")  # what came before would have come first


def test_one_click_is_offered_over_https() -> None:
    content = Content(
        Kind.REPLY, "a@x.test", "en", "", "https://x.test/a", "https://x.test/s", "Bo\n"
    )
    letter = Letter("l1", "r", "", made=0, ends=9, due=0)
    message = written(WORDS, 'A "site"', "s@x.test", letter, content)
    assert message["list-unsubscribe"] == "<https://x.test/s>"
    assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert message["subject"] == 'Bo replied to your comment on A "site"'
    assert message["message-id"] == "<l1@x.test>"
    assert message["auto-submitted"] == "auto-generated"


def test_an_address_that_is_confirmed_is_not_asked_again(site: LettersSite) -> None:
    reader, other = site.reader(), site.reader()
    confirmed(site, reader, "ann@lecteurs.test", page="/b")
    second = watch(reader, "Ann@lecteurs.test", page="/b")
    post(other, "Yes", page="/b", reply_to=second, name="Cy")
    assert site.box.next()["subject"] == say(
        "letters.reply_subject", "fr", site="Le Quotidien", name="Cy"
    )


def test_own_replies_and_unticked_boxes_tell_nobody(site: LettersSite) -> None:
    reader = site.reader()
    before = kept(site, "watch")
    first = post(reader, page="/c", email="not@ticked.test").json()["comment"]["id"]
    post(site.reader(), page="/c", reply_to=first)
    assert kept(site, "watch") == before
    own = confirmed(site, reader, "own@lecteurs.test", page="/c")
    post(reader, "I answer myself", page="/c", reply_to=own)
    post(site.reader(), page="/c", reply_to=own, name="Dee")
    assert "Dee" in text_of(site.box.next())


def test_who_is_banned_gets_the_reasons_by_mail(site: LettersSite) -> None:
    reader = site.reader()
    comment = confirmed(site, reader, "banned@lecteurs.test", page="/d")
    told = reader.get(f"{COMMENTS}/mine", headers={"accept": "application/json"}).json()
    (author,) = {each["author"] for each in told["comments"] if each["id"] == comment}
    now = int(time.time()) * 1000
    act = Act(uuid7(now, bytes(10)), now, "camille", Deed.BAN, author)
    why = Reason(Ground.INSULT, "", "Threats.\nThree of them.")

    async def ban(place: Folder) -> None:
        with closing(place.comments()) as store:
            assert await newsroom(store.tables).queue.perform([act], 0, why) == 1

    asyncio.run(ban(Folder(site.data)))
    letter = site.box.next()
    assert letter["to"] == "banned@lecteurs.test"
    assert letter["subject"] == say("letters.decision_subject", "fr", site="Le Quotidien")
    text = text_of(letter)
    for part in (
        say("statement.banned", "fr"),
        say("report.ground_insult", "fr"),
        "Threats.\nThree of them.",
        say("letters.decision_else", "fr"),
    ):
        assert part in text, part
    read, stop = links_of(letter)
    assert "/.bandeau/comments/mine?lang=fr" in read
    assert letter["list-unsubscribe"] == f"<{stop}>"


def test_who_sent_a_notice_gets_the_decision_by_mail(site: LettersSite) -> None:
    comment = post(site.reader(), page="/e").json()["comment"]["id"]
    notice = {"id": comment, "ground": "illegal", "good_faith": "yes", "name": "Ada"}
    notice |= {"text": "It is illegal by the law of 1881.", "email": "ada@lecteurs.test"}
    sent = site.shell.visitor().send("POST", f"{COMMENTS}/report", json=notice, headers=JSON)
    assert sent.status_code == 201, sent.text
    now = int(time.time()) * 1000
    act = Act(uuid7(now, bytes(9) + b"1"), now, "camille", Deed.REJECT, comment)
    why = Reason(Ground.ILLEGAL, "Press Act, § 9", "It defames.")

    async def reject(place: Folder) -> None:
        with closing(place.comments()) as store:
            assert await newsroom(store.tables).queue.perform([act], 0, why) == 1

    asyncio.run(reject(Folder(site.data)))
    letter = site.box.next()
    assert letter["to"] == "ada@lecteurs.test"
    assert letter["subject"] == say("letters.notice_subject", "fr", site="Le Quotidien")
    text = text_of(letter)
    for part in (say("report.outcome_removed", "fr"), "Press Act, § 9", "It defames."):
        assert part in text, part
    assert letter["list-unsubscribe"] is None


def test_a_ticked_box_needs_an_address(site: LettersSite) -> None:
    answer = post(site.reader(), notify="yes", email="nonsense")
    assert (answer.status_code, answer.json()["error"]["reason"]) == (422, "address")
    page = site.reader().send(
        "POST",
        COMMENTS,
        data={"page": "/a", "name": "Z", "text": "Draft", "notify": "yes", "email": "no"},
        headers={"accept": "text/html", "accept-language": "en", **OWN},
    )
    assert say("comments.error_address") in page.text
    assert 'value="yes" checked' in page.text


def test_the_box_is_not_ticked(site: LettersSite) -> None:
    page = site.reader().get(f"{COMMENTS}?page=/a&format=html&lang=en").text
    assert 'name="notify"' in page
    assert "checked" not in page


@pytest.mark.parametrize("way", ["withdraw", "record", "comment", "keep"])
def test_withdrawal_and_erasure_end_it_and_erase_the_address(site: LettersSite, way: str) -> None:
    reader = site.reader()
    before = kept(site, "watch")
    made = confirmed(site, reader, f"{way}@lecteurs.test", page="/d")
    assert kept(site, "watch") == before + 1
    mine = f"{COMMENTS}/mine"
    if way == "withdraw":
        reader.choose("refuse_all")
    elif way == "record":
        reader.send("POST", "/.bandeau/record/erase", data={"comments": "leave"}, headers=OWN)
    else:
        action = {"comment": "erase", "keep": "keep"}[way]
        reader.send("POST", mine, data={"action": action, "id": made}, headers=OWN)
    assert kept(site, "watch") == before
    if way in ("withdraw", "record"):
        post(site.reader(), page="/d", reply_to=made)
    confirmed(site, site.reader(), f"after-{way}@lecteurs.test")


def test_a_consent_that_ended_by_itself_stops_the_letter(
    site: LettersSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = site.reader()
    made = confirmed(site, reader, "old@lecteurs.test", page="/e")

    async def down(*_: object) -> None:
        raise CommentsUnavailable("down")

    monkeypatch.setattr(StoredLetters, "withdrawn", down)
    reader.choose("refuse_all")
    before = kept(site, "watch")
    post(site.reader(), page="/e", reply_to=made)
    confirmed(site, site.reader(), "other@lecteurs.test")
    assert kept(site, "watch") == before


def test_a_link_that_was_made_up_does_nothing(site: LettersSite) -> None:
    confirmed(site, site.reader(), "real@lecteurs.test")
    for act in ("confirm", "stop"):
        for query in ("", "?id=x&proof=y", "?id=&proof=", "?id=x&proof=é"):
            assert site.shell.visitor().get(f"{REPLIES}/{act}{query}").status_code == 404
            answer = site.shell.visitor().send("POST", f"{REPLIES}/{act}{query}", data={})
            assert answer.status_code == 404


def test_addresses_are_on_the_disk_sealed_only(site: LettersSite) -> None:
    confirmed(site, site.reader(), "secret@hidden.test")
    files = b"".join(path.read_bytes() for path in site.data.glob("comments.sqlite*"))
    assert b"secret@" not in files and b"hidden.test" not in files


def test_a_reader_who_signed_in_is_told_too(site: LettersSite) -> None:
    reader = site.reader()
    sign_in(site, reader, "nia@lecteurs.test", "Nia")
    made = confirmed(site, reader, "nia@lecteurs.test", page="/f")
    post(site.reader(), page="/f", reply_to=made, name="Olu")
    assert "Olu" in text_of(site.box.next())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_letters_about_replies_speak_every_language(lang: str) -> None:
    for kind in Kind:
        content = Content(kind, "a@x.test", lang, "", "https://x.test/a", "https://x.test/s", "Bo")
        message = written(WORDS, "Le Phare", "s@x.test", Letter("l", "r", "", 0, 9, 0), content)
        again = message.as_bytes().decode("ascii")
        assert "Content-Type: text/plain" in again
        assert links_of(message)[0] == "https://x.test/a"
        assert "{" not in text_of(message) + message["subject"]


# Faults.


def test_an_address_that_is_refused_is_not_tried_again(site: LettersSite) -> None:
    site.box.answers.put("550 nobody here")
    before = kept(site, "watch")
    watch(site.reader(), "gone@lecteurs.test")
    confirmed(site, site.reader(), "there@lecteurs.test")
    while kept(site, "letter"):
        pass
    assert kept(site, "watch") == before + 1


def test_a_letter_is_tried_again_within_bounds() -> None:
    letter = Letter("l", "r", "", made=0, ends=100_000, due=0, attempts=1)
    waits = []
    now = 0
    while (due := due_after(letter, now, 0)) is not None:
        waits.append(due - now)
        now = due
        letter = Letter("l", "r", "", 0, 100_000, due, attempts=letter.attempts + 1)
    assert waits == [30, 120, 480, 1_920, 7_680]
    assert due_after(Letter("l", "r", "", 0, 20, 0, attempts=1), 0, 0) is None


def test_what_another_key_sealed_is_not_read() -> None:
    content = Content(Kind.REPLY, "a@x.test", "fr", "b", "l")
    box = seal(b"k" * 32, b"n" * 12, content)
    assert unseal(b"k" * 32, box) == content
    assert unseal(b"x" * 32, box) is None
    assert "x.test" not in box


def test_a_server_that_is_down_delays_letters_and_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAIL_WAIT_SECONDS", 1)
    with mailbox() as gone:
        port = int(gone.url.partition("127.0.0.1:")[2].partition("?")[0])
    with letters_site(tmp_path) as site:
        site.app._open.chores._works[1].__self__._server = parse_mail(gone.url)
        watch(site.reader(), "wait@lecteurs.test")
        tried = "letter WHERE attempts > 0"
        while not kept(site, tried):
            pass
        with mailbox(port) as back:
            assert back.next()["to"] == "wait@lecteurs.test"


def test_what_dies_before_it_is_noted_is_sent_again_as_the_same_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAIL_CLAIM_SECONDS", 1)
    died = []
    drop = StoredLetters.drop

    async def dies(letters: StoredLetters, ids: Any) -> None:
        if ids and not died:
            died.append(ids)
            raise CommentsUnavailable("the process is gone")
        await drop(letters, ids)

    monkeypatch.setattr(StoredLetters, "drop", dies)
    with letters_site(tmp_path) as site:
        watch(site.reader(), "twice@lecteurs.test")
        first, second = site.box.next(), site.box.next()
        assert first["message-id"] == second["message-id"]
        while kept(site, "letter"):
            pass


@pytest.mark.parametrize("trusted", [True, False])
def test_letters_go_encrypted_to_a_server_that_is_trusted_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    tls = certified(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mail.pem"))
    with mailbox(tls=tls) as secure, letters_site(tmp_path) as site:
        port = parse_mail(secure.url).port
        server = MailServer("127.0.0.1", port, Encryption.STARTTLS, "a@x.test", USER, PASSWORD)
        site.app._open.chores._works[1].__self__._server = server
        watch(site.reader(), "safe@lecteurs.test")
        if trusted:
            assert secure.next()["to"] == "safe@lecteurs.test"
            assert secure.encrypted == [True]
        else:
            while not kept(site, _PUT_OFF):
                pass
            assert secure.came.empty()


def test_a_server_without_tls_gets_nothing_unless_it_is_here(tmp_path: Path) -> None:
    with letters_site(tmp_path) as site:
        port = parse_mail(site.box.url).port
        server = MailServer("127.0.0.1", port, Encryption.STARTTLS, "a@x.test")
        site.app._open.chores._works[1].__self__._server = server
        watch(site.reader(), "plain@lecteurs.test")
        while not kept(site, _PUT_OFF):
            pass
        assert site.box.came.empty()


# Settings.


@pytest.mark.parametrize(
    ("url", "host", "port", "encryption"),
    [
        ("smtp://mail.test?from=a@x.test", "mail.test", 587, Encryption.STARTTLS),
        ("smtps://mail.test?from=a@x.test", "mail.test", 465, Encryption.FROM_THE_START),
        ("smtp://127.0.0.1:25?from=a@x.test", "127.0.0.1", 25, Encryption.WHERE_OFFERED),
        ("smtp://localhost?from=a@x.test", "localhost", 587, Encryption.WHERE_OFFERED),
    ],
)
def test_a_mail_server_is_one_address(url: str, host: str, port: int, encryption: str) -> None:
    server = parse_mail(url)
    assert (server.host, server.port, server.encryption) == (host, port, encryption)


def test_the_password_is_shown_nowhere() -> None:
    server = parse_mail("smtp://me%40x:p%2Fw@mail.test?from=a@x.test")
    assert (server.user, server.password) == ("me@x", "p/w")
    assert "p/w" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        *("", "mail.test", "http://mail.test?from=a@x.test", "smtp://?from=a@x.test"),
        *("smtp://m.test", "smtp://m.test?from=x", "smtp://m.test:0?from=a@x.test"),
        *("smtp://m.test/x?from=a@x.test", "smtp://m.test?from=a@x.test&from=b@x.test"),
        *("smtp://secret:pw@m.test?from=a@x.test&x=1", "smtp://m.test:x?from=a@x.test"),
    ],
)
def test_what_is_no_mail_server_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_mail(url)
    assert "secret" not in str(refused.value)


def test_a_policy_that_writes_to_readers_needs_a_server(tmp_path: Path) -> None:
    from letters_site import policy_with
    from publisher import Seen, publisher

    from bandeau.app import Bandeau

    for keys in ("reply_mail = true\n", 'sign_in = ["email"]\n'):
        (tmp_path / "policy.toml").write_text(policy_with(keys), "utf-8")
        with pytest.raises(SettingsError, match="mail server"):
            Bandeau(publisher(Seen()), policy=tmp_path / "policy.toml", data=tmp_path / "data")
