"""``/.bandeau/choice`` beyond the shells' contract: odd callers, and several processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import Bandeau

PATH = "/.bandeau/choice"


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[list[httpx.Client]]:
    """Two servers over one data folder."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    with ExitStack() as stack:
        clients = []
        for _ in range(2):
            app = Bandeau(publisher(Seen()), policy=policy, data=tmp_path / "data")
            address = stack.enter_context(serving(app))
            headers = {"host": "www.quotidien.test"}
            clients.append(stack.enter_context(httpx.Client(base_url=address.url, headers=headers)))
        yield clients


def cookies_of(answer: httpx.Response) -> str:
    lines = answer.headers.get_list("set-cookie")
    return "; ".join(line.split(";")[0] for line in lines if line.startswith("eu-consent"))


def test_two_processes_on_one_folder_know_each_others_choices(
    processes: list[httpx.Client],
) -> None:
    first, second = processes
    accepted = cookies_of(first.post(PATH, json={"action": "accept_all"}))
    state = second.get(PATH, headers={"cookie": accepted}).json()
    assert (state["band"], state["features"]) == ("allowed", {"comments": "open"})
    withdrawn = second.post(PATH, json={"action": "refuse_all"}, headers={"cookie": accepted})
    assert withdrawn.status_code == 200
    assert first.get(PATH, headers={"cookie": accepted}).json()["decided"] is False


def test_odd_callers_get_a_clear_answer_and_no_cookie(processes: list[httpx.Client]) -> None:
    client = processes[0]
    for headers, body, status in [
        ({"origin": "http://["}, b'{"action":"accept_all"}', 403),
        ({}, b'{"\\ud800": 1}', 400),
        ({}, b'{"action":"accept_all","action":"refuse_all"}', 400),
    ]:
        sent = {"content-type": "application/json", **headers}
        answer = client.post(PATH, content=body, headers=sent)
        assert answer.status_code == status
        assert answer.json()["error"]["reason"]
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers


def test_json_in_any_case_is_answered_with_json(processes: list[httpx.Client]) -> None:
    sent = {"content-type": "Application/JSON"}
    answer = processes[0].post(PATH, content=b'{"action":"accept_all"}', headers=sent)
    assert answer.json()["choice"]["band"] == "allowed"


def test_a_path_of_ours_never_redirects(processes: list[httpx.Client]) -> None:
    answer = processes[0].get(PATH + "/", headers={"host": "evil.test"})
    assert (answer.status_code, "location" in answer.headers) == (404, False)


def test_granting_builds_on_a_proven_choice_only(processes: list[httpx.Client]) -> None:
    client = processes[0]
    one = cookies_of(client.post(PATH, json={"action": "save", "purpose": ["advertising"]}))
    grant = {"action": "grant", "purpose": ["social"]}
    whole = client.post(PATH, json=grant, headers={"cookie": one}).json()
    assert whole["choice"]["purposes"] == {"advertising": True, "social": True}
    again = cookies_of(client.post(PATH, json={"action": "save", "purpose": ["advertising"]}))
    choice_alone = again.split("; ")[0]
    alone = client.post(PATH, json=grant, headers={"cookie": choice_alone}).json()
    assert alone["choice"]["purposes"] == {"advertising": False, "social": True}
