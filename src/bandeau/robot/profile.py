"""Temporary profiles of the browser: made, furnished, and swept where their owner was killed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bandeau.robot.camera import RobotUnavailable

PREFIX = "bandeau-robot-"
DISPLAY = ("DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR")
# The browser makes a socket in its profile, and a socket's path is short.
_ROOM = f"/{PREFIX}1234567-12345678/org.chromium.Chromium.123456/SingletonSocket"
_SOCKET_BYTES = 107


@contextmanager
def fresh_profile(*, third_party: bool) -> Iterator[Path]:
    """Chromium's profile that takes third-party cookies or does not, removed at the end.

    Raises as :func:`empty_profile`.
    """
    with empty_profile() as profile:
        _furnish(profile, third_party)
        yield profile


@contextmanager
def empty_profile() -> Iterator[Path]:
    """A folder whose name says which process it belongs to, removed at the end.

    Raises :class:`RobotUnavailable` or ``OSError`` where there is no room for one.
    """
    profile = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=_folder()))
    try:
        yield profile
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def environment(profile: Path, *, shown: bool) -> dict[str, str]:
    """The environment of a browser: its temporary files go where the profile is, and with it.

    One that is ``shown`` is told of the display.
    """
    names = ("PATH", "LANG", "HOME", *(DISPLAY if shown else ()))
    kept = {name: value for name, value in os.environ.items() if name in names}
    return {**kept, "TMPDIR": str(profile), "XDG_CONFIG_HOME": str(profile)}


def sweep() -> None:
    """Remove the profiles of processes that were killed before they could."""
    for folder in Path(_folder()).glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _folder() -> str:
    """The folder for temporary files, or the system's own where that one's path is too long."""
    wanted = tempfile.gettempdir()
    for each in (wanted, "/tmp"):  # noqa: S108 - mkdtemp makes its own in it, for us only
        if len(os.fsencode(each + _ROOM)) <= _SOCKET_BYTES and os.access(each, os.W_OK):
            return each
    raise RobotUnavailable(f"{wanted}: its path is too long for a browser; set TMPDIR to another")


def _furnish(profile: Path, third_party: bool) -> None:
    preferences: dict[str, object] = {
        "webrtc": {"ip_handling_policy": "disable_non_proxied_udp"},
        "net": {"network_prediction_options": 2},
        "printing": {"enabled": False},
        "profile": {"cookie_controls_mode": 0 if third_party else 1},
    }
    folder = profile / "Default"
    folder.mkdir()
    (folder / "Preferences").write_text(json.dumps(preferences))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
