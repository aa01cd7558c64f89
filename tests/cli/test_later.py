"""A command starts with what it needs itself."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from bandeau.cli import main

LOADED = "import sys; from bandeau.cli import main; main({words!r}, standalone_mode=False); "
LOADED += "print(*(name for name in sys.modules if name.startswith('bandeau.')), file=sys.stderr)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "needed", "spared"),
    [
        (["--version"], "bandeau.cli.later", "bandeau.storage"),
        (["check", "--help"], "bandeau.policy.check", "bandeau.storage.place"),
        (["ledger", "verify", "--help"], "bandeau.ledger.verify", "bandeau.app"),
        (["ledger", "key", "--help"], "bandeau.storage.keys", "bandeau.cli.mapped"),
        (["receipt", "verify", "--help"], "bandeau.ledger.receipt", "bandeau.web"),
    ],
    ids=" ".join,
)
def test_a_command_imports_its_own_parts_only(words: list[str], needed: str, spared: str) -> None:
    code = LOADED.format(words=words)
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert needed in ran.stderr.split()
    assert spared not in ran.stderr.split()


def test_every_command_is_under_its_own_name() -> None:
    def named(group: click.Group) -> None:
        for name, command in group.commands.items():
            assert command.name == name
            if isinstance(command, click.Group):
                named(command)

    assert isinstance(main, click.Group)
    named(main)
    with pytest.raises(click.UsageError, match="No such command"):
        main(["nothing"], standalone_mode=False)
