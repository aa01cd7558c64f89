"""What happens after a refusal, an acceptance of one purpose, a closing, a saving."""

from __future__ import annotations

from tests.zoo.site import Notice, Site, Tracker, besides
from tests.zoo.sites.families import AFTER_REFUSAL, pairs

_AFTER = besides("refused")


def _site(name: str, why: str, tracker: Tracker, expects: str, **more: object) -> Site:
    return Site(
        name, why, expects=(expects,), tolerates=AFTER_REFUSAL, trackers=(tracker,), **more  # type: ignore[arg-type]
    )  # fmt: skip


REFUSAL = pairs(
    _site("refused-pixel", "a pixel after refusal", Tracker("pixel", when=_AFTER),
          "V3|R1@refused", notice=Notice(box="shadow"), language="fr"),
    _site("refused-header", "a cookie by header after refusal", Tracker("header", when=_AFTER),
          "V3|R1@refused", language="de"),
    _site("refused-script", "a vendor's script and cookie after refusal",
          Tracker("script", when=_AFTER, cookie="_fbp", vendor="Meta Pixel"), "V3|R1@refused",
          notice=Notice(box="frame")),
    _site("refused-local", "an identifier in localStorage after refusal",
          Tracker("local", when=_AFTER), "V3|R1@refused", notice=Notice(box="dialog")),
    _site("refused-reload", "only when the page is loaded again after refusal",
          Tracker("pixel", when=_AFTER, on="reload"), "V3|R1@refused"),
    _site("refused-second-page", "only on another page after refusal",
          Tracker("pixel", when=_AFTER, on="second"), "V3|R1@refused", language="ar"),
    _site("refused-delay", "some seconds after refusal",
          Tracker("script", when=_AFTER, on="delay"), "V3|R1@refused", language="fr"),
    _site("refused-phone", "after refusal, only on a phone",
          Tracker("pixel", when=_AFTER, on="phone"), "V3|R1@refused"),
    _site("partial-pixel", "advertising although only another purpose was accepted",
          Tracker("pixel", when=besides("partial")), "C9|V3|R1|W11@only"),
    _site("partial-social", "a social network although only another purpose was accepted",
          Tracker("frame", "social", when=besides("partial"), host="platform.twitter.com",
                  cookie="guest_id", vendor="X"), "F1|C9|V3|R1@only"),
    Site("closed-consents", "closing counts as consent", expects=("V5|B11|B12@closed",),
         tolerates=("V5", "B11", "B12", "V4"), trackers=(Tracker("pixel"),),
         notice=Notice(close="consents")),
    Site("saved-consents", "saving with everything off accepts everything",
         expects=("V6|B16@saved",), tolerates=("V6", "B16", "C9", "V3", "R1", "R2", "F1"),
         trackers=(Tracker("pixel"),), notice=Notice(keeps_toggles=True)),
    Site("saved-pixel", "a tracker after the panel was saved as it opened",
         expects=("V6|B16@saved",), tolerates=("V6", "B16", "V3", "R1", "R2"),
         trackers=(Tracker("script", when=besides("saved")),), language="de"),
    Site("preselected", "the panel opens with everything on", expects=("V18|B10",),
         tolerates=("V6", "B16", "V18", "B10"), trackers=(Tracker("pixel"),),
         notice=Notice(preselected=True), proof="panel.querySelector('input').checked"),
    Site("nags", "who refused is asked again on every page", expects=("R6|C1@refused",),
         tolerates=("R6", "C1"), trackers=(Tracker("pixel"),), notice=Notice(nags=True)),
    Site("cut", "who refused cannot read the articles", expects=("R5@refused",),
         tolerates=("F5",), trackers=(Tracker("pixel"),), cut=True, language="fr"),
)  # fmt: skip
