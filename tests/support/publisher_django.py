"""The publisher's site of the tests as a Django site, and Django set up for one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from publisher import Seen, publisher
from serving_wsgi import answered

from bandeau.app import BandeauMiddleware

MIDDLEWARE = ["publisher_django.Closing", "django.middleware.common.CommonMiddleware"]


class Closing(BandeauMiddleware):
    """Our middleware, which Django never closes, remembered so that a test can."""

    made: ClassVar[list[Closing]] = []

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self.made.append(self)


def with_lifespan(handler: Any) -> Any:
    """Django's ASGI handler knows no lifespan, which our server asks for."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await handler(scope, receive, send)
            return
        for stage in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{stage}.complete"})

    return app


async def _later(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _views(seen: Seen) -> ModuleType:
    from django.http import HttpResponse, StreamingHttpResponse
    from django.urls import re_path

    site = publisher(seen)

    def view(request: Any) -> Any:
        environ = request.META | {"wsgi.input": request, "REQUEST_METHOD": request.method}
        status, headers, body = answered(site, environ, request.path.encode())
        kind = dict(headers).get(b"content-type", b"").decode()
        if kind.startswith("text/event-stream"):
            chunks = _later(body) if hasattr(request, "scope") else iter([body])
            return StreamingHttpResponse(chunks, content_type=kind)
        response = HttpResponse(body, status=status, content_type=kind)
        for name, value in headers:
            if name == b"set-cookie":
                response.cookies.load(value.decode())
            elif name != b"content-type":
                response[name.decode()] = value.decode("latin-1")
        return response

    urls = ModuleType("publisher_urls")
    vars(urls)["urlpatterns"] = [re_path(r"^.*$", view)]
    return urls


@contextmanager
def django_site(
    seen: Seen, policy: Path, data: Path | str, *, asynchronous: bool = False
) -> Iterator[Any]:
    """A handler of the site, behind our middleware; skips where Django is missing."""
    pytest.importorskip("django")
    with configured(policy, data, _views(seen)):
        from django.core.handlers.asgi import ASGIHandler
        from django.core.handlers.wsgi import WSGIHandler

        yield with_lifespan(ASGIHandler()) if asynchronous else WSGIHandler()


@contextmanager
def configured(policy: Path, data: Path | str, urls: Any) -> Iterator[None]:
    """Django with these URLs, set up once for the process and told apart by overrides."""
    import django
    from django.conf import settings
    from django.test.utils import override_settings
    from django.urls import clear_url_caches, set_urlconf

    if not settings.configured:
        settings.configure(SECRET_KEY="test", ALLOWED_HOSTS=["*"], USE_TZ=True)
        django.setup()
    held = {"BANDEAU_POLICY": str(policy), "BANDEAU_DATA": str(data), "MIDDLEWARE": MIDDLEWARE}
    with override_settings(**held, ROOT_URLCONF=urls):
        clear_url_caches()
        set_urlconf(None)
        yield
    while Closing.made:
        Closing.made.pop().close()
