"""``bandeau audit --pause`` to its end: a browser on a real display, clicked by a real pointer."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import HTMLResponse
from surveys import until

from tests.zoo.server import serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = """<!doctype html><html lang=en><title>News</title><h1>News</h1>
<div id=notice style="position:fixed;inset:0;background:#fff">We use cookies to measure.
<button id=yes style="position:fixed;left:0;top:40%;width:50%;height:30%">Accept all</button>
<button id=no style="position:fixed;left:50%;top:40%;width:50%;height:30%">Refuse all</button></div>
<button id=again style="position:fixed;left:0;bottom:0;width:100%;height:25%">Cookies</button>
<script>
const kept = () => /consent=(\\w*)/.exec(document.cookie)?.[1];
const show = () => { notice.hidden = !!kept(); notice.style.display = kept() ? "none" : "";
  document.title = `News ${kept() ?? "asks"}`; };
const keep = (word, age) => {
  document.cookie = `consent=${word};path=/;max-age=${age}`;
  document.cookie = `_ga=GA1.1.123456789.1700000000;path=/;max-age=${word === "yes" ? 9e5 : 0}`;
  show(); };
yes.onclick = () => keep("yes", 9e5);
no.onclick = () => keep("no", 9e5);
again.onclick = () => keep("", 0);
show();
</script>"""
# Where the page has it, in parts of the screen.
YES, NO, AGAIN = (0.25, 0.6), (0.75, 0.6), (0.5, 0.95)
CLICKS = {
    "accept everything": [(YES, "News yes")],
    "take back what you accepted": [(AGAIN, "News asks"), (NO, "News no")],
    "refuse everything": [(NO, "News no")],
}


@dataclass(frozen=True)
class Screen:
    """A display without a monitor."""

    environment: dict[str, str]

    def do(self, *words: object) -> str:
        """What ``xdotool`` answers."""
        command = ["xdotool", *map(str, words)]
        with subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as done:
            said, _ = done.communicate()
        return said.decode()

    def shows(self, title: str) -> bool:
        """Whether a window has a title that begins so."""
        return bool(self.do("search", "--onlyvisible", "--name", f"^{title}"))

    def click(self, at: tuple[float, float]) -> None:
        self.do("mousemove", int(at[0] * 1280), int(at[1] * 800), "click", 1)


@pytest.fixture
def screen() -> Iterator[Screen]:
    if not shutil.which("Xvfb") or not shutil.which("xdotool"):
        pytest.skip("Xvfb or xdotool is missing: make packages")
    told, tell = os.pipe()
    words = ["Xvfb", "-displayfd", str(tell), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(words, pass_fds=(tell,), stderr=subprocess.DEVNULL) as server:
        os.close(tell)
        with os.fdopen(told) as number:
            display = f":{number.readline().strip()}"
        yield Screen({**os.environ, "DISPLAY": display})
        server.terminate()


async def news(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await HTMLResponse(PAGE)(scope, receive, send)


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_person_accepts_withdraws_and_refuses(
    tmp_path: Path, screen: Screen, browser: str
) -> None:
    keyboard, terminal = pty.openpty()
    with serving(news) as served:
        words = [sys.executable, "-m", "bandeau.cli", "audit", "https://news.test/", "--pause"]
        words += ["--quick", "--pages", "0", "--idle", "0", "--browser", browser]
        words += ["--allow-private", "--resolve", f"MAP *.test 127.0.0.1:{served.port}"]
        audit = subprocess.Popen(
            [*words, "--out", str(tmp_path)],
            env=screen.environment,
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert audit.stderr is not None
        for line in audit.stderr:
            for click, title in next((CLICKS[each] for each in CLICKS if each in line), ()):
                choose(screen, click, title)
            os.write(keyboard, b"\n")
        said, _ = audit.communicate(timeout=60)
    os.close(keyboard)
    os.close(terminal)
    assert audit.returncode == 1, said
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    chosen = {}
    for run in report["evidence"]["runs"]:
        for phase in run["phases"]:
            if made := phase["choosing"]:
                names = {each["name"] for each in phase["cookies"]}
                chosen[phase["phase"]] = (made["by"], made["done"], names)
    assert chosen == {
        "accepted": ("person", True, {"consent", "_ga"}),
        "withdrawn": ("person", True, {"consent"}),
        "refused": ("person", True, {"consent"}),
    }


def choose(screen: Screen, at: tuple[float, float], title: str) -> None:
    """Click until the page has taken it: a window that has just come does not take all."""

    def taken() -> bool:
        screen.click(at)
        return screen.shows(title)

    until(taken)
