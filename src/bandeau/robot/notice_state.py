"""Reads what a site itself says of the choice: our state, tools' records, a consent string.

Cookies and storage are read by the browser, not by script, so that the page sees nothing of it and
no reading of ours is taken for one of the page's.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from urllib.parse import urljoin

from bandeau.audit.believing import State
from bandeau.audit.foreign_json import read_foreign
from bandeau.audit.records import Told, told
from bandeau.audit.shown import Tcf
from bandeau.audit.tcf import NotReadable, consents
from bandeau.audit.urls import split_of
from bandeau.robot.pipe import CallFailed
from bandeau.robot.window import Window

# In the page's own world: what its consent interface answers. It is asked as any vendor asks it.
_TCF = """new Promise((done) => {
  if (typeof globalThis.__tcfapi !== "function") return done(null);
  const found = {};
  const ask = (command) => globalThis.__tcfapi(command, 2, (value) => { found[command] = value; });
  try { ask("ping"); ask("getTCData"); } catch {}
  setTimeout(() => { try { done(JSON.stringify(found)); } catch { done(null); } }, 150);
})"""
_MODE = """(() => { try {
  const pushed = [...globalThis.dataLayer ?? []];
  const said = pushed.filter((each) => each?.[0] === "consent" && each[1] === "update");
  return said.length ? JSON.stringify(said[said.length - 1][2]) : null;
} catch { return null; } })()"""
_STRINGS = ("euconsent-v2", "eupubconsent-v2")


async def read_state(tab: Window, *, asking: bool, ours: bool = False) -> State:
    """What the page and its terminal say now. ``asking`` is whether a notice stands there.

    ``ours`` is whether the page has our band, so that its server can be asked for the choice.
    """
    cookies, stored = await asyncio.gather(tab.jar(), tab.kept_locally())
    said = told(cookies, stored)
    if ours and (own := await _own(tab)):
        said = (own, *(each for each in said if each.tool != "orejime"))
    if mode := _consent_mode(await tab.said(_MODE)):
        said = (*said, mode)
    kept = frozenset(
        f"{name}={hashlib.sha256(value.encode()).hexdigest()[:12]}"
        for name, value in (*cookies.items(), *stored.items())
    )
    return State(asking, said, await _tcf(tab, cookies, stored), kept)


async def _own(tab: Window) -> Told | None:
    """Our server's word, asked for outside the page, which sees nothing of it."""
    address = urljoin(tab.url, "/.bandeau/choice")
    if split_of(address).scheme not in ("http", "https"):
        return None
    try:
        found = read_foreign(await tab.fetched(address))
        purposes = {str(key): bool(yes) for key, yes in found["purposes"].items()}
    except (CallFailed, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not found.get("decided"):
        return None
    text = json.dumps({"decided": True, "purposes": purposes}, ensure_ascii=False)
    return Told("bandeau", tuple(purposes.items()), text)


def _consent_mode(said: object) -> Told | None:
    """The last word to Google's Consent Mode. It may say more than the tool's own record."""
    try:
        found = read_foreign(str(said)) if said else {}
        kinds = {key: value for key, value in found.items() if value in ("granted", "denied")}
    except (ValueError, AttributeError, TypeError):
        return None
    optional = {
        key: value == "granted"
        for key, value in kinds.items()
        if key not in ("security_storage", "functionality_storage", "wait_for_update")
    }
    text = json.dumps(kinds)
    return Told("consent mode", tuple(optional.items()), text) if optional else None


async def _tcf(tab: Window, cookies: Mapping[str, str], stored: Mapping[str, str]) -> Tcf | None:
    """What the interface answers; its string, or the one that is kept, is read by us."""
    try:
        said = read_foreign(str(await tab.said(_TCF) or "{}"))
        ping, data = said.get("ping") or {}, said.get("getTCData") or {}
        string = data.get("tcString") or next(
            (each[name] for name in _STRINGS for each in (cookies, stored) if name in each), ""
        )
        status = data.get("eventStatus") or ping.get("cmpStatus") or ""
        applies = data.get("gdprApplies", ping.get("gdprApplies"))
    except (ValueError, AttributeError, TypeError):
        return None
    if not said and not string:
        return None
    return tcf_of(str(string), applies if isinstance(applies, bool) else None, str(status))


def tcf_of(string: str, applies: bool | None, status: str) -> Tcf:
    """A string as read by us, with what the interface said beside it."""
    try:
        found = consents(string) if string else None
    except NotReadable as error:
        return Tcf(string, applies, f"{status} (not readable: {error})".strip())
    if found is None:
        return Tcf("", applies, status)
    return Tcf(
        string=string,
        applies=applies,
        status=status,
        purposes=tuple(sorted(found.purposes)),
        vendors=tuple(sorted(found.vendors)),
        legitimate_purposes=tuple(sorted(found.legitimate_purposes)),
        legitimate_vendors=tuple(sorted(found.legitimate_vendors)),
        disclosed_vendors=None if found.disclosed is None else tuple(sorted(found.disclosed)),
        created=found.created,
        updated=found.updated,
        service_specific=found.service_specific,
    )
