"""HTTPS by a real server in front, with the files of a certificate or those that Caddy gets."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fronts import CHECKS, compiled, front, program
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import gateway
from bandeau.cli import main

pytestmark = pytest.mark.slow
HOST = "www.quotidien.test"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for :data:`HOST` and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "site.pem", folder / "site.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, secret


@pytest.fixture(params=["nginx", "caddy", "caddy by itself"])
def secure(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a site over HTTPS, and the file of whom to trust for it."""
    policy, run = tmp_path / "policy.toml", tmp_path / "run"
    policy.write_text(POLICY, "utf-8")
    trusted, key = certificate(tmp_path)
    more = ["--tls-certificate", str(trusted), "--tls-key", str(key)]
    if request.param == "caddy by itself":
        more, trusted = ["--tls"], run / "caddy/pki/authorities/local/root.crt"
    with ExitStack() as running:
        origin = running.enter_context(serving(publisher(Seen())))
        bandeau = running.enter_context(serving(gateway(policy, origin.url, tmp_path / "data")))
        url = running.enter_context(
            front(request.param.split()[0], policy, origin.url, bandeau.url, run, *more)
        )
        yield url.replace("http:", "https:"), trusted


def protocol(url: str, trusted: Path) -> str | None:
    """What a browser would speak with ``url``, once the server has its certificate."""
    deadline = time.monotonic() + 30
    while True:
        try:
            context = ssl.create_default_context(cafile=trusted)
            context.set_alpn_protocols(["h2", "http/1.1"])
            address = ("127.0.0.1", int(url.rpartition(":")[2]))
            with (
                socket.create_connection(address, 20) as plain,
                context.wrap_socket(plain, server_hostname=HOST) as wrapped,
            ):
                return wrapped.selected_alpn_protocol()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_a_page_and_a_choice_over_https(secure: tuple[str, Path]) -> None:
    url, trusted = secure
    assert protocol(url, trusted) == "h2"
    told = {"host": HOST, "accept": "text/html", "sec-fetch-site": "same-origin"}
    known = {"sni_hostname": HOST}
    with httpx.Client(base_url=url, verify=ssl.create_default_context(cafile=trusted)) as visitor:
        page = visitor.get("/article", headers=told, extensions=known)
        assert "data-bandeau" in page.text
        answer = visitor.post(
            "/.bandeau/choice",
            data={"action": "refuse_all", "return": "/article"},
            headers=told | {"origin": f"https://{HOST}"},
            extensions=known,
        )
        assert answer.status_code == 303
        ours = [
            line for line in answer.headers.get_list("set-cookie") if line.startswith("eu-consent")
        ]
        assert len(ours) == 2
        assert all("Secure" in line for line in ours)
        image = visitor.get(
            "/own.png", headers=told | {"sec-fetch-dest": "image"}, extensions=known
        )
        assert image.content == b"0123456789"


def test_the_scheme_is_the_servers_own_whatever_a_visitor_says(secure: tuple[str, Path]) -> None:
    url, trusted = secure
    protocol(url, trusted)
    told = {"host": HOST, "x-forwarded-proto": "http", "sec-fetch-site": "same-origin"}
    with httpx.Client(base_url=url, verify=ssl.create_default_context(cafile=trusted)) as visitor:
        answer = visitor.post(
            "/.bandeau/choice",
            data={"action": "refuse_all"},
            headers=told,
            extensions={"sni_hostname": HOST},
        )
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("nginx", "--tls-certificate", "a.pem"), "go together"),
        (("caddy", "--tls-key", "a.key"), "go together"),
        (("caddy", "--tls", "--tls-certificate", "a", "--tls-key", "b"), "leave out"),
        (("nginx", "--tls-certificate", 'a"b', "--tls-key", "b"), "cannot stand"),
        (("caddy", "--tls-certificate", "a\nb", "--tls-key", "b"), "cannot stand"),
        (("nginx", "--tls-certificate", "$x", "--tls-key", "b"), "cannot stand"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else each,
)
def test_files_that_cannot_be_meant_are_refused(
    given: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    command = ["compile", *given, "--config", str(policy), "--upstream", "http://127.0.0.1:9000"]
    told = CliRunner().invoke(main, command)
    assert told.exit_code == 1
    assert said in told.output


@pytest.mark.parametrize(
    ("hosts", "internal"),
    [
        ('"www.quotidien.test", "localhost"', True),
        ('"www.quotidien.fr", "quotidien.test"', False),
    ],
)
def test_caddy_gets_public_certificates_for_public_hosts_only(
    hosts: str, internal: bool, tmp_path: Path
) -> None:
    program("caddy")
    policy = tmp_path / "policy.toml"
    old = POLICY[POLICY.index("hosts = [") : POLICY.index("]", POLICY.index("hosts = [")) + 1]
    policy.write_text(POLICY.replace(old, f"hosts = [{hosts}]", 1), "utf-8")
    where = ("http://127.0.0.1:9000", "http://127.0.0.1:8000", "0.0.0.0:443", tmp_path)
    text = compiled("caddy", policy, *where, "--tls")
    assert ("tls internal" in text) is internal
    assert "https_port" not in text
    assert "auto_https" not in text
    command = CHECKS["caddy"](text, tmp_path)
    checked = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert checked.returncode == 0, checked.stderr[-2_000:]
