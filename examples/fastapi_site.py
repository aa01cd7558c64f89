"""A FastAPI site held to each visitor's choice: ``uvicorn --app-dir examples fastapi_site:app``."""

from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

from bandeau.app import Bandeau

HERE = Path(__file__).parent
site = FastAPI()


@site.get("/", response_class=HTMLResponse)
def front(response: Response) -> str:
    """The front page; ``follows`` reaches only those who allowed it."""
    response.set_cookie("follows", "1", max_age=3600)
    return (HERE / "page.html").read_text("utf-8")


app = Bandeau(site, policy=HERE / "policy.toml", data="bandeau-data")
