"""What consent tools keep of a choice, read from their cookies and storage.

A record is what the site itself says, in a form that can be compared with what was pressed. One
that holds no decision yet (defaults, "wait") counts as none.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from bandeau import limits
from bandeau.audit.foreign_json import read_foreign
from bandeau.audit.purposes import purpose_named

Answers = list[tuple[str, bool]]
NECESSARY = re.compile(
    r"^(necessary|strictly.?necessary|essential|functioning|required|mandatory|technical|C0001|"
    r"\$\$.*|needed|obligatory|cookies)$",
    re.IGNORECASE,
)
# What OneTrust calls its groups by itself.
_GROUPS = {"C0002": "performance", "C0003": "functional", "C0004": "targeting", "C0005": "social"}
_BETWEEN = re.compile(r"[&|,;!]")
_PAIR = re.compile(r"([\w-]+)[:=](\w+)")
_YES = {"true", "yes", "allow", "allowed", "granted", "accept", "1"}
_NO = {"false", "no", "deny", "denied", "refuse", "0"}


@dataclass(frozen=True, slots=True)
class Told:
    """What one tool's record says: its ``purposes`` (or services) by the tool's own names.

    Those that need no consent are left out. ``text`` is the record as it was, cut.
    """

    tool: str
    purposes: tuple[tuple[str, bool], ...]
    text: str


def told(cookies: Mapping[str, str], stored: Mapping[str, str]) -> tuple[Told, ...]:
    """What all known records among cookies and storage keys say of the choice."""
    found: list[Told] = []
    for tool, pattern, read in _RECORDS:
        for name, value in (*cookies.items(), *stored.items()):
            if not re.fullmatch(pattern, name) or len(value) > limits.AUDIT_RECORD_CHARACTERS:
                continue
            answers = _read(read, value, cookies)
            if answers is not None and not any(each.tool == tool for each in found):
                optional = tuple((key, yes) for key, yes in answers if not NECESSARY.match(key))
                found.append(Told(tool, optional, f"{name}={unquote(value)}"[:500]))
    return tuple(found) or _unnamed(cookies, stored)


def _unnamed(cookies: Mapping[str, str], stored: Mapping[str, str]) -> tuple[Told, ...]:
    """A record under a name that no tool has by itself, known by what it holds."""
    for name, value in (*cookies.items(), *stored.items()):
        if len(value) <= limits.AUDIT_RECORD_CHARACTERS and (
            answers := _read(_purpose_flags, value, cookies)
        ):
            return (Told("the site", tuple(answers), f"{name}={unquote(value)}"[:500]),)
    return ()


def _read(
    read: Callable[[str, Mapping[str, str]], Answers | None], value: str, cookies: Mapping[str, str]
) -> Answers | None:
    try:
        return read(unquote(value), cookies)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        return None


def _object(text: str) -> dict[str, Any]:
    found = read_foreign(text)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _flags(found: Mapping[str, Any]) -> Answers:
    return [(key, each) for key, each in found.items() if isinstance(each, bool)]


def _yes_and_no(pairs: Iterable[tuple[str, str]]) -> Answers:
    lowered = ((key.strip(), value.strip().lower()) for key, value in pairs)
    return [(key, value in _YES) for key, value in lowered if value in _YES | _NO]


def _vanilla(text: str, _: Mapping[str, str]) -> Answers | None:
    found = _object(text)
    accepted = found["categories"]
    refused = found.get("rejectedCategories", [])
    if not isinstance(accepted, list):
        return None
    return [*((str(key), True) for key in accepted), *((str(key), False) for key in refused)]


def _plain_flags(text: str, _: Mapping[str, str]) -> Answers | None:
    return _flags(_object(text)) or None


def _purpose_flags(text: str, _: Mapping[str, str]) -> Answers | None:
    """Yes or no of at least two purposes and of nothing else, beside a date or a version."""
    if text.startswith("{"):
        found = _object(text)
        if any(isinstance(each, dict | list) for each in found.values()):
            return None
        answers = _flags(found)
    else:
        pairs = [_PAIR.fullmatch(each) for each in _BETWEEN.split(text)]
        answers = _yes_and_no((each[1], each[2]) for each in pairs if each)
        if len(answers) < len(pairs):
            return None
    optional = [each for each in answers if not NECESSARY.match(each[0])]
    named = len(optional) > 1 and all(purpose_named(key) for key, _ in optional)
    return optional if named else None


def _tarteaucitron(text: str, _: Mapping[str, str]) -> Answers | None:
    pairs = [each.partition("=")[::2] for each in text.split("!") if each]
    return _yes_and_no(pairs) or None


def _osano(text: str, _: Mapping[str, str]) -> Answers | None:
    return [("all", text in ("allow", "dismiss"))] if text in ("allow", "deny", "dismiss") else None


def _c15t(text: str, _: Mapping[str, str]) -> Answers | None:
    if not text.startswith("{"):
        pairs = [each.split(":") for each in text.split(",")]
        kept = [(each[0].split(".")[-1], each[1]) for each in pairs if each[0][:2] in ("c.", "co")]
        return _yes_and_no(kept) or None
    found = _object(text)
    decided = found.get("consentInfo") or found.get("type")
    return _flags(found["consents"]) if decided else None


def _onetrust(text: str, cookies: Mapping[str, str]) -> Answers | None:
    if "OptanonAlertBoxClosed" not in cookies:
        return None
    groups = re.search(r"groups=([^&]*)", text)
    pairs = [each.partition(":")[::2] for each in groups[1].split(",")] if groups else []
    return _yes_and_no((_GROUPS.get(key, key), value) for key, value in pairs)


def _cookiebot(text: str, _: Mapping[str, str]) -> Answers | None:
    if not re.search(r"method:'?explicit", text):
        return None
    return _yes_and_no(re.findall(r"(\w+):(true|false)", text))


def _didomi(text: str, _: Mapping[str, str]) -> Answers | None:
    plain = base64.b64decode(text + "=" * (-len(text) % 4)).decode()
    found = _object(plain)
    answers: Answers = []
    for part in ("purposes", "vendors"):
        for state, yes in (("enabled", True), ("disabled", False)):
            answers += [(str(key), yes) for key in (found.get(part) or {}).get(state) or ()]
    return answers


def _axeptio(text: str, _: Mapping[str, str]) -> Answers | None:
    found = _object(text)
    return _flags(found) if found.get("$$completed") else None


def _usercentrics(text: str, _: Mapping[str, str]) -> Answers | None:
    found = _object(text)
    services = found.get("services")
    if isinstance(services, list):
        decided = any(each.get("history") for each in services)
        return [(str(each["id"]), bool(each["status"])) for each in services] if decided else None
    consents = found["consent"]["services"]
    return [(str(each.get("name", key)), bool(each["consent"])) for key, each in consents.items()]


def _cookieyes(text: str, _: Mapping[str, str]) -> Answers | None:
    pairs = dict(each.partition(":")[::2] for each in text.split(","))
    if not pairs.get("action"):
        return None
    told_apart = ("consentid", "action", "consent")
    return _yes_and_no(each for each in pairs.items() if each[0] not in told_apart)


def _complianz(text: str, cookies: Mapping[str, str]) -> Answers | None:
    named = [each for each in cookies.items() if each[0].startswith("cmplz_")]
    kept = {key.removeprefix("cmplz_"): value for key, value in named}
    if kept.get("banner-status", "dismissed") != "dismissed":
        return None
    kept.pop("functional", "")  # It is always allowed there.
    return _yes_and_no((key, value) for key, value in kept.items() if value in ("allow", "deny"))


def _iubenda(text: str, _: Mapping[str, str]) -> Answers | None:
    found = _object(text)
    purposes = found.get("purposes")
    if isinstance(purposes, dict):
        return [("necessary" if key == "1" else key, bool(each)) for key, each in purposes.items()]
    return [("all", bool(found["consent"]))]


_RECORDS: tuple[tuple[str, str, Callable[[str, Mapping[str, str]], Answers | None]], ...] = (
    ("vanilla-cookieconsent", r"cc_cookie", _vanilla),
    ("klaro", r"klaro", _plain_flags),
    ("orejime", r"(eu-consent|orejime)", _plain_flags),
    ("tarteaucitron", r"tarteaucitron", _tarteaucitron),
    ("cookieconsent", r"cookieconsent_status", _osano),
    ("c15t", r"c15t", _c15t),
    ("onetrust", r"OptanonConsent", _onetrust),
    ("cookiebot", r"CookieConsent", _cookiebot),
    ("didomi", r"didomi_token", _didomi),
    ("axeptio", r"axeptio_cookies", _axeptio),
    ("usercentrics", r"(uc_settings|ucData)", _usercentrics),
    ("cookieyes", r"cookieyes-consent", _cookieyes),
    ("complianz", r"cmplz_banner-status", _complianz),
    ("iubenda", r"_iub_cs-\d+", _iubenda),
)
