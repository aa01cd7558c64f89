"""Reports of comments in a real browser: sent without script or consent, decided, followed."""

from __future__ import annotations

import json
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
from bandeau.policy.model import LANGUAGES

pytestmark = pytest.mark.browser
MINE = "/.bandeau/comments/mine"
REPORT = "/.bandeau/comments/report"
QUEUE = "/.bandeau/admin/queue"
PASSWORD = "correct horse battery"
OWN = {"sec-fetch-site": "same-origin"}
WHY = "It says of a person what is not true, and harms her good name."
LOOKS = [
    ("en", 1280, "light"),
    ("en", 320, "dark"),
    ("ar", 320, "light"),
    ("ar", 1280, "dark"),
    ("ru", 320, "light"),
]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    rules = 'purpose = "social"\nrules = "/rules"\n'
    text = re.sub("alternative = .*", "", POLICY).replace('purpose = "social"\n', rules, 1)
    text = text.replace('["fr", "en", "ar"]', json.dumps(list(LANGUAGES)))
    (tmp_path / "policy.toml").write_text(text, "utf-8")
    app = Bandeau(publisher(Seen()), policy=tmp_path / "policy.toml", data=tmp_path / "data")
    with ExitStack() as stack:
        stack.callback(app.close)
        url = stack.enter_context(serving(app)).url
        # Playwright has an event loop in this thread.
        with ThreadPoolExecutor() as beside:
            assert beside.submit(added, tmp_path / "data").result() == 0
        with httpx.Client(base_url=url, headers=OWN) as reader:
            reader.post("/.bandeau/choice", data={"action": "accept_all"})
            for number in range(3):
                posted = {"page": "/article", "name": f"Reader {number}", "text": "**You** thief"}
                assert reader.post("/.bandeau/comments", json=posted).status_code == 201
        yield url


def added(data: Path) -> int:
    arguments = ["staff", "add", "ada", "--role", "administrator", "--data", str(data)]
    return CliRunner().invoke(main, arguments, input=PASSWORD).exit_code


def listed(address: str) -> list[dict[str, str]]:
    answer = httpx.get(f"{address}/.bandeau/comments?page=/article&format=json")
    comments: list[dict[str, str]] = answer.json()["comments"]
    return comments


def signed_in(page: Page, address: str) -> None:
    page.goto(f"{address}/.bandeau/admin/?lang=en")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def reported(address: str, comment: str, **more: str) -> str:
    fields = {"id": comment, "ground": "insult", "text": "He insults me.", **more}
    answer = httpx.post(f"{address}{REPORT}", json=fields, headers=OWN)
    return str(answer.json()["reference"])


def notice(page: Page) -> None:
    page.get_by_role("radio", name="Illegal content").check()
    page.get_by_label("Why it is illegal").fill(WHY)
    page.get_by_label("Your name").fill("Maryam")
    page.get_by_label("Your e-mail address").fill("maryam@example.test")
    page.get_by_label("I believe in good faith").check()


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_notice_goes_from_reader_to_decision(
    chromium: Browser, address: str, script: bool
) -> None:
    context = chromium.new_context(locale="en-GB", java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{address}/article")
    page.get_by_role("link", name="Signaler: Reader 1").click()
    page.goto(page.url.replace("lang=fr", "lang=en"))
    notice(page)
    page.get_by_label("Your e-mail address").fill("")
    page.get_by_role("button", name="Send the notice").click()
    expect(page.get_by_role("status")).to_contain_text("needs your name and an e-mail address")
    expect(page.get_by_label("Why it is illegal")).to_have_value(WHY)
    page.get_by_label("Your e-mail address").fill("maryam@example.test")
    page.get_by_role("button", name="Send the notice").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Receipt confirmed")
    expect(page.get_by_role("status")).to_have_css("clip-path", "none")
    reference = page.locator("main code").inner_text()
    assert [each["name"] for each in context.cookies()] == ["session"]  # of the site itself
    staff = context.new_page()
    signed_in(staff, address)
    staff.get_by_role("link", name="Reported (1)").click()
    expect(staff.locator("article")).to_contain_text("maryam@example.test")
    staff.get_by_text("Reason for the next decision").click()
    staff.get_by_label("Ground").select_option("illegal")
    staff.get_by_label("The law that is broken").fill("Press Act, § 9")
    staff.get_by_label("Facts and explanation").fill("It defames by name.")
    if script:
        staff.locator("article").first.focus()
        staff.keyboard.press("r")
    else:
        staff.locator("article").get_by_role("button", name="Reject").click()
    expect(staff.get_by_role("status")).to_have_text("1 change made.")
    assert [each["name"] for each in listed(address)] == ["Reader 2", "Reader 0"]
    page.goto(f"{address}{REPORT}?id={listed(address)[0]['id']}&lang=en")
    page.get_by_label("Reference number").fill(reference.lower())
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("The comment was removed.")).to_be_visible()
    expect(page.get_by_text("Press Act, § 9")).to_be_visible()
    context.close()


def test_reports_are_worked_off_by_keys(chromium: Browser, address: str) -> None:
    for each in listed(address):
        reported(address, each["id"])
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    signed_in(page, address)
    page.goto(f"{address}{QUEUE}?state=reported&lang=en")
    page.keyboard.press("d")
    expect(page.get_by_role("status")).to_have_text("1 change made.")
    expect(page.locator("article")).to_have_count(2)
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.locator(".bulk").get_by_role("button", name="Reject").click()
    expect(page.get_by_role("status")).to_have_text("2 changes made.")
    assert len(listed(address)) == 1
    context.close()


@pytest.mark.parametrize(("lang", "width", "scheme"), LOOKS)
def test_every_look_is_accessible_and_fits(
    chromium: Browser, address: str, lang: str, width: int, scheme: str
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,
    )
    page = context.new_page()
    comment = listed(address)[0]["id"]
    long = {"text": f"{WHY} https://example.test/" + "long" * 60, "good_faith": "yes"}
    sender = {"name": "M" * 200, "email": "maryam@example.test", "ground": "illegal"}
    reference = reported(address, comment, **long, **sender)
    signed_in(page, address)
    page.goto(f"{address}{QUEUE}?state=reported&lang={lang}")
    page.locator(".bulk summary").click()
    looks(page, width)
    page.locator(".bulk summary").click()
    for path in (f"?id={comment}&", f"/{reference}?"):
        page.goto(f"{address}{REPORT}{path}lang={lang}")
        looks(page, width)
    page.goto(f"{address}{QUEUE}?state=reported&lang={lang}")
    page.locator("article button").first.click()
    page.goto(f"{address}{REPORT}/{reference}?lang={lang}")
    looks(page, width)
    context.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_an_author_appeals_and_somebody_else_rules(
    chromium: Browser, address: str, script: bool
) -> None:
    context = chromium.new_context(locale="en-GB", java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{address}/article")
    page.locator("[data-bandeau=notice] [data-bandeau=accept-all]").click()
    expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", "allowed")
    page.get_by_label("Votre nom").fill("Zoé")
    page.get_by_label("Votre commentaire").fill("Rien que du vol")
    page.get_by_role("button", name="Publier le commentaire").click()
    expect(page).to_have_url(re.compile("#comment-"))
    comment = listed(address)[0]["id"]
    reported(address, comment)
    staff = chromium.new_context(locale="en-GB").new_page()
    signed_in(staff, address)
    staff.goto(f"{address}{QUEUE}?state=reported&lang=en")
    staff.keyboard.press("r")
    expect(staff.get_by_role("status")).to_have_text("1 change made.")
    page.goto(f"{address}{MINE}?lang=en")
    expect(page.get_by_role("heading", name="Why it is not shown")).to_be_visible()
    page.get_by_label("Why the decision is wrong").fill("It is a figure of speech.")
    page.get_by_role("button", name="Send the appeal").press("Enter")
    expect(page.locator("main [role=status]")).to_have_text("Your appeal was sent.")
    staff.goto(f"{address}/.bandeau/admin/appeals?lang=en")
    expect(staff.get_by_role("link", name="Appeals (1)")).to_be_visible()
    staff.get_by_label("Answer, with its reasons").fill("So it is.")
    staff.get_by_role("button", name="Reverse the decision").click()
    expect(staff.get_by_role("status")).to_have_text("1 change made.")
    assert listed(address)[0]["id"] == comment
    page.goto(f"{address}{MINE}?lang=en")
    expect(page.get_by_text("The decision was reversed.")).to_be_visible()
    staff.context.close()
    context.close()


@pytest.mark.parametrize(("lang", "width", "scheme"), LOOKS)
def test_statements_and_appeals_are_accessible_and_fit(
    chromium: Browser, address: str, lang: str, width: int, scheme: str
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(f"{address}/article")
    page.locator("[data-bandeau=notice] [data-bandeau=accept-all]").click()
    expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", "allowed")
    for text in ("Voleur", "https://example.test/" + "long" * 60):
        fields = {"page": "/article", "name": "Zoé", "text": text}
        assert context.request.post(f"{address}/.bandeau/comments", data=fields, headers=OWN).ok
    other, comment = (each["id"] for each in listed(address)[:2])
    reference = reported(address, other)
    reported(address, comment)
    signed_in(page, address)
    page.goto(f"{address}{QUEUE}?state=reported&lang=en")
    page.locator("article").last.get_by_role("button", name="Reject").click()
    page.locator("article").get_by_role("button", name="Dismiss").click()
    page.goto(f"{address}{REPORT}/{reference}?lang={lang}")
    looks(page, width)
    page.locator("main textarea").fill(WHY + "x" * 200)
    page.locator("main form button").click()
    page.goto(f"{address}{MINE}?lang={lang}")
    looks(page, width)
    page.locator("textarea[id^=appeal-]").fill("x" * 200)
    page.locator("form.fill button").click()
    looks(page, width)
    page.goto(f"{address}/.bandeau/admin/appeals?lang={lang}")
    expect(page.locator("article")).to_have_count(2)
    looks(page, width)
    page.goto(f"{address}/.bandeau/admin/search?text=vol&lang={lang}")
    expect(page.locator("article")).to_have_count(1)
    looks(page, width)
    page.locator("article a[href*='/admin/author?']").click()
    page.locator("#facts").fill("Threats, " + "x" * 200)
    page.locator("button[value=ban]").click()
    expect(page.locator("button[value=restore]")).to_be_visible()
    looks(page, width)
    page.locator("button[value=restore]").click()
    expect(page.locator("button[value=silence]")).to_be_visible()
    looks(page, width)
    page.locator("#facts").fill("Threats.")
    page.locator("button[value=suspend]").click()
    page.goto(f"{address}{MINE}?lang={lang}")
    expect(page.locator("section h2[id^=x-]")).to_be_visible()
    looks(page, width)
    page.goto(f"{address}/.bandeau/admin/figures?lang={lang}")
    looks(page, width)
    context.close()


def looks(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
