"""The choice in other alphabets: TC strings, Consent Mode, Global Privacy Control (T, K, G)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from bandeau.audit.addresses import host_of, queried, shown
from bandeau.audit.evidence import Phase
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.shown import Role, Tcf
from bandeau.audit.verdicts.audited import DENIED, UNTOUCHED, Audited, Moment
from bandeau.audit.verdicts.telling import told
from bandeau.audit.verdicts.uses import Deed, uses

_STRING = "the TC string"
_SHARING = frozenset({"advertising", "social", ""})
_DAY = 86_400
_WHOLE = 0.1
_DENIED_BY = {
    Phase.REFUSED: (("V17", "R1"), "although it was refused"),
    Phase.WITHDRAWN: (("V17", "W7"), "although it was withdrawn"),
    Phase.CLOSED: (("V5", "R1"), "although the notice was only closed"),
    Phase.SAVED: (("V6", "B10"), "although nothing was switched on"),
}
_IN_TOOLS = "In the console: __tcfapi('addEventListener', 2, console.log), and read tcData."


def strings(audited: Audited) -> Iterator[Finding]:
    """Consent strings that say what nobody chose (V16, V17, V19, T2 to T4, T6)."""
    for moment in audited.judged():
        tcf = moment.seen.tcf
        if tcf is None:
            continue
        if moment.phase in UNTOUCHED:
            yield from _positive(tcf, moment, ("V16", "T2"), "before any choice")
        elif moment.phase in DENIED:
            yield from _positive(tcf, moment, *_DENIED_BY[moment.phase])
            yield from _legitimate(tcf, moment)
        yield from _form(tcf, moment)


def _positive(tcf: Tcf, moment: Moment, rules: tuple[str, ...], when: str) -> Iterator[Finding]:
    if tcf.purposes or tcf.vendors:
        yield _of_string(
            rules,
            Severity.VIOLATION,
            f"The TC string says that there is consent {when}",
            f"It tells {len(tcf.vendors)} vendors that purposes "
            f"{_numbers(tcf.purposes)} were consented to.",
            (f"purpose consents: {_numbers(tcf.purposes)}", f"vendors: {_numbers(tcf.vendors)}"),
            moment,
        )


def _legitimate(tcf: Tcf, moment: Moment) -> Iterator[Finding]:
    if tcf.legitimate_purposes or tcf.legitimate_vendors:
        yield _of_string(
            ("V19", "R1"),
            Severity.VIOLATION,
            "A refusal leaves legitimate interests on",
            "Vendors are told that they may go on without consent, for purposes "
            f"{_numbers(tcf.legitimate_purposes)}.",
            (
                f"legitimate interests, purposes: {_numbers(tcf.legitimate_purposes)}",
                f"legitimate interests, vendors: {_numbers(tcf.legitimate_vendors)}",
            ),
            moment,
        )


def _form(tcf: Tcf, moment: Moment) -> Iterator[Finding]:
    """What a string and its interface look like (T3, T4, T6)."""
    if tcf.string and not tcf.disclosed_vendors:
        yield _of_string(
            ("T3",),
            Severity.WARNING,
            "The TC string does not say which vendors were disclosed",
            "Since 1 March 2026 a new string without disclosedVendors is invalid.",
            ("disclosedVendors is missing or empty",),
            moment,
        )
    faults = []
    if tcf.created is not None and tcf.created != tcf.updated:
        faults.append("Created and LastUpdated differ")
    if tcf.created is not None and tcf.created % _DAY:
        faults.append("Created has a time of day")
    if tcf.service_specific is False:
        faults.append("IsServiceSpecific is 0")
    if tcf.string and faults:
        title = "The TC string is not in the form that the specification asks for"
        detail = "; ".join(faults) + "."
        yield _of_string(("T4",), Severity.WARNING, title, detail, faults, moment)
    if tcf.loaded_after:
        yield _of_string(
            ("T6", "P3"),
            Severity.WARNING,
            "A vendor runs before the interface that tells it the choice",
            "Without an answer there is no consent; the stub has to be there first.",
            (f"{shown(tcf.loaded_after)} ran before the stub of __tcfapi",),
            moment,
        )


def layers(audited: Audited) -> Iterator[Finding]:
    """What TCF asks of the layers of its notice, as far as it can be seen (T7 to T9)."""
    for moment in audited.moments(*UNTOUCHED):
        notice, panel = moment.seen.notice, moment.seen.panel
        if moment.seen.tcf is None or notice is None:
            continue
        if not notice.having(Role.PARTNERS) and not any(map(str.isdigit, notice.text)):
            title = "The first layer names neither the number of partners nor their list"
            detail = "TCF asks for both on the first layer (Appendix B C(b))."
            proof = (f"text: “{notice.text[:120]}”",)
            yield _of_string(("T7", "I5"), Severity.WARNING, title, detail, proof, moment)
        if panel is not None and not panel.having(Role.TOGGLE):
            title = "The second layer has no choice by purpose and vendor"
            detail = "TCF asks for one (Appendix B C(c))."
            proof = (f"{len(panel.controls)} controls, none of them a switch",)
            yield _of_string(("T8", "C9"), Severity.WARNING, title, detail, proof, moment)
        covered = max((visit.covered for visit in moment.seen.visits), default=0.0)
        if 0 < covered < _WHOLE and not notice.modal:
            title = "The notice is not as prominent as TCF asks"
            detail = "It covers only part of the content (Appendix B C(a))."
            proof = (f"it covers {covered:.0%} of the window",)
            yield _of_string(("T9",), Severity.NOTE, title, detail, proof, moment)


def consent_mode(audited: Audited) -> Iterator[Finding]:
    """Hits that carry a consent which nobody gave (K2): ``gcs=G1`` and a 1 for ads or analytics."""
    for moment in audited.judged(*DENIED):
        for request in moment.seen.requests:
            said = next((value for name, value in queried(request.url) if name == "gcs"), "")
            if request.at < moment.settled or not said.startswith("G1") or "1" not in said[2:4]:
                continue
            domain = audited.knowledge.domain(host_of(request.url))
            yield told(
                ("K2", "P3" if moment.phase in UNTOUCHED else "R1"),
                Severity.VIOLATION,
                f"{domain} is told of a consent that was not given",
                f"{domain} gcs",
                f"Its requests carry gcs={said}, which says that storage is granted.",
                (f"gcs={said} in {shown(request.url)}",),
                f"Filter Network by {domain} and look at the parameter gcs.",
                (moment.where(request.at, request.page),),
            )


def consent_defaults(audited: Audited) -> Iterator[Finding]:
    """What Google's tags are told before anybody chose (K1): denied, and before they run."""
    for moment in audited.moments(*UNTOUCHED):
        mode = moment.seen.mode
        if mode is not None and mode.granted:
            yield _of_mode(
                ("K1", "K2", "P1"),
                Severity.VIOLATION,
                "Consent Mode grants by default what nobody granted",
                "Its default is on for " + ", ".join(mode.granted) + ".",
                [f"consent default: {signal} granted" for signal in mode.granted],
                moment,
            )
        if mode is not None and mode.early:
            yield _of_mode(
                ("K1",),
                Severity.WARNING,
                "Consent Mode is told its defaults after the first tag",
                "A tag that runs before the default acts as if everything were granted.",
                [f"{command} stands before the consent default" for command in mode.early],
                moment,
            )


def _of_mode(
    rules: tuple[str, ...],
    severity: Severity,
    title: str,
    detail: str,
    proof: list[str],
    moment: Moment,
) -> Finding:
    again = "In a fresh profile, in the console: dataLayer.filter((each) => each[0] == 'consent')."
    where = (moment.where(),)
    return told(rules, severity, title, "Consent Mode", detail, proof, again, where)


def privacy_control(audited: Audited) -> Iterator[Finding]:
    """Advertising or social networks at work although the browser says no (G4)."""
    without = _without_signal(audited)
    for moment in audited.moments(*UNTOUCHED):
        if not moment.run.setting.signal:
            continue
        found: dict[str, list[str]] = defaultdict(list)
        for use in uses(audited, moment):
            shared = use.known.purpose in _SHARING and use.deed is not Deed.KEPT
            if use.culprit in without:
                continue
            if shared and audited.permits(use.known, moment.seen) is False:
                found[use.culprit].append(use.proof)
        granted = [key for key, on in moment.seen.purposes if on and key in _SHARING]
        if found or granted:
            proof = [line for lines in found.values() for line in lines[:2]]
            who = ", ".join(sorted(found)) or ", ".join(granted)
            yield told(
                ("G4", "P3"),
                Severity.VIOLATION,
                "Global Privacy Control is not heeded",
                "Global Privacy Control",
                f"The browser sent Sec-GPC: 1, and yet these are at work without a choice: {who}.",
                proof or [f"the site's own state grants {key}" for key in granted],
                "Switch Global Privacy Control on in the browser, and open the page.",
                (moment.where(),),
            )


def _without_signal(audited: Audited) -> set[str]:
    """Those at work before a choice even where the browser says nothing: another finding (V4)."""
    return {
        use.culprit
        for moment in audited.moments(*UNTOUCHED)
        if not moment.run.setting.signal
        for use in uses(audited, moment)
        if audited.permits(use.known, moment.seen) is False
    }


def _of_string(
    rules: tuple[str, ...],
    severity: Severity,
    title: str,
    detail: str,
    proof: tuple[str, ...] | list[str],
    moment: Moment,
) -> Finding:
    where = (moment.where(),)
    return told(rules, severity, title, _STRING, detail, proof, _IN_TOOLS, where)


def _numbers(values: tuple[int, ...]) -> str:
    shown_first = ", ".join(map(str, values[:12]))
    return (shown_first + (" …" if len(values) > 12 else "")) or "none"
