"""A Flask site held to each visitor's choice: ``gunicorn --chdir examples flask_site:app``."""

from pathlib import Path

from flask import Flask, Response

from bandeau.app import BandeauWSGI

HERE = Path(__file__).parent
app = Flask(__name__)


@app.get("/")
def front() -> Response:
    """The front page; ``follows`` reaches only those who allowed it."""
    response = Response((HERE / "page.html").read_text("utf-8"), mimetype="text/html")
    response.set_cookie("follows", "1", max_age=3600)
    return response


app.wsgi_app = BandeauWSGI(  # type: ignore[method-assign]
    app.wsgi_app, policy=HERE / "policy.toml", data="bandeau-data"
)
