"""``/.bandeau/sweep``: the publisher's other hosts end what is denied there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from press_group import HOST, POLICY, SIBLING
from publisher import Seen, publisher
from serving import serving

from bandeau.app import Bandeau

pytestmark = pytest.mark.slow

SWEEP = "/.bandeau/sweep"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    app = Bandeau(publisher(Seen()), policy=policy, data=tmp_path / "data")
    headers = {"host": f"{HOST}:81"}
    with serving(app) as address, httpx.Client(base_url=address.url, headers=headers) as client:
        yield client


def lines(answer: httpx.Response) -> list[str]:
    return answer.headers.get_list("set-cookie")


def test_it_ends_what_is_denied_there_whoever_asks_and_nothing_else(client: httpx.Client) -> None:
    asks = {"host": SIBLING, "cookie": "t_sibling=1; session=1", "sec-fetch-site": "same-site"}
    answer = client.get(SWEEP, headers={**asks, "sec-fetch-dest": "empty"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "t_sibling=; Path=/; Max-Age=0" in lines(answer)
    assert "t_deep=; Path=/articles; Max-Age=0" in lines(answer)
    assert not any(line.startswith(("session", "eu-consent", "t_wide")) for line in lines(answer))


def test_with_a_way_back_it_asks_the_others_and_leads_there(client: httpx.Client) -> None:
    answer = client.get(SWEEP, params={"return": '/a?b="<', "lang": "en"})
    page = answer.text
    addresses = re.findall(r'<img src="([^"]*)"', page)
    assert addresses == [f"http://{SIBLING}:81{SWEEP}", f"http://silent.pub.test:81{SWEEP}"]
    assert all(address in answer.headers["content-security-policy"] for address in addresses)
    assert page.count("/a?b=&#34;&lt;") == 2
    assert '<meta http-equiv="refresh" content="0;url=/a?b=' in page
    for away in ("//evil.test", "https://evil.test", "javascript:1"):
        assert "evil" not in client.get(SWEEP, params={"return": away}).text
        assert 'href="/"' in client.get(SWEEP, params={"return": away}).text


@pytest.mark.parametrize(
    ("action", "leads"),
    [("refuse_all", f"{SWEEP}?return=%2Farticle&lang=en"), ("accept_all", "/article")],
)
def test_a_form_leads_past_the_others_only_where_it_denies_something(
    client: httpx.Client, action: str, leads: str
) -> None:
    form = {"action": action, "return": "/article", "lang": "en"}
    answer = client.post("/.bandeau/choice", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, leads)
    elsewhere = client.post("/.bandeau/choice", data=form, headers={"host": "127.0.0.1"})
    assert elsewhere.headers["location"] == "/article"


def test_pages_name_the_other_hosts_to_the_script_alone(client: httpx.Client) -> None:
    html = {"accept": "text/html"}
    page = client.get("/article", headers=html).text
    assert 'data-hosts="ads.pub.test:* silent.pub.test:*"' in page
    assert 'data-hosts=""' in client.get("/article", headers={**html, "host": "127.0.0.1"}).text
