"""The lock: every dependency is in it, at a version that the project allows, with hashes only."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
ENTRY = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?P<rest>.*(?:\n    .*)*)", re.MULTILINE
)


def wanted() -> Iterator[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for line in project["project"]["dependencies"]:
        yield Requirement(line)
    for group in project["dependency-groups"].values():
        yield from map(Requirement, group)
    yield from map(Requirement, project["build-system"]["requires"])


def test_what_the_project_asks_for_is_locked_at_a_version_it_allows() -> None:
    """``make lock`` puts this right."""
    locked = {entry["name"]: entry["version"] for entry in ENTRY.finditer(LOCK)}
    wrong = [
        f"{need}: locked {locked.get(canonicalize_name(need.name))}"
        for need in wanted()
        if not need.specifier.contains(locked.get(canonicalize_name(need.name), "0"))
    ]
    assert wrong == []


def test_every_locked_package_has_hashes() -> None:
    entries = list(ENTRY.finditer(LOCK))
    assert entries
    assert [entry["name"] for entry in entries if "--hash=sha256:" not in entry["rest"]] == []


def test_the_lock_names_no_place_to_fetch_from() -> None:
    assert "://" not in LOCK
    assert "index-url" not in LOCK
