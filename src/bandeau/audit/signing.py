"""A signed report, and the record of it in the ledger (rule L6: audits of the mechanism, kept).

The log's own key signs the report's hash as a note (C2SP signed-note), under a text that can be no
checkpoint; the record names both files by their hashes.
"""

from __future__ import annotations

import hashlib

from bandeau import limits
from bandeau.audit.report_json import read_report
from bandeau.ledger.checkpoint import CheckpointError, Signer, Verifier
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.store import LedgerStore

REPORT, NOTE = "report.json", "report.note"
_HEAD = "bandeau/audit/v1"


def sign_report(signer: Signer, document: bytes) -> bytes:
    """The note over the SHA-256 of ``report.json``; raises ``ReportError`` for another file.

    It vouches that whoever holds the key made or took over this report, and for no time: the
    ledger's checkpoints do that.
    """
    read_report(document)
    return signer.note(_text(document))


def check_note(verifier: Verifier, note: bytes, document: bytes) -> None:
    """Raises :class:`CheckpointError` unless this key signed ``note`` over this ``report.json``."""
    if verifier.text(note) != _text(document):
        raise CheckpointError("the note is signed, but over another report or no report")


async def log_report(
    store: LedgerStore, signer: Signer, document: bytes, *, site: str, time: int
) -> Receipt:
    """Sign ``document`` and keep it in the ledger as a record of its own, the files beside it.

    ``site`` is the first of the site's hosts, ``time`` Unix milliseconds. The same report is kept
    once: again, it gives the same receipt. One longer than ``ARTEFACT_BYTES`` is kept by its note
    alone, which names its hash. Whoever knows a file's hash can get it from the log: redact what
    not everybody should read. Raises ``ReportError``, ``RecordError``, ``LedgerUnavailable``.
    """
    files = {NOTE: sign_report(signer, document)}
    if len(document) <= limits.ARTEFACT_BYTES:
        files[REPORT] = document
    digest = hashlib.sha256(document).hexdigest()
    return await store.append(Draft.audit(site=site, time=time, report=digest, artefacts=files))


def _text(document: bytes) -> str:
    return f"{_HEAD}\nsha256:{hashlib.sha256(document).hexdigest()}\n"
