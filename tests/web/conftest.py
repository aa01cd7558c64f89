"""What tests of the web edge share."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from bandeau.features.comments import staff


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that are hashed as always, but in no time."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(staff, "_HASHER", hasher)
    monkeypatch.setattr(staff, "_NOBODY", hasher.hash("nobody", salt=b"\0" * 16))
