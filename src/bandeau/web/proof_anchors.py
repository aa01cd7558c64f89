"""In a proof: who else vouches for the log, as files and as words (rule L1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from bandeau.ledger.checkpoint import Checkpoint, encode
from bandeau.ledger.first_anchor import Anchor
from bandeau.ledger.openssl import detached, detached_cosignature
from bandeau.web.view import Say, isolated

_SIGNED = "openssl pkeyutl -verify -pubin -inkey {key} -rawin -in {text} -sigfile {signature}"
_LOG = _SIGNED.format(key="signature/key.pem", text="anchors/text", signature="anchors/signature")
_STAMPED = (
    "openssl ts -verify -data anchors/text -in anchors/{name} -CAfile anchors/roots.pem"
    " -attime {seconds}"
)
_STAMP = "openssl ts -reply -in anchors/{name} -text"


def anchor_files(anchor: Anchor, latest: Checkpoint, vkey: str) -> dict[str, bytes]:
    """Every file of the folder ``anchors``, for a proof under the checkpoint ``latest``.

    The checkpoint there has the log's own signature and the cosignatures that were checked.
    """
    own = detached(anchor.note, vkey)
    name, key_id, _ = vkey.split("+", 2)
    text = anchor.checkpoint.text
    lines = [f"— {name} {encode(bytes.fromhex(key_id) + own['signature'])}\n"]
    lines += [each.cosignature.line for each in anchor.cosigned]
    files = {
        "checkpoint": f"{text}\n{''.join(lines)}".encode(),
        "text": own["text"],
        "signature": own["signature"],
    }
    if anchor.proof:
        files["consistency.json"] = _consistency(anchor, latest)
    if anchor.cosigned:
        files["witnesses"] = "".join(f"{each.key.vkey}\n" for each in anchor.cosigned).encode()
    for each in anchor.cosigned:
        for kind, data in detached_cosignature(text, each.key, each.cosignature).items():
            files[f"{each.key.key_id}.{kind}"] = data
    for number, stamp in enumerate(anchor.stamps, 1):
        files[_token(number)] = stamp.token
    if anchor.roots:
        pem = [root.public_bytes(Encoding.PEM) for root in dict.fromkeys(anchor.roots)]
        files["roots.pem"] = b"".join(pem)
    return {f"anchors/{path}": data for path, data in files.items()}


def anchor_facts(say: Say, lang: str, anchor: Anchor) -> Iterator[tuple[str, str]]:
    """Since when at the latest the record was in the log, and who vouches for that."""
    yield say("proof.since"), moment(anchor.since)
    for each in anchor.cosigned:
        when = moment(each.cosignature.time * 1000)
        yield say("proof.witness"), f"{isolated(lang, each.key.name)}, {when}"
    for stamp in anchor.stamps:
        yield say("proof.stamp"), f"{isolated(lang, stamp.authority)}, {moment(stamp.time)}"


def anchor_checks(say: Say, lang: str, anchor: Anchor, index: int) -> Iterator[tuple[str, str]]:
    """How to check that, in words, each with its command."""
    yield say("proof.check_anchor", size=anchor.checkpoint.size, index=index), _LOG
    for each in anchor.cosigned:
        place = f"anchors/{each.key.key_id}"
        command = _SIGNED.format(
            key=f"{place}.pem", text=f"{place}.text", signature=f"{place}.signature"
        )
        when = moment(each.cosignature.time * 1000)
        yield say("proof.check_witness", name=isolated(lang, each.key.name), date=when), command
    for number, stamp in enumerate(anchor.stamps, 1):
        name = isolated(lang, stamp.authority)
        seconds = stamp.time // 1000
        command = _STAMPED.format(name=_token(number), seconds=seconds)
        yield say("proof.check_stamp", name=name, hash=", ".join(_fingerprints(anchor))), command
        yield say("proof.check_stamp_time"), _STAMP.format(name=_token(number))


def moment(milliseconds: int) -> str:
    """A time as people read it, in UTC to the second; one out of range as its number."""
    try:
        return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{milliseconds} ms"


def _fingerprints(anchor: Anchor) -> list[str]:
    return [root.fingerprint(SHA256()).hex() for root in dict.fromkeys(anchor.roots)]


def _token(number: int) -> str:
    return f"{number}.tsr"


def _consistency(anchor: Anchor, latest: Checkpoint) -> bytes:
    proof = [encode(part) for part in anchor.proof]
    told = {"v": 1, "former": anchor.checkpoint.size, "size": latest.size, "proof": proof}
    return json.dumps(told, indent=1).encode() + b"\n"
