"""WSGI applications for tests: a threaded server on loopback, and ASGI sites told as WSGI."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

from bandeau.web.server import Address
from bandeau.web.wsgi import scope_of


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Answer(ServerHandler):
    """Says nothing of an answer that breaks off: tests look at what arrives."""

    def log_exception(self, exc_info: Any) -> None:
        pass


class _Request(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass

    def get_environ(self) -> dict[str, Any]:
        environ = super().get_environ()
        environ["CONTENT_TYPE"] = self.headers.get("content-type", "")
        environ["wsgi.url_scheme"] = self.headers.get("x-forwarded-proto", "http")
        return environ

    def handle(self) -> None:
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.raw_requestline or not self.parse_request():
            return
        environ = self.get_environ() | {"SERVER_PROTOCOL": "HTTP/1.0"}
        scheme = environ["wsgi.url_scheme"]
        answer = _Answer(self.rfile, self.wfile, self.get_stderr(), environ, True, False)
        answer.get_scheme = lambda: scheme  # type: ignore[method-assign]
        answer.request_handler = self  # type: ignore[attr-defined]
        answer.run(self.server.get_app())  # type: ignore[attr-defined]
        self._linger()

    def _linger(self) -> None:
        """Read what the client still sends, or its answer would be lost to a reset."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while self.connection.recv(65_536):
                pass


@contextmanager
def serving_wsgi(app: Any) -> Iterator[Address]:
    """Serve a WSGI application on a free port, one thread for each connection."""
    server = _Threaded(("127.0.0.1", 0), _Request)
    server.set_app(app)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Address("127.0.0.1", server.server_port)
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()


def answered(app: Any, environ: dict[str, Any], path: bytes) -> tuple[int, Any, bytes]:
    """What an ASGI application answers to a WSGI request: status, headers, body."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    sent: list[Any] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope_of(environ, path), receive, send))
    head, *rest = sent
    chunks = b"".join(message.get("body", b"") for message in rest)
    return head["status"], head["headers"], b"" if environ["REQUEST_METHOD"] == "HEAD" else chunks


def as_wsgi(app: Any) -> Callable[..., Iterable[bytes]]:
    """An ASGI site as a WSGI application."""

    def site(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"].encode("latin-1")
        status, headers, body = answered(app, environ, path)
        texts = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        start_response(f"{status} {HTTPStatus(status).phrase}", texts)
        return [body]

    return site
