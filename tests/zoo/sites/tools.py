"""Sites whose notice comes from a tool of npm."""

from __future__ import annotations

from tests.zoo.site import Notice, Site, Tracker, besides, twin
from tests.zoo.sites.families import AFTER_REFUSAL, AFTER_WITHDRAWAL, BEFORE_CHOICE, EARLY
from tests.zoo.tools import TOOLS as KNOWN

_EARLY = besides("undecided")
_LANGUAGES = {"vanilla": "fr", "klaro": "de", "tarteaucitron": "fr", "orejime": "en"}


def _of(tool: str) -> tuple[Site, ...]:
    notice, language = Notice(tool=tool), _LANGUAGES[tool]
    faults = [
        Site(f"{tool}-early", f"{tool}, and a pixel before any choice",
             expects=(f"V4|P1|P3{EARLY}",), tolerates=(*BEFORE_CHOICE, "V3", "R1", "R2"),
             trackers=(Tracker("pixel", when=_EARLY),), notice=notice, language=language),
        Site(f"{tool}-refused", f"{tool}, and a vendor's script after refusal",
             expects=("V3|R1@refused",), tolerates=(*AFTER_REFUSAL, *AFTER_WITHDRAWAL),
             trackers=(Tracker("script", when=besides("refused")),), notice=notice,
             language=language),
        Site(f"{tool}-left", f"{tool}, and a key of localStorage left after withdrawal",
             expects=("V21|W5@withdrawn",), tolerates=AFTER_WITHDRAWAL,
             trackers=(Tracker("local", stays=True),), notice=notice, language=language),
    ]  # fmt: skip
    if tool != "tarteaucitron":
        faults.append(
            Site(f"{tool}-preselected", f"{tool}, with everything on when its panel opens",
                 expects=("V18|B10",), tolerates=("V6", "B16"), trackers=(Tracker("pixel"),),
                 notice=Notice(tool=tool, preselected=True), language=language)
        )  # fmt: skip
    # One twin does for all faults of a tool: they differ from it in nothing else.
    return (*faults, twin(faults[0], name=f"{tool}-twin"))


TOOLS = tuple(site for tool in KNOWN for site in _of(tool))
