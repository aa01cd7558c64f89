"""All sites of the zoo, each violator followed by its twin."""

from __future__ import annotations

from tests.zoo.site import Site
from tests.zoo.sites.across import ACROSS
from tests.zoo.sites.before import BEFORE
from tests.zoo.sites.declared import DECLARED
from tests.zoo.sites.notice import NOTICE
from tests.zoo.sites.refusal import REFUSAL
from tests.zoo.sites.signals import SIGNALS
from tests.zoo.sites.tools import TOOLS
from tests.zoo.sites.withdrawal import WITHDRAWAL

SITES: tuple[Site, ...] = (
    *BEFORE, *REFUSAL, *WITHDRAWAL, *NOTICE, *DECLARED, *SIGNALS, *TOOLS, *ACROSS,
)  # fmt: skip
