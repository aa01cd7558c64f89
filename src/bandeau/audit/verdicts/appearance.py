"""Whether accepting and refusing look, read and work alike (V8, B3 to B8, B14, A3, A4)."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator

from bandeau.audit.finding import Finding, Severity
from bandeau.audit.shown import Colour, Control, Notice, Role
from bandeau.audit.verdicts.asking import NOTICE, notices
from bandeau.audit.verdicts.audited import Audited, Moment
from bandeau.audit.verdicts.telling import told

_COLOUR_DISTANCE = 255 / 4
_SMALLER = 0.98
_MUCH_SMALLER = 0.75
_CONTRAST = 4.5
_TCF_CONTRAST = 5.0
_GAP_PIXELS = 4.0
_LOOK = "Open the page in a fresh profile, and compare both controls in the inspector (Computed)."


def interference(audited: Audited) -> Iterator[Finding]:
    """All that sets the refusal back against the acceptance, for each first layer."""
    for notice, moment in notices(audited):
        accept = next(iter(notice.having(Role.ACCEPT)), None)
        refusals = notice.having(Role.REFUSE)
        if accept is not None and refusals:
            # A cross that refuses as well takes nothing from a button that is as good.
            compared = [tuple(_compared(accept, each, notice, moment)) for each in refusals]
            least = min(range(len(refusals)), key=lambda at: len(compared[at]))
            yield from compared[least]
            yield from _readable(accept, refusals[least], moment)
        yield from _by_keyboard(notice, moment)


def _compared(
    accept: Control, refuse: Control, notice: Notice, moment: Moment
) -> Iterator[Finding]:
    weaker = list(_weaker(accept, refuse))
    if _pushes(accept, refuse):
        title = "Accepting is green and refusing is red"
        colours = [weaker.pop(0)]
        yield _set_back(("B14", "V8", "B4"), title, colours, accept, refuse, moment)
    if _other_kind(accept, refuse, notice):
        why = [f"accepting is a {_kind(accept)}, refusing a {_kind(refuse)}", *weaker]
        rules = ("B3", "B4", *(["V8"] if weaker else []))
        title = "Refusing is another kind of control than accepting"
        yield _set_back(rules, title, why, accept, refuse, moment)
    elif weaker:
        title = "Refusing stands out less than accepting"
        yield _set_back(("V8", "B4"), title, weaker, accept, refuse, moment)
    if refuse.gap + _GAP_PIXELS < accept.gap and not _in_one_row(accept, refuse):
        why = [f"{refuse.gap:.0f} px to the nearest text, against {accept.gap:.0f} px"]
        title = "Refusing is lost in the text"
        yield _set_back(("B8",), title, why, accept, refuse, moment)


def _in_one_row(accept: Control, refuse: Control) -> bool:
    """Whether both stand side by side, or above each other, with the same measure: then one of
    them is nearer to the text by its turn only."""
    one, other = accept.box, refuse.box
    across = abs(one.y - other.y) + abs(one.height - other.height)
    down = abs(one.x - other.x) + abs(one.width - other.width)
    return min(across, down) < _GAP_PIXELS


def _other_kind(accept: Control, refuse: Control, notice: Notice) -> bool:
    """A link for a button, or a control outside the notice's frame (B3)."""
    if accept.filled and not refuse.filled:
        return True
    if not accept.filled and refuse.tag == "a" and accept.tag != "a":
        return True
    box, own = notice.box, refuse.box
    across = own.x + own.width < box.x or own.x > box.x + box.width
    return across or own.y + own.height < box.y or own.y > box.y + box.height


def _kind(control: Control) -> str:
    return f"{control.tag}{' with a ground of its own' if control.filled else ', plain'}"


def _weaker(accept: Control, refuse: Control) -> Iterator[str]:
    """In what the refusal stands back: ground, size of text, weight, surface (V8, B4)."""
    if _distance(accept.background, refuse.background) > _COLOUR_DISTANCE:
        yield f"their grounds differ: {_hex(accept.background)} and {_hex(refuse.background)}"
    if refuse.font_size < accept.font_size * _SMALLER:
        yield f"text of {refuse.font_size:.0f} px against {accept.font_size:.0f} px"
    if refuse.font_weight < accept.font_weight:
        yield f"weight {refuse.font_weight} against {accept.font_weight}"
    ratio = _area(refuse) / max(_area(accept), 1.0)
    longer = len(accept.label) / max(len(refuse.label), 1)
    if ratio < _MUCH_SMALLER and ratio * longer < _SMALLER:
        yield f"its surface is {ratio:.0%} of the other's"
    elif refuse.box.height < accept.box.height * _SMALLER - 1:
        yield f"it is {refuse.box.height:.0f} px high against {accept.box.height:.0f} px"


def _distance(one: Colour, other: Colour) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _area(control: Control) -> float:
    return control.box.width * control.box.height


def _pushes(accept: Control, refuse: Control) -> bool:
    """Green for accepting and red for refusing (B14)."""
    return _hue(accept.background) == "green" and _hue(refuse.background) == "red"


def _hue(colour: Colour) -> str:
    hue, _, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    if saturation < 0.25:
        return ""
    return "green" if 80 / 360 <= hue <= 170 / 360 else "red" if not 20 / 360 < hue < 0.95 else ""


def _readable(accept: Control, refuse: Control, moment: Moment) -> Iterator[Finding]:
    tcf = moment.seen.tcf is not None
    for control in (accept, refuse):
        what = f"“{control.label}”: {control.contrast:.2f} to 1"
        if control.contrast < _CONTRAST:
            yield _of_both(("B5", "A2"), Severity.VIOLATION, what, control, moment)
        elif tcf and control.contrast < _TCF_CONTRAST:
            yield _of_both(("B5", "T9"), Severity.WARNING, what, control, moment)


def _of_both(
    rules: tuple[str, ...], severity: Severity, what: str, control: Control, moment: Moment
) -> Finding:
    least = _CONTRAST if severity is Severity.VIOLATION else _TCF_CONTRAST
    return told(
        rules,
        severity,
        "The text of a control is hard to read",
        f"{control.role.value} of {NOTICE}",
        f"The contrast of its text is below {least} to 1.",
        (what,),
        _LOOK,
        (moment.where(),),
    )


def _by_keyboard(notice: Notice, moment: Moment) -> Iterator[Finding]:
    """Controls that Tab does not reach (A3), and a refusal further along than accepting (A4)."""
    main = [
        each
        for each in notice.controls
        if each.role in (Role.ACCEPT, Role.REFUSE, Role.CUSTOMISE) and not each.disabled
    ]
    unreached = [each for each in main if each.order < 0]
    if unreached and len(unreached) < len(notice.controls):
        yield _keys(
            ("A3", "B1"),
            "A control of the notice cannot be reached with the keyboard",
            tuple(f"Tab never reaches “{each.label}”" for each in unreached),
            moment,
        )
    orders = {each.role: each.order for each in reversed(main) if each.order >= 0}
    accept, refuse = orders.get(Role.ACCEPT), orders.get(Role.REFUSE)
    if accept is not None and refuse is not None and refuse - accept > 1:
        between = refuse - accept - 1
        proof = (f"{between} stops of Tab between accepting and refusing",)
        yield _keys(("A4", "B2"), "Refusing lies further along the keyboard", proof, moment)


def _keys(rules: tuple[str, ...], title: str, proof: tuple[str, ...], moment: Moment) -> Finding:
    again = "Open the page in a fresh profile and press Tab until the notice has been passed."
    detail = "Whoever uses no mouse can accept more easily than refuse, or not refuse at all."
    where = (moment.where(),)
    return told(rules, Severity.WARNING, title, NOTICE, detail, proof, again, where)


def _set_back(
    rules: tuple[str, ...],
    title: str,
    why: list[str],
    accept: Control,
    refuse: Control,
    moment: Moment,
) -> Finding:
    both = (f"accept: “{accept.label}”", f"refuse: “{refuse.label}”")
    severity = Severity.WARNING if rules[0] == "B8" else Severity.VIOLATION
    detail = f"Both should be of the same kind, size and emphasis: {'; '.join(why)}."
    where = (moment.where(),)
    return told(rules, severity, title, NOTICE, detail, (*why, *both), _LOOK, where)


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
