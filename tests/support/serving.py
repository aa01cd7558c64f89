"""Real servers on loopback for tests, ended when the context ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bandeau.web.server import Address, address_of, listen, make_server


@contextmanager
def serving(app: Any, host: str = "127.0.0.1") -> Iterator[Address]:
    """Serve an ASGI application on a free port."""
    listener = listen(host, 0)
    ready = threading.Event()
    server = make_server(app, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert ready.wait(20), "the server did not start"
    try:
        yield address_of(listener)
    finally:
        server.should_exit = True
        thread.join(20)
