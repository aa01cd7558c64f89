"""Appeals as staff see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup

from bandeau import limits
from bandeau.features.comments.appeals import Lodged, Rules, StandsBack, Why
from bandeau.features.comments.grounds import JUDGED, Reason
from bandeau.features.comments.model import Comment
from bandeau.features.comments.queue import Deed
from bandeau.web.admin_view import APPEALS, AdminView, Desk, Say, author_path
from bandeau.web.statements import moment

_BACK = {Why.DECIDED_FIRST: "admin.appeal_other", Why.ROLE: "admin.appeal_role"}


@dataclass(frozen=True, slots=True)
class Docket:
    """One page of appeals, each with whether who looks rules on it; ``kept`` is what a
    form said that was not taken, ``more`` the id after which it goes on, or empty."""

    shown: Sequence[tuple[Lodged, Rules | StandsBack]]
    kept: Reason
    more: str = ""


def docket(view: AdminView, desk: Desk, page: Docket) -> str:
    """The page."""
    say = view.sayer(desk.lang)
    asked = {"lang": desk.lang}
    more = f"{APPEALS}?{urlencode(asked | {'after': page.more})}" if page.more else ""
    return view.page(
        "admin_appeals.html",
        desk.lang,
        desk=desk,
        current="appeals",
        action=f"{APPEALS}?{urlencode(asked)}",
        items=[_item(say, desk, *each) for each in page.shown],
        grounds=[(each.value, say(f"ground.{each}")) for each in JUDGED],
        kept=page.kept,
        law_limit=limits.REASON_LAW_CHARACTERS,
        facts_limit=limits.REASON_CHARACTERS,
        more=more,
        script=view.script,
    )


def _item(say: Say, desk: Desk, lodged: Lodged, rules: Rules | StandsBack) -> dict[str, object]:
    appeal, decision = lodged.appeal, lodged.decision
    party = "admin.appeal_sender" if appeal.report else "admin.appeal_author"
    removing = decision.deed is not Deed.DISMISS
    ground = decision.reason.ground
    return {
        "id": appeal.id,
        "title": say(party, date=moment(appeal.time)),
        "text": appeal.text,
        "author": author_path(desk, decision.author) if decision.author else "",
        "comment": _comment(say, lodged.comment) if lodged.comment else None,
        "decided": say(
            "admin.decided",
            deed=say(f"deed.{decision.deed}"),
            staff=decision.staff,
            date=moment(decision.time),
        ),
        "ground": say(f"ground.{ground}") if removing and ground else "",
        "law": decision.reason.law,
        "facts": decision.reason.facts,
        "reported": _reported(say, lodged),
        "stands_back": say(_BACK[rules.reason]) if isinstance(rules, StandsBack) else "",
        "removes": not removing,
    }


def _comment(say: Say, comment: Comment) -> dict[str, object]:
    return {
        "by": say("admin.by", name=comment.name, date=moment(comment.time)),
        "page": comment.page,
        "on": say("admin.on", page=comment.page),
        "html": Markup(comment.html),  # noqa: S704 - sanitised when it was written
    }


def _reported(say: Say, lodged: Lodged) -> str:
    if lodged.report is None:
        return ""
    told = say(f"ground.{lodged.report.ground}")
    return f"{told}: {lodged.report.text}" if lodged.report.text else told
