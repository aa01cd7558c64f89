"""Whether a choice was really made: by what the site keeps and does, never by what a tool says.

What the site keeps comes first: our own state, a known tool's record, a TC string. Where it keeps
nothing that is known, its effects count: the notice is gone, something was stored, and it stays
gone on the next page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from bandeau.audit.records import Told
from bandeau.audit.shown import Tcf

_STANDS = "the notice still stands there"


class Action(StrEnum):
    """What a visitor may do to a notice."""

    ACCEPT_ALL = "accept_all"
    REFUSE_ALL = "refuse_all"
    ONLY = "only"
    SAVE = "save"
    CLOSE = "close"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class State:
    """What a page and its terminal say of the choice at one moment.

    ``kept`` are names of cookies and storage keys with a short hash of their values: enough to
    see that something changed.
    """

    asking: bool
    told: tuple[Told, ...] = ()
    tcf: Tcf | None = None
    kept: frozenset[str] = field(default=frozenset())

    @property
    def text(self) -> str:
        """All that is said, for a reader."""
        lines = [f"{each.tool}: {each.text}" for each in self.told]
        return "\n".join(
            [*lines, *([f"TCF: {self.tcf.string}"] if self.tcf and self.tcf.string else [])]
        )

    @property
    def purposes(self) -> tuple[tuple[str, bool], ...]:
        """What the first record says of each purpose."""
        return self.told[0].purposes if self.told else ()


@dataclass(frozen=True, slots=True)
class Belief:
    """Whether a choice is believed, and what was seen."""

    done: bool
    proof: str


def believed(
    action: Action,
    before: State,
    after: State,
    later: State | None = None,
    matches: Callable[[str], bool] = lambda key: True,
    *,
    taken: bool = False,
) -> Belief:
    """Whether what was seen bears out that ``action`` was done.

    ``after`` is what stood there once it was pressed, ``later`` after the page was loaded again.
    ``matches`` tells of a purpose whether it is the one that was to be allowed (``ONLY``).
    ``taken``: a control whose words say that it refuses was pressed, and the site answered by
    taking the notice away or loading the page anew. Where that site then keeps a consent, or asks
    again, it is not obeyed, rather than not told.
    """
    last = later or after
    if taken and (disobeyed := _disobeyed(action, before, after, last)):
        return Belief(True, disobeyed)
    for each in last.told:
        contradiction = _contradicts(action, each, matches)
        if contradiction:
            return Belief(False, f"{each.tool} keeps {each.text}: {contradiction}")
    if last.tcf and (contradiction := _string_contradicts(action, last.tcf)):
        return Belief(False, contradiction)
    said = _said(action, last)
    if last.asking and action is not Action.CLOSE:
        kept = bool(last.told) and last.told != before.told
        return Belief(kept, f"{said}, and it asks again" if kept else _STANDS)
    if said:
        return Belief(True, said)
    return _by_effects(action, before, after, later)


def _said(action: Action, last: State) -> str:
    """What the site itself says of a choice that nothing contradicts, or nothing."""
    if last.told:
        return f"{last.told[0].tool} keeps {last.told[0].text}"
    if last.tcf and last.tcf.string and action is not Action.CLOSE:
        return f"the TC string grants purposes {list(last.tcf.purposes) or 'none'}"
    return ""


def _disobeyed(action: Action, before: State, after: State, last: State) -> str:
    """How a refusal that was taken is not kept, or nothing."""
    if action not in (Action.REFUSE_ALL, Action.WITHDRAW) or not after.kept - before.kept:
        return ""
    records = [(each.tool, _contradicts(action, each, lambda key: True)) for each in last.told]
    against = [f"{tool}: {why}" for tool, why in records if why]
    if last.tcf and (why := _string_contradicts(action, last.tcf)):
        against.append(why)
    if against:
        return f"the notice took the refusal, and yet {'; '.join(against)}"
    return "the notice took the refusal, stored something, and asks again" if last.asking else ""


def _contradicts(action: Action, each: Told, matches: Callable[[str], bool]) -> str:
    granted = [key for key, yes in each.purposes if yes]
    denied = [key for key, yes in each.purposes if not yes]
    if action is Action.ACCEPT_ALL:
        if denied:
            return f"{', '.join(denied)} is not allowed"
        return "" if granted else "nothing is allowed"
    if action in (Action.REFUSE_ALL, Action.WITHDRAW):
        return f"{', '.join(granted)} is still allowed" if granted else ""
    if action is Action.ONLY and granted and denied and not any(map(matches, granted + denied)):
        return ""  # Names of its own, such as those of vendors: that it tells them apart must do.
    if action is Action.ONLY:
        wrong = [key for key in granted if not matches(key)]
        missing = [key for key in denied if matches(key)]
        if wrong or missing or not granted:
            return f"allowed is {', '.join(granted) or 'nothing'}"
    return ""


def _string_contradicts(action: Action, tcf: Tcf) -> str:
    if not tcf.string:
        return ""
    if action is Action.ACCEPT_ALL and not tcf.purposes:
        return "the TC string grants no purpose"
    if action in (Action.REFUSE_ALL, Action.WITHDRAW) and (tcf.purposes or tcf.vendors):
        return f"the TC string grants purposes {list(tcf.purposes)} and {len(tcf.vendors)} vendors"
    return ""


def _by_effects(action: Action, before: State, after: State, later: State | None) -> Belief:
    stored = sorted({each.partition("=")[0] for each in after.kept - before.kept})
    if action is Action.CLOSE:
        return Belief(not after.asking, _STANDS if after.asking else "the notice is gone")
    # Some panels save and stay open until the page is loaded again.
    if after.asking and not (stored and later and not later.asking):
        return Belief(False, _STANDS)
    if not stored:
        return Belief(False, "the notice is gone, but nothing was stored")
    proof = f"{', '.join(stored[:5])} was stored"
    if later and later.asking:
        return Belief(False, f"the notice is gone, {proof}, but it is back after a reload")
    if after.asking:
        return Belief(True, f"{proof}, and the notice is gone after a reload")
    lasting = ", and it stays away after a reload" if later else ""
    return Belief(True, f"the notice is gone, {proof}{lasting}")
