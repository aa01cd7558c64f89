"""Scripts and styles exactly as they are served: read once at start, comments stripped."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)
_INDENT = re.compile(r"\n\s*")
_SPACES = re.compile(r"\s+")
_AROUND = re.compile(r" ?([{};,]) ?")


def script(name: str) -> str:
    """A file of ``browser/`` without comments, blank lines and indentation.

    Sources hold no ``/*`` inside a string and no ``//`` comment, which keeps this to two rules.
    """
    source = (files("bandeau.web") / "static" / name).read_text("utf-8")
    return _INDENT.sub("\n", _COMMENT.sub("", source)).strip()


def style(name: str) -> str:
    """A style sheet of ``templates/`` without comments and idle spaces."""
    source = (files("bandeau.web") / "templates" / name).read_text("utf-8")
    packed = _AROUND.sub(r"\1", _SPACES.sub(" ", _COMMENT.sub("", source)))
    return packed.replace(": ", ":").replace(";}", "}").strip()


def source_hash(text: str) -> str:
    """The CSP source expression for an inline script or style, quotes included (CSP 3, 2.3.1)."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
