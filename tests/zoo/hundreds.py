"""Any number of generated sites, each known by its number: for tests and benches of many sites."""

from __future__ import annotations

from tests.zoo.site import GRANTED, Notice, Site, Tracker, besides

_FAULTS = (
    ("early-cookie", Tracker("cookie", when=besides("undecided")), "V4|P1@arrived,ignored"),
    ("early-pixel", Tracker("pixel", when=besides("undecided")), "V4|P1|P3@arrived,ignored"),
    ("refused-script", Tracker("script", when=besides("refused")), "V3|R1@refused"),
    ("left-local", Tracker("local", stays=True), "V21|W5@withdrawn"),
)
_LANGUAGES = ("en", "fr", "de")
_TOLERATED = ("V4", "P1", "P2", "P3", "P9", "V3", "R1", "R2", "V21", "W4", "W5", "W6")


def numbered(number: int) -> Site:
    """The site of a number: every fifth is without fault, the others take turns."""
    language, name = _LANGUAGES[number % 3], f"site-{number:04}"
    turn = number % 5
    if turn == 4:
        honest = (Tracker("pixel", when=GRANTED),)
        return Site(name, "no fault", trackers=honest, language=language, pages=2, twin_of=name)
    why, tracker, expected = _FAULTS[turn]
    return Site(
        name, why, expects=(expected,), tolerates=_TOLERATED, trackers=(tracker,),
        language=language, notice=Notice(), pages=2,
    )  # fmt: skip


def hundreds(count: int) -> list[Site]:
    """The first ``count`` of them. ``Zoo(hundreds(200), seed).sites`` has their addresses."""
    return [numbered(number) for number in range(count)]
