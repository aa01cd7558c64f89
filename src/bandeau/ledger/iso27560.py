"""A record as a consent record of ISO/IEC TS 27560:2023, in JSON-LD by the Data Privacy Vocabulary.

Follows the W3C Community Group guide "Implementing ISO/IEC TS 27560 using DPV" (15 February 2026),
section 7.2 for which fields are mandatory. ``docs/ledger.md`` has the table.
"""

from __future__ import annotations

from bandeau.ledger.account import Account, Asked, moment
from bandeau.ledger.record import Kind
from bandeau.policy.model import Period, Tracker

CONFORMS_TO = "https://w3id.org/dpv/schema/dpv-27560#record"
CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
PURPOSES = {
    "social": "dpv:ServiceProvision",
    "advertising": "dpv:PersonalisedAdvertising",
    "advertising-generic": "dpv:Advertising",
    "advertising-geolocated": "dpv:TargetedAdvertising",
    "personalisation": "dpv:ServicePersonalisation",
    "statistics": "dpv:ServiceUsageAnalytics",
}
DATA = {
    "ip": "pd:IPAddress",
    "browsing": "pd:BrowsingBehaviour",
    "usage": "pd:Interaction",
    "location": "pd:Location",
    "social-interactions": "pd:SocialMedia",
    "comments": "pd:SocialMediaCommunication",
}
_UNITS = {"day": "D", "month": "M", "year": "Y"}
Json = dict[str, object]


def consent_record(account: Account) -> Json:
    """The record as JSON values."""
    record = account.record
    return {
        "@context": CONTEXT,
        "@id": f"urn:uuid:{record.id}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": {"@id": CONFORMS_TO},
        "dct:identifier": record.id,
        "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": record.subject},
        "dpv:hasNotice": {
            "@type": "dpv:ConsentNotice",
            "dct:identifier": record.notice,
            "dct:language": record.lang,
            "dct:source": {"@id": account.privacy_policy},
        },
        "dpv:hasDataController": _controller(account),
        "dpv:hasJurisdiction": {"@id": f"loc:{account.declared.jurisdiction}"},
        "dpv:hasLegalBasis": {"@id": "eu-gdpr:A6-1-a"},
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dpv:isExercisedAt": {"@id": account.panel},
        },
        "dpv:hasProcess": [_process(account, asked) for asked in account.asked()],
    }


def _controller(account: Account) -> Json:
    declared = account.declared
    contact = [f"mailto:{declared.email}"] if declared.email else []
    contact += [f"tel:{declared.phone}"] if declared.phone else []
    return {
        "@type": "dpv:DataController",
        "dct:identifier": account.origin,
        "dpv:hasName": account.controller,
        "dpv:hasAddress": account.controller,
        "dpv:hasContact": contact or [account.privacy_policy],
    }


def _process(account: Account, asked: Asked) -> Json:
    named: Json = {"dct:identifier": asked.key, "dct:title": asked.title}
    if asked.summary:
        named["dct:description"] = asked.summary
    return {
        "@type": "dpv:PersonalDataProcess",
        "dpv:hasPurpose": {"@type": PURPOSES.get(asked.key, "dpv:Purpose"), **named},
        "dpv:hasPersonalData": [{"@id": DATA[kind]} for kind in asked.data],
        "dpv:hasStorageCondition": [
            {
                "@type": "dpv:StorageLocation",
                "dpv:hasLocation": [
                    {"@id": "dpv:WithinDevice"},
                    {"@id": f"loc:{account.declared.stored_in}"},
                ],
            },
            *({"@type": "dpv:StorageDuration", **_lasting(each)} for each in _kept(asked.trackers)),
        ],
        "dpv:hasRecipient": [_recipient(tracker) for tracker in asked.trackers],
        "dpv:hasConsentStatus": _event(account, asked),
    }


def _event(account: Account, asked: Asked) -> Json:
    record = account.record
    given = "dpv:ConsentGiven" if asked.granted else "dpv:ConsentRefused"
    state = "dpv:ConsentWithdrawn" if asked.withdrawn else given
    at = moment(record.time / 1000)
    until: object = f"{at}/{moment(record.expires)}"
    if record.kind is Kind.ITEM:
        until = {"@type": "dpv:UntilEventDuration", "rdf:value": "the browser is closed"}
    return {
        "@type": [state, "dpv:ExpressedConsent"],
        "dpv:isIndicatedBy": {"@type": "dpv:DataSubject", "dct:identifier": record.subject},
        "dpv:hasIndicationMethod": f"{record.mechanism}: {record.action}",
        "dpv:isIndicatedAtTime": at,
        "dct:valid": until,
    }


def _recipient(tracker: Tracker) -> Json:
    """A vendor. The policy file has no address of it, so none is made up."""
    told = tracker.policy_url or next((f"https://{host}/" for host in tracker.hosts), "")
    contact: Json = {"dpv:hasContact": told} if told else {}
    return {
        "@type": ["dpv:Recipient", "dpv:ThirdParty"],
        "dct:identifier": tracker.vendor,
        "dpv:hasName": tracker.vendor,
        **contact,
    }


def _kept(trackers: tuple[Tracker, ...]) -> list[Period | str]:
    """How long what the trackers store is kept, each length once."""
    found: dict[Period | str, None] = {}
    for tracker in trackers:
        for cookie in tracker.cookies:
            found[cookie.max_age or "the browser is closed"] = None
        if tracker.storage:
            found["consent is withdrawn"] = None
    return list(found) or ["consent is withdrawn"]


def _lasting(period: Period | str) -> Json:
    if isinstance(period, str):
        return {"dpv:hasDuration": {"@type": "dpv:UntilEventDuration", "rdf:value": period}}
    return {"dpv:hasDuration": f"P{period.count}{_UNITS[period.unit]}"}
