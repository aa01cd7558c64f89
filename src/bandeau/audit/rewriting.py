"""The same value with other texts: for what a hostile page wrote, and for secrets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from bandeau import limits

Edit = Callable[[str, str], str]
"""What becomes of a text, told the name of the field that it stands in."""
Value = TypeVar("Value")
_LONE = re.compile("[\ud800-\udfff]")
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_SPACES = frozenset("\t\n\r")


def rewritten(value: Value, edit: Edit) -> Value:
    """``value`` with each text in it edited, however deep; what does not change stays the same."""
    return _rewritten(value, edit, "")  # type: ignore[no-any-return]


def _rewritten(value: Any, edit: Edit, name: str) -> Any:
    if isinstance(value, str):
        return value if isinstance(value, Enum) else edit(name, value)
    if isinstance(value, tuple):
        made = tuple(_rewritten(each, edit, name) for each in value)
        return made if any(a is not b for a, b in zip(made, value, strict=True)) else value
    if is_dataclass(value) and not isinstance(value, type):
        return _changed(value, edit)
    return value


def _changed(value: Any, edit: Edit) -> Any:
    changes = {}
    for field in fields(value):
        old = getattr(value, field.name)
        new = _rewritten(old, edit, field.name)
        if new is not old:
            changes[field.name] = new
    return replace(value, **changes) if changes else value


def sound(_name: str, text: str) -> str:
    """``text`` as UTF-8 can hold it, cut at ``AUDIT_VALUE_CHARACTERS``: pages write anything."""
    if len(text) > limits.AUDIT_VALUE_CHARACTERS:
        text = text[: limits.AUDIT_VALUE_CHARACTERS]
    return text if text.isascii() else _LONE.sub("\ufffd", text)


def visible(_name: str, text: str) -> str:
    """``text`` with what nobody sees made visible: controls, marks that turn the direction round.

    So a page cannot make an address read backwards in a report (Unicode TR 36, 3).
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_told, text)


def _told(found: re.Match[str]) -> str:
    return " " if found[0] in _SPACES else f"⟨U+{ord(found[0]):04X}⟩"
