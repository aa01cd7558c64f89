"""``bandeau survey``: many sites audited by several workers, and how far they are."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Unpack

import click

from bandeau import limits
from bandeau.app.survey_plan import Asked, Plan
from bandeau.app.surveying import Survey, hand_in
from bandeau.audit.queue import QueueUnavailable, SiteQueue, Stage
from bandeau.cli.numbers import number_option
from bandeau.cli.opening import INVALID, UNREADABLE, fail, parsed
from bandeau.cli.outcome import counted
from bandeau.cli.survey_told import check_list, listed, progress, tally_told
from bandeau.cli.visiting import config_option, place_options, thoroughness_options
from bandeau.policy.check import load
from bandeau.policy.parse import PolicyError
from bandeau.robot.crew import CannotStart, Hand
from bandeau.storage.files import read_policy, read_words
from bandeau.storage.results import Results
from bandeau.storage.survey.opening import open_queue
from bandeau.storage.survey.queue import FILE

AUDITOR = "bandeau.app.surveyed:site_auditor"


class _RunFirst(click.Group):
    """A group whose command ``run`` may be left out: ``bandeau survey SITES …``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


data_option = click.option(
    "--data",
    required=True,
    metavar="DIR",
    help="Folder for the queue, or postgresql://USER@HOST/DATABASE.",
)


@click.group("survey", cls=_RunFirst)
def survey_group() -> None:
    """Audit many sites: bandeau survey SITES, and how far it is."""


@survey_group.command("run")
@click.argument("sites_file", metavar="SITES", type=click.Path(path_type=Path, dir_okay=False))
@data_option
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the reports, one folder a site, and the summary.",
)
@config_option
@thoroughness_options
@number_option(
    "--workers",
    click.IntRange(1, limits.SURVEY_WORKERS),
    1,
    "Sites audited at once, a browser each.",
)
@click.option(
    "--ray",
    metavar="HOST:PORT",
    help="A Ray cluster whose machines do the work; all must see the folder of --out.",
)
@number_option(
    "--politeness",
    click.FloatRange(0),
    limits.SURVEY_PAUSE_SECONDS,
    "Between two visits to one host.",
    "SECONDS",
)
@number_option(
    "--site-seconds",
    click.FloatRange(0.1),
    limits.SURVEY_SITE_SECONDS,
    "The longest that one site may take; its worker is then ended.",
    "SECONDS",
)
@number_option(
    "--memory",
    click.IntRange(100),
    limits.SURVEY_WORKER_MEGABYTES,
    "The most memory of a worker with its browser; it is then ended.",
    "MB",
)
@number_option(
    "--recycle",
    click.IntRange(1),
    limits.SURVEY_WORKER_SITES,
    "Sites after which a worker and its browser are replaced.",
    "SITES",
)
@place_options
@click.option(
    "--auditor", default=AUDITOR, metavar="MODULE:NAME", help="What audits a site, if not Bandeau."
)
def run_command(
    sites_file: Path, data: str, out: Path, config: Path | None, **options: Unpack[Asked]
) -> None:
    """Audit every site of SITES, a list of addresses or a table with commas.

    What is finished is not done again: run the same command to go on after an
    interruption, or on several machines at once over one database. Exits 0 when
    all sites are audited, 1 when some could not be, 2 when the survey cannot run,
    143 or 130 when it was stopped.
    """
    plan = Plan.of(_policy(config), options)
    where = parsed(data)
    check_list(sites_file)
    try:
        with (
            open_queue(where) as queue,
            closing(Results(out)) as results,
            plan.hands() as hands,
        ):
            code = asyncio.run(_surveyed(plan, queue, results, hands, sites_file))
    except (QueueUnavailable, CannotStart, OSError) as error:
        fail(UNREADABLE, f"{error}. Run this again: it goes on where it stopped.")
    sys.exit(code)


@survey_group.command("status")
@data_option
def status_command(data: str) -> None:
    """Say how far each survey is, what it found, and what failed."""
    where = parsed(data)
    if isinstance(where, Path) and not (where / FILE).exists():
        fail(UNREADABLE, f"{data}: no survey was started there.")
    try:
        with open_queue(where) as queue:
            found = asyncio.run(queue.tally())
    except QueueUnavailable as error:
        fail(UNREADABLE, f"{error}.")
    for name, tally in found.items():
        click.echo(f"survey {name[:16]}: {counted(tally.total, 'site')}")
        for line in tally_told(tally):
            click.echo(f"  {line}")


def _policy(config: Path | None) -> bytes | None:
    """The bytes of a policy that holds; exits with 2 where it does not."""
    if config is None:
        return None
    try:
        data = read_policy(config)
        load(data, read_words())
    except PolicyError as error:
        fail(UNREADABLE, "\n".join(fault.shown(str(config)) for fault in error.faults))
    except OSError as error:
        fail(UNREADABLE, f"{error}.")
    return data


async def _surveyed(
    plan: Plan, queue: SiteQueue, results: Results, hands: Sequence[Hand], sites_file: Path
) -> int:
    await hand_in(queue, plan.name, listed(sites_file))
    tally = (await queue.tally(plan.name))[plan.name]
    stopping, code = asyncio.Event(), 0

    def stop(number: int) -> None:
        nonlocal code
        code = 128 + number
        stopping.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop, each)
    with progress(tally) as told:
        survey = Survey(plan.name, queue, results, plan.terms, told, stopping)
        await survey.run(hands)
    tally = (await queue.tally(plan.name))[plan.name]
    await asyncio.to_thread(results.summarise, plan.name, tally)
    for line in tally_told(tally):
        click.echo(line)
    return code or (INVALID if tally.stages.get(Stage.FAILED) else 0)
