"""The command line: help text and flags beside the code."""

from __future__ import annotations

import click

from bandeau.cli.later import Later

_CONTEXT = {"auto_envvar_prefix": "BANDEAU", "help_option_names": ["-h", "--help"]}
_COMMANDS = Later(
    {
        "init": "bandeau.cli.policy:init_command",
        "check": "bandeau.cli.policy:check_command",
        "serve": "bandeau.cli.serve:serve_command",
        "audit": "bandeau.cli.audit:audit_command",
        "trackers": "bandeau.cli.trackers:trackers_command",
        "compile": "bandeau.cli.compile:compile_group",
        "notice": "bandeau.cli.notice:notice_group",
        "prove": "bandeau.cli.prove:prove_command",
        "ledger": "bandeau.cli.ledger:ledger_group",
        "receipt": "bandeau.cli.ledger:receipt_group",
        "outbox": "bandeau.cli.outbox:outbox_group",
        "comments": "bandeau.cli.comments:comments_group",
        "staff": "bandeau.cli.staff:staff_group",
        "keys": "bandeau.cli.keys:keys_group",
        "witness": "bandeau.cli.witness:witness_group",
        "survey": "bandeau.cli.survey:survey_group",
        "demo": "bandeau.cli.demo:demo_command",
    }
)


@click.group(context_settings=_CONTEXT, commands=_COMMANDS)
@click.version_option(package_name="bandeau")
def main() -> None:
    """Consent for publishers' web sites, enforced on the server and proven."""
