"""The policy file that the demo newspaper starts with."""

from __future__ import annotations

from importlib.resources import files
from string import Template

from bandeau.demo.addresses import Addresses, host_of


def policy_template(addresses: Addresses) -> str:
    """The demo's policy as TOML text, with the host names of ``addresses``.

    A demo on this machine also answers to ``127.0.0.1``; plain ``localhost`` is left out, as it
    would make every ``*.localhost`` name the publisher's own.
    """
    site = host_of(addresses.site)
    own = [site, "127.0.0.1"] if site.endswith(".localhost") else [site]
    template = files("bandeau.demo").joinpath("policy.toml.tmpl").read_text(encoding="utf-8")
    return Template(template).substitute(
        site_hosts=", ".join(f'"{host}"' for host in own),
        mouette=host_of(addresses.mouette),
        bulles=host_of(addresses.bulles),
        regie=host_of(addresses.regie),
        sextant=host_of(addresses.sextant),
    )
