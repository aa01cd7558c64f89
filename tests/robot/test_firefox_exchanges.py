"""What Firefox tells of requests that failed, and which of them ever left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bandeau.audit.evidence import Request
from bandeau.audit.verdicts.uses import left
from bandeau.robot.firefox_exchanges import Exchanges

PAGE, SYNC = "https://site.test/", "https://sync.test/sync"


class Played:
    """A connection whose events a test plays."""

    def __init__(self) -> None:
        self.heard: dict[str, Callable[[Any], None]] = {}

    def on(self, event: str, handler: Callable[[Any], None]) -> None:
        self.heard[event] = handler


def failed(begun: float) -> Request:
    """A request that failed, ``begun`` being what the browser's clock says of its start."""
    bidi = Played()
    traffic = SimpleNamespace(landed=PAGE, document=lambda frame: PAGE, around=lambda frame: "")
    tab = SimpleNamespace(desk="desk", traffic=traffic)
    gate = SimpleNamespace(address=lambda host: "", refusal=lambda host: "")
    exchanges: Any = Exchanges
    heard = exchanges(bidi, tab, gate, lambda: 1.0, lambda about, why: None)
    request = {
        "request": "7",
        "url": SYNC,
        "method": "GET",
        "headers": [],
        "cookies": [],
        "bodySize": 0,
        "destination": "image",
        "initiatorType": "img",
        "timings": {"requestTime": begun},
    }
    event = {"context": "page", "redirectCount": 0, "request": request}
    bidi.heard["network.beforeRequestSent"](event)
    bidi.heard["network.fetchError"]({**event, "errorText": "NS_ERROR_UNEXPECTED"})
    (found,), _ = asyncio.run(heard.cut([]))
    assert isinstance(found, Request)
    return found


@pytest.mark.parametrize(("begun", "leaves"), [(0, False), (1_795_893_822_816.5, True)])
def test_a_redirect_that_a_pages_policy_stopped_never_left(begun: float, leaves: bool) -> None:
    assert left(failed(begun)) is leaves
    assert "NS_ERROR_UNEXPECTED" in failed(begun).failure
