"""``bandeau outbox`` where there is nothing to show, or nothing that can be read."""

from __future__ import annotations

from pathlib import Path

import ledger_drafts as drafts
import pytest
from click.testing import CliRunner

from bandeau.cli import main
from bandeau.ledger.outbox import Message
from bandeau.storage.keys import load_or_create
from bandeau.storage.sqlite.outbox import FILE, SqliteOutbox


def run(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["outbox", *map(str, args)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize("command", ["list", "retry"])
def test_a_folder_without_an_outbox_is_said_to_be_one(tmp_path: Path, command: str) -> None:
    assert run(command, "--data", tmp_path) == (
        2,
        f"{tmp_path / FILE}: no such file; the server makes it.\n",
    )
    assert list(tmp_path.iterdir()) == []
    (tmp_path / FILE).write_bytes(b"damaged" * 1_000)
    code, text = run(command, "--data", tmp_path)
    assert (code, FILE in text, "Traceback" in text) == (2, True, False)


def test_what_waits_is_shown_and_what_is_named_is_sent_again(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path)
    outbox.queue([Message("msg_1", "Ads", "https://a.test/", b"{}", 0, due=5)], 1)
    outbox.close()
    assert run("list", "--data", tmp_path) == (
        0,
        "msg_1  pending  Ads  1970-01-01 00:00:00  0 attempts, not sent yet\n"
        "1 message: 1 pending, 0 delivered, 0 failed.\n",
    )
    assert run("list", "--data", tmp_path, "--state", "failed")[1].startswith("0 messages")
    assert run("retry", "--data", tmp_path) == (0, "0 messages will be sent again.\n")
    assert run("retry", "msg_1", "--data", tmp_path) == (0, "1 message will be sent again.\n")


def test_the_secret_stays_the_same_and_needs_the_keys(tmp_path: Path) -> None:
    code, text = run("secret", "Ads", "--data", tmp_path)
    assert (code, "keys.json" in text) == (2, True)
    load_or_create(tmp_path, drafts.ORIGIN)
    first, again = (
        run("secret", "Ads", "--data", tmp_path),
        run("secret", "ads", "--data", tmp_path),
    )
    assert first == again
    assert first[1].startswith("whsec_")
