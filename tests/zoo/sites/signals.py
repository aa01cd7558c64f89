"""TCF, Consent Mode, and sites behind Bandeau."""

from __future__ import annotations

from tests.zoo.site import Site, Tcf, Tracker, besides
from tests.zoo.sites.families import AFTER_WITHDRAWAL, EARLY, pairs

# What TCF asks of the words of a notice is not what these sites are about.
_WORDS = ("T7", "T8", "T9", "T2", "T6")


def _tcf(name: str, why: str, expects: str, tcf: Tcf, *trackers: Tracker, **more: object) -> Site:
    told = {"tolerates": _WORDS, **more}
    return Site(
        name, why, expects=(expects,), trackers=trackers or (Tracker("pixel"),), tcf=tcf,
        **told  # type: ignore[arg-type]
    )  # fmt: skip


def _bandeau(name: str, why: str, expects: str, how: str, **more: object) -> Site:
    trackers = (
        Tracker("pixel"), Tracker("script", "statistics"),
        Tracker("frame", "social", host="platform.twitter.com", cookie="guest_id", vendor="X"),
    )  # fmt: skip
    return Site(name, why, expects=(expects,), trackers=trackers, bandeau=how, **more)  # type: ignore[arg-type]


SIGNALS = pairs(
    _tcf("tcf-early", "a positive string before any choice", f"V16|T2{EARLY}",
         Tcf(positive_before=True)),
    _tcf("tcf-refused", "a positive string after refusal", "V17@refused,withdrawn",
         Tcf(positive_after=True), tolerates=(*_WORDS, "V22", "V21", "V17",
         # A string that grants everything claims the legitimate interests, too.
         "V19")),
    _tcf("tcf-legitimate", "legitimate interest is left on after refusal",
         "V19@refused,withdrawn", Tcf(legitimate_left=True), tolerates=(*_WORDS, "V17", "V22")),
    _tcf("tcf-undisclosed", "no disclosedVendors in the string", "T3", Tcf(undisclosed=True)),
    _tcf("tcf-not-told", "after withdrawal a vendor still gets the positive string",
         "V22|W6@withdrawn", Tcf(vendor_not_told=True),
         Tracker("plain", when=besides("withdrawn"), vendor="Told"),
         tolerates=(*_WORDS, *AFTER_WITHDRAWAL, "V3", "R1", "V17", "W7")),
    Site("mode-granted", "Consent Mode starts as granted", expects=("K1",), tolerates=("K2",),
         trackers=(Tracker("pixel"),), consent_mode="granted",
         proof="dataLayer[0][2].ad_storage === 'granted'"),
    Site("mode-late", "Consent Mode is told its defaults after a tag", expects=("K1",),
         trackers=(Tracker("pixel"),), consent_mode="late", proof="dataLayer[0][0] === 'config'"),
    _bandeau("bandeau-wrong", "Bandeau, with advertising declared to it as measurement",
             f"V4|P1|P3{EARLY}", "wrong",
             tolerates=("V3", "R1", "P1", "P3", "P9", "V21", "W4", "W5", "W6", "I9", "C9", "B16",
                        "V6", "V7", "I1", "I5", "V23", "R2", "V5", "V4")),
    _bandeau("bandeau-band", "Bandeau, its band turned green on the way", "B14|A1|W1|R6|BAND",
             "band", tolerates=("BAND", "B16", "C3", "B14", "A1", "W1")),
    _bandeau("bandeau-comments", "Bandeau, its comments opened on the way", "F2",
             "comments", tolerates=("F2", "F3", "F5")),
)  # fmt: skip
