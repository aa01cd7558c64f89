"""What servers that ask first are told, and that they are never told to open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell, Visitor

from bandeau.app import Bandeau
from bandeau.ledger.store import LedgerUnavailable

pytestmark = pytest.mark.slow

DECIDE = "/.bandeau/decide"
JAR = {("session", "/"): "s", ("_ea1", "/"): "x", ("rogue", "/"): "y"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Bandeau]:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    app = Bandeau(publisher(Seen()), policy=tmp_path / "policy.toml", data=tmp_path / "data")
    yield app
    app.close()


@pytest.fixture
def shell(app: Bandeau) -> Iterator[Shell]:
    with ExitStack() as running:
        yield Shell(running.enter_context(serving(app)).url, Seen())


def told(visitor: Visitor, **headers: str) -> dict[str, str]:
    answer = visitor.get(DECIDE, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"
    names = ("choice", "mask", "cookie", "key")
    return {name: answer.headers[f"bandeau-{name}"] for name in names}


def test_who_has_not_chosen_is_told_as_undecided(shell: Shell) -> None:
    visitor = shell.visitor()
    visitor.jar = dict(JAR)
    said = told(visitor)
    assert said["choice"] == "advertising=undecided, social=undecided"
    assert (said["mask"], said["cookie"], said["key"]) == ("--", "session=s", "")
    visitor.jar = {}
    assert told(visitor)["key"].endswith("/undecided")
    assert told(visitor, **{"sec-gpc": "1"})["mask"] == "00"
    assert told(visitor, **{"sec-gpc": "1"})["key"].endswith("/signal")


def test_a_choice_is_told_with_its_cookies_policy_and_key(shell: Shell) -> None:
    visitor = shell.visitor()
    visitor.choose("save", "advertising")
    visitor.jar |= JAR
    assert told(visitor)["cookie"] == "session=s; _ea1=x"
    assert told(visitor)["mask"] == "10"
    assert told(visitor)["key"] == ""
    del visitor.jar[("rogue", "/")]
    start = visitor.jar[("eu-consent", "/")].partition("~")[0]
    assert told(visitor)["key"].endswith(f"/{start}")
    policy = visitor.get(DECIDE).headers
    for name in ("content-security-policy", "connection-allowlist"):
        assert "ads.test" in policy[name]
        assert "telegram.test" not in policy[name]


def test_what_browsers_offer_for_profiling_is_off_while_anything_is_denied(shell: Shell) -> None:
    visitor = shell.visitor()
    for action in ("", "refuse_all"):
        if action:
            visitor.choose(action)
        off = visitor.get(DECIDE).headers
        assert "browsing-topics=(), " in off["permissions-policy"]
        assert off["x-dns-prefetch-control"] == "off"
    visitor.choose("accept_all")
    on = visitor.get(DECIDE).headers
    assert (on["permissions-policy"], on["x-dns-prefetch-control"]) == ("", "")


def test_a_replayed_forged_or_doubled_cookie_is_told_as_undecided(shell: Shell) -> None:
    visitor = shell.visitor()
    visitor.choose("accept_all")
    before = visitor.jar[("eu-consent", "/")]
    assert told(visitor)["mask"] == "11"
    visitor.choose("refuse_all")
    assert told(visitor)["mask"] == "00"
    now = visitor.jar[("eu-consent", "/")]
    for cookie in (before, now.replace(".00~", ".11~"), f"{now}; eu-consent={before}"):
        said = told(shell.visitor(), cookie=f"eu-consent={cookie}; _ea1=x")
        assert (said["mask"], said["cookie"]) == ("--", "")


def test_a_ledger_that_is_down_refuses(
    app: Bandeau, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = shell.visitor()
    visitor.choose("accept_all")

    async def down(record_id: str) -> None:
        raise LedgerUnavailable("down")

    monkeypatch.setattr(app.site.ledger, "find", down)
    visitor.jar |= JAR
    said = told(visitor)
    assert (said["mask"], said["cookie"], said["key"]) == ("00", "session=s", "")


def test_a_host_that_is_none_is_not_answered_with_a_204(shell: Shell) -> None:
    assert shell.visitor().get(DECIDE, headers={"host": "a b"}).status_code == 400
    assert shell.visitor().send("POST", DECIDE).status_code == 405
