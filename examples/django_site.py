"""A Django site held to each visitor's choice: ``python examples/django_site.py runserver``."""

import sys
from pathlib import Path

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

HERE = Path(__file__).parent

settings.configure(
    DEBUG=True,
    SECRET_KEY="for this example only",  # noqa: S106
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "bandeau.app.BandeauMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    BANDEAU_POLICY=str(HERE / "policy.toml"),
    BANDEAU_DATA="bandeau-data",
)


def front(request: HttpRequest) -> HttpResponse:
    """The front page; ``follows`` reaches only those who allowed it."""
    response = HttpResponse((HERE / "page.html").read_text("utf-8"))
    response.set_cookie("follows", "1", max_age=3600)
    return response


urlpatterns = [path("", front)]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
