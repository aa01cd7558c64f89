"""``bandeau demo``: a newspaper behind Bandeau, and third parties that show what they learn."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

import click

from bandeau.app import gateway
from bandeau.demo.addresses import Addresses
from bandeau.demo.newspaper import newspaper
from bandeau.demo.parties import third_parties
from bandeau.demo.policy import policy_template
from bandeau.storage.lock import FolderInUse
from bandeau.web.server import Application, address_of, listen, make_server

_HOST = "127.0.0.1"


@click.command("demo")
@click.option("--port", default=8000, show_default=True, help="First port to try.")
@click.option("--data", default="demo-data", show_default=True, type=click.Path(path_type=Path))
def demo_command(port: int, data: Path) -> None:
    """Serve a small newspaper through Bandeau, beside four pretend third parties."""
    try:
        _serve(port, data)
    except FolderInUse as error:
        click.echo(f"bandeau demo: {error}", err=True)
        sys.exit(1)


def _serve(port: int, data: Path) -> None:
    front = listen(_HOST, port, step_over=True)
    parties = listen(_HOST, port + 10 if port else 0, step_over=True)
    paper = listen(_HOST, 0)
    addresses = Addresses.on_loopback(address_of(front).port, address_of(parties).port)
    data.mkdir(parents=True, exist_ok=True)
    policy = data / "policy.toml"
    if not policy.exists():
        policy.write_text(policy_template(addresses), encoding="utf-8")
    board = third_parties(addresses, policy=lambda: policy.read_text(encoding="utf-8"))
    with (
        in_background(newspaper(addresses), paper),
        in_background(board, parties),
    ):
        bandeau = gateway(policy, address_of(paper).url, data)
        server = make_server(bandeau, lambda: _announce(addresses, policy, address_of(front).url))
        server.run(sockets=[front])


@contextmanager
def in_background(app: Application, listener: socket) -> Iterator[None]:
    """Serve ``app`` on a thread of its own while the context lasts."""
    ready = threading.Event()
    server = make_server(app, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _announce(addresses: Addresses, policy: Path, plain: str) -> None:
    click.echo(f"""
  The newspaper, held to your choice:   {addresses.site}   (also {plain})
  What the third parties learn, live:   {addresses.board}
  The policy that it is held to:        {policy}

  Open the first two side by side: refuse, and the second stays dark; accept, and it lights up.
  Stop with Ctrl+C.
""")
