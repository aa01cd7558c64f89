"""A Django site whose data are in PostgreSQL, under WSGI and under ASGI."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from postgres_server import PostgresServer
from publisher import POLICY, Seen
from publisher_django import django_site
from serving import serving
from serving_wsgi import serving_wsgi
from visitor import Shell

from bandeau.cli import main

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("asynchronous", [False, True], ids=["wsgi", "asgi"])
def test_a_choice_is_held_and_proven(
    asynchronous: bool, tmp_path: Path, postgres: PostgresServer
) -> None:
    policy, address, seen = tmp_path / "policy.toml", postgres.database(), Seen()
    policy.write_text(POLICY, "utf-8")
    serve = serving if asynchronous else serving_wsgi
    with (
        django_site(seen, policy, address, asynchronous=asynchronous) as site,
        serve(site) as served,
    ):
        visitor = Shell(served.url, seen).visitor()
        assert "_ea1" not in visitor.get("/article").headers.get("set-cookie", "")
        visitor.choose("accept_all")
        assert visitor.state()["features"] == {"comments": "open"}
        assert "_ea1" in visitor.get("/article").headers["set-cookie"]
        visitor.choose("refuse_all")
        assert visitor.state()["features"] == {"comments": "locked"}
        assert "_ea1" not in visitor.get("/article").headers.get("set-cookie", "")
    told = CliRunner().invoke(main, ["ledger", "verify", "--data", address])
    assert told.output.startswith("Valid: "), told.output
