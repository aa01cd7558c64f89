"""A real WordPress on loopback: Debian's package, MariaDB and PHP's own server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

PACKAGE = Path("/usr/share/wordpress")
HOST = "blog.test"
USER, PASSWORD = "editor", "long enough, and only here"

_CONFIGURATION = """<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{socket}'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
define('WP_HOME', 'http://{host}'); define('WP_SITEURL', 'http://{host}');
define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true); define('WP_DEBUG', false);
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {{
  define($name . '_KEY', 'only for this test ' . $name); define($name . '_SALT', 'salt ' . $name);
}}
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
_POST = """<?php
require '{root}/wp-load.php';
wp_set_current_user(1);
kses_remove_filters();
echo wp_insert_post(['post_title' => 'A story', 'post_status' => 'publish',
  'post_author' => 1, 'post_content' => file_get_contents('{content}')]);
"""


@contextmanager
def wordpress(folder: Path, content: str) -> Iterator[tuple[str, int]]:
    """The address of a WordPress that holds one more post, and the post's number."""
    _require()
    root = folder / "site"
    shutil.copytree(PACKAGE, root, ignore=shutil.ignore_patterns("wp-config.php", ".htaccess"))
    with ExitStack() as running:
        database = running.enter_context(_mariadb(folder))
        text = _CONFIGURATION.format(socket=database, host=HOST)
        (root / "wp-config.php").write_text(text)
        port = running.enter_context(_php(root, folder))
        _install(port)
        (folder / "content.html").write_text(content, encoding="utf-8")
        script = folder / "post.php"
        script.write_text(_POST.format(root=root, content=folder / "content.html"))
        made = subprocess.run(
            ["php", "-d", f"error_log={folder / 'php.log'}", script],
            check=True,
            capture_output=True,
            text=True,
        )
        yield f"http://127.0.0.1:{port}", int(made.stdout)


def _require() -> None:
    tools = ("php", "mariadbd", "mariadb-install-db")
    missing = [tool for tool in tools if not _which(tool)]
    themes = list(PACKAGE.glob("wp-content/themes/*/style.css"))
    if missing or not themes:
        pytest.skip("no WordPress here: `make packages` installs it")


def _which(tool: str) -> str | None:
    return shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


@contextmanager
def _mariadb(folder: Path) -> Iterator[Path]:
    data, where = folder / "db", folder / "db.sock"
    as_user = ["--user=root"] if os.geteuid() == 0 else []
    subprocess.run(
        [_which("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--skip-test-db",
         "--auth-root-authentication-method=normal", *as_user],
        check=True, capture_output=True,
    )  # fmt: skip
    start = folder / "start.sql"
    start.write_text("CREATE DATABASE IF NOT EXISTS wordpress;")
    command = [
        _which("mariadbd"), "--no-defaults", f"--datadir={data}", f"--socket={where}",
        "--skip-networking", f"--init-file={start}", f"--pid-file={folder / 'db.pid'}", *as_user,
    ]  # fmt: skip
    with _process(command, folder / "db.log"):
        _until(where.exists, "MariaDB")
        yield where


@contextmanager
def _php(root: Path, folder: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = ["php", "-S", f"127.0.0.1:{port}", "-t", str(root)]
    with _process(command, folder / "php.log", PHP_CLI_SERVER_WORKERS="4"):
        _until(lambda: _listens(port), "PHP")
        yield port


@contextmanager
def _process(command: list[str | None], log: Path, **environment: str) -> Iterator[None]:
    with log.open("wb") as out:
        running = subprocess.Popen(
            [part for part in command if part],
            stdout=out,
            stderr=out,
            env=os.environ | environment,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(30)


def _install(port: int) -> None:
    fields = {
        "weblog_title": "The Blog", "user_name": USER, "admin_password": PASSWORD,
        "admin_password2": PASSWORD, "pw_weak": "1", "admin_email": "editor@blog.test",
        "blog_public": "0", "language": "",
    }  # fmt: skip
    answer = httpx.post(
        f"http://127.0.0.1:{port}/wp-admin/install.php?step=2",
        data=fields,
        headers={"host": HOST},
        timeout=120,
    )
    assert "wp-login.php" in answer.text, answer.text[:2_000]


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _until(true: object, what: str) -> None:
    for _ in range(600):
        if true():  # type: ignore[operator]
            return
        time.sleep(0.05)
    raise RuntimeError(f"{what} did not start")
