"""Room at the foot of the page, so that neither focus nor last lines hide (WCAG 2.4.11)."""

from __future__ import annotations

BAND_SPACE = "max(48px,3rem)"
NOTICE_SPACE = f"calc(66vh + {BAND_SPACE})"


def space(length: str) -> str:
    """The style rule that keeps ``length`` free below the page."""
    return f"html{{scroll-padding-block-end:{length}!important;padding-block-end:{length}}}"
