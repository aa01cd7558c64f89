"""The Django middleware around responses that stream, and what it leaves for Django to read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest
from publisher import POLICY
from publisher_django import configured

pytestmark = pytest.mark.slow

pytest.importorskip("django")

HEAD = b"<html><head><title>x</title></head><body>"
LIVE = b'<img src="https://ads.test/p.gif">'


async def _async_parts() -> AsyncIterator[bytes]:
    for part in (HEAD, LIVE):
        yield part


def _streamed(request: Any) -> Any:
    from django.http import StreamingHttpResponse

    parts = _async_parts() if hasattr(request, "scope") else iter([HEAD, LIVE])
    return StreamingHttpResponse(parts)


def _cookies(request: Any) -> Any:
    from django.http import HttpResponse

    response = HttpResponse(f"{sorted(request.COOKIES)} {request.headers['bandeau-choice']}")
    response.set_cookie("session", "1")
    response.set_cookie("_ea1", "1", domain=".quotidien.test")
    return response


def _file(request: Any) -> Any:
    from django.http import FileResponse

    return FileResponse((Path(__file__)).open("rb"), content_type="text/plain")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[None]:
    from django.urls import path

    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    urls = ModuleType("django_test_urls")
    views = {"streamed": _streamed, "cookies": _cookies, "file": _file}
    vars(urls)["urlpatterns"] = [path(name, view) for name, view in views.items()]
    with configured(policy, tmp_path / "data", urls):
        yield


@pytest.mark.usefixtures("site")
def test_a_page_that_streams_is_edited_as_it_streams() -> None:
    from django.test import Client

    answer: Any = Client().get("/streamed")
    assert answer.streaming
    body = b"".join(answer.streaming_content)
    assert LIVE not in body
    assert b"data-bandeau" in body


@pytest.mark.anyio
@pytest.mark.usefixtures("site")
async def test_a_page_that_streams_asynchronously_is_edited_too() -> None:
    from django.test import AsyncClient

    answer: Any = await AsyncClient().get("/streamed")
    body = b"".join([part async for part in answer.streaming_content])
    assert LIVE not in body
    assert b"data-bandeau" in body


@pytest.mark.usefixtures("site")
def test_django_reads_and_keeps_only_cookies_that_may_pass() -> None:
    from django.test import Client

    client = Client()
    client.cookies.load({"session": "s", "_ea2": "x"})
    answer = client.get("/cookies")
    assert b"['session'] advertising=undecided" in answer.content
    assert set(answer.cookies) == {"session"}


@pytest.mark.usefixtures("site")
def test_a_file_is_left_to_the_servers_own_way_of_sending() -> None:
    from django.core.handlers.wsgi import WSGIHandler

    environ: dict[str, Any] = {"HTTP_HOST": "www.quotidien.test", "PATH_INFO": "/file"}
    setup_testing_defaults(environ)
    environ["wsgi.file_wrapper"] = FileWrapper
    sent: Any = WSGIHandler()(environ, lambda status, headers: None)
    assert isinstance(sent, FileWrapper)
    sent.close()
