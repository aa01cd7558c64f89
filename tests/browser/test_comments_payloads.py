"""Hostile markup as a comment, in a real browser: nothing runs, nothing but text is made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chromium import FLAGS
from payloads import payloads
from playwright.sync_api import Page, sync_playwright

from bandeau.features.comments.markdown import TAGS, render, sanitise

pytestmark = pytest.mark.browser

# Each is put into a page, then every element gets the events that handlers wait for.
TRY = """(markup) => {
  const ran = [];
  for (const name of ["alert", "confirm", "prompt"]) window[name] = () => ran.push(name);
  document.body.innerHTML = markup;
  const made = [...document.body.querySelectorAll("*")];
  for (const each of made) {
    for (const type of ["load", "error", "click", "mouseover", "focus", "toggle", "animationstart",
                        "transitionend", "pointerenter", "begin"]) {
      each.dispatchEvent(new Event(type, { bubbles: true, cancelable: true }));
    }
  }
  return {
    ran,
    names: [...new Set(made.map((each) => each.localName))],
    attributes: [...new Set(made.flatMap((each) => each.getAttributeNames()))],
  };
}"""


@pytest.fixture
def page(chromium_path: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser.new_page()
        browser.close()


def test_no_payload_runs_or_makes_more_than_text(page: Page) -> None:
    page.route("**/*", lambda route: route.abort())
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.set_content("<!doctype html><title>x</title><body></body>")
    page.evaluate("addEventListener('click', (event) => event.preventDefault())")
    for payload in payloads():
        for made in (render(payload), sanitise(payload)):
            found = page.evaluate(TRY, made)
            assert found["ran"] == [], payload
            assert set(found["names"]) <= TAGS, payload
            assert set(found["attributes"]) <= {"href", "rel", "dir", "start"}, payload
    assert dialogs == []


def test_the_trial_sees_what_runs(page: Page) -> None:
    page.set_content("<!doctype html><body></body>")
    found = page.evaluate(TRY, "<p id=x onclick='alert(1)'>x</p><svg></svg>")
    assert found["ran"] == ["alert"]
    assert "svg" in found["names"] and "id" in found["attributes"]
