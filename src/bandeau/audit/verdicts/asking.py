"""Whether visitors are asked, and can refuse as they can accept (V1, V2, V9, V18, B1 to B17)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bandeau.audit.evidence import Phase, Seen
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.purposes import purpose_named
from bandeau.audit.shown import Control, Notice, Role
from bandeau.audit.verdicts.audited import UNTOUCHED, Audited, Moment
from bandeau.audit.verdicts.telling import told
from bandeau.audit.verdicts.uses import uses

NOTICE = "the notice"
_LOOK = "Open the page in a fresh profile and look at the notice."
_WAYS = (Role.ACCEPT, Role.REFUSE, Role.CUSTOMISE)
_FRESH = frozenset({*UNTOUCHED, Phase.REFUSED, Phase.ONLY, Phase.SAVED, Phase.CLOSED})


def notices(audited: Audited) -> Iterator[tuple[Notice, Moment]]:
    """Each first layer as it stood before any choice of its run."""
    for moment in audited.moments():
        notice = moment.seen.notice
        if notice is not None and notice.layer == 1 and _fresh(moment):
            yield notice, moment


def _fresh(moment: Moment) -> bool:
    chosen = any(seen.choosing and seen.choosing.done for seen in moment.before)
    return moment.phase in _FRESH | {Phase.ACCEPTED} and not chosen


def gated(audited: Audited) -> bool:
    """Whether anything that needs consent was seen in any state."""
    return any(
        use.known.gated is True for moment in audited.moments() for use in uses(audited, moment)
    )


def missing(audited: Audited) -> Iterator[Finding]:
    """No notice anywhere, and yet trackers that need consent (V1)."""
    if any(map(_asked, audited.moments())):
        return
    found = [(m, u) for m in audited.moments() for u in uses(audited, m) if u.known.gated is True]
    if found:
        who = ", ".join(sorted({use.culprit for _, use in found})[:5])
        yield told(
            ("V1", "P1", "I1"),
            Severity.VIOLATION,
            "Nobody is asked for consent, although it is needed",
            NOTICE,
            f"No page has a notice, while trackers that need consent are at work: {who}.",
            (use.proof for _, use in found),
            "Open the site in a fresh profile: nothing asks for a choice.",
            (moment.where(use.at, use.page) for moment, use in found),
        )


def _asked(moment: Moment) -> bool:
    seen = moment.seen
    known = seen.choosing is not None and seen.choosing.by_rules
    return known or seen.notice is not None or any(visit.asking for visit in seen.visits)


def ways_out(audited: Audited) -> Iterator[Finding]:
    """Refusing on the first layer, in as many actions as accepting (V2, B1, B2, B6, B9)."""
    needed = audited.policy is None or bool(audited.policy.consent_purposes)
    if not needed or not gated(audited):
        return
    for notice, moment in notices(audited):
        accepts, refusals = notice.having(Role.ACCEPT), notice.having(Role.REFUSE)
        if accepts and not refusals:
            yield from _no_refusal(notice, moment, audited)
        elif len(accepts) > len(refusals):
            yield _of_notice(
                ("B6", "V8"),
                Severity.VIOLATION,
                "Accepting is offered more often than refusing",
                f"{len(accepts)} controls accept everything, {len(refusals)} refuse it.",
                (_named(each) for each in (*accepts, *refusals)),
                moment,
            )
        if accepts and not (notice.having(Role.CUSTOMISE) or notice.having(Role.TOGGLE)):
            yield _of_notice(
                ("B9",),
                Severity.WARNING,
                "The notice does not lead to a choice by purpose",
                "Beside accepting and refusing, a third control should open the purposes.",
                map(_named, notice.controls),
                moment,
            )
    yield from _more_clicks(audited)


def _no_refusal(notice: Notice, moment: Moment, audited: Audited) -> Iterator[Finding]:
    panels = [m.seen.panel for m in audited.moments(*_FRESH) if m.seen.panel is not None]
    made = _refusal_made(audited)
    if any(panel.having(Role.REFUSE) for panel in panels) or (made and not panels):
        rules: tuple[str, ...] = ("B1", "B2")
        title = "Refusing takes another layer than accepting"
        detail = "The first layer accepts everything at once; refusing is only possible behind it."
    else:
        rules, title = ("V2", "B1", "B2"), "Nothing refuses"
        detail = "The notice has a control that accepts everything and none that refuses it, "
        detail += "neither on its first layer nor behind it."
        detail += " What stands there can only be saved as it is set." if made else ""
    proof = map(_named, notice.controls)
    yield _of_notice(rules, Severity.VIOLATION, title, detail, proof, moment)


def _refusal_made(audited: Audited) -> bool:
    """Whether a refusal was clicked: a rule may also make one that no visitor can."""
    made = (m.seen.choosing for m in audited.moments(Phase.REFUSED))
    return any(each.done and (each.clicks or not each.by_rules) for each in made if each)


def _more_clicks(audited: Audited) -> Iterator[Finding]:
    """More actions to refuse than to accept, although both stand on the first layer (B2)."""
    least = _least_clicks(audited, Phase.ACCEPTED)
    most = _least_clicks(audited, Phase.REFUSED)
    hidden = any(not notice.having(Role.REFUSE) for notice, _ in notices(audited))
    if least is not None and most is not None and most > least and not hidden:
        yield _of_notice(
            ("B2",),
            Severity.VIOLATION,
            "Refusing takes more actions than accepting",
            f"{least} to accept everything, {most} to refuse it.",
            (f"accepted in {least} actions, refused in {most}",),
            next(audited.judged(Phase.REFUSED)),
        )


def _least_clicks(audited: Audited, phase: Phase) -> int | None:
    made = (m.seen.choosing for m in audited.judged(phase))
    counted = (each for each in made if each and not each.by_rules)
    return min((each.clicks for each in counted if each.clicks), default=None)


def preselected(audited: Audited) -> Iterator[Finding]:
    """Switches that are on before anybody touched them (V18, B10)."""
    exempt = _exempt(audited)
    for moment in audited.moments():
        if not _fresh(moment):
            continue
        for layer in (moment.seen.notice, moment.seen.panel):
            ticked = [c for c in (layer.controls if layer else ()) if _ticked(c, exempt)]
            if ticked:
                yield _of_notice(
                    ("V18", "B10"),
                    Severity.VIOLATION,
                    "Purposes are switched on beforehand",
                    "Consent takes an act of the visitor; a switch that stands on is none.",
                    (f"“{each.label}” is on at first opening" for each in ticked),
                    moment,
                )


def _exempt(audited: Audited) -> dict[str, bool]:
    """Of each purpose that the policy has, by its key, whether it needs no consent."""
    purposes = audited.policy.purposes if audited.policy else ()
    return {each.key: each.exempt is not None for each in purposes}


def _ticked(control: Control, exempt: Mapping[str, bool]) -> bool:
    if control.role is not Role.TOGGLE or not control.checked:
        return False
    if control.purpose in exempt:
        return not exempt[control.purpose]
    # A key of the consent tool's own, such as for what always works.
    return not control.disabled and (
        purpose_named(f"{control.purpose} {control.label}") != "functioning"
    )


def crowded(audited: Audited) -> Iterator[Finding]:
    """More than one dialog that asks for acceptance (B15)."""
    for notice, moment in notices(audited):
        if notice.dialogs > 1:
            yield _of_notice(
                ("B15",),
                Severity.VIOLATION,
                "Several windows ask for consent at once",
                f"{notice.dialogs} were shown, so that a refusal in one may be lost in another.",
                (f"{notice.dialogs} dialogs that ask for consent",),
                moment,
            )


def forced(audited: Audited) -> Iterator[Finding]:
    """A page that cannot be used until a choice is made (V9).

    Where the first layer refuses as easily as it accepts, that is a matter of weighing. A page
    that cannot be used either once everything was accepted has a sheet of its own over it.
    """
    shut = {
        (moment.run.setting.device, visit.landed)
        for moment in audited.judged(Phase.ACCEPTED)
        for visit in moment.seen.visits
        if not visit.asking and visit.usable_links[1] and not visit.usable_links[0]
    }
    for moment in audited.moments(*UNTOUCHED):
        for visit in moment.seen.visits:
            could, looked = visit.usable_links
            own = (moment.run.setting.device, visit.landed) in shut
            if visit.asking and looked and not could and not own:
                notice = moment.seen.notice
                refuses = notice is not None and notice.having(Role.REFUSE)
                yield told(
                    ("V9", "R5"),
                    Severity.WARNING if refuses else Severity.VIOLATION,
                    "The page cannot be used before a choice",
                    NOTICE,
                    f"None of {looked} links that were looked at could be clicked while it asks.",
                    (f"0 of {looked} links of {visit.landed} could be clicked",),
                    _LOOK,
                    (moment.where(visit.at, visit.landed),),
                )


def everywhere(audited: Audited) -> Iterator[Finding]:
    """The same controls on each device and in each language, in the page's language (B17)."""
    shown = [(moment, notice, _ways(notice)) for notice, moment in notices(audited)]
    fullest = max((ways for _, _, ways in shown), key=len, default=frozenset())
    for moment, notice, ways in shown:
        if ways < fullest:
            lacking = ", ".join(sorted(fullest - ways))
            yield _of_notice(
                ("B17",),
                Severity.VIOLATION if "refuse" in lacking else Severity.WARNING,
                "The notice offers less on some devices or in some languages",
                f"On {_setting(moment)} it lacks: {lacking}.",
                (f"{_setting(moment)}: {', '.join(sorted(ways)) or 'no control'}",),
                moment,
            )
        page = _language(moment.seen)
        if page and notice.language and _base(notice.language) != page:
            yield _of_notice(
                ("B17",),
                Severity.WARNING,
                "The notice speaks another language than the page",
                f"The page is in “{page}”, the notice in “{_base(notice.language)}”.",
                (f"lang of the page: {page}, of the notice: {notice.language}",),
                moment,
                f"{NOTICE}'s language",
            )


def _ways(notice: Notice) -> frozenset[str]:
    return frozenset(role.value for role in _WAYS if notice.having(role))


def _setting(moment: Moment) -> str:
    setting = moment.run.setting
    language = f" in “{setting.language}”" if setting.language else ""
    browser = "" if setting.browser == "chromium" else f" in {setting.browser.capitalize()}"
    return f"{setting.device.value}{language}{browser}"


def _language(seen: Seen) -> str:
    return next((_base(visit.language) for visit in seen.visits if visit.language), "")


def _base(tag: str) -> str:
    return tag.strip().lower().partition("-")[0]


def _named(control: Control) -> str:
    return f"{control.role.value}: “{control.label}” ({control.tag})"


def _of_notice(
    rules: tuple[str, ...],
    severity: Severity,
    title: str,
    detail: str,
    proof: Iterator[str] | map[str] | tuple[str, ...],
    moment: Moment,
    subject: str = NOTICE,
) -> Finding:
    return told(rules, severity, title, subject, detail, proof, _LOOK, (moment.where(),))
