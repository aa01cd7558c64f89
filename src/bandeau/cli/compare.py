"""``bandeau receipt compare``: two visitors' receipts expose a log with two histories."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bandeau.cli.opening import INVALID, UNREADABLE, contents, fail, public_key
from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, Verifier
from bandeau.ledger.consistency import Compared, PublishedLog, View, compare
from bandeau.ledger.receipt import ReceiptError, read_receipt, verify_receipt
from bandeau.ledger.tree import ProofError
from bandeau.storage.static_log import read_static
from bandeau.web.client import Client, Unreachable

_WORDS = {
    View.SAME: "ONE HISTORY",
    View.CONTINUED: "ONE HISTORY",
    View.SPLIT: "TWO HISTORIES",
    View.UNSHOWN: "NOT SHOWN",
}


@click.command("compare")
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("--key", help="The log's public key, or its file; else that of the first receipt.")
@click.option(
    "--tiles",
    metavar="URL|DIR",
    help="The log's published tiles, such as https://HOST/.well-known/bandeau/.",
)
def compare_command(first: Path, second: Path, key: str | None, tiles: str | None) -> None:
    """Whether two receipts, or checkpoints, of one log tell one history.

    Exit code 0 if they do; 1 if they prove that the log signed two; 2 if that cannot be told. Where
    their sizes differ the log's tiles are needed.
    """
    vkey = public_key(key) if key else _key_in(first)
    checkpoints = [_checkpoint(path, vkey) for path in (first, second)]
    try:
        found = _compared(checkpoints[0], checkpoints[1], tiles, Verifier(vkey))
    except (OSError, Unreachable, CheckpointError) as error:
        fail(UNREADABLE, f"The tiles cannot be read: {error}.")
    except ProofError as error:
        fail(UNREADABLE, f"The tiles are damaged: {error}.")
    click.echo(f"{_WORDS[found.view]}: {found.reason}.")
    if found.view is View.SPLIT:
        click.echo("Keep both files: together they prove it to anyone who has the log's key.")
        raise SystemExit(INVALID)
    if found.view is View.UNSHOWN:
        raise SystemExit(UNREADABLE)


def _compared(
    first: Checkpoint, second: Checkpoint, tiles: str | None, verifier: Verifier
) -> Compared:
    if tiles is None or first.size == second.size:
        return compare(first, second, None)
    if tiles.startswith(("http://", "https://")):
        return asyncio.run(_from_url(first, second, tiles, verifier))
    read_file = read_static(Path(tiles))
    return compare(first, second, read_file, verifier.open(read_file("checkpoint")).size)


async def _from_url(
    first: Checkpoint, second: Checkpoint, url: str, verifier: Verifier
) -> Compared:
    """The comparison by tiles that are all fetched beforehand."""
    former, size = sorted((first.size, second.size))
    found: dict[str, bytes] = {}
    async with Client() as client:
        published = verifier.open(await _fetched(client, url, "checkpoint")).size
        if published >= size:
            for path in PublishedLog(size, found.__getitem__, published).needed(former):
                found[path] = await _fetched(client, url, path)
    return compare(first, second, found.__getitem__, published)


async def _fetched(client: Client, url: str, path: str) -> bytes:
    answer = await client.get(f"{url.rstrip('/')}/{path}")
    if answer.status != 200:
        raise Unreachable(f"{url}: answered {answer.status} for {path}")
    return answer.body


def _checkpoint(path: Path, vkey: str) -> Checkpoint:
    """The checkpoint of a receipt that holds, or in a file of its own."""
    data = contents(path)
    try:
        if data.lstrip()[:1] == b"{":
            return verify_receipt(read_receipt(data), vkey).checkpoint
        return Verifier(vkey).open(data)
    except (ReceiptError, CheckpointError) as error:
        fail(UNREADABLE, f"{path}: {error}.")


def _key_in(path: Path) -> str:
    try:
        return str(read_receipt(contents(path)).get("key", ""))
    except ReceiptError as error:
        fail(UNREADABLE, f"{path}: {error}; give the log's key with --key.")
