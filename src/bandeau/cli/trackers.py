"""``bandeau trackers``: what was seen on the site and no tracker declares."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import click

from bandeau.enforcement.draft import (
    ASSUMED_PURPOSE,
    Drafted,
    drafted,
    grouped,
    undeclared,
)
from bandeau.enforcement.folding import Registrable
from bandeau.enforcement.sightings import Sighting, SightingsUnavailable
from bandeau.ledger.store import LedgerUnavailable
from bandeau.policy.check import load
from bandeau.policy.fault import PolicyError
from bandeau.policy.match import Matcher
from bandeau.policy.model import KNOWN_PURPOSES
from bandeau.settings import SettingsError, parse_data
from bandeau.storage.files import read_policy, read_vendors, read_words
from bandeau.storage.place import open_place
from bandeau.storage.sqlite.sightings import FILE
from bandeau.storage.suffixes import public_suffixes

_SITE = "This site"
_EMPTY_POLICY = f"""\
[site]
name = "{_SITE}"
controller = "{_SITE}"
hosts = ["this-site.invalid"]
privacy_policy = "/"
""" + "".join(f"[purposes.{key}]\n" for key, known in KNOWN_PURPOSES.items() if not known.exemption)


@click.command("trackers")
@click.option(
    "--data", required=True, metavar="DIR", help="The folder or database given to bandeau serve."
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The policy file; what it declares is left out.",
)
@click.option("--draft", is_flag=True, help="Print only the blocks for the policy file.")
@click.option(
    "--json",
    "as_json",
    envvar="BANDEAU_TRACKERS_JSON",
    is_flag=True,
    help="Print all of it as JSON.",
)
def trackers_command(data: str, config: Path | None, draft: bool, as_json: bool) -> None:
    """List hosts, cookies and storage keys that were seen and that no tracker declares.

    Each comes with a block for the policy file, which passes its check. What is marked DECIDE
    only you can know. Reads beside a live server, which writes every few seconds. Exits 0, or 1
    where the data or the policy cannot be read.
    """
    suffixes = public_suffixes()
    sightings = _sightings(data, suffixes.registrable)
    policy_file, site = _EMPTY_POLICY.encode(), _SITE
    hosts: tuple[str, ...] = ()
    try:
        if config is not None:
            policy_file = read_policy(config)
            policy, _ = load(policy_file, read_words())
            sightings = undeclared(sightings, Matcher(policy))
            site, hosts = policy.site.name, policy.site.hosts
        groups = grouped(sightings, read_vendors(), suffixes.registrable, site, hosts)
        found = drafted(groups, policy_file, read_words())
    except OSError as error:
        _fail(str(error))
    except PolicyError as error:
        _fail(*(fault.shown(str(config)) for fault in error.faults))
    if as_json:
        click.echo(json.dumps(_report(found), ensure_ascii=False, indent=2))
    elif draft:
        click.echo(_draft(found, whole=config is not None), nl=False)
    else:
        click.echo(_listing(found, config), nl=False)


def _sightings(data: str, registrable: Registrable) -> tuple[Sighting, ...]:
    try:
        where = parse_data(data)
        if isinstance(where, Path):
            if not where.is_dir():
                _fail(f"{data}: there is no such folder; name the one given to bandeau serve")
            if not (where / FILE).exists():
                return ()
        with closing(open_place(where)) as place, closing(place.sightings(registrable)) as store:
            return store.all()
    except (SettingsError, SightingsUnavailable, LedgerUnavailable) as error:
        _fail(str(error))


def _listing(found: tuple[Drafted, ...], config: Path | None) -> str:
    if not found:
        return "Nothing was seen that no tracker declares.\n"
    named = "your policy" if config is None else str(config)
    intro = "Seen on the site, declared by no tracker, and so let through for nobody:\n"
    told = "\n".join(_group(each) for each in found)
    outro = f"Drop from the site what you do not want, and declare the rest in {named}:\n"
    return f"{intro}\n{told}\n{outro}\n{_draft(found, whole=config is not None)}"


def _group(drafted: Drafted) -> str:
    group = drafted.group
    lines = [f"{group.vendor} ({group.purpose or 'purpose for you to decide'})"]
    names = max(len(s.name) for s in group.sightings)
    for s in group.sightings:
        days = f"{s.first_day}" if s.first_day == s.last_day else f"{s.first_day} to {s.last_day}"
        count = "once" if s.times == 1 else f"{s.times:,} times"
        place = f"{s.where} on {s.page}"
        lines.append(f"  {s.kind.value:<8}{s.name:<{names}}  {days}, {count}, {place}")
    return "\n".join(lines) + "\n"


def _draft(found: Iterable[Drafted], *, whole: bool) -> str:
    """The blocks; without the policy at hand, nobody knows which purposes it declares."""
    drafts = list(found)
    texts = [str(each) for each in drafts]
    if not whole and drafts:
        used = sorted({each.group.purpose or ASSUMED_PURPOSE for each in drafts})
        needed = ", ".join(f"[purposes.{purpose}]" for purpose in used)
        texts.insert(0, f"# Your policy needs {needed} for what follows.\n")
    return "\n".join(texts)


def _report(found: Iterable[Drafted]) -> dict[str, object]:
    return {"trackers": [_told(each) for each in found]}


def _told(drafted: Drafted) -> dict[str, object]:
    group = drafted.group
    return {
        "vendor": group.vendor,
        "known": group.known,
        "purpose": group.purpose,
        "seen": [_shown(s) for s in group.sightings],
        "draft": drafted.text,
        "clash": drafted.clash,
    }


def _shown(s: Sighting) -> dict[str, object]:
    return {
        "kind": s.kind.value,
        "name": s.name,
        "told_by": s.teller.value,
        "where": s.where,
        "page": s.page,
        "first_day": s.first_day.isoformat(),
        "last_day": s.last_day.isoformat(),
        "days": s.days,
        "times": s.times,
    }


def _fail(*lines: str) -> NoReturn:
    for line in lines:
        click.echo(f"bandeau trackers: {line}", err=True)
    sys.exit(1)
