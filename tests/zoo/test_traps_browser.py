"""Pages that write what is no character, no address and no HTML: the audit ends in a report."""

from __future__ import annotations

import asyncio

import pytest

from tests.zoo.attacked import attack
from tests.zoo.hostile import Hostile
from tests.zoo.server import serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ONCE = ("halves", "addresses", "form", "site-map", "xml")
"""Each of these has ended an audit in a trace, or in silence."""


def test_texts_that_are_none_end_no_audit() -> None:
    with serving(Hostile()) as served:
        addresses = [f"https://{trap}.trap.test/" for trap in ONCE]
        resolve = f"MAP *.test 127.0.0.1:{served.port}"
        found = asyncio.run(attack(addresses, resolve, 3, 500, lambda _: None))
    told = {each.trap: each for each in found}
    assert [each for each in found if not each.stood or each.code == 2] == []
    assert "Cache storage c\ufffd" in told["halves"].said
