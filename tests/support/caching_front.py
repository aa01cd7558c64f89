"""A cache that knows nothing of choices: nginx, one stored answer for each URL."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_CONFIGURATION = """
{user}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 128; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/temp;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=pages:1m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {upstream};
      proxy_set_header Host $http_host;
      proxy_cache pages; proxy_cache_key $host$request_uri;
      add_header X-Cache $upstream_cache_status;
    }}
  }}
}}
"""


@contextmanager
def nginx_cache(upstream: str, folder: Path) -> Iterator[int]:
    """The port of an nginx before ``upstream`` that keeps what the answers' headers let it keep."""
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(nginx).exists():
        pytest.skip("no nginx here: `make packages` installs it")
    port = _free_port()
    configuration = folder / "nginx.conf"
    # As root its workers would be nobody, who may not read the folder of the tests.
    user = "user root;\n" if os.geteuid() == 0 else ""
    text = _CONFIGURATION.format(user=user, folder=folder, port=port, upstream=upstream)
    configuration.write_text(text)
    running = subprocess.Popen([nginx, "-p", folder, "-c", configuration], stderr=subprocess.PIPE)
    try:
        _wait(port, running)
        yield port
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(20)
        assert running.stderr is not None
        running.stderr.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, running: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if running.poll() is not None:
            raise RuntimeError(running.stderr.read().decode() if running.stderr else "")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("nginx does not listen")
