"""Pictures: the size that was asked for, the same bytes each time, nothing loaded, no script."""

from __future__ import annotations

import struct
import sys
from typing import Any, cast

import pytest

from bandeau.robot.camera import DESKTOP, MOBILE, TALLEST, Camera, RobotUnavailable, camera

PAGE = b"""<!doctype html><meta name=viewport content="width=device-width"><title>x</title>
<style>@keyframes a { to { margin-left: 99px } } p { animation: a 1s infinite }</style>
<p>Text</p><script>document.body.style.background = "red"</script><img src="https://a.test/x.png">
"""


def size(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.browser
def test_pictures_are_of_one_size_and_equal_each_time(chromium_path: str) -> None:
    taken = []
    for _ in range(2):
        with camera(chromium_path) as taking:
            taken.append([taking.picture(PAGE, viewport) for viewport in (DESKTOP, MOBILE)])
            unscripted = PAGE.replace(b"red", b"blue").replace(b"a.test", b"b.test")
            assert taking.picture(unscripted, DESKTOP) == taken[0][0]
    assert taken[0] == taken[1]
    assert [size(png) for png in taken[0]] == [(1280, 800), (390, 844)]


@pytest.mark.browser
def test_a_whole_page_is_as_tall_as_it_is_up_to_a_bound(chromium_path: str) -> None:
    head = b"<!doctype html><meta name=viewport content='width=device-width'>"
    tall = head + b"<body style='margin:0'><div style='height:%dpx'>"
    with camera(chromium_path) as taking:
        assert size(taking.picture(tall % 100, MOBILE, whole=True)) == (390, 844)
        assert size(taking.picture(tall % 3000, DESKTOP, whole=True)) == (1280, 3000)
        assert size(taking.picture(tall % 99_000, DESKTOP, whole=True)) == (1280, TALLEST)


@pytest.mark.parametrize(("windows", "kept"), [(b"aab", b"a"), (b"aba", b"a"), (b"abb", b"b")])
def test_a_picture_is_what_two_windows_show_alike(
    monkeypatch: pytest.MonkeyPatch, windows: bytes, kept: bytes
) -> None:
    assert _picture(monkeypatch, windows) == kept


def test_a_page_that_looks_otherwise_each_time_has_no_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(RobotUnavailable, match="5 pictures of one page were all different"):
        _picture(monkeypatch, b"abcdef")


def _picture(monkeypatch: pytest.MonkeyPatch, windows: bytes) -> bytes:
    shown = iter(windows)
    monkeypatch.setattr(Camera, "_taken", lambda *_, **__: bytes([next(shown)]))
    return Camera(cast(Any, None)).picture(b"", MOBILE)


@pytest.mark.slow
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RobotUnavailable, match="does not start"), camera("/bin/false"):
        pass
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RobotUnavailable, match="apt install chromium"), camera():
        pass
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(RobotUnavailable, match=r"pip install 'bandeau\[robot\]'"), camera():
        pass
