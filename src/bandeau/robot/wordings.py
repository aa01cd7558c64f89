"""Reads the word tables and page scripts that lie beside it."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from bandeau.audit.wording import Wording

SCRIPTS = ("tree.js", "colour.js", "control.js", "find.js", "page.js", "calls.js")


@cache
def wording() -> Wording:
    """The words of every language that there is a table of."""
    folder = files("bandeau.robot") / "words"
    tables = sorted(each.name for each in folder.iterdir() if each.name.endswith(".toml"))
    return Wording(tomllib.loads((folder / name).read_text("utf-8")) for name in tables)


@cache
def eyes() -> str:
    """The page scripts as one function of a call's name and what is given to it."""
    folder = files("bandeau.robot") / "scripts"
    parts = "\n".join((folder / name).read_text("utf-8") for name in SCRIPTS)
    return f"(call, ...given) => {{\n{parts}\nreturn answer(call, given); }}"


@cache
def tools() -> list[list[str]]:
    """Selectors of consent tools' marks, each with the tool's name."""
    text = (files("bandeau.robot") / "tools.toml").read_text("utf-8")
    return [[selector, name] for selector, name in tomllib.loads(text)["selectors"].items()]
