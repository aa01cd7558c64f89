"""One server for all sites of a zoo: TLS on loopback, told apart by their hosts."""

from __future__ import annotations

import contextlib
import datetime
import json
import socket
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.zoo import tools
from tests.zoo.built import Built, Choice
from tests.zoo.gated import gated
from tests.zoo.manners import Answer, Wired
from tests.zoo.page import Asked, frame, render
from tests.zoo.site import Site

_CHOICE_SECONDS = 180 * 86_400
_LOG = 20_000


@dataclass(frozen=True)
class Heard:
    """A request that reached the zoo: ``site`` is empty where nobody there is asked."""

    site: str
    host: str
    path: str
    cookies: tuple[str, ...]
    vendor: bool


class Zoo:
    """The sites, as one ASGI application; ``heard`` keeps what was asked lately."""

    def __init__(self, sites: Sequence[Site], seed: int = 0, folder: Path | None = None) -> None:
        self.sites = {site.name: Built(site, seed) for site in sites}
        self.heard: deque[Heard] = deque(maxlen=_LOG)
        self._own: dict[str, Built] = {}
        self._frames: dict[str, Built] = {}
        self._parts: dict[tuple[str, str], tuple[Built, Wired, Answer]] = {}
        self._fronts: dict[str, Any] = {}
        for built in self.sites.values():
            self._add(built, folder)

    def _add(self, built: Built, folder: Path | None) -> None:
        assert built.host not in self._own, "two sites drew one name: take another seed"
        self._own[built.host] = built
        if built.sister:
            self._own[built.sister] = built
        self._frames[built.frame_host] = built
        for wired in built.trackers:
            for host, parts in (
                (wired.host, wired.manner.answers),
                (wired.second_host, wired.manner.second),
                (built.host, wired.manner.own),
            ):
                for part, answer in parts:
                    self._parts[host, wired.path(part)] = (built, wired, answer)
        if built.site.bandeau and folder is not None:
            self._fronts[built.host] = gated(built, self._site, folder / built.site.name)

    @property
    def known_hosts(self) -> tuple[str, ...]:
        """Hosts outside ``.test`` that are played here."""
        hosts = (host for host, _ in self._parts if not host.endswith(".test"))
        return tuple(sorted(set(hosts)))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            host = Request(scope).headers.get("host", "").partition(":")[0]
            await self._fronts.get(host, self._site)(scope, receive, send)

    async def _site(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        host = request.headers.get("host", "").partition(":")[0]
        path = request.url.path
        found = self._parts.get((host, path))
        built = found[0] if found else self._own.get(host) or self._frames.get(host)
        self._note(built, host, path, request, bool(found and found[2] and host not in self._own))
        if found:
            return found[2](found[1], request)
        if host in self._own:
            return await _own(self._own[host], request)
        if host in self._frames:
            return _framed(self._frames[host], request)
        return PlainTextResponse("nobody here", 404)

    def _note(
        self, built: Built | None, host: str, path: str, request: Request, vendor: bool
    ) -> None:
        name = built.site.name if built else ""
        self.heard.append(Heard(name, host, path, tuple(request.cookies), vendor))

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode().partition(":")[0]
        found = self._parts.get((host, scope["path"]))
        if found is None:
            await send({"type": "websocket.close", "code": 1000})
            return
        self.heard.append(Heard(found[0].site.name, host, scope["path"], (), True))
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "."})
        while (await receive())["type"] != "websocket.disconnect":
            pass


async def _own(built: Built, request: Request) -> Response:
    path = request.url.path
    if path == built.choose_path and request.method == "POST":
        return _choose(built, request, await request.json())
    if path in ("/robots.txt", "/sitemap.xml"):
        return _sitemap(built) if path == "/sitemap.xml" else _robots(built)
    if asset := tools.asset(built.site.notice.tool, path):
        return Response(asset.data, media_type=asset.mime)
    asked = _asked(built, request)
    if asked is None or (asked.index < 0 and built.site.policy_missing):
        return PlainTextResponse("not found", 404)
    return render(built, request, asked)


def _robots(built: Built) -> Response:
    return PlainTextResponse(f"User-agent: *\nAllow: /\nSitemap: {built.address}sitemap.xml\n")


def _asked(built: Built, request: Request) -> Asked | None:
    path, other = request.url.path, built.site.other_language
    language = built.site.language
    if other and path.startswith(f"/{other}/"):
        language, path = other, path[len(other) + 1 :]
    elif other and path == "/" and _wanted(request) == other:
        language = other
    if path == "/":
        return Asked(0, language)
    if path == built.policy_path:
        return Asked(-1, language)
    slug = path[1:]
    return Asked(built.slugs.index(slug) + 1, language) if slug in built.slugs else None


def _wanted(request: Request) -> str:
    return request.headers.get("accept-language", "")[:2].lower()


def _sitemap(built: Built) -> Response:
    paths = ["", *built.slugs]
    if built.site.other_language:
        paths += [f"{built.site.other_language}/{slug}" for slug in ("", *built.slugs)]
    urls = "".join(f"<url><loc>{built.address}{path}</loc></url>" for path in paths)
    text = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    return Response(text, media_type="application/xml")


def _framed(built: Built, request: Request) -> Response:
    language = request.url.path.strip("/") or built.site.language
    if built.site.notice.box != "frame" or language not in built.languages:
        return PlainTextResponse("not found", 404)
    return frame(built, built.site.notice.language or language, frozenset())


def _choose(built: Built, request: Request, body: dict[str, Any]) -> Response:
    """Keeps a choice, and takes back the cookies of what is not granted any more."""
    earlier = built.read_choice(request)
    before = earlier is not None and (earlier.before or bool(earlier.granted))
    granted = frozenset(body["p"]) & set(built.purposes)
    if built.site.notice.keeps_toggles and body["a"] == "save":
        granted = frozenset(built.purposes)
    choice = Choice(body["a"], granted, before)
    response = Response(status_code=204, headers={"cache-control": "no-store"})
    line = f"{built.choice}={built.write_choice(choice)}; Path=/; Secure; SameSite=Lax"
    response.headers.append("set-cookie", f"{line}; Max-Age={_CHOICE_SECONDS}")
    for wired in built.trackers:
        if wired.told.purpose not in granted and not wired.told.stays:
            for name, domain in wired.manner.cookies(wired):
                if name in request.cookies:
                    at = f"; Domain={domain}" if domain else ""
                    gone = f"{name}=; Path=/; Secure; Max-Age=0{at}"
                    response.headers.append("set-cookie", gone)
    return response


@dataclass(frozen=True)
class Served:
    """A zoo that answers on ``port`` of loopback."""

    zoo: Zoo
    port: int

    @property
    def resolve(self) -> str:
        """Chromium's ``--host-resolver-rules``: every name to the zoo, none to the outside."""
        names = ("*.test", *self.zoo.known_hosts)
        return ", ".join(f"MAP {name} 127.0.0.1:{self.port}" for name in names)


@contextlib.contextmanager
def serving(zoo: Any, port: int = 0) -> Iterator[Served]:
    """Serves ``zoo`` with a certificate made now, until the context ends."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listener:
        certificate, key = _certificate(Path(folder))
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(
            zoo, log_level="error", lifespan="off", ssl_certfile=certificate, ssl_keyfile=key,
            timeout_graceful_shutdown=1, ws="websockets-sansio", server_header=False,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        _until_started(server, thread)
        try:
            yield Served(zoo, listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(20)


def _until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    pause = threading.Event()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the zoo did not start")
        pause.wait(0.01)


def _certificate(folder: Path) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zoo.test")])
    now = datetime.datetime.fromtimestamp(0, datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    kept, secret = folder / "zoo.pem", folder / "zoo.key"
    kept.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(kept), str(secret)


def describe(zoo: Zoo, port: int) -> str:
    """The sites that are served, one a line, as JSON values."""
    lines = [
        json.dumps({"site": name, "address": built.address, "expects": built.site.expects})
        for name, built in zoo.sites.items()
    ]
    return "\n".join(lines)
