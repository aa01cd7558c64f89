"""Recompute every hash of this folder, from the record up to the signed root.

    python3 check.py

Plain Python 3, no package and no network needed. Exit code 0: every hash fits. What is left is the
signature over the root, which the commands at the end check with OpenSSL 3.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOMAIN = b"bandeau/consent/v1"


def main() -> int:
    """Check all that is here, and say how to check the signature."""
    try:
        faults = checked()
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        faults = 1
        told(f"a file cannot be read as it should: {error!r}", False)
    print("EVERY HASH FITS." if not faults else f"{faults} NOT AS IT SHOULD BE.")
    print(f"Now the signature (OpenSSL 3), from {HERE}:")
    print("  openssl pkeyutl -verify -pubin -inkey signature/key.pem -rawin \\")
    print("    -in signature/text -sigfile signature/signature")
    return 1 if faults else 0


def checked() -> int:
    """Each receipt, then the files that they name, one line for each; how many do not fit."""
    faults = 0
    record = json.loads((HERE / "record.json").read_bytes())
    receipt = json.loads((HERE / "receipt.json").read_bytes())
    for path in [HERE / "receipt.json", *sorted((HERE / "log").glob("*.json"))]:
        each = json.loads(path.read_bytes())
        known = each["v"] == 1 and each["id"] == json.loads(each["record"])["id"]
        ours = [each[name] == receipt[name] for name in ("checkpoint", "key")]
        holds = known and all(ours) and receipt_holds(each)
        faults += not told(f"{path.relative_to(HERE)} leads to the signed root", holds)
    same = receipt["record"].encode() == (HERE / "record.json").read_bytes()
    faults += not told("record.json is the record of receipt.json", same)
    note = receipt["checkpoint"].encode()
    same = note == (HERE / "checkpoint.txt").read_bytes()
    faults += not told("checkpoint.txt is the signed root of receipt.json", same)
    lines = [f"extra {receipt['salt']}", f"index {receipt['index']}", *receipt["proof"]]
    text = "\n".join(["c2sp.org/tlog-proof@v1", *lines, "", ""]).encode() + note
    same = text == (HERE / "proof.tlog-proof").read_bytes()
    faults += not told("proof.tlog-proof says the same as receipt.json", same)
    signed = (HERE / "signature" / "text").read_bytes()
    same = note.partition(b"\n\n")[0] + b"\n" == signed
    faults += not told("signature/text is the text that was signed", same)
    faults += not told("signature/key.pem is the key of key.txt", key_holds(receipt["key"]))
    for name, digest, path in named(record):
        whole = path.exists() and hashlib.sha256(path.read_bytes()).hexdigest().startswith(digest)
        faults += not told(f"{path.relative_to(HERE)} is the {name} that the log names", whole)
    return faults


def key_holds(named: str) -> bool:
    """Whether the key for OpenSSL, the one in key.txt and the one of the receipt are the same."""
    text = (HERE / "key.txt").read_text("utf-8").strip()
    name, key_id, packed = text.split("+", 2)
    key = base64.b64decode(packed)
    pem = (HERE / "signature" / "key.pem").read_text("utf-8").strip().split("\n")[1:-1]
    ours = hashlib.sha256(name.encode() + b"\n" + key).hexdigest().startswith(key_id)
    return text == named and ours and base64.b64decode("".join(pem))[-32:] == key[1:]


def told(what: str, holds: bool) -> bool:
    """Print whether ``what`` holds, and give that on."""
    print(("ok      " if holds else "WRONG   ") + what)
    return holds


def named(record: dict[str, str]) -> list[tuple[str, str, Path]]:
    """Every file whose hash the log names: what it is, its hash or the start of it, its place."""
    found = []
    for path in sorted((HERE / "log").glob("*.json")):
        logged = json.loads(json.loads(path.read_bytes())["record"])
        if logged["kind"] == "policy":
            found.append(("terms", record["policy"], HERE / "terms.json"))
        for name, digest in logged.get("artefacts", {}).items():
            place = HERE / name if name == "policy.toml" else HERE / "shown" / name
            # What is no longer held is missing here too, and index.html says so.
            if place.exists():
                found.append((name, digest, place))
    shown = [HERE / "shown" / name for name in ("notice.html", "placeholder.txt")]
    found += [("version", record["notice"], path) for path in shown if path.exists()]
    return found


def receipt_holds(receipt: dict[str, object]) -> bool:
    """Whether the record leads to the root in the checkpoint (RFC 9162, 2.1.3.2)."""
    salt, record = base64.b64decode(str(receipt["salt"])), str(receipt["record"]).encode()
    commitment = hashlib.sha256(DOMAIN + salt + record).digest()
    total = hashlib.sha256(b"\x00" + commitment).digest()
    _, size, root = str(receipt["checkpoint"]).split("\n")[:3]
    node, last = int(str(receipt["index"])), int(size) - 1
    proof = receipt["proof"] if isinstance(receipt["proof"], list) else []
    for part in map(base64.b64decode, proof):
        if node & 1 or node == last:
            total = hashlib.sha256(b"\x01" + part + total).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            total = hashlib.sha256(b"\x01" + total + part).digest()
        node, last = node >> 1, last >> 1
    return not last and base64.b64decode(root) == total


if __name__ == "__main__":
    sys.exit(main())
