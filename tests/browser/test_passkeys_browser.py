"""Passkeys of the staff in Chromium, with an authenticator of its DevTools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import Browser, BrowserContext, Page, expect
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import Bandeau
from bandeau.cli import main

pytestmark = pytest.mark.browser
ADMIN = "/.bandeau/admin"
PASSWORD = "correct horse battery"
LEADING = re.compile(r"/\.bandeau/admin/queue\?lang=en$")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def address(tmp_path: Path, data: Path) -> Iterator[str]:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    app = Bandeau(publisher(Seen()), policy=tmp_path / "policy.toml", data=data)
    with ExitStack() as stack:
        stack.callback(app.close)
        url = stack.enter_context(serving(app)).url
        for name in ("ada", "bob"):
            assert command(data, "add", name, stdin=PASSWORD).exit_code == 0
        yield url.replace("127.0.0.1", "localhost")  # an address is no host for a passkey


def command(data: Path, *words: str, stdin: str = "") -> Any:
    # Playwright has an event loop in this thread.
    with ThreadPoolExecutor() as beside:
        arguments = ["staff", *words, "--data", str(data)]
        return beside.submit(CliRunner().invoke, main, arguments, input=stdin).result()


def authenticator(context: BrowserContext, page: Page, **options: Any) -> Any:
    tools = context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "automaticPresenceSimulation": True}
    rest = {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    made = tools.send("WebAuthn.addVirtualAuthenticator", {"options": {**kind, **rest, **options}})
    return tools, made["authenticatorId"]


def signed_in(page: Page, address: str, name: str = "ada") -> None:
    page.goto(f"{address}{ADMIN}/?lang=en")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(LEADING)


def added(page: Page, address: str) -> None:
    page.goto(f"{address}{ADMIN}/passkeys?lang=en")
    page.get_by_role("button", name="Add a passkey").click()


def is_fine(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert not found, found
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_passkey_signs_in_until_it_is_removed(
    chromium: Browser, address: str, data: Path
) -> None:
    context = chromium.new_context(locale="en-GB", viewport={"width": 320, "height": 640})
    page = context.new_page()
    authenticator(context, page)
    signed_in(page, address)
    page.get_by_role("link", name="Passkeys").click()
    expect(page.get_by_text("You have no passkey yet.")).to_be_visible()
    is_fine(page)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("status")).to_have_text("The passkey is added.")
    is_fine(page)
    # The same authenticator is not added twice.
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("status")).to_have_text("This did not work. Nothing was changed.")
    before = context.cookies(f"{address}{ADMIN}/")[0]["value"]
    page.get_by_role("button", name="Sign out").click()
    is_fine(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(LEADING)
    expect(page.get_by_text("ada, moderator")).to_be_visible()
    (cookie,) = context.cookies(f"{address}{ADMIN}/")
    assert cookie["value"] != before
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", ADMIN)
    listed = command(data, "passkeys", "ada").output
    assert re.fullmatch(r"[\w-]+  since \d{4}-\d\d-\d\d\n", listed)
    page.goto(f"{address}{ADMIN}/passkeys?lang=en")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status")).to_have_text("The passkey is removed.")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("status")).to_have_text("This did not work. Nothing was changed.")
    context.close()


def test_the_command_line_removes_passkeys(chromium: Browser, address: str, data: Path) -> None:
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    authenticator(context, page)
    signed_in(page, address)
    added(page, address)
    expect(page.get_by_role("status")).to_have_text("The passkey is added.")
    assert "removed" in command(data, "passkeys", "ada", "--remove").output
    assert command(data, "passkeys", "ada").output == "ada: has no passkey.\n"
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("status")).to_have_text("This did not work. Nothing was changed.")
    signed_in(page, address, "bob")
    context.close()


def test_an_authenticator_has_to_know_its_user(chromium: Browser, address: str) -> None:
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    authenticator(context, page, isUserVerified=False)
    signed_in(page, address)
    added(page, address)
    expect(page.get_by_role("status")).to_have_text("This did not work. Nothing was changed.")
    context.close()


def test_an_answer_is_good_once_and_for_its_challenge(chromium: Browser, address: str) -> None:
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    authenticator(context, page)
    signed_in(page, address)
    added(page, address)
    expect(page.get_by_role("status")).to_have_text("The passkey is added.")
    page.get_by_role("button", name="Sign out").click()
    with page.expect_request("**/passkeys/enter*") as sent:
        page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(LEADING)
    fields = sent.value.post_data_json
    own = {"sec-fetch-site": "same-origin"}
    replayed = httpx.post(f"{address}{ADMIN}/passkeys/enter", json=fields, headers=own)
    assert replayed.status_code == 401
    assert "set-cookie" not in replayed.headers
    for path, body, headers, status in (
        ("enter", {"credential": "{}"}, own, 400),
        ("enter", {"credential": "[" * 9_000}, own, 400),
        ("enter", {}, own, 400),
        ("ask", {}, {"sec-fetch-site": "cross-site"}, 403),
        ("offer", {}, own, 401),
        ("add", fields, own, 401),
    ):
        answer = httpx.post(f"{address}{ADMIN}/passkeys/{path}", json=body, headers=headers)
        assert answer.status_code == status, path
        assert answer.json()["error"]["message"]
    stranger = httpx.post(f"{address}{ADMIN}/passkeys/ask", json={}, headers={"host": "evil.test"})
    assert stranger.status_code == 400
    context.close()


def test_without_script_there_is_the_password(chromium: Browser, address: str) -> None:
    context = chromium.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}{ADMIN}/?lang=en")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    signed_in(page, address)
    page.get_by_role("link", name="Passkeys").click()
    expect(page.get_by_text("You have no passkey yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()
    assert "A passkey needs JavaScript." in page.content()
    context.close()
