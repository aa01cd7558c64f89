"""What `bandeau compile` writes, against the servers' own checks, for policies that mean harm."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from documents import blocks
from fronts import CHECKS, compiled, free_port, front, nginx_file, program, running
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import gateway
from bandeau.cli import main

pytestmark = pytest.mark.slow
SERVERS = sorted(CHECKS)
NAMES = (
    *('a"b', "a'b", "$http_cookie", "${x}", "{x}", "}", "a`b", r"a\\b", r"\n", "a#b", "(?{1})"),
    *("[", "%7Bx%7D", '"}server{', "a*b*c*d", "//", "/*", "<", ">", "{http.request.uri}"),
    *('"}vcl_recv', "a,b", "|", "^$", "~x", "+", "?"),
)


def policy_of(cookies: str, trackers: str = "", purposes: int = 0) -> str:
    more = "".join(
        f"[purposes.p{n}]\ndata=['ip']\ntitle={{en='p'}}\nsummary={{en='p'}}\n"
        for n in range(purposes)
    )
    return f"""
[site]
name = "N"
controller = "N"
hosts = ["www.quotidien.test", "{"a" * 60}.{"b" * 60}.test"]
privacy_policy = "/p"
languages = ["en"]
[purposes.functioning]
exempt = "strictly-necessary"
[purposes.advertising]
data = ["ip"]
{more}
[[trackers]]
vendor = 'A "; }} server {{ $x \\ vendor'
purpose = "functioning"
cookies = [{cookies}]
{trackers}
"""


def cookies(names: list[str]) -> str:
    return ", ".join(f"{{ name = {json.dumps(name)} }}" for name in names)


def many(count: int, purposes: int = 0) -> str:
    return "".join(
        f"""[[trackers]]
vendor = "V{n}"
purpose = "{f"p{n % purposes}" if purposes else "advertising"}"
hosts = ["t{n}.example", "cdn{n}.example"]
cookies = [{{ name = "_v{n}_*" }}, {{ name = "w{n}" }}, {{ name = "y{n}_*z*" }}]
"""
        for n in range(count)
    )


def one_by_one(name: str) -> str:
    return policy_of(cookies([name]))


POLICIES: dict[str, Callable[[], str]] = {
    "plain": lambda: POLICY,
    "every sign": lambda: policy_of(cookies(NAMES)),
    "any name of one letter": lambda: policy_of(cookies(["a*"])),
    "1,000 trackers": lambda: policy_of(cookies(["session"]), many(1_000)),
    "22 purposes": lambda: policy_of(cookies(["session"]), many(110, 22), 22),
    "long names": lambda: policy_of(cookies([f"{n}_" + '"' * 190 for n in range(30)])),
    "no purpose asks": lambda: policy_of(cookies(["session"])).replace(
        '[purposes.advertising]\ndata = ["ip"]\n', ""
    ),
    "1,000 hosts": lambda: policy_of(cookies(["session"])).replace(
        "hosts = [", "hosts = [" + "".join(f'"h{n}.example", ' for n in range(900)), 1
    ),
}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("kind", POLICIES)
def test_the_server_accepts_what_is_written(server: str, kind: str, tmp_path: Path) -> None:
    program(server)
    path = tmp_path / "policy.toml"
    path.write_text(POLICIES[kind](), "utf-8")
    text = compiled(
        server, path, "http://127.0.0.1:9000", "http://[::1]:8000", "127.0.0.1:8080", tmp_path
    )
    command = CHECKS[server](text, tmp_path)
    checked = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert checked.returncode == 0, checked.stderr[-2_000:]
    assert "[warn]" not in checked.stderr, checked.stderr[-2_000:]
    assert "vendor" not in text


@pytest.mark.parametrize("server", SERVERS)
def test_the_same_policy_gives_the_same_file(server: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    where = ("http://127.0.0.1:9000", "http://127.0.0.1:8000", "127.0.0.1:8080", tmp_path)
    assert compiled(server, path, *where) == compiled(server, path, *where)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(
    "wrong",
    [
        ("--upstream", "http://a;b:9000"),
        ("--upstream", "http://a$b:9000"),
        ("--upstream", 'http://a"b'),
        ("--upstream", "http://127.0.0.1:9000/path"),
        ("--upstream", "ftp://127.0.0.1"),
        ("--bandeau", "http://{x}"),
        ("--bandeau", "http://a b"),
        ("--listen", "a;b:80"),
        ("--listen", "nowhere"),
    ],
    ids=" ".join,
)
def test_addresses_that_could_break_out_are_refused(
    server: str, wrong: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    given = ["compile", server, "--config", str(path)]
    given += ["--upstream", "http://127.0.0.1:9000", *wrong]
    told = CliRunner().invoke(main, given)
    assert told.exit_code == 1
    assert told.output.startswith("bandeau compile: ")
    assert "Traceback" not in told.output


@pytest.mark.parametrize("server", SERVERS)
def test_a_policy_that_does_not_hold_is_told_by_line(server: str, tmp_path: Path) -> None:
    path, out = tmp_path / "policy.toml", tmp_path / "out"
    path.write_text("[site]\nname = 1\n", "utf-8")
    given = ["compile", server, "--config", str(path), "--upstream", "http://127.0.0.1:9000"]
    told = CliRunner().invoke(main, [*given, "--out", str(out)])
    assert told.exit_code == 1
    assert "policy.toml:2: site.name" in told.output
    assert not out.exists()


def test_the_documented_nginx_serves_and_keeps_a_page(tmp_path: Path) -> None:
    (block,) = [b for b in blocks() if b.page == "compile.md" and b.language == "nginx"]
    policy, seen = tmp_path / "policy.toml", Seen()
    assert CliRunner().invoke(main, ["init", str(policy)]).exit_code == 0
    port = free_port()
    with ExitStack() as running_here:
        origin = running_here.enter_context(serving(publisher(seen)))
        app = gateway(policy, origin.url, tmp_path / "data")
        bandeau = running_here.enter_context(serving(app))
        listen = f"127.0.0.1:{port}"
        text = compiled("nginx", policy, origin.url, bandeau.url, listen, tmp_path)
        file = nginx_file(text, tmp_path, block.text)
        command = [program("nginx"), "-p", str(tmp_path), "-c", str(file)]
        running_here.enter_context(running(command, port, tmp_path))
        headers = {"host": "www.example.org", "accept": "text/html"}
        found = [httpx.get(f"http://{listen}/kept", headers=headers) for _ in range(2)]
    assert [answer.headers["cache-status"] for answer in found] == [
        "bandeau; fwd=miss",
        "bandeau; hit",
    ]
    assert len(seen.requests) == 1


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_nothing_passes_while_bandeau_cannot_be_asked(server: str, tmp_path: Path) -> None:
    policy, seen = tmp_path / "policy.toml", Seen()
    policy.write_text(POLICY, "utf-8")
    gone = f"http://127.0.0.1:{free_port()}"
    with (
        serving(publisher(seen)) as origin,
        front(server, policy, origin.url, gone, tmp_path / "run", "--ask") as url,
        httpx.Client(base_url=url) as visitor,
    ):
        for path, kind in (("/own.png", "image"), ("/article", "document"), ("/.bandeau/x", "")):
            headers = {"host": "www.quotidien.test", "sec-fetch-dest": kind}
            answer = visitor.get(path, headers={k: v for k, v in headers.items() if v})
            assert answer.status_code >= 500
            assert answer.headers["content-security-policy"] == "default-src 'none'"
            assert kind == "image" or answer.headers["connection-allowlist"] == "()"
    assert seen.requests == []
