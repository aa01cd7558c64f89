"""A vendor's receiver on loopback: keeps what it is told, answers what it is asked to."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Event, Thread
from typing import Any


@dataclass
class Told:
    """One request: its headers in lower case, and its bytes."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found

    def signed_with(self, secret: str) -> bool:
        """As Standard Webhooks describes it, worked out on its own."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode()
        right = hmac.new(key, signed + self.body, hashlib.sha256).digest()
        return self.headers["webhook-signature"] == "v1," + base64.b64encode(right).decode()


@dataclass
class Receiver:
    """``answers`` are the next statuses, then 204; ``told`` has one entry for each request.

    ``body`` is that of the answers, which wait until ``ready`` is set.
    """

    port: int = 0
    told: Queue[Told] = field(default_factory=Queue)
    answers: Queue[int] = field(default_factory=Queue)
    location: str = ""
    body: bytes = b""
    ready: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def next(self) -> Told:
        return self.told.get(timeout=30)


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A receiver that listens on ``port``, any free one by default."""
    receiver = Receiver()
    receiver.ready.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.told.put(Told(self.path, headers, body))
            receiver.ready.wait(30)
            status = 204 if receiver.answers.empty() else receiver.answers.get()
            self.send_response(status)
            if receiver.location:
                self.send_header("location", receiver.location)
            self.send_header("content-length", str(len(receiver.body)))
            self.end_headers()
            with contextlib.suppress(OSError):  # who asked may not wait for it
                self.wfile.write(receiver.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    receiver.port = server.server_port
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ready.set()
        server.shutdown()
        server.server_close()
        thread.join()
