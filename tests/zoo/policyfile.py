"""The policy file of a site: what it declares, in the words of ``docs/policy.md``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.zoo.manners import Wired

if TYPE_CHECKING:
    from tests.zoo.built import Built

EXEMPT = {"functioning": "strictly-necessary", "audience": "audience-measurement"}
_OWN_TEXTS = {
    "unclassified": 'data = ["usage"]\ntitle = { en = "Unclassified" }\n'
    'summary = { en = "Not sorted into a category yet." }\n',
}


def _list(words: Iterable[str]) -> str:
    return json.dumps(list(dict.fromkeys(words)), ensure_ascii=False)


def _purposes(keys: Iterable[str]) -> str:
    text = ""
    for key in dict.fromkeys(keys):
        exempt = f'exempt = "{EXEMPT[key]}"\n' if key in EXEMPT else ""
        text += f"[purposes.{key}]\n{exempt}{_OWN_TEXTS.get(key, '')}\n"
    return text


def _cookie(name: str, domain: str, age: str) -> str:
    parts = [f'name = "{name}"', *([f'domain = "{domain}"'] if domain else [])]
    parts += [f'max_age = "{age}"'] if age else []
    return "{ " + ", ".join(parts) + " }"


def _entry(vendor: str, purpose: str, lines: Iterable[str]) -> str:
    return "\n".join(["[[trackers]]", f'vendor = "{vendor}"', f'purpose = "{purpose}"', *lines]) + (
        "\n\n"
    )


def _tracker(wired: Wired) -> str:
    told, manner = wired.told, wired.manner
    purpose = told.purpose if told.declared is None else told.declared
    if not purpose:
        return ""
    lines = []
    if manner.contacts:
        partner = [wired.second_host] if manner.second else []
        lines.append(f"hosts = {_list([wired.host, *partner])}")
    age = told.age if told.lifetime or told.age != "13 months" else ""
    cookies = [_cookie(*each, age) for each in manner.cookies(wired) if told.declared_cookie]
    if cookies:
        lines.append(f"cookies = [{', '.join(cookies)}]")
    if manner.storage:
        lines.append(f"storage = {_list([wired.cookie])}")
    if manner.own:
        lines.append(f"paths = {_list(wired.path(part) for part, _ in manner.own)}")
    return _entry(wired.vendor, purpose, lines)


def policy_file(built: Built) -> bytes:
    """The whole file, in UTF-8."""
    site = built.site
    own = [_cookie(built.session, "", "")]
    own += [_cookie(built.choice, "", "6 months")] if built.choice else []
    own += [_cookie("euconsent-v2", "", "6 months")] if site.tcf else []
    measured = any(each.told.purpose == "audience" for each in built.trackers)
    keys = ["functioning", *(["audience"] if measured else []), *built.declared_purposes]
    own_hosts = [built.host, *([built.frame_host] if site.notice.box == "frame" else [])]
    text = (
        f'[site]\nname = "{built.title}"\ncontroller = "{built.title} SAS, 1 rue du Port, Nantes"\n'
        f"hosts = {_list(own_hosts)}\n"
        f'privacy_policy = "{built.policy_path}"\nlanguages = {_list(built.languages)}\n\n'
        f"{_purposes(keys)}"
        + _entry(built.title, "functioning", [f"cookies = [{', '.join(own)}]"])
        + "".join(_tracker(each) for each in built.trackers)
    )
    if site.bandeau:
        text += '[features.comments]\npurpose = "social"\nalternative = { en = "Write to us." }\n\n'
    if site.unused_declared:
        text += _entry("Olga", "advertising", [f"hosts = {_list([built.names.host('unused')])}"])
    if site.twice_declared:
        first = built.trackers[0]
        line = f"cookies = [{_cookie(first.cookie[:-1] + '*', '', '13 months')}]"
        text += _entry(first.vendor, built.declared_purposes[-1], [line])
    return text.encode()
