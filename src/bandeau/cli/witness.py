"""``bandeau witness serve``: vouch for the logs of others."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from bandeau.ledger.checkpoint import CheckpointError, Verifier
from bandeau.ledger.witness import Witness
from bandeau.settings import SettingsError, parse_listen
from bandeau.storage.witnessed import WitnessFolder, WitnessUnusable
from bandeau.web.server import serve
from bandeau.web.witness import witness_app


@click.group("witness")
def witness_group() -> None:
    """Vouch for the logs of others, so that they cannot tell two histories."""


@witness_group.command("serve")
@click.option("--data", required=True, metavar="DIR", help="Folder of this witness, made if new.")
@click.option("--name", required=True, help="The witness's name, such as witness.example/bandeau.")
@click.option("--listen", default="127.0.0.1:8100", show_default=True, help="HOST:PORT to serve.")
@click.option(
    "--log", "logs", multiple=True, required=True, metavar="KEY", help="A log's key. Repeatable."
)
def serve_witness(data: str, name: str, listen: str, logs: tuple[str, ...]) -> None:
    """Cosign checkpoints of the given logs (C2SP tlog-witness 1.0).

    Signs only what continues the largest tree that it has seen of a log, and has that on the disk
    before. Its key is made at the first start; back its folder up, and never put a backup under it:
    a witness that forgets signs forks. Refuses to start, with exit code 1, where it cannot be used.
    """
    try:
        address = parse_listen(listen)
        known = [Verifier(_key(log)) for log in logs]
        folder = WitnessFolder(Path(data), name)
    except (SettingsError, CheckpointError, WitnessUnusable, OSError) as error:
        click.echo(f"bandeau witness serve: {error}", err=True)
        sys.exit(1)
    witness = Witness(folder.cosigner, known)
    try:
        click.echo(f"Key: {folder.cosigner.vkey}")
        serve(
            witness_app(witness, folder, time.time, WitnessUnusable),
            address.host,
            address.port,
            on_ready=lambda where: click.echo(f"The witness {name} answers at {where.url}"),
        )
    except OSError as error:
        click.echo(f"bandeau witness serve: {error}", err=True)
        sys.exit(1)
    finally:
        folder.close()


def _key(log: str) -> str:
    path = Path(log)
    return log if "+" in log and not path.exists() else path.read_text("utf-8").strip()
