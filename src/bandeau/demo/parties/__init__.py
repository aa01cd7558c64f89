"""The pretend third parties: two social networks, an ad network and an analytics company."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.routing import Host, Router

from bandeau.demo.addresses import Addresses, host_of
from bandeau.demo.parties import backstage, bulles, mouette, regie, sextant
from bandeau.demo.parties.board import Board
from bandeau.demo.parties.party import Party, Setting
from bandeau.demo.policy import policy_template

_COMPANIES = (mouette, bulles, regie, sextant)


def third_parties(
    addresses: Addresses,
    *,
    clock: Callable[[], float] = time.time,
    new_id: Callable[[], str] = lambda: secrets.token_hex(5),
    policy: Callable[[], str] | None = None,
) -> Starlette:
    """All companies and their backstage as one ASGI app, told apart by the ``Host`` header.

    ``clock`` is in Unix seconds; ``new_id`` gives 6 to 32 characters of ``a-z0-9``; ``policy``
    reads the policy file that the backstage shows, by default the one that the demo starts with.
    """
    setting = Setting(addresses, Board(), clock, new_id, _templates())
    hosts = []
    for module in _COMPANIES:
        party = Party(module.COMPANY, setting)
        own = module.routes(party) + backstage.routes(setting, [module.COMPANY])
        hosts.append(Host(host_of(party.origin), Router(own)))
    everybody = backstage.routes(setting, [module.COMPANY for module in _COMPANIES])
    everybody.append(backstage.policy_route(policy or partial(policy_template, addresses)))
    hosts.append(Host(host_of(addresses.board), Router(everybody)))
    return Starlette(routes=hosts)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("bandeau.demo"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
