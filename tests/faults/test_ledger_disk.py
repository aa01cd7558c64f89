"""No room on the disk: a choice is answered 503, the site goes on, and so does the ledger."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from publisher import POLICY, Seen, publisher
from served import run
from serving import serving

from bandeau.app import Bandeau

ROOM = "4m"
LEFT = 500_000  # Bytes for choices.
CHOICES = 3_000


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that holds little, where this may be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    options = f"size={ROOM},mode=700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small file system may be mounted: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_answers_503_and_recovers_when_there_is_room(
    small: Path, tmp_path: Path
) -> None:
    policy, ballast = tmp_path / "policy.toml", small / "ballast"
    policy.write_text(POLICY, encoding="utf-8")
    site = Bandeau(publisher(Seen()), policy=policy, data=small)
    headers = {"host": "www.quotidien.test", "accept": "text/html"}
    with (
        serving(site) as address,
        httpx.Client(base_url=address.url, headers=headers, timeout=60) as client,
    ):
        ballast.write_bytes(bytes(shutil.disk_usage(small).free - LEFT))
        kept = []
        for _ in range(CHOICES):
            client.cookies.clear()
            answer = client.post("/.bandeau/choice", json={"action": "accept_all"})
            if answer.status_code != 200:
                break
            kept.append(answer.json()["receipt"])
        assert kept
        assert answer.status_code == 503
        assert answer.json()["error"]["message"]
        assert "set-cookie" not in answer.headers
        form = client.post("/.bandeau/choice", data={"action": "accept_all"})
        assert form.status_code == 503
        assert "text/html" in form.headers["content-type"]
        page = client.get("/article")
        assert page.status_code == 200
        assert "Été à Nantes" in page.text
        assert '<script src="https://ads.test/a.js"' not in page.text

        ballast.unlink()
        again = client.post("/.bandeau/choice", json={"action": "accept_all"})
        assert again.status_code == 200
        kept.append(again.json()["receipt"])
        first = kept[0]["index"]  # Before it comes what choices refer to.
        assert [each["index"] for each in kept] == [*range(first, first + len(kept))]
    verified = run("ledger", "verify", "--data", small)
    assert verified.returncode == 0, verified.stdout
    assert f"{first + len(kept)} records" in verified.stdout
