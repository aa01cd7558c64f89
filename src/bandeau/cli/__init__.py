"""The command line: help text and flags beside the code."""

from __future__ import annotations

import click

from bandeau.cli.anchors import publish_command, timestamp_command, witness_command
from bandeau.cli.compare import compare_command
from bandeau.cli.compile import compile_group
from bandeau.cli.copy import copy_command
from bandeau.cli.demo import demo_command
from bandeau.cli.erase import erase_command, purge_command
from bandeau.cli.keys import keys_group
from bandeau.cli.ledger import ledger_group, receipt_group
from bandeau.cli.notice import notice_group
from bandeau.cli.outbox import outbox_group
from bandeau.cli.policy import check_command, init_command
from bandeau.cli.prove import prove_command
from bandeau.cli.restore import accept_restore_command
from bandeau.cli.serve import serve_command
from bandeau.cli.trackers import trackers_command
from bandeau.cli.witness import witness_group

_CONTEXT = {"auto_envvar_prefix": "BANDEAU", "help_option_names": ["-h", "--help"]}


@click.group(context_settings=_CONTEXT)
@click.version_option(package_name="bandeau")
def main() -> None:
    """Consent for publishers' web sites, enforced on the server and proven."""


for anchoring in (witness_command, timestamp_command, publish_command):
    ledger_group.add_command(anchoring)
receipt_group.add_command(compare_command)
ledger_group.add_command(accept_restore_command)

for command in (
    init_command,
    check_command,
    serve_command,
    trackers_command,
    compile_group,
    notice_group,
    prove_command,
    ledger_group,
    receipt_group,
    outbox_group,
    keys_group,
    witness_group,
    demo_command,
):
    main.add_command(command)

for command in (erase_command, purge_command, copy_command):
    ledger_group.add_command(command)
