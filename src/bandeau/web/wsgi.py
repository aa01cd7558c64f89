"""The WSGI shell (PEP 3333): any WSGI application, held to each visitor's choice.

It does to a request what the ASGI shell does. What is no page passes as the application gave it,
so a server may still send a wrapped file in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from bandeau import limits
from bandeau.enforcement.exchange import Headers
from bandeau.web.guarded import OWN_PATHS, REFUSAL, REFUSAL_HEADERS, Guarded, names_host
from bandeau.web.held import Patience, Stream
from bandeau.web.process import Open, PerProcess, Reply

Environ = dict[str, Any]
Write = Callable[[bytes], object]
StartResponse = Callable[..., Write]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_IN_PATHS = "/:@!$&'()*+,;=~"
_BODY_BYTES = max(limits.CHOICE_BODY_BYTES, limits.COMMENT_BODY_BYTES) + 1
_OUTSIDE = {"CONTENT_TYPE": b"content-type", "CONTENT_LENGTH": b"content-length"}
# What a site sends this way nobody judges, and a browser acts on it before it has a policy.
_EARLY_HINTS = "wsgi.early_hints"
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class WsgiShell:
    """Puts the choice between the web and ``app``."""

    def __init__(self, app: WsgiApp, desks: PerProcess) -> None:
        self._app = app
        self._desks = desks

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """One WSGI request."""
        scope = scope_of(environ, _path(environ))
        if not names_host(scope["headers"]):
            start_response("400 Bad Request", texts(REFUSAL_HEADERS))
            return [REFUSAL]
        here = self._desks.here()
        if scope["path"].startswith(OWN_PATHS):
            body, whole = body_of(environ, environ["wsgi.input"].read)
            return _replied(here.run(here.reply(scope, body, whole=whole)), scope, start_response)
        guarded = here.run(here.guarded(scope))
        refused = guarded.refused()
        if refused is not None:
            start_response("403 Forbidden", texts(refused))
            return []
        answer = _Answer(here, guarded, start_response)
        inner = with_headers(environ, guarded.request_headers())
        inner["bandeau.standing"] = guarded.standing
        return answer.body(self._app(inner, answer.start), scope["method"])


class _Answer:
    """One answer on its way out."""

    def __init__(self, here: Open, guarded: Guarded, start_response: StartResponse) -> None:
        self._here = here
        self._guarded = guarded
        self._start_response = start_response
        self._stream: Stream | None = None
        self._held: tuple[str, Headers, Any] | None = None
        self._waiting: list[bytes] = []
        self._patience: Patience | None = None
        self._begun = False
        self._handed_over = False
        self._server_write: Write | None = None

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Write:
        """The ``start_response`` of the application.

        With ``exc_info`` a second call replaces the first; the server raises where it is too late,
        and so do we where a body that we do not see would become a page.
        """
        if self._begun and exc_info is None:
            raise AssertionError("start_response was called already")
        self._begun = True
        given = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        judged, self._stream = self._guarded.answered(int(status[:3]), given)
        if self._waiting or (self._handed_over and self._stream is not None):
            raise exc_info[1].with_traceback(exc_info[2])
        self._held = status, judged, exc_info
        self._patience = Patience(self._stream) if self._stream is not None else None
        if self._stream is None:
            self._release()
        return self.write

    def write(self, body: bytes) -> None:
        """The callable that applications of old write to."""
        for piece in self._edited(body, last=False):
            if self._server_write is not None:
                self._server_write(piece)

    def body(self, chunks: Iterable[bytes], method: str) -> Iterable[bytes]:
        """What the server is to send of what the application returned."""
        if self._begun and self._stream is None and method != "HEAD":
            self._handed_over = True
            return chunks
        return _Body(chunks, self._passed(chunks, bodiless=method == "HEAD"))

    def _passed(self, chunks: Iterable[bytes], *, bodiless: bool) -> Generator[bytes, None, None]:
        for chunk in chunks:
            yield from self._edited(b"" if bodiless else chunk, last=False)
        yield from self._edited(b"", last=True)

    def _edited(self, chunk: bytes, *, last: bool) -> Iterator[bytes]:
        """Nothing comes before the head, which for a page waits for what its body tells."""
        if self._stream is None or self._patience is None:
            yield chunk
            return
        for piece in self._here.edited(self._stream, chunk, last=last):
            self._waiting.append(piece)
            if self._held is None or self._patience.ended():
                self._release()
                waiting, self._waiting = self._waiting, []
                yield b"".join(waiting)

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        status, headers, exc_info = held
        completed = self._stream.completed(headers) if self._stream is not None else headers
        failed = (exc_info,) if exc_info else ()
        self._server_write = self._start_response(status, texts(completed), *failed)


class _Body:
    """A body that closes what the application returned, whatever came of it."""

    def __init__(self, given: Iterable[bytes], passed: Generator[bytes, None, None]) -> None:
        self._given = given
        self._passed = passed

    def __iter__(self) -> Iterator[bytes]:
        return self._passed

    def close(self) -> None:
        """Called by the server at the end, or when the visitor is gone."""
        try:
            self._passed.close()
        finally:
            close = getattr(self._given, "close", None)
            if close is not None:
                close()


def scope_of(environ: Mapping[str, Any], path: bytes) -> dict[str, Any]:
    """A request's environment as an ASGI scope; ``path`` is unquoted, script name and all."""
    headers = [
        (name[5:].replace("_", "-").lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in environ.items()
        if name.startswith("HTTP_") and name[5:] not in _OUTSIDE
    ]
    headers += [
        (name, environ[key].encode("latin-1")) for key, name in _OUTSIDE.items() if environ.get(key)
    ]
    return {
        "type": "http",
        "method": environ["REQUEST_METHOD"].upper(),
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "path": path.decode("utf-8", "replace"),
        "raw_path": quote(path, _IN_PATHS).encode(),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "headers": headers,
    }


def with_headers(environ: Mapping[str, Any], headers: Headers) -> Environ:
    """A copy of the environment with these headers and no others, and no way around them."""
    inner = {name: value for name, value in environ.items() if not name.startswith("HTTP_")}
    inner.pop(_EARLY_HINTS, None)
    for name, value in headers:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in _OUTSIDE:
            text, former = value.decode("latin-1"), inner.get(f"HTTP_{key}")
            inner[f"HTTP_{key}"] = text if former is None else f"{former},{text}"
    return inner


def body_of(environ: Mapping[str, Any], read: Callable[[int], bytes]) -> tuple[bytes, bool]:
    """A request's body as far as any endpoint of ours reads it, and whether all of it came."""
    length = environ.get("CONTENT_LENGTH") or ""
    announced = int(length) if length.isascii() and length.isdecimal() else None
    if announced is None and not environ.get("wsgi.input_terminated"):
        return b"", True
    if environ["REQUEST_METHOD"].upper() in _BODILESS:
        return b"", True
    wanted = _BODY_BYTES if announced is None else min(announced, _BODY_BYTES)
    body = bytearray()
    while len(body) < wanted and (chunk := read(wanted - len(body))):
        body += chunk
    return bytes(body), announced is None or len(body) == wanted


def texts(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Headers as WSGI has them: native strings of Latin-1."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _path(environ: Mapping[str, Any]) -> bytes:
    told = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return str(told).encode("latin-1") or b"/"


def _replied(
    reply: Reply, scope: Mapping[str, Any], start_response: StartResponse
) -> Iterable[bytes]:
    start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", texts(reply.headers))
    return [] if scope["method"] == "HEAD" else [reply.body]
