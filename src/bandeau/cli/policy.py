"""``bandeau check`` and ``bandeau init``: read a policy file, write a first one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from bandeau import limits
from bandeau.enforcement.rules import Rules
from bandeau.policy.check import check, load
from bandeau.policy.fault import Fault, PolicyError, in_order
from bandeau.policy.lines import Lines, lines_of
from bandeau.policy.model import Policy
from bandeau.policy.parse import parse
from bandeau.policy.starter import starter
from bandeau.policy.terms import digest, terms_of
from bandeau.storage.files import listed_words, read_policy, read_words, write_new


@click.command("check")
@click.argument("path", metavar="POLICY", type=click.Path(path_type=Path))
@click.option(
    "--json", "as_json", envvar="BANDEAU_CHECK_JSON", is_flag=True, help="Print the faults as JSON."
)
def check_command(path: Path, as_json: bool) -> None:
    """Check a policy file.

    Prints one line per fault: file, line, key, rule id, what is wrong and what to do. Exits 0
    when the policy can be served (warnings may be printed), else 1.
    """
    try:
        data = read_policy(path)
    except OSError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    policy, faults = _judged(data, path)
    errors = sum(fault.severity == "error" for fault in faults)
    if as_json:
        click.echo(json.dumps(_report(path, policy, faults), ensure_ascii=False, indent=2))
    else:
        _print(path, policy, faults, errors)
    sys.exit(1 if errors else 0)


@click.command("init")
@click.argument("path", metavar="[POLICY]", default="policy.toml", type=click.Path(path_type=Path))
@click.option("--name", default="Example News", show_default=True, help="Name of the site.")
@click.option("--host", default="www.example.org", show_default=True, help="Host of the site.")
@click.option(
    "--controller",
    default="Example News Ltd, 1 Example Street, Example Town",
    show_default=True,
    help="Who answers for the site by law: name and address.",
)
@click.option(
    "--language",
    multiple=True,
    default=("en",),
    show_default=True,
    help="Language of the site; repeat it for several, the main one first.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def init_command(
    path: Path, name: str, host: str, controller: str, language: tuple[str, ...], force: bool
) -> None:
    """Write a commented policy file to start from, policy.toml unless POLICY says otherwise."""
    data = starter(name, host, controller, language).encode("utf-8", "replace")
    try:
        load(data, read_words())
        write_new(path, data, replace=force)
    except PolicyError as error:
        _refuse("nothing was written, because the options do not make a policy:", *_told(error))
    except FileExistsError as error:
        _refuse(f"{error}; add --force to replace it")
    except OSError as error:
        _refuse(str(error))
    click.echo(f"{path}: written; edit it, then run: bandeau check {path}")


def _judged(data: bytes, path: Path) -> tuple[Policy | None, tuple[Fault, ...]]:
    try:
        policy = parse(data)
    except PolicyError as error:
        return None, error.faults
    lines = lines_of(data)
    faults = check(policy, read_words(), lines)
    if any(fault.severity == "error" for fault in faults):
        return policy, faults
    return policy, in_order([*faults, *_too_wide(policy, lines), *_word_list(policy, path, lines)])


def _too_wide(policy: Policy, lines: Lines) -> Iterator[Fault]:
    if Rules(policy).too_wide:
        message = (
            "the hosts of all trackers take more than browsers accept in headers "
            f"({limits.POLICY_HEADER_BYTES} bytes, some 700 hosts): who accepts gets exempt "
            "trackers only; name the domains that they share, or declare fewer"
        )
        yield lines.fault(("trackers",), "schema", message, "warning")


def _word_list(policy: Policy, path: Path, lines: Lines) -> Iterator[Fault]:
    try:
        listed_words(policy, path)
    except OSError as error:
        yield lines.fault(("features", "comments", "words"), "schema", str(error))


def _print(path: Path, policy: Policy | None, faults: Iterable[Fault], errors: int) -> None:
    shown = [fault.shown(str(path)) for fault in faults]
    for line in shown:
        click.echo(line)
    if policy is not None and not errors:
        verdict = f"no error, warnings: {len(shown)}" if shown else "no fault"
        click.echo(f"{path}: {verdict}, digest {digest(terms_of(policy))}")


def _report(path: Path, policy: Policy | None, faults: Iterable[Fault]) -> dict[str, object]:
    return {
        "file": str(path),
        "digest": digest(terms_of(policy)) if policy else None,
        "faults": [asdict(fault) for fault in faults],
    }


def _told(error: PolicyError) -> list[str]:
    return [f"  {fault.key}: [{fault.rule}] {fault.message}" for fault in error.faults]


def _refuse(*lines: str) -> None:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(2)
