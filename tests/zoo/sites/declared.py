"""What the policy file says and what is seen; without the file most of it is nobody's to know."""

from __future__ import annotations

from tests.zoo.site import SILENT, Site, Tracker, besides
from tests.zoo.sites.families import AFTER_REFUSAL, BEFORE_CHOICE, EARLY, pairs

_ALWAYS = besides(*SILENT)
_BLIND_ALWAYS = (*BEFORE_CHOICE, *AFTER_REFUSAL, "V21", "W4", "W5", "W6", "C9", "V6", "V5")


def _site(name: str, why: str, expects: str, *trackers: Tracker, **more: object) -> Site:
    told = {"blind": (), **more}
    return Site(name, why, expects=(expects,), trackers=trackers, **told)  # type: ignore[arg-type]


DECLARED = pairs(
    _site("undeclared-cookie", "a cookie that the policy does not list", "V14",
          Tracker("script", declared_cookie=False), tolerates=("I6", "P9")),
    _site("undeclared-vendor", "a partner that the policy does not list", "I6|V14|P9",
          Tracker("pixel", declared=""), tolerates=("I6", "V14", "P9", "P1", "P3")),
    _site("retention-longer", "13 months where 30 days are declared", "V12|I8",
          Tracker("script", age="30 days"), tolerates=("V12", "I8")),
    _site("retention-session", "13 months where a session is declared", "V12|I8",
          Tracker("script", age=""), tolerates=("V12", "I8")),
    _site("unclassified", "a cookie under no usable purpose", "V13",
          Tracker("script", declared="unclassified"), tolerates=("I6", "I1", "B16")),
    _site("outlier", "an advertising cookie under another purpose than everywhere else", "V11",
          Tracker("script", cookie="_fbp", declared="personalisation", vendor="Meta Pixel"),
          # It hangs on advertising in the notice, which is not what the file says.
          tolerates=("V10", "I1", "B16", "C9")),
    _site("declared-twice", "one cookie under two purposes", "V15|P6",
          Tracker("script"), twice_declared=True, tolerates=("V15", "P6", "I6")),
    _site("declared-unused", "a partner that is listed and never seen", "I6", Tracker("pixel"),
          unused_declared=True),
    _site("analytics-exempt", "_ga is called strictly necessary", "V10|I9",
          Tracker("script", "statistics", when=_ALWAYS, stays=True, cookie="_ga",
                  declared="functioning", vendor="Google Analytics"),
          blind=(f"V4|P1|P3{EARLY}",),
          tolerates=(*_BLIND_ALWAYS, "V10", "I9", "P6", "V24", "V11")),
    _site("advertising-exempt", "an advertising host is called strictly necessary", "I9|P6|V10|V11",
          Tracker("pixel", when=_ALWAYS, host="stats.g.doubleclick.net", cookie="IDE",
                  declared="functioning", vendor="Google Ads"),
          blind=(f"V4|P1|P3{EARLY}",),
          tolerates=(*_BLIND_ALWAYS, "V10", "I9", "P6", "V24", "V11", "V23")),
)  # fmt: skip
