"""Take the pictures of the documentation from the demo newspaper, with Chromium.

    .venv/bin/python scripts/screenshot.py [FOLDER]

FOLDER is docs/images unless another is named.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
THEMING = ROOT / "docs" / "theming.md"
LARGEST_BYTES = 400_000
ENGLISH = "/en/articles/apogee-comet-hall"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


def main() -> None:
    """Start the demo, take every picture, end the demo."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, demo(Path(data)) as site, sync_playwright() as it:
        browser = launch(it)
        notice(browser, site, folder / "notice.png")
        panel(browser, site, folder / "panel.png")
        band(browser, site, folder / "band.png")
        phone(browser, site, folder / "phone.png")
        theme(browser, site, folder / "theme.png")
        browser.close()


@contextmanager
def demo(data: Path) -> Iterator[str]:
    """The demo on free ports; gives the address of the newspaper."""
    command = [sys.executable, "-m", "bandeau.cli", "demo", "--port", "0", "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield _address(process)
    finally:
        process.terminate()
        process.wait(30)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"newspaper.*?(http://\S+)", line)
        if found:
            return found[1]
    raise SystemExit("the demo did not start")


def launch(playwright: Playwright) -> Browser:
    """The Chromium of this machine."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


def notice(browser: Browser, site: str, picture: Path) -> None:
    """The first visit: notice and undecided band over the front page."""
    page = opened(browser, site + "/", 1280, 800)
    keep(page, picture)


def panel(browser: Browser, site: str, picture: Path) -> None:
    """The panel with one switch on, before it is saved."""
    page = opened(browser, site + ENGLISH, 1280, 800)
    page.locator("[data-bandeau=customise]").click()
    page.locator("[data-bandeau-purpose=social]").check()
    keep(page, picture)


def band(browser: Browser, site: str, picture: Path) -> None:
    """The band of a visitor who allowed one purpose of several."""
    page = opened(browser, site + ENGLISH, 1280, 480)
    page.locator("[data-bandeau=customise]").click()
    page.locator("[data-bandeau-purpose=social]").check()
    page.locator("[data-bandeau=save]").click()
    page.locator("[data-bandeau=band][data-state=mixed]").wait_for()
    keep(page, picture)


def phone(browser: Browser, site: str, picture: Path) -> None:
    """The first visit on a telephone."""
    keep(opened(browser, site + ENGLISH, 390, 844), picture)


def theme(browser: Browser, site: str, picture: Path) -> None:
    """The notice in the colours of the example in docs/theming.md."""
    example = re.search(r"```css\n(.*?)```", THEMING.read_text("utf-8"), re.DOTALL)
    assert example
    page = opened(browser, site + ENGLISH, 1280, 800)
    page.add_style_tag(content=example[1])
    keep(page, picture)


def opened(browser: Browser, address: str, width: int, height: int) -> Page:
    """A fresh visitor's page, its pictures loaded."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=1,
        locale="en-GB",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    return page


def keep(page: Page, picture: Path) -> None:
    """Save what is in view; a picture too large for a repository is refused."""
    data = page.screenshot(animations="disabled", caret="hide")
    page.context.close()
    if len(data) > LARGEST_BYTES:
        raise SystemExit(f"{picture.name} has {len(data)} bytes, more than {LARGEST_BYTES}")
    picture.write_bytes(data)
    print(f"{picture}: {len(data)} bytes")


if __name__ == "__main__":
    main()
