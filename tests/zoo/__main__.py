"""``python -m tests.zoo``: serves the zoo, or audits it and prints precision and recall."""

from __future__ import annotations

import asyncio
import fnmatch
import signal
import sys
import tempfile
from pathlib import Path

import click

from tests.zoo import tools
from tests.zoo.attacked import besiege
from tests.zoo.hostile import Hostile
from tests.zoo.hundreds import hundreds
from tests.zoo.measured import Outcome, by_command, measure, shown, tallied
from tests.zoo.once import look_once
from tests.zoo.server import Served, Zoo, describe, serving
from tests.zoo.site import Site
from tests.zoo.sites import SITES


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", default=0, help="Draw other names; the verdicts must not change.")
@click.option("--only", multiple=True, metavar="NAME", help="These sites; may hold *.")
@click.option("--port", default=0, help="Of loopback; any free one by default.")
@click.option("--audit", is_flag=True, help="Audit each site, then end.")
@click.option("--jobs", default=2, help="Audits at once.")
@click.option("--mode", type=click.Choice(["both", "policy", "blind"]), default="both")
@click.option("--out", type=click.Path(path_type=Path), help="Keep the reports here.")
@click.option(
    "--once",
    is_flag=True,
    help="Look once, as long as the fault needs, and judge both ways; what --out holds "
    "is judged again.",
)
@click.option("--many", default=0, help="Serve this many generated sites instead.")
@click.option("--hostile", is_flag=True, help="Serve the hostile corner instead.")
@click.option("--list", "listing", is_flag=True, help="Print the sites, and end.")
def main(  # noqa: PLR0917 - one for each option
    seed: int, only: tuple[str, ...], port: int, audit: bool, jobs: int, mode: str,
    out: Path | None, once: bool, many: int, hostile: bool, listing: bool,
) -> None:  # fmt: skip
    """Serve the zoo on loopback; with --audit, say how well it was judged."""
    if hostile and audit:
        sys.exit(besiege(only, jobs, port))
    if hostile:
        _serve_hostile(port)
        return
    sites = hundreds(many) if many else available()
    chosen = [site for site in sites if not only or any(_like(site.name, name) for name in only)]
    if listing:
        for site in chosen:
            click.echo(f"{site.name:24} {', '.join(site.expects) or '-':34} {site.why}")
        return
    with tempfile.TemporaryDirectory() as folder:
        zoo = Zoo(chosen, seed, Path(folder))
        with serving(zoo, port) as served:
            if not audit:
                _wait(describe(zoo, served.port), served.resolve)
                return
            sys.exit(_audited(served, jobs, mode, out or Path(folder) / "reports", once))


def available() -> list[Site]:
    """All sites but those whose tool is not in the cache; which these are is told."""
    missing = {name for name, tool in tools.TOOLS.items() if not tool.here}
    for name in sorted(missing):
        click.echo(f"left out: sites of {name}, .cache/npm has no {tools.TOOLS[name].package}.tgz",
                   err=True)  # fmt: skip
    return [site for site in SITES if site.notice.tool not in missing]


def _like(name: str, pattern: str) -> bool:
    return fnmatch.fnmatch(name, pattern)


def _serve_hostile(port: int) -> None:
    hostile = Hostile()
    with serving(hostile, port) as served:
        _wait("\n".join(hostile.addresses), f"MAP *.test 127.0.0.1:{served.port}")


def _wait(told: str, resolve: str) -> None:
    click.echo(told)
    click.echo(f'--resolve "{resolve}"')
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def _audited(served: Served, jobs: int, mode: str, out: Path, once: bool) -> int:
    modes = {"both": [True, False], "policy": [True], "blind": [False]}[mode]
    sites = list(served.zoo.sites.values())
    outcomes = asyncio.run(
        look_once(sites, served.resolve, out, jobs, modes, tell=_tell)
        if once
        else measure(sites, served.resolve, by_command(out), jobs, modes, tell=_tell)
    )
    perfect = True
    for with_policy in modes:
        click.echo("\nwith policy file" if with_policy else "\nwithout policy file")
        table = tallied(each for each in outcomes if each.with_policy is with_policy)
        click.echo(shown(table))
        perfect = perfect and not (table.all.missed or table.all.wrong)
    return 0 if perfect else 1


def _tell(outcome: Outcome) -> None:
    mode = "policy" if outcome.with_policy else "blind"
    parts = [f"{outcome.site:28} {mode:6} {outcome.seconds:6.1f} s"]
    parts += [f"missed {each}" for each in outcome.missed]
    parts += [f"wrong {each.id} ({each.subject}: {each.title})" for each in outcome.wrong]
    parts += [outcome.failure] if outcome.failure else []
    click.echo("  ".join(parts))


if __name__ == "__main__":
    main()
