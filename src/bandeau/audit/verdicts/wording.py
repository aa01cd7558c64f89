"""What the notice says: labels, purposes, and words that press (V7, B7, B11 to B13, B16, I12)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bandeau.audit.addresses import shown
from bandeau.audit.evidence import Phase
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.purposes import purpose_named, purposes_told
from bandeau.audit.shown import Notice, Role, Visit
from bandeau.audit.verdicts.asking import NOTICE, notices
from bandeau.audit.verdicts.audited import UNTOUCHED, Audited, Moment
from bandeau.audit.verdicts.telling import told
from bandeau.audit.verdicts.uses import uses
from bandeau.policy.words import purpose_text

_COVERED = 0.5
_EXPLICIT = re.compile(
    r"refus|rejet|reject|declin|décliner|deny|sans accepter|without accepting|without consent"
    r"|ablehn|verweiger|ohne (einwilligung|zustimmung)|rechaz|deneg|sin aceptar|rifiut|nega\b"
    r"|weiger|afwijz|zonder (te )?(accept|toestemm)|niet akkoord|odrzu|odmaw|nie zgadzam"
    r"|bez (akceptacji|zgody|přijetí|souhlasu)|recus|rejeit|não (aceit|consent|permit|concord)"
    r"|sem aceitar|avvisa|neka\b|avböj|avslå|utan (att )?(acceptera|godkänna|samtycke)|afvis|afslå"
    r"|uden (at )?(acceptere|samtykke)|uten (å )?(godta|akseptere|samtykke)|odmít|zamít|nesouhlas"
    r"|refuz|resping|nu (sunt|accept|permit)|fără (a accepta|acord|consimț)|elutas|nem (fogad|enged"
    r"|egyez|járul)|nélkül|απόρρι|απορρί|άρνηση|αρνο|χωρίς (αποδοχή|συγκατάθεση)|δεν (αποδ|συμφ)"
    r"|\bnej\b|\bnei\b|\bnee\b|\bnão\b|\bnie\b"
    r"|senza accettare|\bno\b|\bnon\b|\bnein\b|disagree|désactiver|opt.?out|отклон|отказ|не принима"
    r"|без согласия|رفض|ارفض|دون (قبول|موافقة)",
    re.IGNORECASE,
)
_ROUNDABOUT = re.compile(
    r"non[- ]?(essential|necessary|essentiel|nécessaire|esencial|essenzial)"
    r"|nicht.?(notwendig|erforder)"
    r"|не ?обязательн|غير (الضرورية|الأساسية)",
    re.IGNORECASE,
)
_ALL = re.compile(r"\b(all|tout|tous|toutes|alle|alles|todo|todas|tutt[oi])\b", re.IGNORECASE)
_SILENCE = re.compile(
    r"(by|in) (continuing|browsing|using|scrolling)|continu\w+ to (use|browse)|if you continue"
    r"|en (poursuivant|continuant)|poursui\w+ (de )?votre (navigation|visite)"
    r"|(weiter(surf|nutz)|durch die (weitere )?nutzung)|al continuar|si contin[uú]a|se continui"
    r"|(continuando|proseguendo) |продолжая|بمتابعة|باستمرار",
    re.IGNORECASE,
)
_PRESSING = re.compile(
    r"(must|have to|need to) (accept|agree|consent)|(is|are) (required|mandatory) to (use|read)"
    r"|obligat(oire|orio|orisch)|vous devez accepter|il faut accepter"
    r"|müssen (sie )?(zustimmen|akzeptieren)|debe aceptar|deve accettare|обязан|необходимо принять"
    r"|\bplease (accept|support)|merci d.accepter|we love|nous avons besoin de vous|help us"
    r"|aidez[- ]nous|soutenez|unterstützen sie uns|ayúdanos|aiutaci|sad to|poor(er)? experience"
    r"|best (possible )?experience|meilleure expérience|survive|survivre|يجب",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"clos|dismiss|\bcross\b|ferm|croix|schlie(ß|ss)|\bkreuz\b|cerr|chiud|\b[x×✕]\b|закры|крест|إغلاق",
    re.IGNORECASE,
)
_TRACKING = frozenset({"advertising", "statistics", "social", "personalisation"})
_PREFERRING = re.compile(
    r"pr[eéäê]f[eéê]r[eèê]n\w*|voorkeur\w*|предпочт\w*|تفضيل\w*|προτιμήσ\w*", re.IGNORECASE
)
"""What settings are called: it names no use, unless that is all there is."""
_LOOK = "Open the page in a fresh profile and read the notice."


def words(audited: Audited) -> Iterator[Finding]:
    """What each first layer says, and leaves out."""
    for notice, moment in notices(audited):
        yield from _label(notice, moment)
        yield from _pressing(notice, moment)
        yield from _silence(notice, moment)
        yield from _closing(notice, moment)
        yield from _purposes(notice, moment, audited)
        yield from _undeclared(notice, moment, audited)
        yield from _no_policy(notice, moment)


def _label(notice: Notice, moment: Moment) -> Iterator[Finding]:
    """A refusal that does not say so (B7)."""
    for refuse in notice.having(Role.REFUSE):
        roundabout = bool(_ROUNDABOUT.search(refuse.label))
        if roundabout or not _EXPLICIT.search(refuse.label):
            yield _said(
                ("B7",),
                Severity.VIOLATION if roundabout else Severity.WARNING,
                "The refusal is not called one",
                "Its label should say “refuse all” or “continue without accepting”.",
                f"refuse: “{refuse.label}”",
                moment,
            )


def _pressing(notice: Notice, moment: Moment) -> Iterator[Finding]:
    """Words that plead, or make consent look compulsory (B13)."""
    if pressing := _PRESSING.search(notice.text):
        yield _said(
            ("B13",),
            Severity.WARNING,
            "The notice presses for consent",
            "Nothing may suggest that consent is compulsory, or appeal to feelings.",
            f"“{_around(notice.text, pressing)}”",
            moment,
        )


def _silence(notice: Notice, moment: Moment) -> Iterator[Finding]:
    """A text that takes going on for consent (B11)."""
    found = _SILENCE.search(notice.text)
    if found and not _EXPLICIT.search(notice.text[found.start() : found.end() + 20]):
        yield _said(
            ("B11",),
            Severity.VIOLATION,
            "The notice takes going on for consent",
            "Only a clear act is consent; browsing on, scrolling and silence are none.",
            f"“{_around(notice.text, found)}”",
            moment,
        )


def _closing(notice: Notice, moment: Moment) -> Iterator[Finding]:
    """A cross of which nobody says what it does (B12)."""
    crosses = notice.having(Role.CLOSE)
    if not crosses or _CLOSING.search(notice.text.replace(crosses[0].label, " ")):
        return
    if any(_EXPLICIT.search(each.label) for each in crosses):
        return
    yield _said(
        ("B12",),
        Severity.WARNING,
        "The notice can be closed, but does not say what that means",
        "Where closing or ignoring it counts as refusing, the notice has to say so.",
        f"close: “{crosses[0].label}”",
        moment,
    )


def _purposes(notice: Notice, moment: Moment, audited: Audited) -> Iterator[Finding]:
    """Purposes of the policy, or of the settings, that the first layer does not name (B16, I1)."""
    if not notice.having(Role.ACCEPT):
        return
    text = " ".join((notice.text, *(control.label for control in notice.controls))).casefold()
    policy = audited.policy
    missing = _untold(text, notice, audited) if policy else _only_behind(text, audited)
    if missing:
        yield _said(
            ("B16", "I1"),
            Severity.WARNING,
            "Everything can be accepted before all purposes are told",
            f"The first layer does not name: {', '.join(missing)}.",
            f"{len(missing)} purposes of the {'policy' if policy else 'settings'} "
            "are not in the text",
            moment,
        )


def _untold(text: str, notice: Notice, audited: Audited) -> list[str]:
    """Titles of the policy's purposes that a text does not name."""
    policy = audited.policy
    if policy is None:
        return []
    language = notice.language.partition("-")[0].lower() or policy.site.languages[0]
    return [
        title
        for purpose in policy.consent_purposes
        if (title := purpose_text(policy, audited.words, purpose.key, "title", language))
        and title.casefold() not in text
        and _known_words(purpose.key).isdisjoint(purposes_told(text))
    ]


def _only_behind(text: str, audited: Audited) -> list[str]:
    """Purposes of which only the settings speak, where the first layer names no purpose at all."""
    panels = [each.seen.panel for each in audited.moments() if each.seen.panel is not None]
    switches = [c for panel in panels for c in panel.having(Role.TOGGLE)]
    offered = {purpose_named(f"{each.purpose} {each.label}") for each in switches}
    return sorted(offered & _TRACKING) if not purposes_told(text) & _TRACKING else []


def _known_words(key: str) -> frozenset[str]:
    return frozenset({key.partition("-")[0]})


def _undeclared(notice: Notice, moment: Moment, audited: Audited) -> Iterator[Finding]:
    """Trackers for advertising or statistics, of which the notice says nothing (V7)."""
    seen = {
        use.known.purpose
        for each in audited.moments()
        for use in uses(audited, each)
        if use.known.gated and use.known.purpose in _TRACKING | {""}
    }
    panels = [m.seen.panel.text for m in audited.moments() if m.seen.panel is not None]
    controls = (control.label for control in notice.controls)
    text = " ".join((notice.text, *controls, *panels))
    plain = text if seen == {"personalisation"} else _PREFERRING.sub(" ", text)
    if seen and not purposes_told(plain) & _TRACKING:
        yield _said(
            ("V7", "I1", "B16"),
            Severity.VIOLATION,
            "The notice does not say what the trackers are for",
            f"Trackers for {_listed(seen)} were seen; neither layer names any such use.",
            f"text of the notice: “{notice.text[:160]}”",
            moment,
        )


def _listed(purposes: set[str]) -> str:
    return ", ".join(sorted(purposes - {""})) or "purposes that nobody declares"


def _no_policy(notice: Notice, moment: Moment) -> Iterator[Finding]:
    if notice.controls and not any(c.href or c.role is Role.POLICY for c in notice.controls):
        yield _said(
            ("I12", "I3"),
            Severity.NOTE,
            "The notice does not lead to the privacy policy",
            "No link in it leads to a longer text that could be read before choosing.",
            "no link among its controls",
            moment,
        )


def readable(audited: Audited) -> Iterator[Finding]:
    """The privacy policy, readable before choosing and with the notice not over it (I12)."""
    for moment in audited.moments(*UNTOUCHED, Phase.REFUSED):
        for visit in moment.seen.visits:
            if not _is_policy(visit, moment, audited):
                continue
            if visit.status >= 400 or visit.failure:
                why = f"it answered {visit.status}" if visit.status else visit.failure
            elif visit.asking and visit.covered > _COVERED:
                why = f"the notice covers {visit.covered:.0%} of the window"
            else:
                continue
            yield told(
                ("I12",),
                Severity.VIOLATION,
                "The privacy policy cannot be read before choosing",
                "the privacy policy",
                f"Whoever wants to read before choosing cannot: {why}.",
                (f"{shown(visit.asked)}: {why}",),
                f"In a fresh profile open {shown(visit.asked)}.",
                (moment.where(visit.at, visit.landed),),
            )


def _is_policy(visit: Visit, moment: Moment, audited: Audited) -> bool:
    addresses = set()
    if audited.policy is not None:
        addresses.add(audited.policy.site.privacy_policy)
    if moment.seen.notice is not None:
        links = (c.href for c in moment.seen.notice.having(Role.POLICY) if c.href)
        addresses |= set(links)
    asked = visit.asked.partition("#")[0]
    return any(asked == each or (each[:1] == "/" and asked.endswith(each)) for each in addresses)


def _around(text: str, found: re.Match[str]) -> str:
    start, end = max(found.start() - 40, 0), found.end() + 60
    return " ".join(text[start:end].split())


def _said(
    rules: tuple[str, ...],
    severity: Severity,
    title: str,
    detail: str,
    proof: str,
    moment: Moment,
) -> Finding:
    where = (moment.where(),)
    return told(rules, severity, title, NOTICE, detail, (proof,), _LOOK, where)
