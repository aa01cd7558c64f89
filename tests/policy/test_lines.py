"""Keys are found on the line where a publisher reads them."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau.policy.lines import lines_of

FILE = """\
# a comment

[site]
name = "x"
"quoted key".'more' = { inner.deep = 1, list = [1, { q = 2 }] }

[[trackers]]
vendor = "a"
cookies = [
  { name = "one" },
  # between
  { name = "two",  max_age = "1 day" },
]

[[trackers]]
vendor = "b"
[trackers.sub]
key = 1
[[trackers.cookies]]
name = "three"
[[trackers.cookies]]
name = "four"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("site",), 3),
        (("site", "name"), 4),
        (("site", "quoted key", "more", "inner", "deep"), 5),
        (("site", "quoted key", "more", "list", 1, "q"), 5),
        (("trackers", 0), 7),
        (("trackers", 0, "cookies"), 9),
        (("trackers", 0, "cookies", 0, "name"), 10),
        (("trackers", 0, "cookies", 1, "max_age"), 12),
        (("trackers", 1), 15),
        (("trackers", 1, "sub", "key"), 18),
        (("trackers", 1, "cookies", 0, "name"), 20),
        (("trackers", 1, "cookies", 1), 21),
        (("trackers", 1, "cookies", 1, "name"), 22),
    ],
)
def test_each_key_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    places = lines_of(FILE.encode())
    assert path in places.known
    assert places.line(path) == line


def test_what_is_missing_is_placed_where_it_would_stand() -> None:
    places = lines_of(FILE.encode())
    assert places.line(("trackers", 1, "purpose")) == 15
    assert places.line(("choice", "lifetime")) == 1


def test_every_path_that_tomllib_reads_is_known() -> None:
    known = lines_of(FILE.encode()).known
    assert set(_paths(tomllib.loads(FILE), ())) <= set(known)


def _paths(value: object, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, held in value.items():
            found += _paths(held, (*path, key))
    elif isinstance(value, list):
        for index, held in enumerate(value):
            found += _paths(held, (*path, index))
    return found


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    assert lines_of(data).line(("site", "name", 3)) >= 1
