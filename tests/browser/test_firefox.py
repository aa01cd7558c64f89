"""The visitor's path in Firefox: the notice, the panel, the band and the lock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from firefox import Firefox, firefox
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import gateway

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIND = """
    const find = (root, selector) => {
      for (const element of root.querySelectorAll("*")) {
        if (element.matches(selector)) return element;
        const inner = element.shadowRoot && find(element.shadowRoot, selector);
        if (inner) return inner;
      }
      return null;
    };
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    with (
        serving(publisher(Seen())) as origin,
        serving(gateway(folder / "policy.toml", origin.url, folder / "data")) as front,
    ):
        yield front.url


def shown(browser: Firefox, name: str) -> object:
    """The ``data-state`` and size of a part of ours, through shadow roots; ``None`` if missing."""
    return browser.run(
        f"""() => {{ {FIND}
          const part = find(document, '[data-bandeau="{name}"]');
          if (!part) return null;
          const box = part.getBoundingClientRect();
          return {{state: part.dataset.state ?? null, width: box.width, height: box.height}};
        }}"""
    )


def press_button(browser: Firefox, name: str) -> None:
    browser.run(
        f"""() => {{ {FIND} find(document, '[data-bandeau="{name}"]').click(); return 1; }}"""
    )


def settle(browser: Firefox, state: str, name: str = "band") -> None:
    """Wait until a part shows ``state``; the page that asked is replaced meanwhile."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            part = shown(browser, name)
        except (AssertionError, TimeoutError):
            continue
        if isinstance(part, dict) and part["state"] == state:
            return
    raise AssertionError(f"{name} never showed {state}")


def test_a_visitor_refuses_accepts_and_withdraws(site: str, tmp_path: Path) -> None:
    with firefox(tmp_path / "profile") as browser:
        browser.size(1280, 900)
        browser.open(f"{site}/article")
        notice = shown(browser, "notice")
        assert isinstance(notice, dict)
        assert notice["height"] > 100
        accept, refuse, customise = (
            shown(browser, name) for name in ("accept-all", "refuse-all", "customise")
        )
        for other in (refuse, customise):
            assert isinstance(other, dict)
            assert isinstance(accept, dict)
            assert abs(other["width"] - accept["width"]) < 0.5
            assert abs(other["height"] - accept["height"]) < 0.5
        press_button(browser, "refuse-all")
        settle(browser, "refused")
        assert shown(browser, "notice") is None
        press_button(browser, "accept-all")
        settle(browser, "allowed")
        settle(browser, "open", "comments")
        press_button(browser, "refuse-all")
        settle(browser, "refused")
        settle(browser, "locked", "comments")


def test_the_notice_works_by_keyboard_alone_and_without_script(site: str, tmp_path: Path) -> None:
    with firefox(tmp_path / "with") as browser:
        browser.size(320, 568)
        browser.open(f"{site}/article")
        stops = tabs_to(browser, "refuse-all")
        browser.press("Enter")
        settle(browser, "refused")
    with firefox(tmp_path / "without", script=False) as browser:
        browser.size(320, 568)
        browser.open(f"{site}/article")
        assert "eu-consent" not in browser.cookies()
        browser.press(*["Tab"] * stops, "Enter")
        deadline = time.monotonic() + 20
        while "eu-consent" not in browser.cookies():
            assert time.monotonic() < deadline, "the form was not sent"


def tabs_to(browser: Firefox, name: str) -> int:
    for stops in range(1, 15):
        browser.press("Tab")
        if shown_focus(browser) == name:
            return stops
    raise AssertionError(f"Tab never reached {name}")


def shown_focus(browser: Firefox) -> object:
    return browser.run(
        """() => { let active = document.activeElement;
          while (active && active.shadowRoot && active.shadowRoot.activeElement)
            active = active.shadowRoot.activeElement;
          return active ? active.dataset.bandeau ?? active.tagName : null; }"""
    )
