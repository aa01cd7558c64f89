"""``bandeau compile``: a policy as configuration of the web server in front."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bandeau.enforcement.compiled.caddy import caddy
from bandeau.enforcement.compiled.front import Front, FrontError, Tls, Where, front_of
from bandeau.enforcement.compiled.nginx import nginx
from bandeau.enforcement.compiled.varnish import varnish
from bandeau.policy.check import load
from bandeau.policy.fault import PolicyError
from bandeau.settings import SettingsError, parse_listen, parse_upstream
from bandeau.storage.files import read_policy, read_words, write_new

Compiler = Callable[[Front, Where], str]
Command = Callable[..., None]
_PATH = click.Path(path_type=Path)


@click.group("compile")
def compile_group() -> None:
    """Write the configuration of a web server that does the header work itself."""


def _everywhere(command: Command) -> Command:
    """The options that every server has."""
    for option in (
        click.option("--out", type=_PATH, help="File to write or replace, else print."),
        click.option(
            "--bandeau",
            default="http://127.0.0.1:8000",
            show_default=True,
            help="Where bandeau serve listens.",
        ),
        click.option("--upstream", required=True, help="The site: http://127.0.0.1:9000."),
        click.option("--config", required=True, type=_PATH, help="The policy file."),
    ):
        command = option(command)
    return command


_listen = click.option(
    "--listen", default="127.0.0.1:8080", show_default=True, help="HOST:PORT to serve."
)
_certificate = click.option(
    "--tls-certificate", type=_PATH, help="Serve HTTPS with this PEM file, chain and all."
)
_key = click.option("--tls-key", type=_PATH, help="The certificate's key, a PEM file.")
_ask = click.option("--ask", is_flag=True, help="Ask Bandeau about every request.")


@compile_group.command("nginx")
@_everywhere
@_listen
@_certificate
@_key
@_ask
@click.option(
    "--cache",
    default="/var/cache/nginx/bandeau",
    show_default=True,
    help="Folder for kept pages.",
)
def nginx_command(**given: Any) -> None:
    """Write a file for nginx's http block, with a cache of pages by choice."""
    _compile(nginx, **given)


@compile_group.command("caddy")
@_everywhere
@_listen
@click.option("--tls", is_flag=True, help="Serve HTTPS; Caddy gets the certificates.")
@_certificate
@_key
@_ask
def caddy_command(**given: Any) -> None:
    """Write a Caddyfile. Caddy keeps no pages: Bandeau answers each."""
    _compile(caddy, **given)


@compile_group.command("varnish")
@_everywhere
@_listen
def varnish_command(**given: Any) -> None:
    """Write VCL for Varnish, with a cache of pages by choice."""
    _compile(varnish, **given)


def _compile(compiler: Compiler, config: Path, out: Path | None, **given: Any) -> None:
    """Exits 1 where the policy does not hold, or what was given is not what it should be."""
    try:
        where = _where(**given)
        policy, _ = load(read_policy(config), read_words())
        _write(compiler(front_of(policy), where), out)
    except PolicyError as error:
        for fault in error.faults:
            click.echo(fault.shown(str(config)), err=True)
        sys.exit(1)
    except (SettingsError, FrontError, OSError) as error:
        click.echo(f"bandeau compile: {error}", err=True)
        sys.exit(1)


def _where(
    upstream: str,
    bandeau: str,
    listen: str,
    cache: str = "",
    ask: bool = False,
    tls: bool = False,
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
) -> Where:
    address = str(parse_listen(listen))
    certified = _tls(tls_certificate, tls_key, itself=tls)
    return Where(parse_upstream(upstream), parse_upstream(bandeau), address, cache, ask, certified)


def _tls(certificate: Path | None, key: Path | None, *, itself: bool) -> Tls | None:
    """Files by their whole path, as servers run elsewhere; they need not be there yet."""
    if (certificate is None) != (key is None):
        raise SettingsError("--tls-certificate and --tls-key go together")
    if certificate is None or key is None:
        return Tls() if itself else None
    if itself:
        raise SettingsError("--tls gets certificates; leave out --tls-certificate and --tls-key")
    return Tls(str(certificate.absolute()), str(key.absolute()))


def _write(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
    else:
        write_new(out, text.encode(), replace=True)
