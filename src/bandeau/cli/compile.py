"""``bandeau compile``: a policy as configuration of the web server in front."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from bandeau.enforcement.compiled.caddy import caddy
from bandeau.enforcement.compiled.front import Front, FrontError, Where, front_of
from bandeau.enforcement.compiled.nginx import nginx
from bandeau.enforcement.compiled.varnish import varnish
from bandeau.policy.check import load
from bandeau.policy.fault import PolicyError
from bandeau.settings import SettingsError, parse_listen, parse_upstream
from bandeau.storage.files import read_policy, read_words, write_new

Compiler = Callable[[Front, Where], str]


@click.group("compile")
def compile_group() -> None:
    """Write the configuration of a web server that does the header work itself."""


def _command(name: str, server: str, compiler: Compiler, cache: str) -> None:
    @compile_group.command(name, help=_HELP.format(server=server))
    @click.option(
        "--config", required=True, type=click.Path(path_type=Path), help="The policy file."
    )
    @click.option("--upstream", required=True, help="The site itself: http://127.0.0.1:9000.")
    @click.option(
        "--bandeau",
        default="http://127.0.0.1:8000",
        show_default=True,
        help="Where bandeau serve listens.",
    )
    @click.option(
        "--listen", default="127.0.0.1:8080", show_default=True, help="HOST:PORT to serve."
    )
    @click.option("--cache", default=cache, show_default=True, help="Folder of the page cache.")
    @click.option("--ask", is_flag=True, help="Ask Bandeau about every request.")
    @click.option("--out", type=click.Path(path_type=Path), help="File to write or replace.")
    def command(
        config: Path, upstream: str, bandeau: str, listen: str, cache: str, ask: bool, out: Path
    ) -> None:
        try:
            address = parse_listen(listen)
            where = Where(
                parse_upstream(upstream), parse_upstream(bandeau), str(address), cache, ask
            )
            policy, _ = load(read_policy(config), read_words())
            text = compiler(front_of(policy), where)
            _write(text, out)
        except PolicyError as error:
            for fault in error.faults:
                click.echo(fault.shown(str(config)), err=True)
            sys.exit(1)
        except (SettingsError, FrontError, OSError) as error:
            click.echo(f"bandeau compile: {error}", err=True)
            sys.exit(1)


_HELP = """Write the configuration for {server} that stands in front of bandeau serve.

What only becomes a picture, a script or the like goes straight to the site, with the cookies that
the choice allows; the rest goes to Bandeau. Exits 1 where the policy does not hold.
"""


def _write(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
    else:
        write_new(out, text.encode(), replace=True)


_command("nginx", "nginx", nginx, "/var/cache/nginx/bandeau")
_command("caddy", "Caddy", caddy, "unused")
_command("varnish", "Varnish", varnish, "unused")
