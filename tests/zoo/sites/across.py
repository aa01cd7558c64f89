"""Measurement that needs no consent, and two sites that share it (rule M6)."""

from __future__ import annotations

from tests.zoo.site import SILENT, Site, Tracker, besides
from tests.zoo.sites.families import AFTER_REFUSAL, AFTER_WITHDRAWAL, BEFORE_CHOICE, pairs

_ALWAYS = besides(*SILENT)
# Without the policy file nothing says that it is a measurement within the limits.
_BLIND = (*BEFORE_CHOICE, *AFTER_REFUSAL, *AFTER_WITHDRAWAL)


def _measured(how: str) -> Tracker:
    return Tracker(how, "audience", when=_ALWAYS, stays=True)


_TWIN = {"trackers": (_measured("cookie"),), "tolerates": _BLIND}
ACROSS: tuple[Site, ...] = pairs(
    (
        Site("measured-across", "the measurement keeps one identifier for two sites", ("M6",),
             blind=(), tolerates=("M6", *_BLIND), trackers=(_measured("pixel"),),
             sister=True),
        _TWIN,
    ),
    (
        Site("measured-alike", "the measurement makes its identifier of the terminal", ("M6",),
             blind=(), tolerates=("M6", *_BLIND), trackers=(_measured("alike"),),
             sister=True),
        _TWIN,
    ),
)  # fmt: skip
