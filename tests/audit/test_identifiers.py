"""What could tell one visitor from all others, and what only looks so."""

from __future__ import annotations

import base64

import pytest

from bandeau.audit.identifiers import is_identifier


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (packed('{"v":3,"t":1795884049,"c":{"s":1,"a":0}}'), False),
        (packed('{"v":3,"t":1795884049,"c":{"s":1,"a":0}}').replace("=", "%3D"), False),
        (packed('{"id":"9f86d081884c7d65"}'), True),
        ("eyJhbGciOiJIUzI1NiJ9.not.json.9f86d081884c7d65", True),
        ("GA1.2.1234567890.1700000000", True),
        ("2026-11-28", False),
        ("accepted", False),
    ],
)
def test_base64_is_what_it_holds(value: str, found: bool) -> None:
    assert is_identifier(value) is found
