"""Every third party of the world on one machine: answers any host, tracks, loads more."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bandeau.web.server import listen

SCRIPT = b"""
document.cookie = 'tracked_by_script=1; path=/; max-age=999999';
try { localStorage.setItem('tracked', location.host); } catch (e) {}
var more = document.createElement('img');
more.src = 'https://second-hop.test/pixel.gif?' + Math.random();
(document.body || document.documentElement).appendChild(more);
"""
PIXEL = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
PIXEL += b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"


@dataclass
class Contacts:
    """Who was contacted since the last :meth:`forget`: hosts, and hosts that got a cookie back.

    ``askers`` has for each host those whose documents asked, empty where the browser did not say.
    """

    hosts: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    askers: dict[str, set[str]] = field(default_factory=dict)

    def forget(self) -> None:
        self.hosts.clear()
        self.read.clear()
        self.askers.clear()


def tracker(contacts: Contacts):  # type: ignore[no-untyped-def]
    """An ASGI application for every host but the site's."""

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode().split(":")[0]
        contacts.hosts.add(host)
        asker = urlsplit(headers.get(b"referer", b"").decode()).hostname or ""
        contacts.askers.setdefault(host, set()).add(asker)
        if b"cookie" in headers:
            contacts.read.add(host)
        kind, body = _answer(headers.get(b"sec-fetch-dest", b"").decode(), scope["path"])
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", kind),
                    (b"access-control-allow-origin", b"*"),
                    (b"set-cookie", b"id=3p; Max-Age=99999; SameSite=None; Secure; Path=/"),
                ],
            }
        )
        await send({"type": "http.response.body", "body": body})

    return app


def _answer(destination: str, path: str) -> tuple[bytes, bytes]:
    if destination == "script":
        return b"text/javascript", SCRIPT
    if destination == "style":
        return b"text/css", b"@import 'https://second-hop.test/more.css';"
    if destination in ("iframe", "frame", "document", "embed", "object"):
        return b"text/html", b"<!doctype html><script src='/more.js'></script>"
    return b"image/gif", PIXEL


@dataclass(frozen=True)
class Trackers:
    """Where the tracking server listens, and what it saw."""

    http: int
    https: int
    contacts: Contacts


@contextmanager
def tracking(folder: Path) -> Iterator[Trackers]:
    """Serve the tracker on a plain and on a TLS port of loopback."""
    contacts = Contacts()
    certificate, key = self_signed(folder)
    servers = []
    for tls in (False, True):
        listener = listen("127.0.0.1", 0)
        config = uvicorn.Config(
            tracker(contacts),
            lifespan="off",
            log_config=None,
            access_log=False,
            ssl_certfile=str(certificate) if tls else None,
            ssl_keyfile=str(key) if tls else None,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        servers.append((server, thread, listener.getsockname()[1]))
    try:
        yield Trackers(servers[0][2], servers[1][2], contacts)
    finally:
        for server, thread, _ in servers:
            server.should_exit = True
            thread.join(20)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for no host in particular, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "everyone.test")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )
    crt, pem = folder / "everyone.crt", folder / "everyone.pem"
    crt.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return crt, pem
