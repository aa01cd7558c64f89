"""Signing in to the newsroom: who gets a session, how long, and what guessing gains."""

from __future__ import annotations

import re

import pytest
from moderating import NOW, OWN, WORDS, Newsroom_

from bandeau import limits
from bandeau.features.comments import staff
from bandeau.features.comments.staff import Role, matches, session_tag
from bandeau.features.comments.store import CommentsUnavailable

pytestmark = pytest.mark.usefixtures("quick_passwords")
HOME = "/.bandeau/admin/"
QUEUE = "/.bandeau/admin/queue"


def text(key: str, **values: object) -> str:
    return WORDS.say("en", f"admin.{key}", **values)


def test_the_form_works_without_script_and_sets_nothing() -> None:
    answer = Newsroom_().browser().get(HOME)
    assert answer.status_code == 200
    (script,) = re.findall(r"<script>.*?</script>", answer.text, re.DOTALL)
    assert "PublicKeyCredential" in script
    assert '<button hidden type="button" data-passkey="enter"' in answer.text
    assert 'method="post" action="/.bandeau/admin/?lang=en"' in answer.text
    assert 'autocomplete="current-password"' in answer.text
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_sign_in_gives_a_session_in_a_cookie_of_its_own_path(scheme: str) -> None:
    newsroom = Newsroom_(scheme=scheme)
    browser = newsroom.browser()
    answer = browser.sign_in(" Moderator ")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{QUEUE}?lang=en")
    (line,) = answer.headers.get_list("set-cookie")
    secure = "; Secure" if scheme == "https" else ""
    assert re.fullmatch(
        r"bandeau-staff=[A-Za-z0-9_-]{43}; Path=/\.bandeau/admin; Max-Age=43200; "
        rf"HttpOnly; SameSite=Strict{secure}",
        line,
    )
    page = browser.get(QUEUE)
    assert page.status_code == 200
    assert "moderator, moderator" in page.text
    assert browser.get(HOME).headers["location"] == f"{QUEUE}?lang=en"


def test_what_is_kept_of_a_session_opens_nothing() -> None:
    newsroom = Newsroom_()
    browser = newsroom.signed_in()
    token = browser.cookies["bandeau-staff"]
    rows = newsroom.run(newsroom.store.tables.read("SELECT tag FROM session"))
    assert rows == [(session_tag(token),)]
    other = newsroom.browser()
    other.cookies.set("bandeau-staff", session_tag(token), path="/.bandeau/admin")
    assert other.get(QUEUE).headers["location"] == f"{HOME}?lang=en"


def test_nobody_can_fix_a_session_beforehand() -> None:
    newsroom = Newsroom_()
    planted = newsroom.signed_in(Role.EDITOR).cookies["bandeau-staff"]
    for value in (planted, "x" * 43):
        victim = newsroom.browser(cookie=f"bandeau-staff={value}")
        answer = victim.sign_in("administrator")
        assert answer.status_code == 303
        assert value not in answer.headers["set-cookie"]
        assert victim.get(QUEUE).status_code == 303


def test_a_session_ends_after_twelve_hours_whatever_was_done() -> None:
    newsroom = Newsroom_()
    browser = newsroom.signed_in()
    for hour in (6, 11):
        newsroom.clock = NOW + hour * 3_600
        assert browser.get(QUEUE).status_code == 200
    newsroom.clock = NOW + limits.STAFF_SESSION_SECONDS
    assert browser.get(QUEUE).headers["location"] == f"{HOME}?lang=en"
    answer = browser.post(QUEUE, one="approve:c1")
    assert answer.headers["location"] == f"{HOME}?lang=en"


def test_signing_out_ends_the_session_for_good() -> None:
    newsroom = Newsroom_()
    browser = newsroom.signed_in()
    token = browser.cookies["bandeau-staff"]
    assert "Max-Age=0" in browser.post("/.bandeau/admin/out", x="").headers["set-cookie"]
    browser.cookies.set("bandeau-staff", token, path="/.bandeau/admin")
    assert browser.get(QUEUE).status_code == 303


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("administrator", "wrong password"),
        ("administrator", ""),
        ("nobody", "correct horse battery"),
        ("' OR 1=1", "correct horse battery"),
        ("", ""),
        ("a" * 5_000, "b" * 5_000),
    ],
)
def test_a_wrong_name_reads_like_a_wrong_password(name: str, password: str) -> None:
    answer = Newsroom_().browser().sign_in(name, password)
    assert answer.status_code == 401
    assert text("wrong") in answer.text
    assert "set-cookie" not in answer.headers
    assert password == "" or password not in answer.text


def test_a_password_is_computed_for_nobody_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Counting:
        def verify(self, secret: str, password: str) -> bool:
            asked.append(secret.split("$")[1:4])
            return True

    monkeypatch.setattr(staff, "_HASHER", Counting())
    newsroom = Newsroom_()
    member = newsroom.run(newsroom.room.staff.find("editor"))
    assert matches(member, "x") and not matches(None, "x")
    assert asked[0] == asked[1]
    assert asked[0][0] == "argon2id"


def test_guessing_is_stopped_for_a_name_from_an_address() -> None:
    newsroom = Newsroom_()
    guesser, honest = newsroom.browser(), newsroom.browser()
    honest.address = "203.0.113.2"
    for _ in range(limits.STAFF_ATTEMPTS):
        assert guesser.sign_in("editor", "wrong").status_code == 401
    answer = guesser.sign_in("editor")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "900"
    assert text("often", minutes=15) in answer.text
    assert honest.sign_in("editor").status_code == 303
    newsroom.clock += limits.STAFF_ATTEMPT_SECONDS
    assert guesser.sign_in("editor").status_code == 303


def test_guessing_is_stopped_over_addresses_and_names(monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom = Newsroom_()  # whose password is hashed, where no test before did
    monkeypatch.setattr(staff, "_HASHER", type("Never", (), {"verify": lambda *_: False})())
    browser = newsroom.browser()
    for number in range(limits.STAFF_ATTEMPTS_ALIKE):
        browser.address = f"203.0.113.{number}"
        assert browser.sign_in("editor", "wrong").status_code == 401
    browser.address = "198.51.100.1"
    assert browser.sign_in("editor", "wrong").status_code == 429
    for number in range(limits.STAFF_ATTEMPTS_ALIKE):
        assert browser.sign_in(f"name{number}", "wrong").status_code == 401
    assert browser.sign_in("moderator", "wrong").status_code == 429


def test_neither_name_nor_address_is_kept_of_who_tried() -> None:
    newsroom = Newsroom_()
    newsroom.browser().sign_in("somebody", "wrong")
    rows = newsroom.run(newsroom.store.tables.read("SELECT tag FROM attempt"))
    assert len(rows) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", tag) for (tag,) in rows)


def test_the_same_attempt_leaves_another_mark_on_another_day() -> None:
    newsroom = Newsroom_()
    read = "SELECT tag FROM attempt"
    browser = newsroom.browser()
    browser.sign_in("somebody", "wrong")
    before = {tag for (tag,) in newsroom.run(newsroom.store.tables.read(read))}
    newsroom.clock += 86_400
    browser.sign_in("somebody", "wrong")
    after = {tag for (tag,) in newsroom.run(newsroom.store.tables.read(read))}
    assert (len(after), after & before) == (3, set())


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}]
)
def test_another_site_can_neither_sign_in_nor_out(headers: dict[str, str]) -> None:
    newsroom = Newsroom_()
    browser = newsroom.signed_in()
    assert browser.sign_in("editor", headers=headers).status_code == 403
    assert browser.post("/.bandeau/admin/out", headers=headers).status_code == 403
    assert browser.get(QUEUE).status_code == 200


def test_bad_bodies_are_refused() -> None:
    browser = Newsroom_().browser()
    for body, kind, status in (
        (b"name=a", "application/x-www-form-urlencoded", 400),
        (b"name=a&name=b&password=c", "application/x-www-form-urlencoded", 400),
        (b"name=%00&password=c", "application/x-www-form-urlencoded", 400),
        (b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"{", "application/json", 400),
        (b"x", "text/plain", 415),
    ):
        answer = browser.ask("POST", HOME, content=body, headers=OWN | {"content-type": kind})
        assert answer.status_code == status, body[:40]


def test_a_store_that_is_gone_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom = Newsroom_()
    browser = newsroom.signed_in()

    async def gone(*_: object) -> None:
        raise CommentsUnavailable("gone")

    monkeypatch.setattr(newsroom.store.tables, "read", gone)
    monkeypatch.setattr(newsroom.store.tables, "write", gone)
    for answer in (browser.get(QUEUE), browser.sign_in("editor")):
        assert answer.status_code == 503
        assert text("unavailable") in answer.text
