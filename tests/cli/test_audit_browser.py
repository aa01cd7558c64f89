"""``bandeau audit`` as a user runs it, in a process and a browser of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.zoo.hostile import Hostile
from tests.zoo.server import Zoo, serving
from tests.zoo.sites import SITES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FAULTY, FAIR, ACROSS = "early-pixel", "early-pixel-twin", "measured-across"
QUICK = ("--quick", "--pages", "0", "--idle", "0")


@dataclass(frozen=True)
class Ended:
    """A command that ended: its exit code, what it said, and its folder."""

    code: int
    said: str
    errors: str
    folder: Path
    process: int

    def profiles(self) -> list[Path]:
        """What is left of profiles, wherever they were."""
        places = (self.folder / "tmp", Path(tempfile.gettempdir()), Path("/tmp"))
        return [left for each in places for left in each.glob(f"bandeau-robot-{self.process}-*")]

    def files(self) -> set[str]:
        return {each.name for each in (self.folder / "out").iterdir()}


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    (folder / "tmp").mkdir(parents=True)
    words = [sys.executable, "-m", "bandeau.cli", "audit", *options, "--out", str(folder / "out")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(words, env={**os.environ, "TMPDIR": str(folder / "tmp")}, **pipes)


def end(process: subprocess.Popen[str], folder: Path) -> Ended:
    said, errors = process.communicate(timeout=300)
    return Ended(process.returncode, said, errors, folder, process.pid)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Ended]]:
    """Audits, all at once: of a site at fault and its fair twin, and of what cannot be audited."""
    folder = tmp_path_factory.mktemp("audit")
    sites = [site for site in SITES if site.name in (FAULTY, FAIR, ACROSS)]
    with serving(Zoo(sites, 3)) as served, serving(Hostile()) as trapped:
        running = {"private": start(folder / "private", "http://10.0.0.1/")}
        resolve = ("--resolve", f"MAP *.test 127.0.0.1:{trapped.port}", "--allow-private", *QUICK)
        running["alerts"] = start(folder / "alerts", "https://alerts.trap.test/", *resolve)
        for name, built in served.zoo.sites.items():
            policy = folder / f"{name}.toml"
            policy.write_bytes(built.policy)
            asked = (built.address, "--config", str(policy), "--resolve", served.resolve)
            more = ("--allow-private", *built.options, *QUICK)
            running[name] = start(folder / name, *asked, *more)
        try:
            yield {name: end(process, folder / name) for name, process in running.items()}
        finally:
            for process in running.values():
                process.kill()


def test_a_fault_is_told_written_and_exit_1(ended: Mapping[str, Ended]) -> None:
    faulty = ended[FAULTY]
    assert (faulty.code, faulty.errors) == (1, "")
    assert "Found: 1 violation." in faulty.said
    assert "violation: V4: " in faulty.said
    whole = {"report.html", "report.json", "report.sarif", "junit.xml"}
    assert whole < faulty.files()
    assert {"0-arrived.har", "0-accepted.har", "0-withdrawn.har", "1-refused.har"} < faulty.files()
    report = json.loads((faulty.folder / "out" / "report.json").read_bytes())
    assert [each["id"] for each in report["findings"]] == ["V4"]
    made = [
        (seen["phase"], seen["choosing"]["by"], seen["choosing"]["done"])
        for run in report["evidence"]["runs"]
        for seen in run["phases"]
        if seen["choosing"]
    ]
    assert made == [(each, "words", True) for each in ("accepted", "withdrawn", "refused")]


def test_a_measurement_that_knows_a_visitor_on_another_site_is_told(
    ended: Mapping[str, Ended],
) -> None:
    across = ended[ACROSS]
    assert (across.code, across.errors) == (1, "")
    assert "knows a visitor again on another site" in across.said
    assert {"2-beside.har", "3-refused.har", "3-beside.har"} < across.files()
    report = json.loads((across.folder / "out" / "report.json").read_bytes())
    (found,) = report["findings"]
    assert (found["id"], found["severity"]) == ("M6", "violation")
    assert {place["run"] for place in found["where"]} == {2, 3}
    assert "M6" not in {each["id"] for each in report["unchecked"]}
    assert "On the other site (run 2" in (across.folder / "out" / "report.html").read_text()


def test_a_site_that_keeps_its_word_is_exit_0(ended: Mapping[str, Ended]) -> None:
    fair = ended[FAIR]
    assert (fair.code, fair.errors) == (0, ""), fair.said
    assert "Nothing was found that contradicts the visitor's choice." in fair.said
    assert "could not be checked; the report says which, and why." in fair.said


def test_a_private_address_is_exit_2_in_words_and_nothing_is_written(
    ended: Mapping[str, Ended],
) -> None:
    private = ended["private"]
    assert (private.code, private.said, private.files()) == (2, "", set())
    why = "its address is private: --allow-private lets it be visited"
    assert private.errors == f"bandeau audit: http://10.0.0.1/ could not be visited: {why}\n"


def test_a_page_that_never_lets_go_is_exit_2_in_words(ended: Mapping[str, Ended]) -> None:
    alerts = ended["alerts"]
    assert (alerts.code, alerts.said, alerts.files()) == (2, "", set())
    assert alerts.errors.endswith("the page opened one dialog after another\n"), alerts.errors


def test_no_profile_is_left(ended: Mapping[str, Ended]) -> None:
    assert {name: each.profiles() for name, each in ended.items()} == {name: [] for name in ended}


def test_it_ends_in_order_when_it_is_asked_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        process = start(tmp_path, f"http://127.0.0.1:{port}/", "--allow-private")
        visitor, _ = silent.accept()
        with visitor:
            process.send_signal(signal.SIGTERM)
            stopped = end(process, tmp_path)
    assert stopped.code == 2
    assert stopped.errors == "bandeau audit: stopped, and nothing was written\n"
    assert stopped.profiles() == []
    while _of(process.pid):
        time.sleep(0.05)


def _of(process: int) -> list[str]:
    """The command lines that name a profile of ``process``."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told = line.read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if f"bandeau-robot-{process}-" in told:
            found.append(told)
    return found
