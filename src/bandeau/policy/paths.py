"""Paths on the publisher's own hosts: how servers read them, and the patterns that declare them."""

from __future__ import annotations

from urllib.parse import unquote


def canonical(path: str) -> str:
    """The one form of ``path`` that all its spellings share, in lower case.

    What follows ``?`` or ``#`` is left out, percent-encoding is undone once, backslashes are
    slashes, doubled slashes one, dots settled (RFC 3986, 5.2.4), and parameters of a segment
    (``;v=1``) dropped: two paths that some server takes for one are one here.
    """
    bare = path.partition("?")[0].partition("#")[0]
    plain = unquote(bare, errors="replace").replace("\\", "/").lower()
    *above, last = [segment.partition(";")[0] for segment in plain.split("/")]
    kept: list[str] = []
    for segment in (*above, last):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    folder = bool(kept) and last in ("", ".", "..")
    return f"/{'/'.join(kept)}{'/' if folder else ''}"


def patterns_of(declared: str) -> tuple[str, ...]:
    """Patterns of the canonical paths that a declared one stands for: itself, and those below."""
    path = canonical(declared)
    if path.endswith(("*", "/")):
        return (path.rstrip("*") + "*",)
    return (path, f"{path}/*")
