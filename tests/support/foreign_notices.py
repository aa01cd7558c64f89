"""Pages with the notices of other tools, on loopback: the tools from npm, where they are cached.

``{NEWS}`` stands for links of a news page, ``{KEEPING}`` for a script that keeps a choice made by
``kept(value)`` and then removes what is of class ``zz``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NPM = Path(__file__).parents[2] / ".cache" / "npm"
FOLDER = Path(__file__).parent / "foreign_notices_pages"
NEWS = "".join(
    f"<p>The ferry of {hour} o'clock is late. <a href='/story-{hour}'>Read story {hour}</a></p>"
    for hour in range(1, 13)
)
KEEPING = """<script>
const gone = () => document.querySelectorAll(".zz").forEach((each) => each.remove());
const kept = (value) => { localStorage.setItem("wahl", value); gone(); };
if (localStorage.getItem("wahl")) gone();
</script>"""
NOTHING = "<!doctype html><html lang=en><title>The Ferry</title><main><h1>Ferries</h1>{NEWS}</main>"
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def page(name: str) -> str:
    """The page of one notice, or one without any."""
    file = FOLDER / f"{name}.html"
    text = file.read_text("utf-8") if file.is_file() else NOTHING
    return text.replace("{NEWS}", NEWS).replace("{KEEPING}", KEEPING)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if not path.startswith("/npm/"):
            name = path.strip("/").partition("/")[0]
            self._answer(200, "text/html; charset=utf-8", page(name).encode())
            return
        file = NPM / path.removeprefix("/npm/")
        found = file.is_file() and ".." not in path
        kind = KINDS.get(file.suffix, "application/octet-stream")
        self._answer(200 if found else 404, kind, file.read_bytes() if found else b"")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def foreign_notices() -> Iterator[int]:
    """The port on which every page is served, under any host name."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
