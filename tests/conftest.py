"""What every test may rely on: how hard Hypothesis tries, where Chromium is, which event loop."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import httpx._transports.default as httpx_transports
import pytest
import uvicorn.server
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from postgres_server import PostgresServer

from bandeau.features.comments import staff

FAULTS = Path(__file__).parent / "faults"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

# Time is no measure on a shared machine: no deadline, and slow generation is not an error.
settings.register_profile("full", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("check", settings.get_profile("full"), max_examples=20)
settings.load_profile("full")

# uvicorn looks every 0.1 s whether it is to stop, and hundreds of tests stop a server each: here
# it looks twenty times as often. Nothing else of asyncio changes, and nothing outside uvicorn.
uvicorn.server.asyncio = SimpleNamespace(  # type: ignore[attr-defined]
    **{**vars(asyncio), "sleep": lambda seconds: asyncio.sleep(seconds / 20)}
)

# Hundreds of tests open a client each, and for each httpx reads the certificates of the machine,
# which takes longer than what most of them ask. One context serves them all.
httpx_transports.create_ssl_context = lru_cache(  # type: ignore[attr-defined]
    httpx_transports.create_ssl_context  # type: ignore[attr-defined]
)


def _find_chromium() -> str | None:
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Faults and what needs PostgreSQL are slow: of those `make check` has no time."""
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()) or FAULTS in item.path.parents:
            item.add_marker("slow")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Where Chromium is missing, browser tests are skipped aloud; in CI they fail."""
    if item.get_closest_marker("browser") and _find_chromium() is None:
        message = "no Chromium on PATH: `make packages` installs it"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of the Chromium that browser tests start; mark those tests ``browser``."""
    path = _find_chromium()
    assert path, "a test that asks for chromium_path needs the mark `browser`"
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of one's own; skipped aloud where there is none, failed in CI."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests carry ``@pytest.mark.anyio`` and run on asyncio."""
    return "asyncio"


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that are hashed as always, but in no time."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(staff, "_HASHER", hasher)
    monkeypatch.setattr(staff, "_NOBODY", hasher.hash("nobody", salt=b"\0" * 16))
