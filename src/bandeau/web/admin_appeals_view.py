"""Appeals as staff see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup

from bandeau import limits
from bandeau.features.comments.appeals import Lodged
from bandeau.features.comments.grounds import JUDGED, Reason
from bandeau.features.comments.queue import Deed
from bandeau.web.admin_view import APPEALS, AdminView, Desk, Say, moment


@dataclass(frozen=True, slots=True)
class Docket:
    """One page of appeals, each with whether who looks stands back from it; ``kept`` is what a
    form said that was not taken, ``more`` the id after which it goes on, or empty."""

    shown: Sequence[tuple[Lodged, bool]]
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
        items=[_item(say, lodged, back) for lodged, back in page.shown],
        grounds=[(each.value, say(f"ground.{each}")) for each in JUDGED],
        kept=page.kept,
        law_limit=limits.REASON_LAW_CHARACTERS,
        facts_limit=limits.REASON_CHARACTERS,
        more=more,
        script=view.script,
    )


def _item(say: Say, lodged: Lodged, stands_back: bool) -> dict[str, object]:
    appeal, decision, comment = lodged.appeal, lodged.decision, lodged.comment
    party = "admin.appeal_sender" if appeal.report else "admin.appeal_author"
    removing = decision.deed is not Deed.DISMISS
    ground = decision.reason.ground
    return {
        "id": appeal.id,
        "title": say(party, date=moment(appeal.time)),
        "text": appeal.text,
        "by": say("admin.by", name=comment.name, date=moment(comment.time)),
        "page": comment.page,
        "on": say("admin.on", page=comment.page),
        "html": Markup(comment.html),  # noqa: S704 - sanitised when it was written
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
        "stands_back": stands_back,
        "removes": not removing,
    }


def _reported(say: Say, lodged: Lodged) -> str:
    if lodged.report is None:
        return ""
    told = say(f"ground.{lodged.report.ground}")
    return f"{told}: {lodged.report.text}" if lodged.report.text else told
