"""Running an ASGI application on uvicorn, with our limits, quietly, until it is told to stop."""

import asyncio
import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bandeau import limits
from bandeau.web.at_once import Begun, Whole, begin_of, finished
from bandeau.web.codings import CodingError
from bandeau.web.protocol import GatewayProtocol
from bandeau.web.upstream import BrokenOff

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

_FRONTS = ["127.0.0.1", "::1"]
_STEPS = 100
_LAST_PORT = 65_535


@dataclass(frozen=True)
class Address:
    """Where a server really listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return self.url

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class Server(uvicorn.Server):
    """uvicorn's server, which tells when it is ready and returns from `run` on a signal."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully; at once when asked twice. The caller goes on after `run`."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def serve(
    app: Application,
    host: str,
    port: int,
    *,
    step_over: bool = False,
    on_ready: Callable[[Address], None] = lambda address: None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish running exchanges (`limits.STOP_SECONDS`).

    Port 0 takes any free port; with `step_over` a taken port gives way to the next free one.
    `on_ready` hears the actual address once connections are answered. Raises OSError when the
    address cannot be had. The process exits with 3 when the application fails to start.

    The interpreter's thread switch is made quick for the whole process: at its default a busy
    event loop starves the ledger's writer thread for seconds.
    """
    sys.setswitchinterval(limits.THREAD_SWITCH_SECONDS)
    # What was made at start stays: looking through it again and again for garbage costs a tenth
    # of the time of a request.
    gc.collect()
    gc.freeze()
    gc.set_threshold(limits.GARBAGE_OBJECTS, 20, 20)
    listener = listen(host, port, step_over=step_over)
    server = make_server(app, lambda: on_ready(address_of(listener)))
    server.run(sockets=[listener])


def make_server(app: Application, on_ready: Callable[[], None] = lambda: None) -> Server:
    """A server for sockets from `listen`, for callers with an event loop of their own."""
    return Server(_config(Doorkeeper(app)), on_ready)


def listen(host: str, port: int, *, step_over: bool = False) -> socket.socket:
    """A bound socket on `port` or, with `step_over`, on the first free port behind it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last = min(port + _STEPS, _LAST_PORT) if step_over and port else port
    for candidate in range(port, last + 1):
        try:
            return _bind(family, host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or candidate == last:
                raise
    raise OSError(errno.EADDRINUSE, "no free port")


def address_of(listener: socket.socket) -> Address:
    """The address a socket is bound to."""
    name = listener.getsockname()
    return Address(name[0], name[1])


class Doorkeeper:
    """A break stays a break, and what is at hand is answered at once."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._begin = begin_of(app)
        self._named: Any = ProxyHeadersMiddleware(_nothing, _FRONTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._served_by(self._app, scope, receive, send)

    def begin(self, scope: Scope) -> Begun:
        """See :mod:`bandeau.web.at_once`; the visitor is the one whom a front names."""
        if self._begin is None:
            return None
        # The server puts this middleware before us, for requests that get as far as that.
        finished(self._named(scope, _nothing, _nothing))
        begun = self._begin(scope)
        if begun is None or isinstance(begun, Whole):
            return begun
        return partial(self._served_by, begun)

    async def _served_by(
        self, app: Application, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            await app(scope, receive, send)
        except (BrokenOff, CodingError, asyncio.CancelledError):
            # Returning before the end of the answer makes the server close the connection.
            if scope["type"] != "http":
                raise


async def _nothing(*_: Any) -> None:
    pass


def _bind(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _config(app: Application) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=GatewayProtocol,
        ws="websockets-sansio",
        ws_max_size=limits.WEBSOCKET_MESSAGE_BYTES,
        lifespan="on",
        interface="asgi3",
        log_config=None,
        # Below this level the library writes visitors' addresses and query strings.
        log_level=logging.ERROR,
        access_log=False,
        proxy_headers=True,
        forwarded_allow_ips=_FRONTS,
        server_header=False,
        limit_concurrency=limits.VISITOR_CONNECTIONS,
        timeout_keep_alive=limits.VISITOR_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=limits.STOP_SECONDS,
    )
