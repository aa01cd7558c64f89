"""JSON that a page had a hand in: it may hold halves of characters, or be nested without end."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

_HALVES = re.compile("[\ud800-\udfff]")


def read_foreign(text: str | bytes | bytearray | memoryview) -> Any:
    """The value that ``text`` holds. Raises ``ValueError`` where it holds none that can be kept.

    JavaScript's strings may hold half a surrogate pair, which no UTF-8 and no report can: U+FFFD
    stands for it (Unicode 3.9, D93b).
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return orjson.loads(_mended(text))


def _mended(text: str | bytes | bytearray | memoryview) -> str:
    plain = text if isinstance(text, str) else bytes(text).decode("utf-8", "replace")
    try:
        return _HALVES.sub("\ufffd", json.dumps(json.loads(plain), ensure_ascii=False))
    except RecursionError:
        raise ValueError("nested too deeply") from None
