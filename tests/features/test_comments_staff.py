"""Passwords of the staff at their real price."""

from __future__ import annotations

from bandeau.features.comments import staff


def test_nobody_costs_what_a_member_costs() -> None:
    ours = staff.hashed("correct horse battery", lambda size: b"\1" * size)
    assert ours.split("$")[1:4] == ["argon2id", "v=19", "m=65536,t=3,p=4"]
    assert staff._NOBODY.split("$")[1:4] == ours.split("$")[1:4]
