"""A record as a receipt of the Kantara Consent Receipt Specification 1.1.0.

Such a receipt tells of consent only: what was refused has no place in it.
"""

from __future__ import annotations

from bandeau.ledger.account import Account, Asked, moment
from bandeau.ledger.record import Kind

VERSION = "KI-CR-v1.1.0"
Json = dict[str, object]


def consent_receipt(account: Account) -> Json | None:
    """The receipt as JSON values; ``None`` where the record consents to nothing."""
    record, declared = account.record, account.declared
    granted = [_purpose(account, asked) for asked in account.asked() if asked.granted]
    if not granted:
        return None
    return {
        "version": VERSION,
        "jurisdiction": declared.jurisdiction,
        "consentTimestamp": record.time // 1000,
        "collectionMethod": f"{record.mechanism}: {record.action}",
        "consentReceiptID": record.id,
        "publicKey": declared.key,
        "language": record.lang,
        "piiPrincipalId": record.subject,
        "piiControllers": [
            {
                "piiController": account.controller,
                "onBehalf": False,
                "contact": account.controller,
                "address": {
                    "streetAddress": account.controller,
                    "addressCountry": declared.jurisdiction,
                },
                "email": declared.email,
                "phone": declared.phone,
                "piiControllerUrl": account.origin,
            }
        ],
        "policyUrl": account.privacy_policy,
        "services": [{"service": account.service, "purposes": granted}],
        "sensitive": False,
        "spiCat": [],
    }


def _purpose(account: Account, asked: Asked) -> Json:
    vendors = list(dict.fromkeys(tracker.vendor for tracker in asked.trackers))
    until = "the browser is closed"
    if account.record.kind is not Kind.ITEM:
        until = moment(account.record.expires)
    told: Json = {
        "purpose": asked.title,
        "purposeCategory": [asked.key],
        "consentType": "EXPLICIT",
        "piiCategory": list(asked.data),
        "primaryPurpose": False,
        "termination": f"until {until}, or withdrawn before at {account.panel}",
        "thirdPartyDisclosure": bool(vendors),
    }
    return told | ({"thirdPartyName": ", ".join(vendors)} if vendors else {})
