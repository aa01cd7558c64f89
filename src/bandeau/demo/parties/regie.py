"""Régie Pistil, an ad network: it builds a profile of what was read, and sells by it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bandeau.demo.parties.board import Kind
from bandeau.demo.parties.party import Company, Party

COMPANY = Company("regie", "Régie Pistil", "pistil_uid", "#f2b84b", ("pub", "encheres", "vue"))


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What an advertiser shows to readers with one interest."""

    brand: str
    slogan: str
    offer: str
    ground: str
    ink: str
    icon: str


_INTERESTS = {"ardent": "l’automobile", "apogee": "l’espace", "conseil": "la vie locale"}
_ADS = {
    "l’automobile": Advertisement(
        "Boussole Assurances",
        "Une voiture électrique ? Son assurance aussi.",
        "Un devis en trois minutes",
        "#17324d",
        "#fff4dc",
        "car",
    ),
    "l’espace": Advertisement(
        "Lunettes Altaïr",
        "Le ciel commence à 79 euros.",
        "Voir les télescopes",
        "#221a44",
        "#f3eaff",
        "scope",
    ),
    "la vie locale": Advertisement(
        "Cycles Bastingage",
        "Les quais sont à vous. Le vélo aussi.",
        "Essayer en boutique",
        "#1f4a3b",
        "#f3f7e4",
        "bike",
    ),
}
_FOR_ANYBODY = Advertisement(
    "Navettes Belle-Anse",
    "Les îles, en cinquante minutes.",
    "Réserver",
    "#0f4c5c",
    "#eefaf6",
    "boat",
)


def interests(pages: tuple[str, ...]) -> tuple[str, ...]:
    """What somebody who read ``pages`` (newest first) is taken to like."""
    found = (label for page in pages for word, label in _INTERESTS.items() if word in page)
    return tuple(dict.fromkeys(found))


def routes(party: Party) -> list[Route]:
    """The ad network's addresses."""
    return [
        Route("/{name}.js", party.script),
        Route("/ad", partial(_advertisement, party)),
        Route("/vu.gif", party.pixel),
        Route("/sync.gif", partial(_sync, party)),
        Route("/enchere", party.beacon, methods=["POST"]),
    ]


async def _advertisement(party: Party, request: Request) -> Response:
    visitor = party.meet(request, Kind.IFRAME, request.query_params.get("slot", "")[:20])
    liked = interests(party.setting.board.pages_of(COMPANY.key, visitor))
    shown = _ADS[liked[0]] if liked else _FOR_ANYBODY
    return party.render("regie/ad.html", visitor, "text/html", ad=shown, liked=liked)


async def _sync(party: Party, request: Request) -> Response:
    visitor = party.meet(request, Kind.PIXEL, "sync.gif")
    partner = f"{party.setting.addresses.sextant}/match.gif?pistil={visitor}"
    return party.marked(RedirectResponse(partner, 302), visitor)
