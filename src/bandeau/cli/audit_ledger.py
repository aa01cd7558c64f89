"""The signed report of an audit, appended to a ledger (rule L6)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from bandeau.app.auditing import AuditRequest
from bandeau.audit.signing import NOTE, log_report, sign_report
from bandeau.cli.numbers import F
from bandeau.cli.opening import keys_of, keys_option, opened
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.storage.files import write_new
from bandeau.storage.keys import Keys
from bandeau.storage.place import Place

RECEIPT = "receipt.json"


def ledger_options(command: F) -> F:
    """``--ledger`` and ``--keys``: where the report is kept as proof."""
    for option in (
        keys_option,
        click.option(
            "--ledger",
            metavar="DIR",
            help="Append the signed report to the ledger in this data directory or database.",
        ),
    ):
        command = option(command)
    return command


def check_ledger(given: Mapping[str, Any], request: AuditRequest) -> None:
    """Find out before anything is visited whether the report could be appended.

    Exits with 2, or raises ``LedgerUnavailable`` or ``RecordError``, where it could not.
    """
    if given["ledger"] is None:
        return
    Draft.audit(site=request.site, time=0, report="0" * 64, artefacts={NOTE: b""})
    with opened(given["ledger"], given["keys"]) as place, closing(place.ledger(keys_of(place))):
        pass


def keep_report(given: Mapping[str, Any], request: AuditRequest, document: bytes) -> str:
    """Append ``report.json`` and write its note and receipt beside it; gives the record's id.

    Without ``--ledger`` it does nothing, and gives an empty one. Exits with 2, or raises as
    :func:`bandeau.audit.signing.log_report` does, or ``OSError``.
    """
    if given["ledger"] is None:
        return ""
    folder: Path = given["out"]
    with opened(given["ledger"], given["keys"]) as place:
        keys = keys_of(place)
        receipt = asyncio.run(_appended(place, keys, request.site, document))
        note = sign_report(keys.signer, document)
    told = receipt.as_json()
    write_new(folder / NOTE, note, replace=True)
    write_new(folder / RECEIPT, json.dumps(told, indent=2).encode(), replace=True)
    return str(told["id"])


async def _appended(place: Place, keys: Keys, site: str, document: bytes) -> Receipt:
    now = int(time.time() * 1000)
    with closing(place.ledger(keys)) as ledger:
        return await log_report(ledger, keys.signer, document, site=site, time=now)
