"""Which domain above a host somebody registered."""

from __future__ import annotations

import pytest

from bandeau.storage.suffixes import public_suffixes


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("x.tracker.example", "tracker.example"),
        ("a.b.co.uk", "b.co.uk"),
        ("co.uk", None),
        ("localhost", None),
        ("10.0.0.1", None),
        ("127.1", None),
        ("::1", None),
        ("1.example", "1.example"),
    ],
)
def test_an_address_belongs_to_nobody_who_registered_it(host: str, domain: str | None) -> None:
    assert public_suffixes().registrable(host) == domain
