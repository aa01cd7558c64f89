"""Recompute every hash of this folder, from the record up to the signed root.

    python3 check.py

Plain Python 3, no package and no network needed. Exit code 0: every hash fits. What is left is the
signature over the root, which the commands at the end check with OpenSSL 3, and what others signed
in anchors/, for which README.txt has the commands.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ANCHORS = HERE / "anchors"
ED25519 = bytes.fromhex("302a300506032b6570032100")
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
    if ANCHORS.exists():
        print("Then what others signed, in anchors/: by the further commands of README.txt.")
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
    for what, holds in anchored(receipt) if ANCHORS.exists() else ():
        faults += not told(f"anchors/{what}", holds)
    return faults


def anchored(receipt: dict[str, str]) -> list[tuple[str, bool]]:
    """What others vouch for: that the record is in it, and that all files there tell the same."""
    text = (ANCHORS / "text").read_bytes()
    size = int(text.split(b"\n")[1])
    found = [
        ("text counts the record", int(receipt["index"]) < size),
        ("text begins the history that leads to the signed root", begins(text, receipt)),
    ]
    name, key_id, _ = receipt["key"].split("+", 2)
    lines = [line(name, bytes.fromhex(key_id) + (ANCHORS / "signature").read_bytes())]
    keys = ANCHORS / "witnesses"
    for key in keys.read_bytes().decode().split("\n")[:-1] if keys.exists() else ():
        same, signed = witnessed(key, text)
        found.append((f"witnesses, {key.split('+')[0]}: key and time are those to check", same))
        lines.append(signed)
    note = text + b"\n" + "".join(lines).encode()
    found.append(("checkpoint has these signatures", note == (ANCHORS / "checkpoint").read_bytes()))
    tokens = sorted(ANCHORS.glob("*.tsr"))
    for path in tokens:
        stamped = hashlib.sha256(text).digest() in path.read_bytes()
        found.append((f"{path.name} is a stamp of anchors/text", stamped))
    if tokens:
        found.append(("roots.pem has what README.txt names", roots_named()))
    return found


def witnessed(vkey: str, text: bytes) -> tuple[bool, str]:
    """Whether the files for OpenSSL are of this witness and text, and its line of the note."""
    name, key_id, packed = vkey.split("+", 2)
    key = base64.b64decode(packed)
    ours = hashlib.sha256(name.encode() + b"\n" + key).hexdigest().startswith(key_id)
    packed = base64.b64encode(ED25519 + key[1:]).decode()
    pem = f"-----BEGIN PUBLIC KEY-----\n{packed}\n-----END PUBLIC KEY-----\n".encode()
    same = ours and pem == (ANCHORS / f"{key_id}.pem").read_bytes()
    head, time, rest = (ANCHORS / f"{key_id}.text").read_bytes().split(b"\n", 2)
    seconds = int(time.removeprefix(b"time "))
    same = same and (head, time, rest) == (b"cosignature/v1", b"time %d" % seconds, text)
    signature = (ANCHORS / f"{key_id}.signature").read_bytes()
    return same, line(name, bytes.fromhex(key_id) + seconds.to_bytes(8, "big") + signature)


def roots_named() -> bool:
    """Whether README.txt has the SHA-256 of each certificate of the time-stamping authorities."""
    begin, end = "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n"
    pem, readme = (path.read_text("utf-8") for path in (ANCHORS / "roots.pem", HERE / "README.txt"))
    bodies = [base64.b64decode(each.partition("-")[0]) for each in pem.split(begin)[1:]]
    lines = [base64.b64encode(body).decode() for body in bodies]
    same = [re.sub("(.{64})(?!$)", r"\1\n", each) + "\n" for each in lines]
    exact = "".join(begin + each + end for each in same) == pem
    return exact and all(hashlib.sha256(body).hexdigest() in readme for body in bodies)


def line(name: str, signature: bytes) -> str:
    """A signature as it stands in a checkpoint (C2SP signed-note)."""
    return f"— {name} {base64.b64encode(signature).decode()}\n"


def begins(text: bytes, receipt: dict[str, str]) -> bool:
    """Whether the tree of ``text`` begins that of the receipt (RFC 9162, 2.1.4.2)."""
    origin, former, former_root = text.decode().split("\n")[:3]
    latest, size, root = receipt["checkpoint"].split("\n")[:3]
    if former == size:
        return (origin, former_root) == (latest, root)
    told = json.loads((ANCHORS / "consistency.json").read_bytes())
    path = [base64.b64decode(part) for part in told["proof"]]
    exact = told["proof"] == [base64.b64encode(part).decode() for part in path]
    sizes = (told["v"], told["former"], told["size"]) == (1, int(former), int(size))
    node, last = int(former) - 1, int(size) - 1
    if node & (node + 1) == 0:
        path.insert(0, base64.b64decode(former_root))
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = path[0]
    for part in path[1:]:
        exact = exact and last > 0
        if node & 1 or node == last:
            before = hashlib.sha256(b"\x01" + part + before).digest()
            after = hashlib.sha256(b"\x01" + part + after).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = hashlib.sha256(b"\x01" + after + part).digest()
        node, last = node >> 1, last >> 1
    roots = [base64.b64encode(each).decode() for each in (before, after)]
    return origin == latest and exact and sizes and not last and roots == [former_root, root]


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
