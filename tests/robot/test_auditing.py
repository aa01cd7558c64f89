"""An audit whose browser stops starting: what was seen is kept, and what was not is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bandeau.app.auditing import AuditRequest, knowledge_of, look_at, thoroughness
from bandeau.audit.evidence import Phase, Setting
from bandeau.robot.browser import BrowserOptions
from bandeau.robot.browsers import Browser, open_browsers
from bandeau.robot.camera import RobotUnavailable
from tests.zoo.server import Zoo, serving
from tests.zoo.sites import SITES

pytestmark = [pytest.mark.browser, pytest.mark.anyio]


class Worn:
    """A browser of which only the first ``starts`` terminals start."""

    def __init__(self, browser: Browser, starts: int) -> None:
        self._browser = browser
        self._left = starts
        self.name = "worn"

    @asynccontextmanager
    async def terminal(self, setting: Setting) -> AsyncIterator[Any]:
        self._left -= 1
        if self._left < 0:
            raise RobotUnavailable("it does not start any more")
        async with self._browser.terminal(setting) as terminal:
            yield terminal


@pytest.mark.parametrize("starts", [0, 2])
async def test_what_was_seen_before_is_kept(chromium_path: str, starts: int) -> None:
    site = next(site for site in SITES if site.name == "early-pixel-twin")
    with serving(Zoo([site], 3)) as served:
        (built,) = served.zoo.sites.values()
        browsing = BrowserOptions(chromium_path, served.resolve, allow_private=True)
        asked = thoroughness({"pages": 0, "idle": 0.0, "quick": True}, None)
        request = AuditRequest(built.address, asked, browser=browsing)
        async with open_browsers(browsing) as browsers:
            looking = look_at(request, knowledge_of(request), Worn(browsers, starts), lambda *_: 0)
            if not starts:
                with pytest.raises(RobotUnavailable, match="any more"):
                    await looking
                return
            evidence = (await looking).evidence
    phases = [seen.phase for run in evidence.runs for seen in run.phases]
    assert Phase.ACCEPTED in phases and Phase.REFUSED not in phases
    assert "it does not start any more" in {gap.why for gap in evidence.gaps}
