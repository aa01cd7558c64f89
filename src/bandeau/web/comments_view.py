"""Comments as HTML: the section that goes into a publisher's page, and pages of their own.

The section sits in a declarative shadow tree, so that neither side's styles reach the other.
An address's fragment finds nothing in there: each comment has an empty anchor outside it, slotted
where the comment is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from bandeau import limits
from bandeau.choice.model import Standing
from bandeau.features.comments.gate import FEATURE, Locked, Open, Reason, Verdict, appears
from bandeau.features.comments.model import Comment, Draft, Order
from bandeau.policy.model import Policy
from bandeau.policy.words import Words, direction, purpose_text
from bandeau.web import static
from bandeau.web.comments_threads import Drawn, Say, ThreadsView, counted, name_of, packaged

_WHY = {
    Reason.REFUSED: "comments.locked_why",
    Reason.SUPERSEDED: "comments.locked_why",
    Reason.LEDGER_DOWN: "comments.error_unavailable",
}
_NO_OFFER = frozenset({Reason.LEDGER_DOWN, Reason.NOT_OFFERED})
_NOTHING = Drawn(0, 0, "", Markup(), Markup())
_ATTRIBUTE = re.compile(
    rb"""[\s/]+(?P<name>[^\s/>=]+)(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>][^\s>]*))?"""
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What one section shows. ``threads`` are ``None`` where they cannot be read now."""

    verdict: Verdict
    lang: str
    page: str
    threads: Drawn | None
    order: Order = Order.NEWEST
    draft: Draft | None = None
    answered: Comment | None = None
    message: str = ""
    shared: bool = False


class CommentsView:
    """Draws the comments of one site in its visitors' languages."""

    def __init__(self, policy: Policy, words: Words) -> None:
        self._policy = policy
        self._words = words
        feature = policy.feature(FEATURE)
        self._votes = feature is not None and feature.votes
        self.threads = ThreadsView(words)
        self._script = static.script("comments.js")
        self._css = static.style("comments.css")
        self._page_css = static.style("comments_page.css")

    @property
    def style_hashes(self) -> tuple[str, ...]:
        """What a Content-Security-Policy's ``style-src`` needs for the section (CSP 3, 2.3.1)."""
        return (static.source_hash(self._css),)

    @property
    def script_hashes(self) -> tuple[str, ...]:
        """The same for ``script-src``."""
        return (static.source_hash(self._script),)

    @property
    def page_policy(self) -> str:
        """The Content-Security-Policy of the comments' own pages."""
        styles = " ".join((*self.style_hashes, static.source_hash(self._page_css)))
        scripts = " ".join(self.script_hashes)
        return (
            f"default-src 'none'; style-src {styles}; script-src {scripts}; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'self'"
        )

    def section(
        self,
        standing: Standing | None,
        lang: str,
        page: str,
        threads: Drawn | None,
        *,
        shared: bool = False,
    ) -> bytes:
        """The inside of the publisher's ``data-bandeau=comments`` element, in UTF-8.

        Drawn by the signed cookie alone; empty where the policy declares no comments. ``page``
        is a path from :func:`write.page_path`. In a ``shared`` page the form waits in a template.
        """
        if self._policy.feature(FEATURE) is None:
            return b""
        scene = Scene(appears(standing, self._policy), lang, page, threads, shared=shared)
        return self._draw(scene).encode()

    def page(self, scene: Scene) -> str:
        """A whole page around the section of ``scene``."""
        state = "open" if isinstance(scene.verdict, Open) else "locked"
        title = self._sayer(scene.lang)("comments.title")
        return self._shell(
            scene.lang,
            scene.page,
            title=title,
            state=state,
            section=Markup(self._draw(scene)),  # noqa: S704 - drawn by an escaping template
        )

    def embedded(self, scene: Scene) -> str:
        """The section of ``scene`` for ``browser/embed.js``."""
        state = "open" if isinstance(scene.verdict, Open) else "locked"
        drawn = self._draw(scene)
        return f'<section data-bandeau="comments" data-state="{state}">{drawn}</section>'

    def fault(self, lang: str, message: str) -> str:
        """A page that says what went wrong, where there is no section to show it in."""
        return self._shell(lang, "/", title=self._sayer(lang)("error.title"), message=message)

    def tell(self, lang: str, key: str, values: Mapping[str, object]) -> str:
        """A text of the comments in ``lang``, the purpose's name filled in."""
        return self._sayer(lang)(key, purpose=self._purpose(lang)["title"], **values)

    def _draw(self, scene: Scene) -> str:
        say = self._sayer(scene.lang)
        purpose = self._purpose(scene.lang)
        return (
            packaged()
            .get_template("comments.html")
            .render(
                say=say,
                css=Markup(self._css),  # noqa: S704 - our own style sheet
                lang=self.spoken(scene.lang),
                dir=direction(self.spoken(scene.lang)),
                page=scene.page,
                script=Markup(self._script),  # noqa: S704 - our own script
                purpose=purpose,
                **self._signing(),
                alternative=self._alternative(scene.lang),
                open=isinstance(scene.verdict, Open),
                lock=_lock(say, scene.verdict, purpose),
                withdrawn=_lock(say, Locked(Reason.REFUSED, recorded=True), purpose),
                counted=counted(say, scene.threads.count) if scene.threads else "",
                threads=scene.threads or _NOTHING,
                order=scene.order.value,
                orders=[order.value for order in Order],
                draft=scene.draft,
                answered=scene.answered,
                answered_name=name_of(say, scene.answered) if scene.answered else "",
                message=_message(say, scene),
                shared=scene.shared,
                votes=self._votes,
                form_first=bool(scene.message or scene.answered),
                name_limit=limits.COMMENT_NAME_CHARACTERS,
                text_limit=limits.COMMENT_TEXT_CHARACTERS,
            )
        )

    def _signing(self) -> dict[str, object]:
        feature = self._policy.feature(FEATURE)
        return {
            "signing": bool(feature and feature.ways),
            "named": feature is None or feature.anonymous,
            "mailing": bool(feature and feature.reply_mail),
            "address_limit": limits.MAIL_ADDRESS_CHARACTERS,
        }

    def _shell(self, lang: str, page: str, **values: str) -> str:
        shown = {"section": "", "message": "", "state": "", **values}
        return (
            packaged()
            .get_template("comments_page.html")
            .render(
                lang=self.spoken(lang),
                dir=direction(self.spoken(lang)),
                site=self._policy.site.name,
                back=self._sayer(lang)("panel.back"),
                page=page,
                css=Markup(self._page_css),  # noqa: S704 - our own style sheet
                **shown,
            )
        )

    def spoken(self, lang: str) -> str:
        """``lang``, or English where there are no texts in it."""
        return lang if lang in self._words.languages else "en"

    def _sayer(self, lang: str) -> Say:
        return self.threads.sayer(self.spoken(lang))

    def _purpose(self, lang: str) -> Mapping[str, str]:
        feature = self._policy.feature(FEATURE)
        if feature is None:
            return {"key": "", "title": "", "summary": ""}
        texts = {
            field: purpose_text(self._policy, self._words, feature.purpose, field, lang)
            for field in ("title", "summary")
        }
        return {"key": feature.purpose, **texts}

    def _alternative(self, lang: str) -> str:
        feature = self._policy.feature(FEATURE)
        texts = feature.alternative if feature else {}
        languages = (lang, *self._policy.site.languages, *texts)
        return next((texts[known] for known in languages if known in texts), "")


def start_tag(original: bytes, state: str) -> bytes:
    """The bytes of a start tag with ``data-state`` set to ``state``, all else as it was."""
    name = re.match(rb"<[^\s/>]+", original)
    if name is None:
        return original
    rest = _ATTRIBUTE.sub(_without_state, original[name.end() :])
    return name[0] + b' data-state="' + state.encode("ascii") + b'"' + rest


def _without_state(found: re.Match[bytes]) -> bytes:
    return b"" if found["name"].lower() == b"data-state" else found[0]


def _lock(say: Say, verdict: Verdict, purpose: Mapping[str, str]) -> Mapping[str, object]:
    if isinstance(verdict, Open):
        return {}
    key = _WHY.get(verdict.reason, "comments.locked_undecided")
    why = say(key, purpose=purpose["title"])
    return {"why": why, "offer": verdict.reason not in _NO_OFFER, "mine": verdict.recorded}


def _message(say: Say, scene: Scene) -> str:
    unread = scene.threads is None and not scene.message
    return say("comments.error_unavailable") if unread else scene.message
