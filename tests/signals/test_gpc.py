"""The browser's refusal signal."""

from __future__ import annotations

import pytest

from bandeau.signals.gpc import is_signal


@pytest.mark.parametrize(
    ("values", "speaks"),
    [([b"1"], True), ([b"0", b"1"], True), ([], False), ([b"1, 1"], False), ([b"true"], False)],
)
def test_only_exactly_one_is_the_signal(values: list[bytes], speaks: bool) -> None:
    assert is_signal(values) is speaks
