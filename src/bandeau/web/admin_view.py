"""The pages for staff, drawn by the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bandeau import limits
from bandeau.features.comments.grounds import JUDGED, Reason
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.passkeys import Passkey
from bandeau.features.comments.queue import NO_REASON, Act, Deed, Past
from bandeau.features.comments.reports import Report
from bandeau.features.comments.review import REVIEWED
from bandeau.features.comments.staff import Staff
from bandeau.features.comments.words import WordList
from bandeau.policy.words import Words, direction
from bandeau.web import static
from bandeau.web.sign_in import PATH
from bandeau.web.statements import moment

QUEUE = f"{PATH}/queue"
APPEALS = f"{PATH}/appeals"
SEARCH = f"{PATH}/search"
FIGURES = f"{PATH}/figures"
LOG = f"{PATH}/log"
PASSKEYS = f"{PATH}/passkeys"
AUTHOR = f"{PATH}/author"
REPORTED = "reported"
STATES = (State.HELD, State.PUBLISHED, State.REJECTED, State.SPAM)
QUEUES = (State.HELD.value, REPORTED, *(state.value for state in STATES[1:]))

Say = Callable[..., str]
_KEYS = {Deed.APPROVE: "a", Deed.REJECT: "r", Deed.SPAM: "s", Deed.DISMISS: "d"}
_DEEDS = {
    REPORTED: (Deed.DISMISS, Deed.REJECT, Deed.SPAM),
    State.HELD: (Deed.APPROVE, Deed.REJECT, Deed.SPAM),
    State.PUBLISHED: (Deed.REJECT, Deed.SPAM),
    State.REJECTED: (Deed.APPROVE, Deed.SPAM),
    State.SPAM: (Deed.APPROVE, Deed.REJECT),
}


@dataclass(frozen=True, slots=True)
class Queue:
    """What one page of a queue shows; ``more`` is where it goes on, or empty.

    ``reports`` are the open ones of these comments, ``readers`` how many sent any.
    """

    name: str
    comments: Sequence[Comment]
    pasts: Mapping[str, Past]
    more: str = ""
    reports: Mapping[str, Sequence[Report]] = field(default_factory=dict)
    readers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who looks, in which language; ``waiting`` is how many comments do, by queue."""

    staff: Staff
    lang: str
    waiting: Mapping[str, int]
    message: str = ""


@cache
def _packaged() -> Environment:
    return Environment(
        loader=PackageLoader("bandeau.web"), autoescape=True, undefined=StrictUndefined
    )


class AdminView:
    """Draws the pages for the staff of one site; ``listed`` are the entries of its word list."""

    def __init__(self, site: str, words: Words, listed: Iterable[str]) -> None:
        self._site = site
        self._words = words
        self._listed = WordList(listed)
        self._css = static.style("admin.css")
        self._script = static.script("admin.js")
        self._passkey = static.script("passkey.js")

    @property
    def page_policy(self) -> str:
        """The Content-Security-Policy of these pages."""
        return (
            f"default-src 'none'; style-src {static.source_hash(self._css)}; "
            f"script-src {static.source_hash(self._script)} {static.source_hash(self._passkey)}; "
            "connect-src 'self'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )

    @property
    def script(self) -> Markup:
        """The script of pages that are worked off by keys."""
        return Markup(self._script)  # noqa: S704 - our own script

    def say(self, lang: str, key: str, **values: object) -> str:
        """A text for staff in ``lang``, in English where that has none."""
        return self._words.say(self._spoken(lang), key, **values)

    def sign_in(self, lang: str, message: str = "", name: str = "") -> str:
        """The form that asks who it is."""
        limit = limits.STAFF_PASSWORD_CHARACTERS
        return self.page(
            "admin_sign_in.html",
            lang,
            message=message,
            name=name,
            password_limit=limit,
            script=Markup(self._passkey),  # noqa: S704 - our own script
        )

    def passkeys(self, desk: Desk, kept: Sequence[Passkey]) -> str:
        """The passkeys of one member."""
        return self.page(
            "admin_passkeys.html",
            desk.lang,
            desk=desk,
            current="passkeys",
            action=f"{PASSKEYS}?{urlencode({'lang': desk.lang})}",
            items=[{"id": each.id, "date": moment(each.made * 1000)} for each in kept],
            script=Markup(self._passkey),  # noqa: S704 - our own script
        )

    def queue(self, desk: Desk, queue: Queue, said: Reason = NO_REASON) -> str:
        """One page of a queue; ``said`` is what its form says of a reason already."""
        say = self.sayer(desk.lang)
        asked = {"state": queue.name, "lang": desk.lang}
        more = f"{QUEUE}?{urlencode(asked | {'after': queue.more})}" if queue.more else ""
        return self.page(
            "admin_queue.html",
            desk.lang,
            desk=desk,
            current=queue.name,
            state=queue.name,
            action=f"{QUEUE}?{urlencode(asked)}",
            items=[self._item(say, desk, queue, comment) for comment in queue.comments],
            bulk=[_button(say, deed, deed.value) for deed in _DEEDS[queue.name]],
            grounds=[(each.value, say(f"ground.{each}")) for each in JUDGED],
            said=said,
            law_limit=limits.REASON_LAW_CHARACTERS,
            facts_limit=limits.REASON_CHARACTERS,
            more=more,
            script=self.script,
        )

    def log(self, desk: Desk, acts: Sequence[Act], more: str) -> str:
        """One page of the log; ``more`` is the id before which it goes on, or empty."""
        say = self.sayer(desk.lang)
        onward = f"{LOG}?{urlencode({'before': more, 'lang': desk.lang})}" if more else ""
        rows = [_row(say, act) for act in acts]
        return self.page(
            "admin_log.html", desk.lang, desk=desk, current="log", acts=rows, more=onward
        )

    def page(self, template: str, lang: str, **values: Any) -> str:
        """One page by its template, with the tabs of ``desk``; ``current`` is the one it is on."""
        desk, current = values.pop("desk", None), values.pop("current", "")
        say = self.sayer(lang)
        shown = {"message": desk.message if desk else "", "staff": desk and desk.staff, **values}
        return (
            _packaged()
            .get_template(template)
            .render(
                say=say,
                lang=self._spoken(lang),
                dir=direction(self._spoken(lang)),
                site=self._site,
                css=Markup(self._css),  # noqa: S704 - our own style sheet
                tabs=_tabs(say, desk, current) if desk else (),
                **shown,
            )
        )

    def item(self, desk: Desk, comment: Comment, past: Past | None) -> dict[str, object]:
        """A comment as staff see it, with the buttons for the state that it is in."""
        say = self.sayer(desk.lang)
        reasons = [_reason(say, each) for each in comment.reasons]
        judges = desk.staff.judges_authors
        anchor = f"#comment-{comment.id}" if comment.state is State.PUBLISHED else ""
        return {
            "id": comment.id,
            "by": say("admin.by", name=comment.name, date=moment(comment.time)),
            "page": comment.page + anchor,
            "on": say("admin.on", page=comment.page),
            "state": say(f"state.{comment.state}"),
            "why": say("admin.reasons", reasons="; ".join(reasons)) if reasons else "",
            "html": Markup(comment.html),  # noqa: S704 - sanitised when it was written
            "history": history(say, past),
            "conduct": conduct_told(say, past),
            "author": author_path(desk, comment.author) if past and judges else "",
            "deeds": _buttons(say, _DEEDS.get(comment.state, ()), comment.id),
        }

    def _item(self, say: Say, desk: Desk, queue: Queue, comment: Comment) -> dict[str, object]:
        past = queue.pasts.get(comment.author)
        words = [found.word for found in self._listed.found(f"{comment.name}\n{comment.source}")]
        return self.item(desk, comment, past) | {
            "words": say("admin.words", words=", ".join(words)) if words else "",
            "reports": [_told(say, each) for each in queue.reports.get(comment.id, ())],
            "readers": _readers(say, queue.readers.get(comment.id)),
            "deeds": _buttons(say, _DEEDS[queue.name], comment.id),
        }

    def _spoken(self, lang: str) -> str:
        return lang if lang in self._words.languages else "en"

    def sayer(self, lang: str) -> Say:
        """What says a text for staff in ``lang``."""
        spoken = self._spoken(lang)
        return lambda key, **values: self._words.say(spoken, key, **values)


def author_path(desk: Desk, author: str) -> str:
    """The page of an author."""
    return f"{AUTHOR}?{urlencode({'id': author, 'lang': desk.lang})}"


def _tabs(say: Say, desk: Desk, current: str) -> list[dict[str, object]]:
    places = [(f"{QUEUE}?{urlencode({'state': name, 'lang': desk.lang})}", name) for name in QUEUES]
    more = ((APPEALS, "appeals"), (SEARCH, "search"), (FIGURES, "figures"))
    places += [(f"{path}?{urlencode({'lang': desk.lang})}", name) for path, name in more]
    tabs: list[dict[str, object]] = [
        {
            "href": href,
            "text": _waiting(say, name, desk.waiting.get(name, 0)),
            "current": name == current,
        }
        for href, name in places
    ]
    if desk.staff.reads_log:
        href = f"{LOG}?{urlencode({'lang': desk.lang})}"
        tabs.append({"href": href, "text": say("admin.log"), "current": current == "log"})
    href, here = f"{PASSKEYS}?{urlencode({'lang': desk.lang})}", current == "passkeys"
    tabs.append({"href": href, "text": say("passkey.title"), "current": here})
    return tabs


def _waiting(say: Say, name: str, count: int) -> str:
    """The name of a queue, with how many wait there."""
    if not count:
        return say(f"state.{name}")
    over = count > limits.QUEUE_COUNTED
    shown = limits.QUEUE_COUNTED if over else count
    return say(f"state.{name}_over" if over else f"state.{name}_some", count=shown)


def _told(say: Say, report: Report) -> dict[str, object]:
    """A report as staff read it; only notices name who sent them."""
    sender = ", ".join(each for each in (report.name, report.email) if each)
    return {
        "notice": report.ground.is_notice,
        "ground": say(f"ground.{report.ground}"),
        "time": moment(report.time),
        "text": report.text,
        "sender": say("admin.sender", sender=sender) if sender else "",
    }


def _readers(say: Say, count: int | None) -> str:
    if count is None:
        return ""
    return say("admin.readers_one") if count == 1 else say("admin.readers", count=count)


def _reason(say: Say, code: str) -> str:
    try:
        return say(f"reason.{code}")
    except KeyError:
        return code.removeprefix(REVIEWED)


def history(say: Say, past: Past | None) -> str:
    """How many comments of an author are in which state."""
    if past is None:
        return say("admin.no_author")
    counts = {state.value: past.counts.get(state, 0) for state in STATES}
    return say("admin.history", **counts)


def conduct_told(say: Say, past: Past | None) -> str:
    """How an author stands; empty for one who may comment like others."""
    if past is None or past.conduct is Conduct.OK:
        return ""
    word = say(f"conduct.{past.conduct}")
    if past.conduct is not Conduct.SUSPENDED:
        return word
    return say("admin.conduct", conduct=word, date=moment(past.until))


def _buttons(say: Say, deeds: Iterable[Deed], on: str) -> list[dict[str, str]]:
    return [_button(say, deed, f"{deed.value}:{on}") for deed in deeds]


def _button(say: Say, deed: Deed, value: str) -> dict[str, str]:
    return {"value": value, "text": say(f"deed.{deed}"), "key": _KEYS.get(deed, "")}


def _row(say: Say, act: Act) -> dict[str, str]:
    kind = "conduct" if act.became in set(Conduct) else "state"
    return {
        "time": moment(act.time),
        "staff": act.staff,
        "deed": say(f"deed.{act.deed}"),
        "object": act.object,
        "was": say(f"{kind}.{act.was}"),
        "became": say(f"{kind}.{act.became}"),
    }
