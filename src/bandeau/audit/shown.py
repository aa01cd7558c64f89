"""What a notice showed, how it was worked, and what a page was like: facts without judgement.

Lengths are CSS pixels in the window. What was cut at a limit is told in ``Evidence.gaps``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a control of a notice does, judged by its words and its place."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    CUSTOMISE = "customise"
    SAVE = "save"
    CLOSE = "close"
    TOGGLE = "toggle"
    POLICY = "policy"
    PARTNERS = "partners"
    REOPEN = "reopen"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the window."""

    x: float
    y: float
    width: float
    height: float


Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Control:
    """A button, link or switch as it was shown. ``background`` is what is really behind its text.

    ``filled`` tells whether it has a ground or border of its own; ``order`` is its place in the
    order of Tab among the notice's controls, from 0, or -1 where Tab does not reach it; ``gap`` the
    distance to the nearest text that is not its own. ``purpose`` is what a switch stands for.
    """

    role: Role
    label: str
    tag: str
    box: Box
    font_size: float
    font_weight: int
    colour: Colour
    background: Colour
    filled: bool
    contrast: float
    order: int = -1
    gap: float = 0.0
    checked: bool | None = None
    disabled: bool = False
    purpose: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice or a panel as it was shown.

    ``tool`` is the consent tool's name in small letters or empty; ``modal`` whether the page behind
    could not be used; ``dialogs`` how many that ask for consent were shown at once; ``picture`` the
    name of the screenshot in which it is outlined.
    """

    tool: str
    box: Box
    text: str
    language: str
    controls: tuple[Control, ...]
    modal: bool
    dialogs: int = 1
    layer: int = 1
    picture: str = ""

    def having(self, role: Role) -> tuple[Control, ...]:
        """Its controls of one role, in the order of the document."""
        return tuple(each for each in self.controls if each.role is role)


@dataclass(frozen=True, slots=True)
class Tcf:
    """What ``__tcfapi`` and the consent string said. Lists hold purposes and vendors with consent,
    or with legitimate interest left on. ``loaded_after`` tells of a vendor before the stub (T6)."""

    string: str
    applies: bool | None
    status: str
    purposes: tuple[int, ...] = ()
    vendors: tuple[int, ...] = ()
    legitimate_purposes: tuple[int, ...] = ()
    legitimate_vendors: tuple[int, ...] = ()
    disclosed_vendors: tuple[int, ...] | None = None
    created: float | None = None
    updated: float | None = None
    service_specific: bool | None = None
    loaded_after: str = ""


RULES = "autoconsent"
NO_WAY_BACK = "no control led back to the choices"
"""Why a consent could not be withdrawn."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a notice leaves in reach of people who use no mouse, or who enlarge the page.

    ``hidden`` are controls of the page that it covers while they have the focus (A5),
    ``unreached`` controls of its own that cannot be brought into a window of 320 by 256 pixels,
    which is what 1280 by 1024 are at four times the size (A9); ``width`` is its own width there.
    """

    hidden: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class ConsentMode:
    """What a page tells Google's tags before any choice (K1).

    ``granted`` are the signals that are on by default for visitors of the European Economic Area;
    ``early`` the commands that stood before the first default, which tags obeyed without it.
    """

    granted: tuple[str, ...] = ()
    early: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choosing:
    """How a choice was made. ``by`` names who worked the notice (``bandeau``, ``autoconsent:NAME``,
    ``words``, ``person``), ``clicks`` what it took from an undisturbed page.

    A rule's ``clicks`` are its own, and may be more than a visitor needs.

    ``done`` is what stored state and effects say, never what the tool claimed; ``proof`` how that
    was seen, or why it failed.
    """

    action: str
    by: str
    clicks: int
    done: bool
    proof: str
    at: float = 0.0

    @property
    def by_rules(self) -> bool:
        """Whether the notice was known by a rule only, and none of it was read."""
        return self.by.startswith(f"{RULES}:")


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that was opened in a phase.

    ``asked`` was the address, ``landed`` where it led; ``words`` counts those that could be read,
    ``links`` are addresses of the same site; ``asking`` whether a notice stood there; ``reopen``
    whether a control led back to the choices (rule W1); ``band`` and ``comments`` are our own
    ``data-state``, else empty; ``covered`` how much of the window a notice took (0 to 1).
    """

    asked: str
    landed: str
    at: float
    status: int
    title: str
    language: str
    words: int
    asking: bool
    reopen: bool
    band: str = ""
    comments: str = ""
    covered: float = 0.0
    usable_links: tuple[int, int] = (0, 0)
    """Of the links looked at, how many could be clicked: (could, looked at) (V9)."""
    links: tuple[str, ...] = ()
    picture: str = ""
    failure: str = ""
