"""``bandeau audit``: what a site does, held against what its visitors chose."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from bandeau import limits
from bandeau.app.audited import Audited, audit_site, files_of, unreached
from bandeau.app.auditing import BROWSERS, AuditRequest, thoroughness
from bandeau.audit.baseline import Compared, compare, exit_code
from bandeau.audit.drafting import policy_draft
from bandeau.audit.evidence import Device
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.report_json import ReportError, read_report, report_schema
from bandeau.cli.audit_ledger import RECEIPT, check_ledger, keep_report, ledger_options
from bandeau.cli.numbers import number_option
from bandeau.cli.person import person_here
from bandeau.cli.progress import progress, silent
from bandeau.cli.visiting import config_option, place_options, thoroughness_options
from bandeau.ledger.record import RecordError
from bandeau.ledger.store import LedgerUnavailable
from bandeau.policy.check import load
from bandeau.policy.fault import PolicyError
from bandeau.robot.addresses import RulesFaulty
from bandeau.robot.browser import BrowserOptions
from bandeau.robot.camera import RobotUnavailable
from bandeau.storage.files import (
    beside,
    read_policy,
    read_vendors,
    read_words,
    ready_folder,
    write_new,
)
from bandeau.storage.lists import read_host_rules

UNUSABLE = 2
_DEVICES = tuple(each.value for each in Device)
_SEVERITIES = tuple(each.value for each in Severity)
_UNUSABLE = (OSError, ReportError, RobotUnavailable, RulesFaulty, RecordError, LedgerUnavailable)
_SHOWN = 40
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


def _schema(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(json.dumps(report_schema(), indent=2))
        context.exit()


@click.command("audit")
@click.argument("address", metavar="URL")
@config_option
@click.option(
    "--out", type=_FOLDER, default=Path("audit"), show_default=True, help="Folder for the report."
)
@click.option("--draft", type=_FILE, help="Write a policy file from what was seen.")
@thoroughness_options
@click.option(
    "--beside",
    metavar="URL",
    help="Another site with the same measurement, to go to from this one.",
)
@click.option("--language", "languages", multiple=True, help="Visit in this language; repeat it.")
@click.option(
    "--device",
    "devices",
    multiple=True,
    type=click.Choice(_DEVICES),
    default=_DEVICES,
    show_default=True,
    help="Visit with this device; repeat it.",
)
@click.option("--pause", is_flag=True, help="A person chooses, in a browser that is shown.")
@number_option("--at-once", click.IntRange(1, limits.AUDIT_TERMINALS), 4, "Runs at the same time.")
@place_options
@click.option("--hosts", type=_FILE, help="Trackers to know besides, one ||host^ a line.")
@click.option("--redact", is_flag=True, help="Keep no value of cookies and tokens.")
@click.option(
    "--fail-on",
    type=click.Choice(_SEVERITIES),
    default=Severity.WARNING.value,
    show_default=True,
    help="The least severity that counts for exit code 1.",
)
@click.option("--baseline", type=_FILE, help="An earlier report.json; only what is new counts.")
@ledger_options
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_schema,
    help="Print the JSON Schema of report.json, and exit.",
)
@click.option(
    "--browser",
    type=click.Choice(list(BROWSERS)),
    default="chromium",
    show_default=True,
    help='What to visit with; "both" accepts and refuses in Firefox too.',
)
@click.option("--chromium", help="The browser, if it is not the system's own Chromium.")
@click.option("--firefox", help="The browser, if it is not the system's own Firefox.")
def audit_command(**given: Any) -> None:
    """Visit a site as an inspector does, and say what contradicts its visitors' choice.

    Arrives and waits, browses, accepts, withdraws, and refuses in fresh profiles. Exits 0 where
    nothing was found, 1 where something was, 2 where it could not be done.
    """
    severity = Severity(given["fail_on"])
    try:
        request = _request(given)
        earlier = _earlier(given["baseline"])
        _ready(given)
        check_ledger(given, request)
        with nullcontext(silent) if request.person else progress() as told:
            audited = asyncio.run(_stoppable(audit_site(request, told, redact=given["redact"])))
        if why := unreached(audited):
            raise OSError(why)
        compared = compare(audited.report.findings, earlier)
        files = files_of(audited, compared, severity)
        _write(given["out"], files)
        record = keep_report(given, request, files["report.json"])
        if given["draft"] is not None:
            write_new(given["draft"], _drafted(request, audited))
    except PolicyError as error:
        for fault in error.faults:
            click.echo(fault.shown(str(given["config"])), err=True)
        sys.exit(UNUSABLE)
    except (KeyboardInterrupt, asyncio.CancelledError):
        click.echo("bandeau audit: stopped, and nothing was written", err=True)
        sys.exit(UNUSABLE)
    except _UNUSABLE as error:
        click.echo(f"bandeau audit: {error}", err=True)
        sys.exit(UNUSABLE)
    _tell(audited, compared, given["out"], record)
    sys.exit(exit_code(compared, severity))


async def _stoppable(work: Coroutine[Any, Any, Audited]) -> Audited:
    """What ``work`` gives; it ends in order, its browser with it, where the process is asked to."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for each in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(each, task.cancel if task else lambda: None)
    return await work


def _request(given: Mapping[str, Any]) -> AuditRequest:
    """What is asked. Raises ``OSError`` or ``PolicyError`` where a file cannot be used."""
    source, policy = b"", None
    if given["config"] is not None:
        source = read_policy(given["config"])
        policy, _ = load(source, read_words())
    person = person_here() if given["pause"] else None
    address = _address(given["address"], "URL")
    return AuditRequest(
        address=address,
        options=replace(thoroughness(given, policy), beside=_beside(given["beside"], address)),
        browser=BrowserOptions(
            given["chromium"],
            given["resolve"],
            given["allow_private"],
            shown=given["pause"],
            firefox=given["firefox"],
        ),
        policy=policy,
        source=source,
        rules=read_host_rules(given["hosts"]) if given["hosts"] else None,
        at_once=1 if person else given["at_once"],
        person=person,
    )


def _beside(written: str | None, address: str) -> str:
    """The other site's address, empty where none is named."""
    if not written:
        return ""
    other = _address(written, "--beside")
    if urlsplit(other).hostname == urlsplit(address).hostname:
        raise click.BadParameter("name another site than URL", param_hint="--beside")
    return other


def _address(written: str, hint: str) -> str:
    """The address as a browser has it; ``https`` is taken where no scheme is given."""
    address = written if "://" in written else f"https://{written}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(address) > limits.URL_CHARACTERS:
        raise click.BadParameter(
            "write an address of a site, such as https://www.example.org/", param_hint=hint
        )
    return address if parts.path else f"{address}/"


def _earlier(baseline: Path | None) -> tuple[Finding, ...] | None:
    if baseline is None:
        return None
    try:
        return read_report(beside(baseline, limits.AUDIT_REPORT_BYTES)).findings
    except ReportError as error:
        raise ReportError(f"{baseline}: {error}") from error


def _ready(given: Mapping[str, Any]) -> None:
    """Find out before minutes of visiting whether there is room for what they yield."""
    ready_folder(given["out"])
    draft: Path | None = given["draft"]
    if draft is not None:
        ready_folder(draft.parent)
        if draft.exists():
            raise FileExistsError(f"{draft}: exists already, and was not touched")


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """The files, the report itself last: where it stands, all of it does."""
    for name in sorted(files, key=lambda each: each == "report.json"):
        write_new(folder / name, files[name], replace=True)


def _drafted(request: AuditRequest, audited: Audited) -> bytes:
    languages = request.options.languages[:1] or ("en",)
    evidence, knowledge = audited.report.evidence, audited.knowledge
    text = policy_draft(evidence, knowledge, read_vendors(), read_words(), *languages)
    return text.encode()


def _tell(audited: Audited, compared: Compared, folder: Path, record: str) -> None:
    for line in audited.report.summary:
        click.echo(line)
    for line in _lines(compared.new):
        click.echo(line)
    if compared.known:
        click.echo(f"Known from the baseline: {len(compared.known)}.")
    if compared.gone:
        click.echo(f"In the baseline, and not found again: {len(compared.gone)}.")
    click.echo(f"The report: {folder / 'report.html'}")
    if record:
        click.echo(f"In the ledger: record {record}; its receipt: {folder / RECEIPT}")


def _lines(findings: Iterable[Finding]) -> list[str]:
    found = list(findings)
    lines = [
        f"{each.severity}: {each.id}: {each.title} [{each.subject}]" for each in found[:_SHOWN]
    ]
    return [*lines, *([f"… and {len(found) - _SHOWN} more."] if len(found) > _SHOWN else [])]
