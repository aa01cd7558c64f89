"""What happens when an acceptance is taken back, or cannot be."""

from __future__ import annotations

from tests.zoo.site import Notice, Site, Tracker, besides
from tests.zoo.sites.families import AFTER_WITHDRAWAL, pairs


def _left(name: str, why: str, tracker: Tracker, **more: object) -> Site:
    return Site(
        name, why, expects=("V21|W4|W5@withdrawn",), tolerates=(*AFTER_WITHDRAWAL, "V3", "R1"),
        trackers=(tracker,), **more  # type: ignore[arg-type]
    )  # fmt: skip


WITHDRAWAL = pairs(
    _left("left-header", "an HttpOnly cookie is left, and sent", Tracker("header", stays=True)),
    _left("left-cookie", "a script's cookie is left, and sent", Tracker("script", stays=True),
          language="fr", notice=Notice(box="shadow")),
    _left("left-local", "a key of localStorage is left", Tracker("local", stays=True)),
    _left("left-indexed", "a database is left", Tracker("indexed", stays=True), language="de"),
    _left("left-wide", "a cookie for all subdomains is left", Tracker("cname", stays=True),
          notice=Notice(box="frame")),
    Site("still-contacted", "the vendor is contacted after withdrawal",
         expects=("W6|V21@withdrawn",), tolerates=(*AFTER_WITHDRAWAL, "V3", "R1"),
         trackers=(Tracker("pixel", when=besides("withdrawn")),), language="ar"),
    Site("still-ticking", "without a reload, the vendor's calls go on after withdrawal",
         expects=("W6|R3|V21@withdrawn",), tolerates=(*AFTER_WITHDRAWAL, "V3", "R1"),
         trackers=(Tracker("ticking", stays=True),), notice=Notice(reloads=False)),
    Site("no-way-back", "nothing leads back to the choices", expects=("V20|W1",),
         tolerates=("W2", "W3", "V20", "W1"), trackers=(Tracker("pixel"),),
         notice=Notice(reopen="none"), language="fr",
         proof="!reopen"),
    Site("long-way-back", "the way back leads over the privacy policy and two folds",
         expects=("V20|W2|W1",), tolerates=("V20", "W1", "W2"), trackers=(Tracker("pixel"),),
         notice=Notice(reopen="deep"), proof="!reopen"),
)  # fmt: skip
