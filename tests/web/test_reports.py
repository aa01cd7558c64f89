"""POST /.bandeau/reports: hard limits, one answer, and only what no tracker declares."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from publisher import PAGE, POLICY, Seen, publisher
from serving import serving
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.enforcement.reports import CSP_REPORT, REPORT_DIRECTIVE, REPORTS_JSON
from bandeau.storage.sqlite.sightings import FILE, SqliteSightings
from bandeau.storage.suffixes import public_suffixes

pytestmark = pytest.mark.slow

PATH = "/.bandeau/reports"
SAME = {"sec-fetch-site": "same-origin"}


Site = tuple[httpx.Client, Callable[[], set[str]]]


def noted_in(data: Path) -> set[str]:
    store = SqliteSightings(data / FILE, public_suffixes().registrable)
    names = {s.name for s in store.all()}
    store.close()
    return names


@contextmanager
def served(tmp_path: Path) -> Iterator[Site]:
    """A client of the site, and what was noted: asking for it ends the site."""
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    app = Bandeau(publisher(Seen()), policy=tmp_path / "policy.toml", data=tmp_path / "data")

    def noted() -> set[str]:
        app.close()
        return noted_in(tmp_path / "data")

    with serving(app) as address, httpx.Client(base_url=address.url) as client:
        yield client, noted


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with served(tmp_path) as found:
        yield found


def report(*hosts: str, **more: Any) -> bytes:
    one = {
        "documentURL": "https://www.quotidien.test/article?x=secret",
        "effectiveDirective": "img-src",
        "originalPolicy": REPORT_DIRECTIVE.decode(),
    }
    reports: list[object] = [
        {"type": "csp-violation", "body": one | {"blockedURL": f"https://{host}/p?secret"}}
        for host in hosts
    ]
    if more:
        reports.append(
            {"type": "bandeau-refused", "url": "https://www.quotidien.test/", "body": more}
        )
    return json.dumps(reports).encode()


def post(client: httpx.Client, body: bytes, kind: str = REPORTS_JSON, **headers: str) -> int:
    given = {"content-type": kind} | SAME | {k.replace("_", "-"): v for k, v in headers.items()}
    answer = client.post(PATH, content=body, headers=given)
    assert answer.content == b""
    return answer.status_code


def test_what_is_undeclared_is_noted_and_the_rest_is_no_news(site: Site) -> None:
    client, noted = site
    body = report("tracker.test", "ads.test", "www.quotidien.test", "x.telegram.test")
    assert post(client, body) == 204
    names = report(cookies=["rogue", "session", "eu-consent"], storage=["ea:1", "other"])
    assert post(client, names) == 204
    assert noted() == {"tracker.test", "rogue", "other"}


@pytest.mark.parametrize(
    ("body", "kind", "headers"),
    [
        (report("tracker.test"), "application/json", {}),
        (report("tracker.test"), "text/plain", {}),
        (report("tracker.test"), CSP_REPORT, {}),
        (report("tracker.test"), REPORTS_JSON, {"sec_fetch_site": "cross-site"}),
        (report("tracker.test") + b" " * limits.REPORT_BYTES, REPORTS_JSON, {}),
        (b"\xff{", REPORTS_JSON, {}),
        (b'[{"type": "bandeau-refused", "body": {"cookies": ["\\ud800"]}}]', REPORTS_JSON, {}),
        (b"", REPORTS_JSON, {}),
    ],
)
def test_all_else_is_answered_alike_and_noted_nowhere(
    site: Site, body: bytes, kind: str, headers: dict[str, str]
) -> None:
    client, noted = site
    assert post(client, body, kind, **headers) == 204
    assert noted() == set()


def test_another_origin_is_not_heard(site: Site) -> None:
    client, noted = site
    headers = {"content-type": REPORTS_JSON, "origin": "https://evil.test"}
    assert client.post(PATH, content=report("tracker.test"), headers=headers).status_code == 204
    assert noted() == set()


def test_only_post(site: Site) -> None:
    client, _ = site
    assert client.get(PATH).status_code == 405


def test_more_reports_than_a_site_has_use_for_are_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(limits, "REPORTS_PER_SECOND", 0)
    with served(tmp_path) as (client, noted):
        for number in range(limits.REPORTS_AT_ONCE + 9):
            letters = "".join("abcdefghij"[int(digit)] for digit in str(number))
            assert post(client, report(f"www.{letters}-tracker.test")) == 204
        assert len(noted()) == limits.REPORTS_AT_ONCE


def test_a_page_asks_for_reports_and_other_files_do_not(site: Site) -> None:
    client, _ = site
    headers = {"host": "www.quotidien.test", "accept": "text/html"}
    page = client.get("/article", headers=headers)
    assert page.headers["content-security-policy"].endswith("; report-uri /.bandeau/reports")
    picture = client.get("/own.png", headers={"host": "www.quotidien.test", "accept": "image/*"})
    assert "report-uri" not in picture.headers.get("content-security-policy", "")


def test_a_shared_page_is_noted_and_asks_nobody(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")

    async def page(_: object) -> HTMLResponse:
        return HTMLResponse(PAGE, headers={"cache-control": "public, max-age=60"})

    site = Starlette(routes=[Route("/article", page)])
    app = Bandeau(site, policy=tmp_path / "policy.toml", data=tmp_path / "data", shared_page=True)
    with serving(app) as address:
        headers = {"host": "www.quotidien.test", "accept": "text/html"}
        shared = httpx.get(f"{address.url}/article", headers=headers)
    app.close()
    assert "report-uri" not in shared.headers["content-security-policy"]
    assert "unknown.test" in noted_in(tmp_path / "data")


def test_the_sites_own_policy_stays_its_own(site: Site) -> None:
    client, _ = site
    headers = {"host": "www.quotidien.test", "accept": "text/html"}
    policies = client.get("/strict", headers=headers).headers.get_list("content-security-policy")
    (own,) = [policy for policy in policies if "nonce-abc" in policy]
    assert "report" not in own
