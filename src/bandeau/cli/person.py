"""A person who makes the choices of an audit: told at the terminal, in a window that is shown."""

from __future__ import annotations

import asyncio
import os
import sys

import click

from bandeau import limits
from bandeau.audit.believing import Action
from bandeau.robot.notice_work import Person

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
_TASKS = {
    Action.ACCEPT_ALL: "accept everything",
    Action.REFUSE_ALL: "refuse everything",
    Action.WITHDRAW: "open your choices again and take back what you accepted",
    Action.SAVE: "open the settings and save them as they are shown",
    Action.CLOSE: "close the notice without choosing",
}


def person_here() -> Person:
    """Someone at this terminal. Raises ``OSError`` where there is no terminal or no display."""
    if not sys.stdin.isatty():
        raise OSError("--pause: there is no terminal to ask a person at; run it in one")
    if not any(os.environ.get(name) for name in _DISPLAYS):
        raise OSError("--pause: there is no display to show the browser on; run it on a desktop")
    return _choosing


async def _choosing(action: Action, purpose: str) -> None:
    """Say what to do and wait for Enter. Raises ``TimeoutError``."""
    task = _TASKS.get(action, f"allow only “{purpose}”, and nothing else")
    minutes = limits.AUDIT_PERSON_SECONDS // 60
    click.echo(
        f"In the browser: {task}. Then press Enter here, within {minutes} minutes.", err=True
    )
    await asyncio.wait_for(_enter(), limits.AUDIT_PERSON_SECONDS)


async def _enter() -> None:
    """Wait for a line from the terminal; what was typed before does not count."""
    loop = asyncio.get_running_loop()
    pressed: asyncio.Future[None] = loop.create_future()
    _forget_typed()

    def read() -> None:
        line = os.read(sys.stdin.fileno(), limits.AUDIT_TEXT_CHARACTERS)
        if not pressed.done() and not line:
            pressed.set_exception(TimeoutError())
        elif not pressed.done():
            pressed.set_result(None)

    loop.add_reader(sys.stdin.fileno(), read)
    try:
        await pressed
    finally:
        loop.remove_reader(sys.stdin.fileno())


def _forget_typed() -> None:
    import termios

    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
