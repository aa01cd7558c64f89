"""Headers that a real server in front adds and drops by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from fronts import free_port, front
from publisher import POLICY, PROFILING, Seen, publisher
from serving import serving
from visitor import Shell

from bandeau.app import gateway
from bandeau.enforcement.permissions import ASKED

pytestmark = pytest.mark.slow
FRONTS = {
    "nginx": ("nginx",),
    "nginx-ask": ("nginx", "--ask"),
    "varnish": ("varnish",),
    "caddy": ("caddy",),
    "caddy-ask": ("caddy", "--ask"),
}
OFF = "browsing-topics=(), "


@pytest.fixture(scope="module", params=FRONTS)
def shell(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("front")
    policy = folder / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    server, *more = FRONTS[request.param]
    seen = Seen()
    with ExitStack() as running:
        origin = running.enter_context(serving(publisher(seen)))
        bandeau = running.enter_context(serving(gateway(policy, origin.url, folder / "data")))
        url = running.enter_context(
            front(server, policy, origin.url, bandeau.url, folder / "run", *more)
        )
        yield Shell(url, seen, server, request.param)


@pytest.mark.parametrize("path", ["/article", "/kept", "/profiling.svg"])
def test_documents_switch_off_profiling_while_anything_is_denied(shell: Shell, path: str) -> None:
    visitor = shell.visitor(**{"sec-fetch-dest": "document"})
    for _ in range(2):
        (told,) = visitor.get(path).headers.get_list("permissions-policy")
        assert OFF in told
        assert ("geolocation=()" in told) is (path == "/profiling.svg")
    visitor.choose("accept_all")
    assert OFF not in visitor.get(path).headers.get("permissions-policy", "")


def test_an_asset_neither_profiles_nor_is_asked_to(shell: Shell) -> None:
    asked = {name.decode(): "?1" for name in ASKED}
    visitor = shell.visitor(**{"sec-fetch-dest": "image", "accept": "image/*"})
    for action in ("accept_all", "refuse_all"):
        visitor.choose(action)
        answer = visitor.get("/profiling.svg", headers=asked)
        assert answer.status_code == 200
        assert not set(answer.headers) & (set(PROFILING) - {"permissions-policy"})
        (told,) = answer.headers.get_list("permissions-policy")
        assert OFF in told
        assert "'self'" in answer.headers["content-security-policy"]
        assert answer.headers["vary"].lower().count("sec-fetch-dest") == 1
        assert not set(shell.seen.requests[-1]) & set(asked)


def test_a_picture_gets_no_policy_that_has_no_effect_on_it(shell: Shell) -> None:
    answer = shell.visitor(**{"sec-fetch-dest": "image"}).get("/own.png")
    assert answer.content == b"0123456789"
    for name in ("permissions-policy", "content-security-policy", "connection-allowlist"):
        assert shell.server == "caddy" or name not in answer.headers


@pytest.mark.parametrize("server", ["nginx", "varnish", "caddy"])
@pytest.mark.parametrize("kind", ["document", "image", "empty"])
def test_what_a_front_answers_itself_is_held_too(
    server: str, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("front")
    policy = folder / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    gone = f"http://127.0.0.1:{free_port()}"
    with front(server, policy, gone, gone, folder / "run") as url:
        headers = {"host": "www.quotidien.test", "sec-fetch-dest": kind}
        for path in ("/own.png", "/.bandeau/panel"):
            answer = httpx.get(url + path, headers=headers)
            assert answer.status_code in (502, 503)
            assert answer.headers.get_list("content-security-policy") == ["default-src 'none'"]
            assert answer.headers.get_list("connection-allowlist") == ["()"]
            (told,) = answer.headers.get_list("permissions-policy")
            assert OFF in told


def test_a_request_that_nginx_cannot_read_is_answered_under_our_policies(shell: Shell) -> None:
    if shell.server != "nginx":
        pytest.skip("others close the connection, or answer without a document")
    answer = httpx.get(f"{shell.url}/", headers={"host": "a b"})
    assert answer.status_code == 400
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert OFF in answer.headers["permissions-policy"]
