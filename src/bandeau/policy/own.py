"""Own paths and snippets that are declared too widely, or by two purposes (rules P6, R5, I12)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from bandeau import limits
from bandeau.policy.claims import Claim, clash, name_clashes
from bandeau.policy.fault import Fault, Path, quoted
from bandeau.policy.glob import Glob
from bandeau.policy.lines import Lines
from bandeau.policy.match import OUR_PATHS, SiteHosts
from bandeau.policy.model import Policy, Tracker
from bandeau.policy.paths import canonical, patterns_of
from bandeau.policy.snippets import Snippets, literal_of

_DISTINCT_CHARACTERS = 6


def wide_paths(policy: Policy, lines: Lines) -> Iterator[Fault]:
    """Paths that would keep those who refuse from the site, or from their choice."""
    privacy = _privacy_path(policy)
    for path, declared, _ in _declared(policy, "paths"):
        globs = [Glob.of(pattern) for pattern in patterns_of(declared)]
        if any(glob.matches("/") for glob in globs):
            message = "takes in /, so that refusing would lock the site; name what the vendor uses"
            yield lines.fault(path, "R5", f"{quoted(declared)} {message}")
        elif canonical(declared).startswith(OUR_PATHS) or any(g.matches(OUR_PATHS) for g in globs):
            message = f"takes in {OUR_PATHS}, where choices are made and changed; narrow it"
            yield lines.fault(path, "schema", f"{quoted(declared)} {message}")
        elif privacy is not None and any(glob.matches(privacy) for glob in globs):
            message = "takes in site.privacy_policy, which must be readable before any choice; "
            yield lines.fault(path, "I12", f"{quoted(declared)} {message}narrow it")


def path_clashes(policy: Policy, lines: Lines) -> Iterator[Fault]:
    """Own paths under two purposes; what lies below a path is under its purpose too."""
    claims = [
        Claim(order, path, pattern, tracker, written=declared)
        for order, (path, declared, tracker) in enumerate(_declared(policy, "paths"))
        for pattern in patterns_of(declared)
    ]
    yield from name_clashes(claims, lines)


def short_snippets(policy: Policy, lines: Lines) -> Iterator[Fault]:
    """Snippets that scripts of the publisher's own would contain by chance."""
    least = limits.POLICY_SNIPPET_LEAST_CHARACTERS
    for path, snippet, _ in _declared(policy, "snippets"):
        length = len(literal_of(snippet).strip())
        if length < least:
            message = (
                f"{quoted(snippet)} is too short to tell the vendor's script from your own; write "
                f"at least {least} characters of it in a row, better {_DISTINCT_CHARACTERS} or more"
            )
            yield lines.fault(path, "schema", message)
        elif length < _DISTINCT_CHARACTERS:
            message = (
                f"{quoted(snippet)} is short; write more of the vendor's script, or make sure "
            )
            message += "that no script of your own contains it"
            yield lines.fault(path, "schema", message, "warning")


def snippet_clashes(policy: Policy, lines: Lines) -> Iterator[Fault]:
    """Snippets of two purposes of which one contains the other, so that scripts have both."""
    claims = [
        Claim(order, path, snippet, tracker)
        for order, (path, snippet, tracker) in enumerate(_declared(policy, "snippets"))
    ]
    known = Snippets((claim.name, claim) for claim in claims)
    told: set[int] = set()
    for claim in claims:
        for other in known.all(claim.name.encode()):
            late, early = (claim, other) if claim.order > other.order else (other, claim)
            if claim.tracker.purpose != other.tracker.purpose and late.order not in told:
                told.add(late.order)
                yield clash(late, early, lines)


def _declared(policy: Policy, field: str) -> Iterator[tuple[Path, str, Tracker]]:
    for number, tracker in enumerate(policy.trackers):
        for index, written in enumerate(getattr(tracker, field)):
            yield ("trackers", number, field, index), written, tracker


def _privacy_path(policy: Policy) -> str | None:
    address = policy.site.privacy_policy
    if address.startswith("/"):
        return canonical(address)
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    own = SiteHosts(policy.site.hosts).cover(parts.hostname or "")
    return canonical(parts.path) if own else None
