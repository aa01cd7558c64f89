"""Statements of reasons for authors (Digital Services Act, Article 17)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from bandeau.features.comments.appeals import (
    Appeal,
    Restriction,
    Ruling,
    Statement,
    open_until,
    restricted,
)
from bandeau.features.comments.decisions import Cause, Decision
from bandeau.features.comments.exclusions import RESTRICTIONS, Exclusion
from bandeau.features.comments.model import Comment, rfc3339
from bandeau.features.comments.moderate import Conduct, Why
from bandeau.features.comments.queue import CONDUCTS
from bandeau.features.comments.reports import Outcome, Report
from bandeau.web.view import Say, View, listed

_HOLDING = {Why.BEFORE, Why.FIRST, Why.LINKS, Why.WORD, Why.REPEATED, Why.STAFF_NAME}


def stated(
    view: View, comment: Comment, statement: Statement | None, now: int
) -> Mapping[str, object] | None:
    """What the page of one's own comments says beside ``comment``, ``None`` where it is shown.

    ``now`` is in Unix milliseconds.
    """
    restriction = restricted(comment, statement)
    if restriction is Restriction.HELD:
        why = listed(view.lang, _rules(view, comment))
        facts = view.say("statement.held_rule", reasons=why) if why else ""
        return _told(view.say("statement.held"), notes=[facts] if facts else [])
    if statement is None:
        return None
    appeal = appeal_told(statement.appeal)
    if restriction is None:
        reversed_ = statement.appeal and statement.appeal.ruling is Ruling.REVERSED
        return _told("", appeal=appeal) if reversed_ and appeal else None
    return _decided(view, statement, now)


def excluded(view: View, exclusion: Exclusion, now: int) -> Mapping[str, object]:
    """What the same page says to an author who may not comment; ``now`` as above."""
    statement = exclusion.statement
    if statement is None:
        restriction = _excluding(view.say, exclusion.conduct, exclusion.until)
        return {"id": "", **_told(restriction)}
    if exclusion.conduct is Conduct.OK:
        body = _told("", appeal=appeal_told(statement.appeal))
    else:
        body = _decided(view, statement, now)
    return {"id": statement.decision.id, **body}


def told(comment: Comment, statement: Statement | None) -> Mapping[str, object] | None:
    """The same for programs; times in RFC 3339."""
    restriction = restricted(comment, statement)
    if restriction is Restriction.HELD:
        rules = {"cause": Cause.OWN.value, "detected": True, "automated": True}
        return {"restriction": restriction.value, "time": rfc3339(comment.time), **rules}
    if statement is None or restriction is None:
        return None
    return _json(restriction, statement)


def exclusion_told(exclusion: Exclusion) -> Mapping[str, object]:
    """An exclusion for programs."""
    restriction, statement = RESTRICTIONS.get(exclusion.conduct), exclusion.statement
    told: dict[str, object] = {"id": "", "restriction": restriction and restriction.value}
    if statement:
        told |= {"id": statement.decision.id, **_json(restriction, statement)}
    return told | {"until": rfc3339(exclusion.until) if exclusion.until else None}


def written(say: Say, decision: Decision, rules: str) -> str:
    """A statement as a letter holds it; ``rules`` is where the rules for comments are, if known."""
    notes = "\n".join(_notes(say, decision))
    redress = say("statement.redress", date=_day(open_until(decision)))
    told = (_restriction(say, decision), notes, _facts(say, decision, rules), redress)
    return "\n\n".join(told)


def outcome(say: Say, report: Report, decision: Decision, rules: str) -> str:
    """What became of a notice, as a letter to its sender holds it; ``rules`` as above."""
    facts = _facts(say, decision, rules, ground=report.outcome is Outcome.REMOVED)
    told = (say(f"report.outcome_{report.outcome}"), facts, say("report.by_person"))
    return "\n\n".join((*told, say("report.redress")))


def _facts(say: Say, decision: Decision, rules: str, *, ground: bool = True) -> str:
    reason = decision.reason
    named = [("report.decided_on", moment(decision.time))]
    if ground and reason.ground:
        named.append(("report.ground", say(f"report.ground_{reason.ground}")))
    named += [("report.law", reason.law)] if reason.law else []
    named += [("report.facts", reason.facts)] if reason.facts else []
    named += [("report.rules", rules)] if rules else []
    return "\n".join(f"{say(key)}: {text}" for key, text in named)


def _json(restriction: Restriction | None, statement: Statement) -> dict[str, object]:
    decision = statement.decision
    reason = decision.reason
    return {
        "restriction": restriction and restriction.value,
        "time": rfc3339(decision.time),
        "ground": reason.ground.value if reason.ground else None,
        "law": reason.law,
        "facts": reason.facts,
        "cause": decision.cause.value,
        "detected": decision.detected,
        "automated": False,
        "appeal_until": rfc3339(open_until(decision)),
        "appeal": appeal_json(statement.appeal),
    }


def appeal_told(appeal: Appeal | None) -> Mapping[str, str] | None:
    """An appeal as it is shown to who sent it."""
    if appeal is None:
        return None
    return {
        "text": appeal.text,
        "kind": appeal.ruling.value,
        "answer": appeal.answer,
        "decided": moment(appeal.decided) if appeal.decided else "",
    }


def appeal_json(appeal: Appeal | None) -> Mapping[str, object] | None:
    """The same for programs."""
    if appeal is None:
        return None
    return {
        "time": rfc3339(appeal.time),
        "text": appeal.text,
        "ruling": appeal.ruling.value,
        "decided": rfc3339(appeal.decided) if appeal.decided else None,
        "answer": appeal.answer,
    }


def until(decision: Decision, appeal: Appeal | None, now: int) -> str:
    """The day until which one may appeal, empty where one may not; ``now`` as above."""
    last = open_until(decision)
    opens = appeal is None and now < last
    return _day(last) if opens else ""


def moment(time: int) -> str:
    """Unix milliseconds for people, in UTC."""
    return f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _day(time: int) -> str:
    return f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d}"


def _decided(view: View, statement: Statement, now: int) -> Mapping[str, object]:
    decision = statement.decision
    return _told(
        _restriction(view.say, decision),
        reason=decision.reason,
        decided=moment(decision.time),
        notes=_notes(view.say, decision),
        appeal=appeal_told(statement.appeal),
        until=until(decision, statement.appeal, now),
    )


def _restriction(say: Say, decision: Decision) -> str:
    if not decision.author:
        return say("statement.removed")
    return _excluding(say, CONDUCTS[decision.deed], decision.until)


def _excluding(say: Say, conduct: Conduct, until: int) -> str:
    return say(f"statement.{conduct}", date=moment(until))


def _notes(say: Say, decision: Decision) -> list[str]:
    means = "statement.detected" if decision.detected else "report.by_person"
    return [say(f"statement.cause_{decision.cause}"), say(means)]


def _rules(view: View, comment: Comment) -> tuple[str, ...]:
    """The rules that held a comment, as far as a reader can make anything of them."""
    return tuple(view.say(f"statement.why_{each}") for each in comment.reasons if each in _HOLDING)


def _told(restriction: str, **values: object) -> Mapping[str, object]:
    told: dict[str, object] = {"reason": None, "decided": "", "notes": (), "appeal": None}
    return {"restriction": restriction, **told, "until": "", **values}
