"""``bandeau notice …``: what visitors are shown, kept as proof."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import click

from bandeau.cli.opening import keys_option
from bandeau.ledger.publication import Edition, publish
from bandeau.ledger.record import RecordError
from bandeau.ledger.store import LedgerStore, LedgerUnavailable
from bandeau.policy.check import load
from bandeau.policy.parse import PolicyError
from bandeau.robot.camera import DESKTOP, MOBILE, Camera, RobotUnavailable, camera
from bandeau.settings import SettingsError, parse_data
from bandeau.storage.files import read_policy, read_words
from bandeau.storage.keys import KeysError
from bandeau.storage.place import open_place
from bandeau.web.showroom import Showroom

_UNUSABLE = (OSError, KeysError, SettingsError, RecordError, LedgerUnavailable, RobotUnavailable)


@click.group("notice")
def notice_group() -> None:
    """What visitors are shown: keep it as proof."""


@notice_group.command("publish")
@click.option("--config", required=True, type=click.Path(path_type=Path), help="The policy file.")
@click.option("--data", default="bandeau-data", show_default=True, help="Folder to keep data in.")
@keys_option
@click.option("--chromium", help="The browser, if it is not the system's own Chromium.")
def publish_command(config: Path, data: str, keys: Path | None, chromium: str | None) -> None:
    """Put pictures of the notice and the settings into the log, for each language.

    Taken on a wide screen and on a phone. Run it whenever the policy file changed, before the
    start or beside a live server; pictures that did not change are not kept again. Exit code 1
    where the policy, the data or the browser cannot be used.
    """
    try:
        words, source = read_words(), read_policy(config)
        policy, _ = load(source, words)
        showroom = Showroom.of(policy, source, words)
        with closing(open_place(parse_data(data), keys)) as place:
            known = place.make_keys(policy.site.hosts[0], secrets.token_bytes)
            editions = [*showroom.editions(), *_pictures(showroom, chromium)]
            with closing(place.ledger(known)) as ledger:
                added = asyncio.run(_publish(ledger, showroom, editions))
    except PolicyError as error:
        for fault in error.faults:
            click.echo(fault.shown(str(config)), err=True)
        sys.exit(1)
    except _UNUSABLE as error:
        click.echo(f"bandeau notice publish: {error}", err=True)
        sys.exit(1)
    for edition in editions:
        shown = edition.shown
        state = "published" if edition in added else "unchanged"
        names = ", ".join(sorted(edition.files))
        click.echo(f"{shown.lang}, {shown.layout}: {names}: {state}")


def _pictures(showroom: Showroom, chromium: str | None) -> list[Edition]:
    """One edition for each language: the notice and the settings, in two sizes."""
    with camera(chromium) as taking:
        return [
            Edition(showroom.shown(lang), _taken(taking, showroom, lang))
            for lang in showroom.policy.site.languages
        ]


def _taken(taking: Camera, showroom: Showroom, lang: str) -> Mapping[str, bytes]:
    visit, panel = showroom.first_visit(lang), showroom.panel(lang)
    return {
        "desktop.png": taking.picture(visit, DESKTOP),
        "mobile.png": taking.picture(visit, MOBILE),
        "panel-desktop.png": taking.picture(panel, DESKTOP, whole=True),
        "panel-mobile.png": taking.picture(panel, MOBILE, whole=True),
    }


async def _publish(
    ledger: LedgerStore, showroom: Showroom, editions: Iterable[Edition]
) -> list[Edition]:
    """Keep what is new, the terms first; gives what was."""
    site, now = showroom.policy.site.hosts[0], int(time.time() * 1000)
    await ledger.append(showroom.terms_draft(now))
    return [each for each in editions if await publish(ledger, each, site=site, time=now)]
