"""Scripts and styles exactly as they are served: read once at start."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)
_SPACES = re.compile(r"\s+")
_AROUND = re.compile(r" ?([{};,]) ?")


def script(name: str) -> str:
    """A file of ``browser/`` as ``make browser`` packed it: a test holds the two together."""
    return (files("bandeau.web") / "static" / name).read_text("utf-8").strip()


@cache
def style(name: str) -> str:
    """A style sheet of ``templates/`` without comments and idle spaces."""
    source = (files("bandeau.web") / "templates" / name).read_text("utf-8")
    packed = _AROUND.sub(r"\1", _SPACES.sub(" ", _COMMENT.sub("", source)))
    return packed.replace(": ", ":").replace(";}", "}").strip()


def source_hash(text: str) -> str:
    """The CSP source expression for an inline script or style, quotes included (CSP 3, 2.3.1)."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
