"""Exports as ISO/IEC TS 27560 and Kantara receipts: each mandatory field, and nothing made up."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import ledger_drafts
import pytest
from proven import ITEM, bandeau, choose

from bandeau.storage.keys import load_or_create
from bandeau.storage.sqlite.ledger import SqliteLedger

MADE = [
    {"action": "save", "purpose": ["social"], "mechanism": "panel", "lang": "fr"},
    {"action": "refuse_all", "mechanism": "notice", "lang": "en"},
    {"action": "load", "item": ITEM, "purpose": "social", "mechanism": "placeholder", "lang": "en"},
]
PLACE = ["--jurisdiction", "fr", "--stored-in", "DE"]
# Kantara Consent Receipt Specification 1.1.0, section 4: what must be there, and of which type.
TEXT, FLAG = {"type": "string", "minLength": 1}, {"type": "boolean"}
CONTROLLER = {
    "piiController": TEXT,
    "onBehalf": FLAG,
    "contact": TEXT,
    "address": {"type": "object", "minProperties": 1},
    "email": TEXT,
    "phone": TEXT,
    "piiControllerUrl": TEXT,
}
PURPOSE = {
    "purpose": TEXT,
    "purposeCategory": {"type": "array", "items": TEXT, "minItems": 1},
    "consentType": {"enum": ["EXPLICIT", "IMPLICIT"]},
    "piiCategory": {"type": "array", "items": TEXT, "minItems": 1},
    "primaryPurpose": FLAG,
    "termination": TEXT,
    "thirdPartyDisclosure": FLAG,
}


def whole(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": sorted(fields)}


def several(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": items}


KANTARA = whole(
    {
        "version": {"const": "KI-CR-v1.1.0"},
        "jurisdiction": TEXT,
        "consentTimestamp": {"type": "integer"},
        "collectionMethod": TEXT,
        "consentReceiptID": TEXT,
        "publicKey": TEXT,
        "language": TEXT,
        "piiPrincipalId": TEXT,
        "piiControllers": several(whole(CONTROLLER)),
        "policyUrl": TEXT,
        "services": several(whole({"service": TEXT, "purposes": several(whole(PURPOSE))})),
        "sensitive": FLAG,
        "spiCat": {"type": "array"},
    }
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    receipts = choose(folder, *MADE)
    (folder / "ids").write_text(" ".join(receipt["id"] for receipt in receipts))
    return folder


def exported(site: Path, form: str, *options: str) -> tuple[str, list[dict[str, Any]]]:
    out = site / f"{form}.jsonl"
    code, text = bandeau(
        *("ledger", "export", "--format", form, "--data", site / "data", "--out", out), *options
    )
    assert code == 0, text
    assert out.stat().st_mode & 0o777 == 0o600
    return text, [json.loads(line) for line in out.read_text().splitlines()]


def test_every_choice_and_item_is_a_27560_record(site: Path) -> None:
    text, documents = exported(site, "iso27560", *PLACE)
    assert text.startswith("3 documents written to ") and "without" not in text
    assert [each["dct:identifier"] for each in documents] == (site / "ids").read_text().split()
    for each in documents:
        assert each["@type"] == "dpv:ConsentRecord"
        assert each["dct:conformsTo"] == {"@id": "https://w3id.org/dpv/schema/dpv-27560#record"}
        assert len(each["dpv:hasDataSubject"]["dct:identifier"]) == 64
        assert each["dpv:hasJurisdiction"] == {"@id": "loc:FR"}
        assert each["dpv:hasConsentControl"]["dpv:isExercisedAt"]["@id"].endswith("/panel")
        controller = each["dpv:hasDataController"]
        assert controller["dct:identifier"] == "https://www.quotidien.test"
        for field in ("dpv:hasName", "dpv:hasAddress"):
            assert controller[field] == "Le Quotidien SAS, 1 rue du Port, Nantes"
        assert controller["dpv:hasContact"] == ["https://www.quotidien.test/vie-privee"]
        assert len(each["dpv:hasNotice"]["dct:identifier"]) == 64
        _prefixes_are_declared(each)
    first = {p["dpv:hasPurpose"]["dct:identifier"]: p for p in documents[0]["dpv:hasProcess"]}
    assert first["social"]["dpv:hasPurpose"]["dct:title"] == "Réseaux sociaux"
    assert documents[0]["dpv:hasNotice"]["dct:language"] == "fr"


def test_purposes_have_data_storage_recipients_and_an_event(site: Path) -> None:
    _, documents = exported(site, "iso27560", *PLACE)
    for each in documents:
        for process in each["dpv:hasProcess"]:
            assert process["dpv:hasPersonalData"]
            where, *lasting = process["dpv:hasStorageCondition"]
            assert where["dpv:hasLocation"][1] == {"@id": "loc:DE"} and lasting
            assert process["dpv:hasRecipient"]
            event = process["dpv:hasConsentStatus"]
            assert event["dpv:isIndicatedBy"]["dct:identifier"] and event["dct:valid"]
            assert event["dpv:isIndicatedAtTime"].endswith("Z")
    states = [
        {
            p["dpv:hasPurpose"]["dct:identifier"]: p["dpv:hasConsentStatus"]["@type"][0]
            for p in each["dpv:hasProcess"]
        }
        for each in documents
    ]
    assert states == [
        {"social": "dpv:ConsentGiven", "advertising": "dpv:ConsentRefused"},
        {"social": "dpv:ConsentWithdrawn", "advertising": "dpv:ConsentRefused"},
        {"social": "dpv:ConsentGiven"},
    ]
    advertising = documents[0]["dpv:hasProcess"][0]
    durations = [each.get("dpv:hasDuration") for each in advertising["dpv:hasStorageCondition"][1:]]
    assert durations[:2] == ["P13M", "P1M"]


def _prefixes_are_declared(document: dict[str, Any]) -> None:
    known = {*document["@context"], "@type", "@id", "@context"}

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for each in value:
                walk(each)
        elif isinstance(value, dict):
            for key, inner in value.items():
                assert key.split(":")[0] in known
                if key in ("@type", "@id"):
                    for name in inner if isinstance(inner, list) else [inner]:
                        assert name.split(":")[0] in known | {"urn", "https"}
                walk(inner)

    walk({key: value for key, value in document.items() if key != "@context"})


def test_consent_alone_is_a_kantara_receipt(site: Path) -> None:
    reach = ["--email", "dpo@quotidien.test", "--phone", "+33 2 00 00 00 00"]
    text, documents = exported(site, "kantara", *PLACE, *reach)
    assert "1 record left out: they consent to nothing." in text
    ids = (site / "ids").read_text().split()
    assert [each["consentReceiptID"] for each in documents] == [ids[0], ids[2]]
    for each in documents:
        jsonschema_rs.Draft202012Validator(KANTARA).validate(each)
        (purpose,) = each["services"][0]["purposes"]
        assert purpose["purposeCategory"] == ["social"]
        assert purpose["thirdPartyName"] == "Telegram"
    assert "withdrawn before at https://www.quotidien.test/.bandeau/panel" in str(documents[0])


def test_a_record_without_its_policy_makes_nothing_up(tmp_path: Path) -> None:
    keys = load_or_create(tmp_path / "data", "www.quotidien.test")
    ledger = SqliteLedger(tmp_path / "data", keys.signer)
    asyncio.run(ledger.append(ledger_drafts.choice(1)))
    ledger.close()
    text, (document,) = exported(tmp_path, "iso27560", *PLACE)
    assert "1 without the policy file of their time." in text
    assert document["dpv:hasDataController"]["dpv:hasName"] == "www.quotidien.test"
    assert [p["dpv:hasRecipient"] for p in document["dpv:hasProcess"]] == [[], []]


def test_bad_options_are_refused_and_write_nothing(site: Path, tmp_path: Path) -> None:
    for options in ([], ["--jurisdiction", "France"], [*PLACE[:3], "Ö1"]):
        code, text = bandeau(
            *("ledger", "export", "--format", "kantara", "--data", site / "data"),
            *("--out", tmp_path / "x", *options),
        )
        assert code == 2 and "two letters" in text
    assert list(tmp_path.iterdir()) == []
