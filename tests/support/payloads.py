"""Hostile markup that others gathered: DOMPurify's fixtures, where CONTRIBUTING was followed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

_FILE = Path(__file__).parents[2] / ".cache" / "dompurify" / "expect.mjs"
_PAYLOAD = re.compile(r'"payload":\s*("(?:[^"\\]|\\.)*")')


def payloads() -> list[str]:
    """All of them; skips where the file is not there."""
    if not _FILE.is_file():
        pytest.skip("no .cache/dompurify; CONTRIBUTING.md says how to get it")
    found = [json.loads(text) for text in _PAYLOAD.findall(_FILE.read_text("utf-8"))]
    assert len(found) > 200
    return found
