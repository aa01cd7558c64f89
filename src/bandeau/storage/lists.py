"""The lists that the auditor comes with, and one that its user points at."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from bandeau import limits
from bandeau.audit.by_lists import Lists
from bandeau.audit.tables import HostRules, ListedCookies, Parties, host_rules
from bandeau.storage.files import beside, read_vendors


@cache
def read_lists() -> Lists:
    """The tables of ``audit/lists`` and of ``policy/vendors.toml``."""
    folder = resources.files("bandeau.audit") / "lists"
    parties, cookies = (
        (folder / name).read_text("utf-8") for name in ("parties.tsv", "cookies.tsv")
    )
    return Lists(Parties(parties), ListedCookies(cookies), read_vendors())


def read_host_rules(path: Path) -> HostRules:
    """The host rules of a file in the syntax of EasyPrivacy.

    Raises ``OSError``, or ``ListError``, with a message for the user that names the file.
    """
    data = beside(path, limits.AUDIT_LIST_BYTES)
    return host_rules(str(path.name), data.decode("utf-8", "replace"))
