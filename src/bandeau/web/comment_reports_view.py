"""Reports of comments in words, for those who send them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from bandeau import limits
from bandeau.features.comments.appeals import Appeal
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.grounds import Ground
from bandeau.features.comments.model import Comment, rfc3339
from bandeau.features.comments.queue import Deed
from bandeau.features.comments.reports import Complaint, Filed, Outcome
from bandeau.web.statements import appeal_json, appeal_told, moment, until

ORDINARY = tuple(ground for ground in Ground if not ground.is_notice)
NOTICES = tuple(ground for ground in Ground if ground.is_notice)


@dataclass(frozen=True, slots=True)
class ReportScene:
    """A comment that is about to be reported; ``location`` is its address with scheme and host.

    ``sent`` is what came before and was not taken, for the reason ``message``.
    """

    comment: Comment
    location: str
    sent: Complaint | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class FiledScene:
    """A report that its sender follows by its ``reference``, at ``now`` in Unix milliseconds."""

    filed: Filed
    reference: str
    location: str
    appeal: Appeal | None = None
    now: int = 0

    @property
    def dismissed(self) -> bool:
        """Whether there is a decision that its sender may appeal against."""
        return self.filed.report.outcome is Outcome.KEPT and self.filed.decision is not None


def asked(scene: ReportScene) -> Mapping[str, object]:
    """What the page that takes a report shows."""
    sent = scene.sent or Complaint(scene.comment.id, "")
    return {
        "comment": scene.comment,
        "html": Markup(scene.comment.html),  # noqa: S704 - sanitised when it was written
        "written": moment(scene.comment.time),
        "time": rfc3339(scene.comment.time),
        "location": scene.location,
        "ordinary": [ground.value for ground in ORDINARY],
        "notices": [ground.value for ground in NOTICES],
        "sent": sent,
        "noticing": sent.ground in NOTICES,
        "message": scene.message,
        "text_least": limits.COMMENT_REPORT_TEXT_LEAST,
        "text_limit": limits.COMMENT_REPORT_TEXT_CHARACTERS,
        "sender_limit": limits.COMMENT_REPORT_SENDER_CHARACTERS,
        "days": limits.COMMENT_REPORT_DECIDED_DAYS,
    }


def followed(scene: FiledScene) -> Mapping[str, object]:
    """What the page that tells of a report shows."""
    report, decision = scene.filed.report, scene.filed.decision
    before = scene.appeal if decision and against(scene.appeal, decision) else None
    opens = until(decision, before, scene.now) if decision and scene.dismissed else ""
    return {
        "report": report,
        "reference": scene.reference,
        "location": scene.location,
        "received": moment(report.time),
        "decided": moment(report.decided) if decision else "",
        "reason": decision.reason if decision else None,
        "removed": report.outcome is Outcome.REMOVED,
        "appeal": appeal_told(scene.appeal),
        "until": opens,
        "appeal_limit": limits.APPEAL_CHARACTERS,
        "days": limits.COMMENT_REPORT_DECIDED_DAYS,
    }


def told(scene: FiledScene) -> Mapping[str, object]:
    """The same for programs: times in RFC 3339."""
    report = scene.filed.report
    return {
        "reference": scene.reference,
        "location": scene.location,
        "ground": report.ground.value,
        "text": report.text,
        "received": rfc3339(report.time),
        "outcome": report.outcome.value,
        "decision": decided(scene.filed.decision),
        "appeal": appeal_json(scene.appeal),
    }


def decided(decision: Decision | None) -> Mapping[str, object] | None:
    """A decision as it is told to whom it concerns; who took it is not."""
    if decision is None:
        return None
    reason, stays = decision.reason, decision.deed in (Deed.DISMISS, Deed.APPROVE)
    return {
        "time": rfc3339(decision.time),
        "ground": None if stays or reason.ground is None else reason.ground.value,
        "law": reason.law,
        "facts": reason.facts,
        "automated": False,
    }


def against(appeal: Appeal | None, decision: Decision) -> bool:
    """Whether it is against that very decision."""
    return appeal is not None and appeal.decision == decision.id
