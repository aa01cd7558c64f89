"""Django middleware, for its synchronous and its asynchronous handlers.

It stands first, so what Django sees of a request and of its cookies is what the choice allows.
Django is imported when a site uses this, never before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from inspect import iscoroutinefunction
from itertools import chain
from typing import Any, NamedTuple

from bandeau.enforcement.exchange import Headers
from bandeau.web.guarded import OWN_PATHS, REFUSAL, REFUSAL_HEADERS, Guarded, names_host
from bandeau.web.held import Patience, Stream
from bandeau.web.process import Open, PerProcess, Reply
from bandeau.web.wsgi import body_of, scope_of, texts, with_headers


class Settings(NamedTuple):
    """The settings ``BANDEAU_POLICY``, ``_DATA``, ``_KEYS`` and so on."""

    policy: str
    data: str
    keys: str | None
    anchors: str | None
    explain: bool
    confine: bool
    mail: str | None


def settings() -> Settings:
    """What the settings of Django say."""
    found = import_module("django.conf").settings
    return Settings(
        policy=found.BANDEAU_POLICY,
        data=getattr(found, "BANDEAU_DATA", "bandeau-data"),
        keys=getattr(found, "BANDEAU_KEYS", None),
        anchors=getattr(found, "BANDEAU_ANCHORS", None),
        explain=getattr(found, "BANDEAU_EXPLAIN", False),
        confine=getattr(found, "BANDEAU_CONFINE", True),
        mail=getattr(found, "BANDEAU_MAIL", None),
    )


class DjangoShell:
    """Puts the choice between the web and the rest of a Django site."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any], desks: PerProcess) -> None:
        self._get_response = get_response
        self._desks = desks
        self._async = iscoroutinefunction(get_response) or _marked(get_response)
        if self._async:
            import_module("asgiref.sync").markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        """One request: a response, or where Django runs asynchronously what gives one."""
        return self._answered_later(request) if self._async else self._answered(request)

    def _answered(self, request: Any) -> Any:
        scope = _scope(request)
        if not names_host(scope["headers"]):
            return _refusal()
        here = self._desks.here()
        if scope["path"].startswith(OWN_PATHS):
            body, whole = body_of(request.META | {"REQUEST_METHOD": request.method}, request.read)
            return _replied(here.run(here.reply(scope, body, whole=whole)))
        guarded = here.run(here.guarded(scope))
        refused = guarded.refused()
        if refused is not None:
            return _replied(Reply(403, refused, b""))
        _hold(request, guarded)
        response = self._get_response(request)
        headers, stream = _judged(response, guarded)
        if stream is None:
            return _with_headers(response, headers)
        if response.streaming:
            pieces = _pieces(here, stream, iter(response))
            response.streaming_content = chain(_ahead(stream, pieces), pieces)
        else:
            response.content = b"".join(here.edited(stream, response.content, last=True))
        return _with_headers(response, stream.completed(headers))

    async def _answered_later(self, request: Any) -> Any:
        scope = _scope(request)
        if not names_host(scope["headers"]):
            return _refusal()
        here = self._desks.here()
        if scope["path"].startswith(OWN_PATHS):
            body, whole = body_of(request.META | {"REQUEST_METHOD": request.method}, request.read)
            return _replied(await here.awaited(here.reply(scope, body, whole=whole)))
        guarded = await here.awaited(here.guarded(scope))
        refused = guarded.refused()
        if refused is not None:
            return _replied(Reply(403, refused, b""))
        _hold(request, guarded)
        response = await self._get_response(request)
        headers, stream = _judged(response, guarded)
        if stream is None:
            return _with_headers(response, headers)
        if response.streaming:
            pieces = _later_pieces(here, stream, aiter(response))
            response.streaming_content = _chained(await _later_ahead(stream, pieces), pieces)
        else:
            edited = here.aedited(stream, response.content, last=True)
            response.content = b"".join([piece async for piece in edited])
        return _with_headers(response, stream.completed(headers))


def _marked(get_response: Callable[[Any], Any]) -> bool:
    return bool(import_module("asgiref.sync").iscoroutinefunction(get_response))


def _scope(request: Any) -> dict[str, Any]:
    """The request as an ASGI scope; the scheme is the one that Django goes by."""
    given = getattr(request, "scope", None)
    if given is None:
        return scope_of(request.META, request.path.encode()) | {"scheme": request.scheme}
    query = request.META["QUERY_STRING"].encode()
    return {**given, "scheme": request.scheme, "query_string": query}


def _hold(request: Any, guarded: Guarded) -> None:
    """Leave in the request what the choice allows, before anyone has looked at its cookies."""
    held = with_headers(request.META, guarded.request_headers())
    request.META.clear()
    request.META.update(held)
    for read in ("COOKIES", "headers"):
        request.__dict__.pop(read, None)
    request.bandeau = guarded.standing


def _judged(response: Any, guarded: Guarded) -> tuple[Headers, Stream | None]:
    given = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.items()
    ]
    given += [(b"set-cookie", _line(morsel)) for morsel in response.cookies.values()]
    return guarded.answered(response.status_code, given)


def _with_headers(response: Any, headers: Headers) -> Any:
    """Give a response exactly these headers, of which several may have one name.

    Cookies that pass stay in its jar, where tests and other middleware look for them.
    """
    passing = {value for name, value in headers if name == b"set-cookie"}
    kept = {key: _line(morsel) for key, morsel in response.cookies.items()}
    for key, line in kept.items():
        if line not in passing:
            del response.cookies[key]
    for name in list(response.headers):
        del response.headers[name]
    repeated = []
    for name, value in texts(headers):
        if name == "set-cookie":
            if value.encode("latin-1") not in kept.values():
                repeated.append((name, value))
        elif name in response.headers:
            repeated.append((name, value))
        else:
            response.headers[name] = value
    # Django's own mapping holds one value for each name; its handlers send what `items` gives.
    response.items = lambda: [*response.headers.items(), *repeated]
    return response


def _line(morsel: Any) -> bytes:
    return str(morsel.output(header="")).strip().encode("latin-1")


def _replied(reply: Reply) -> Any:
    response = import_module("django.http").HttpResponse(reply.body, status=reply.status)
    return _with_headers(response, reply.headers)


def _refusal() -> Any:
    return _replied(Reply(400, list(REFUSAL_HEADERS), REFUSAL))


def _pieces(here: Open, stream: Stream, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield from here.edited(stream, chunk, last=False)
    yield from here.edited(stream, b"", last=True)


async def _later_pieces(
    here: Open, stream: Stream, chunks: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        async for piece in here.aedited(stream, chunk, last=False):
            yield piece
    async for piece in here.aedited(stream, b"", last=True):
        yield piece


def _ahead(stream: Stream, pieces: Iterator[bytes]) -> list[bytes]:
    """The pieces that come before the head may leave."""
    patience, ahead = Patience(stream), list[bytes]()
    for piece in pieces:
        ahead.append(piece)
        if patience.ended():
            break
    return ahead


async def _later_ahead(stream: Stream, pieces: AsyncIterator[bytes]) -> list[bytes]:
    patience, ahead = Patience(stream), list[bytes]()
    async for piece in pieces:
        ahead.append(piece)
        if patience.ended():
            break
    return ahead


async def _chained(ahead: list[bytes], pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for piece in ahead:
        yield piece
    async for piece in pieces:
        yield piece
