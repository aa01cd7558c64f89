"""What an export holds beside comments and their authors: decisions, reports, appeals, accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bandeau import limits
from bandeau.features.comments import exchange_fields as given
from bandeau.features.comments.appeals import Appeal, Ruling
from bandeau.features.comments.decisions import Cause, Decision
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.model import rfc3339
from bandeau.features.comments.queue import Deed
from bandeau.features.comments.reports import Outcome, Report


@dataclass(frozen=True, slots=True)
class Account:
    """A reader who signed in: ``who`` is :func:`readers.reader_tag`, ``subjects`` are the tags of
    the consent subjects under which they did."""

    id: str
    who: str
    name: str
    subjects: tuple[str, ...]


Beside = Account | Decision | Report | Appeal
Line = Mapping[str, Any]


def line_of(kept: Beside) -> dict[str, object]:
    """What an export says of ``kept``."""
    match kept:
        case Account(reader, who, name, subjects):
            told = {"id": reader, "who": who, "name": name, "subjects": list(subjects)}
            return {"kind": "reader", **told}
        case Decision():
            return _of_decision(kept)
        case Report():
            return _of_report(kept)
    return _of_appeal(kept)


def _of_decision(kept: Decision) -> dict[str, object]:
    return {
        "kind": "decision",
        "id": kept.id,
        "comment": kept.comment,
        "author": kept.author,
        "time": rfc3339(kept.time),
        "until": _moment(kept.until),
        "staff": kept.staff,
        "deed": kept.deed.value,
        "ground": kept.reason.ground.value if kept.reason.ground else "",
        "law": kept.reason.law,
        "facts": kept.reason.facts,
        "cause": kept.cause.value,
        "detected": kept.detected,
        "waited": kept.waited,
    }


def _of_report(kept: Report) -> dict[str, object]:
    return {
        "kind": "report",
        "id": kept.id,
        "reference": kept.tag,
        "comment": kept.comment,
        "page": kept.page,
        "time": rfc3339(kept.time),
        "ground": kept.ground.value,
        "text": kept.text,
        "name": kept.name,
        "email": kept.email,
        "lang": kept.lang,
        "readers": kept.readers,
        "outcome": kept.outcome.value,
        "decided": _moment(kept.decided),
        "decision": kept.decision,
    }


def _of_appeal(kept: Appeal) -> dict[str, object]:
    return {
        "kind": "appeal",
        "id": kept.id,
        "decision": kept.decision,
        "comment": kept.comment,
        "report": kept.report,
        "time": rfc3339(kept.time),
        "text": kept.text,
        "ruling": kept.ruling.value,
        "decided": _moment(kept.decided),
        "staff": kept.staff,
        "answer": kept.answer,
    }


def _account(line: Line) -> Account:
    subjects = line["subjects"]
    if not isinstance(subjects, list):
        raise ValueError("subjects are a list of ids")
    name = given.text(line["name"], limits.COMMENT_NAME_CHARACTERS)
    tags = tuple(given.ident(each) for each in subjects)
    return Account(given.ident(line["id"]), given.ident(line["who"]), name, tags)


def _decision(line: Line) -> Decision:
    law = given.text(line["law"], limits.REASON_LAW_CHARACTERS)
    facts = given.text(line["facts"], limits.REASON_CHARACTERS)
    return Decision(
        id=given.ident(line["id"]),
        comment=given.optional(line["comment"]),
        time=given.time(line["time"]),
        staff=given.ident(line["staff"]),
        deed=Deed(line["deed"]),
        reason=Reason(Ground(line["ground"]) if line["ground"] else None, law, facts),
        cause=Cause(line["cause"]),
        detected=line["detected"] is True,
        author=given.optional(line["author"]),
        until=_time(line["until"]),
        waited=None if line["waited"] is None else given.count(line["waited"]),
    )


def _report(line: Line) -> Report:
    most = limits.COMMENT_REPORT_SENDER_CHARACTERS
    return Report(
        id=given.ident(line["id"]),
        tag=given.ident(line["reference"]),
        comment=given.ident(line["comment"]),
        page=given.path(line["page"]),
        time=given.time(line["time"]),
        ground=Ground(line["ground"]),
        text=given.text(line["text"], limits.COMMENT_REPORT_TEXT_CHARACTERS),
        name=given.text(line["name"], most),
        email=given.text(line["email"], most),
        lang=given.word(line["lang"]),
        readers=given.count(line["readers"]),
        outcome=Outcome(line["outcome"]),
        decided=_time(line["decided"]),
        decision=given.optional(line["decision"]),
    )


def _appeal(line: Line) -> Appeal:
    return Appeal(
        id=given.ident(line["id"]),
        decision=given.ident(line["decision"]),
        comment=given.optional(line["comment"]),
        report=given.optional(line["report"]),
        time=given.time(line["time"]),
        text=given.text(line["text"], limits.APPEAL_CHARACTERS),
        ruling=Ruling(line["ruling"]),
        decided=_time(line["decided"]),
        staff=given.optional(line["staff"]),
        answer=given.text(line["answer"], limits.REASON_CHARACTERS),
    )


READ: Mapping[str, Callable[[Line], Beside]] = {
    "reader": _account,
    "decision": _decision,
    "report": _report,
    "appeal": _appeal,
}


def _moment(time: int) -> str | None:
    return rfc3339(time) if time else None


def _time(value: object) -> int:
    return 0 if value is None else given.time(value)
