"""``bandeau trackers``, as a publisher types it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from publisher import POLICY

from bandeau.cli import main
from bandeau.enforcement.sightings import Kind, Sighting, Teller
from bandeau.storage.sqlite.sightings import FILE, SqliteSightings
from bandeau.storage.suffixes import public_suffixes

FIRST, LAST = date(2026, 11, 20), date(2026, 11, 25)
SEEN = (
    Sighting(
        Kind.HOST, "www.google-analytics.com", Teller.SITE, "markup", "/a", FIRST, LAST, 4, 1234
    ),
    Sighting(Kind.COOKIE, "_ga", Teller.BROWSER, "cookie", "/", LAST, LAST),
    Sighting(Kind.HOST, "new.test", Teller.BROWSER, "img-src", "/b", LAST, LAST, 1, 2),
    Sighting(Kind.HOST, "ads.test", Teller.SITE, "markup", "/b", LAST, LAST, 1, 2),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    store = SqliteSightings(folder / FILE, public_suffixes().registrable)
    store.add(SEEN)
    store.close()
    return folder


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    return path


def trackers(data: Path | str, *options: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["trackers", "--data", str(data), *map(str, options)])
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_a_listing(data: Path, policy: Path) -> None:
    listing, _, draft = trackers(data, "--config", policy).stdout.partition("\nDrop from")
    assert listing.splitlines() == [
        "Seen on the site, declared by no tracker, and so let through for nobody:",
        "",
        "Google Analytics (statistics)",
        "  host    www.google-analytics.com  2026-11-20 to 2026-11-25, 1,234 times, markup on /a",
        "  cookie  _ga                       2026-11-25, once, cookie on /",
        "",
        "new.test (purpose for you to decide)",
        "  host    new.test  2026-11-25, 2 times, img-src on /b",
    ]
    assert 'hosts = ["www.google-analytics.com"]' in draft


def test_a_draft_passes_the_check_and_nothing_is_left(data: Path, policy: Path) -> None:
    draft = trackers(data, "--config", policy, "--draft").stdout
    policy.write_text(POLICY + draft, "utf-8")
    checked = CliRunner().invoke(main, ["check", str(policy)])
    assert checked.exit_code == 0, checked.output
    assert trackers(data, "--config", policy).stdout == (
        "Nothing was seen that no tracker declares.\n"
    )
    assert trackers(data, "--config", policy, "--draft").stdout == ""


def test_without_the_policy_all_is_listed_and_purposes_are_named(data: Path) -> None:
    found = trackers(data, "--draft").stdout
    assert found.startswith(
        "# Your policy needs [purposes.advertising], [purposes.statistics] for what follows.\n"
    )
    assert '"ads.test"' in found


def test_json(data: Path, policy: Path) -> None:
    told = json.loads(trackers(data, "--config", policy, "--json").stdout)
    google, unknown = told["trackers"]
    assert (google["vendor"], google["purpose"], google["known"]) == (
        "Google Analytics",
        "statistics",
        True,
    )
    assert google["seen"][0] == {
        "kind": "host",
        "name": "www.google-analytics.com",
        "told_by": "site",
        "where": "markup",
        "page": "/a",
        "first_day": "2026-11-20",
        "last_day": "2026-11-25",
        "days": 4,
        "times": 1234,
    }
    assert (unknown["purpose"], unknown["known"], unknown["clash"]) == (None, False, None)
    assert unknown["draft"].startswith("[[trackers]]")


def test_nothing_seen_yet(tmp_path: Path) -> None:
    assert "Nothing was seen" in trackers(tmp_path).stdout
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read(tmp_path: Path, data: Path) -> None:
    missing = trackers(tmp_path / "nowhere", code=1)
    assert "no such folder; name the one given to bandeau serve" in missing.stderr
    assert "is a file" in trackers(data / FILE, code=1).stderr
    gone = trackers(data, "--config", tmp_path / "gone.toml", code=1)
    assert "gone.toml" in gone.stderr
    (tmp_path / "bad.toml").write_text("[site]", "utf-8")
    bad = trackers(data, "--config", tmp_path / "bad.toml", code=1)
    assert "bad.toml:1" in bad.stderr
    (data / FILE).write_bytes(b"no database, but long enough" * 50)
    assert "move it away" in trackers(data, code=1).stderr
