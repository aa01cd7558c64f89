"""The queue in a real browser: by keys with script, by buttons without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, expect
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import Bandeau
from bandeau.cli import main

pytestmark = pytest.mark.browser
QUEUE = "/.bandeau/admin/queue"
PASSWORD = "correct horse battery"
PLAIN = '[features.comments]\npurpose = "social"\n'
MODERATED = PLAIN + 'moderation = "before"\nwords = "words.txt"\n'
OWN = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "policy.toml").write_text(POLICY.replace(PLAIN, MODERATED), "utf-8")
    (tmp_path / "words.txt").write_text("casino\n", "utf-8")
    app = Bandeau(publisher(Seen()), policy=tmp_path / "policy.toml", data=tmp_path / "data")
    with ExitStack() as stack:
        stack.callback(app.close)
        url = stack.enter_context(serving(app)).url
        # Playwright has an event loop in this thread.
        with ThreadPoolExecutor() as beside:
            assert beside.submit(added, tmp_path / "data").result() == 0
        with httpx.Client(base_url=url, headers=OWN) as reader:
            reader.post("/.bandeau/choice", data={"action": "accept_all"})
            for number in range(4):
                text = f"Number {number} at the casino"
                posted = {"page": "/article", "name": f"Reader {number}", "text": text}
                assert reader.post("/.bandeau/comments", json=posted).status_code == 202
        yield url


def added(data: Path) -> int:
    arguments = ["staff", "add", "ada", "--role", "administrator", "--data", str(data)]
    return CliRunner().invoke(main, arguments, input=PASSWORD).exit_code


def listed(address: str) -> list[str]:
    answer = httpx.get(f"{address}/.bandeau/comments?page=/article&format=json")
    return [each["name"] for each in answer.json()["comments"]]


def signed_in(page: Page, address: str) -> None:
    page.goto(f"{address}/.bandeau/admin/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(f"{address}{QUEUE}?lang=en")


def test_a_queue_is_worked_off_by_keys(chromium: Browser, address: str) -> None:
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    signed_in(page, address)
    articles = page.locator("article")
    expect(articles).to_have_count(4)
    expect(articles.first).to_be_focused()
    expect(articles.first).to_contain_text("Listed words: casino")
    page.keyboard.press("j")
    expect(articles.nth(1)).to_be_focused()
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_have_text("1 change made.")
    assert listed(address) == ["Reader 1"]
    expect(articles).to_have_count(3)
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("k")
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(2)
    page.locator(".bulk").get_by_role("button", name="Spam").click()
    expect(page.get_by_role("status")).to_have_text("2 changes made.")
    page.keyboard.press("r")
    expect(page.get_by_text("Nothing here.")).to_be_visible()
    assert listed(address) == ["Reader 1"]
    assert not Axe().run(page).response["violations"]
    page.get_by_role("link", name="Log").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    context.close()


def test_a_morning_of_200_is_cleared_by_keys(chromium: Browser, address: str) -> None:
    with httpx.Client(base_url=address, headers=OWN) as reader:
        reader.post("/.bandeau/choice", data={"action": "accept_all"})
        for number in range(4, 200):
            text = f"Number {number} at the casino"
            posted = {"page": "/article", "name": f"Reader {number}", "text": text}
            assert reader.post("/.bandeau/comments", json=posted).status_code == 202
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    signed_in(page, address)
    articles, cleared = page.locator("article"), 0
    while cleared < 200:
        expect(articles.first).to_be_focused()
        page.keyboard.press("r")
        expect(page.get_by_role("status")).to_have_text("1 change made.")
        cleared += 1
        if cleared == 200:
            break
        expect(articles.first).to_be_focused()
        page.keyboard.press("X")
        page.keyboard.press("x")
        left = articles.count() - 1
        expect(page.get_by_role("checkbox", checked=True)).to_have_count(left)
        page.keyboard.press("A")
        expect(page.get_by_role("status")).to_have_text(f"{left} changes made.")
        cleared += left
    expect(page.get_by_text("Nothing here.")).to_be_visible()
    counts = httpx.get(f"{address}/.bandeau/comments/counts?page=/article").json()
    assert counts["counts"]["/article"]["count"] == 3 * 49 + 48
    context.close()


def test_all_of_it_works_without_script(chromium: Browser, address: str) -> None:
    context = chromium.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    signed_in(page, address)
    page.locator("article").first.get_by_role("checkbox").check()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("comment="))
    page.locator("article").first.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status")).to_have_text("1 change made.")
    assert listed(address) == ["Reader 0"]
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(f"{address}{QUEUE}")
    expect(page.get_by_label("Password")).to_be_visible()
    context.close()


@pytest.mark.parametrize("state", ["held", "published"])
def test_the_queue_has_no_fault_that_axe_finds(chromium: Browser, address: str, state: str) -> None:
    context = chromium.new_context(locale="en-GB", viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(f"{address}/.bandeau/admin/")
    assert not Axe().run(page).response["violations"]
    signed_in(page, address)
    page.locator("article").first.get_by_role("button", name="Approve").click()
    page.goto(f"{address}{QUEUE}?state={state}")
    expect(page.locator("article").first).to_be_visible()
    assert not Axe().run(page).response["violations"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()
