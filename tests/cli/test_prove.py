"""``bandeau prove``: what is in the folder convinces somebody who has only that and the key."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import apsw
import pytest
from proven import ITEM, POLICY, bandeau, check, choose, prove, record_of

from bandeau.ledger.record import MECHANISMS
from bandeau.storage.files import read_words

pytestmark = pytest.mark.slow

SAVED = {"action": "save", "purpose": ["social"], "mechanism": "panel", "lang": "fr"}
REFUSED = {"action": "refuse_all", "mechanism": "notice", "lang": "ar"}
OPENSSL = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "signature/key.pem", "-rawin"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    asked = {"action": "load", "item": ITEM, "purpose": "social", "mechanism": "placeholder"}
    receipts = choose(folder, SAVED, REFUSED, {**asked, "lang": "en"})
    (folder / "ids").write_text("\n".join(receipt["id"] for receipt in receipts))
    return folder


@pytest.fixture
def folder(site: Path, tmp_path: Path) -> Path:
    """A copy of the site, to break."""
    shutil.copytree(site, tmp_path / "site")
    return tmp_path / "site"


def ids(folder: Path) -> list[str]:
    return (folder / "ids").read_text().split()


def edit(folder: Path, *statements: str) -> None:
    db = apsw.Connection(str(folder / "data" / "ledger.sqlite"))
    for statement in statements:
        db.execute(statement)
    db.close()


def test_the_folder_convinces_bandeau_python_and_openssl(folder: Path) -> None:
    proof = prove(folder, ids(folder)[0])
    code, text = bandeau("receipt", "verify", proof / "receipt.json", "--key", proof / "key.txt")
    assert code == 0 and "social: accepted" in text
    for logged in sorted((proof / "log").iterdir()):
        assert bandeau("receipt", "verify", logged, "--key", proof / "key.txt")[0] == 0, logged
    code, text = check(proof)
    assert (code, "WRONG" in text) == (0, False), text
    assert "ok      shown/notice.html is the version that the log names" in text
    command = [*OPENSSL, "-in", "signature/text", "-sigfile", "signature/signature"]
    assert " ".join(command) in (proof / "README.txt").read_text()
    ran = subprocess.run(command, cwd=proof, check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.strip()) == (0, "Signature Verified Successfully")


def test_what_was_shown_is_what_the_record_names(folder: Path) -> None:
    proof = prove(folder, ids(folder)[0])
    record = record_of(proof)
    notice = (proof / "shown" / "notice.html").read_bytes()
    assert hashlib.sha256(notice).hexdigest() == record["notice"]
    assert (proof / "policy.toml").read_text() == POLICY
    terms = (proof / "terms.json").read_bytes()
    assert hashlib.sha256(terms).hexdigest()[:16] == record["policy"]
    assert json.loads((proof / "receipt.json").read_bytes())["record"].encode() == (
        (proof / "record.json").read_bytes()
    )


def test_the_page_tells_what_was_asked_answered_and_when(folder: Path) -> None:
    first, second, _ = ids(folder)
    page = (prove(folder, first) / "index.html").read_text()
    assert '<html lang="fr" dir="ltr">' in page
    assert "Preuve d’un choix" in page and "Le Quotidien SAS, 1 rue du Port, Nantes" in page
    assert '<tr><th scope="row">Réseaux sociaux</th><td class="on">Autorisé</td></tr>' in page
    assert (
        '<tr><th scope="row">Publicité personnalisée</th><td class="off">Refusé</td></tr>' in page
    )
    assert "Telegram" in page and "adresse IP" in page and "avant le choix" in page
    assert "<script" not in page and 'sandbox=""' in page
    assert "Aucune image de cette version" in page
    page = (prove(folder, second, "second") / "index.html").read_text()
    assert '<html lang="ar" dir="rtl">' in page
    withdrawn = page.split("كان مسموحًا به سابقًا وسُحب بهذا الاختيار: ")[1].split("<")[0]
    assert withdrawn == "الشبكات الاجتماعية"


def test_the_readme_is_in_both_languages(folder: Path) -> None:
    french = (prove(folder, ids(folder)[0]) / "README.txt").read_text()
    assert french.startswith("PREUVE D’UN CHOIX") and "HOW TO CHECK IT" in french
    assert "Who the visitor was." in " ".join(french.split())
    english = (prove(folder, ids(folder)[2], "item") / "README.txt").read_text()
    assert english.startswith("PROOF THAT ONE ITEM") and english.count("HOW TO CHECK IT") == 1


def test_an_item_is_proven_with_the_words_of_its_place(folder: Path) -> None:
    proof = prove(folder, ids(folder)[2])
    page = (proof / "index.html").read_text()
    assert "whether this one item may be loaded from telegram.test (Telegram)" in page
    assert "<p>Load this item</p>" in page or "<blockquote><p>" in page
    shown = (proof / "shown" / "placeholder.txt").read_bytes()
    assert hashlib.sha256(shown).hexdigest() == record_of(proof)["notice"]
    assert check(proof)[0] == 0


@pytest.mark.parametrize(
    "name",
    [
        *("record.json", "receipt.json", "log/shown.json", "log/terms.json"),
        *("policy.toml", "terms.json", "shown/notice.html", "shown/privacy.html"),
        *("signature/text", "signature/key.pem", "key.txt", "checkpoint.txt", "proof.tlog-proof"),
    ],
)
def test_a_changed_byte_anywhere_is_told(folder: Path, name: str) -> None:
    proof = prove(folder, ids(folder)[0])
    data = (proof / name).read_bytes()
    changed = data.replace(b"false", b"true ", 1)
    if changed == data:
        place = len(data) // 2
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    (proof / name).write_bytes(changed)
    code, text = check(proof)
    assert (code, "WRONG" in text) == (1, True), text


def test_openssl_refuses_another_root(folder: Path) -> None:
    proof = prove(folder, ids(folder)[0])
    signed = proof / "signature" / "text"
    signed.write_bytes(signed.read_bytes().replace(b"\n", b"\n1", 1))
    command = [*OPENSSL, "-in", "signature/text", "-sigfile", "signature/signature"]
    assert subprocess.run(command, cwd=proof, check=False, capture_output=True).returncode != 0


def test_the_text_proof_leads_to_the_root_by_other_code(folder: Path) -> None:
    proof = prove(folder, ids(folder)[1])
    head, _, note = (proof / "proof.tlog-proof").read_text().partition("\n\n")
    header, extra, place, *hashes = head.split("\n")
    assert header == "c2sp.org/tlog-proof@v1"
    assert note == (proof / "checkpoint.txt").read_text()
    salt = base64.b64decode(extra.removeprefix("extra "))
    body = (proof / "record.json").read_bytes()
    entry = hashlib.sha256(b"bandeau/consent/v1" + salt + body).digest()
    _, size, root = note.split("\n")[:3]
    parts = [base64.b64decode(line) for line in hashes]
    assert _root(entry, int(place.removeprefix("index ")), int(size), parts) == (
        base64.b64decode(root)
    )


def _root(entry: bytes, index: int, size: int, parts: list[bytes]) -> bytes:
    """By recursion over RFC 6962, 2.1.1; the verifier under test goes bit by bit."""
    if size == 1:
        return hashlib.sha256(b"\0" + entry).digest()
    left = 1 << (size - 1).bit_length() - 1
    if index < left:
        pair = _root(entry, index, left, parts[:-1]) + parts[-1]
    else:
        pair = parts[-1] + _root(entry, index - left, size - left, parts[:-1])
    return hashlib.sha256(b"\1" + pair).digest()


def test_a_zip_holds_the_same_files_for_its_owner_only(folder: Path) -> None:
    proof = prove(folder, ids(folder)[0])
    packed = prove(folder, ids(folder)[0], "proof.zip")
    held = {str(p.relative_to(proof)): p.read_bytes() for p in proof.rglob("*") if p.is_file()}
    with zipfile.ZipFile(packed) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == held
    assert packed.stat().st_mode & 0o777 == 0o600
    assert proof.stat().st_mode & 0o777 == 0o700
    assert packed.read_bytes() == prove(folder, ids(folder)[0], "again.zip").read_bytes()


def test_what_is_missing_is_said_and_the_rest_still_proves(folder: Path) -> None:
    notice = record_of(prove(folder, ids(folder)[0]))["notice"]
    edit(folder, f"DELETE FROM artefact WHERE hash = x'{notice}'",
         "UPDATE artefact SET data = x'00' WHERE CAST(data AS TEXT) LIKE '%[site]%'")  # fmt: skip
    proof = prove(folder, ids(folder)[0], "broken")
    page = (proof / "index.html").read_text()
    for name in ("notice.html", "policy.toml"):
        assert f"{name} est cité dans le journal" in page
        assert not list(proof.rglob(name))
    assert "<h3>social</h3>" in page
    assert check(proof)[0] == 0


def test_a_record_of_before_publication_is_proven_without_what_was_shown(folder: Path) -> None:
    notices = """CAST(body AS TEXT) LIKE '%"kind":"notice"%'"""
    edit(folder, f"UPDATE leaf SET id = randomblob(16) WHERE {notices}")
    page = (prove(folder, ids(folder)[0]) / "index.html").read_text()
    assert "l’enregistrement n’en donne que l’empreinte SHA-256" in page
    assert "<h3>social</h3>" in page


def test_what_cannot_be_proven_is_said_and_leaves_nothing_behind(folder: Path) -> None:
    first, second, _ = ids(folder)
    data, out = folder / "data", folder / "proof"
    assert bandeau("ledger", "erase", second, "--data", data)[0] == 0
    notice = next(p for p in _exported(folder) if p["kind"] == "notice")
    for record_id, said in [
        ("01942f6e-0000-7000-8000-000000000000", "holds no record"),
        ("../../etc/passwd", "not the id of a record"),
        (second, "was erased: the log holds its commitment alone"),
        (notice["id"], "of kind notice"),
    ]:
        code, text = bandeau("prove", record_id, "--data", data, "--out", out)
        assert (code, said in text) == (1, True), text
    for place, where, said in [
        (folder / "nowhere", out, "no such directory"),
        (data, folder / "policy.toml", "exists already"),
        (data, data, "exists already"),
        (data, folder / "no" / "where", "folder does not exist"),
    ]:
        code, text = bandeau("prove", first, "--data", place, "--out", where)
        assert (code, said in text) == (2, True), text
    assert not out.exists()
    assert [path.name for path in folder.glob(".bandeau-*")] == []


def _exported(folder: Path) -> list[dict[str, str]]:
    out = folder / "all.jsonl"
    assert bandeau("ledger", "export", "--data", folder / "data", "--out", out)[0] == 0
    lines = [json.loads(line)["record"] for line in out.read_text().splitlines()]
    return [json.loads(line) for line in lines if line]


def test_every_mechanism_has_a_name_in_every_language() -> None:
    for lang, texts in read_words().languages.items():
        assert [name for name in MECHANISMS if f"proof.via_{name}" not in texts] == [], lang
