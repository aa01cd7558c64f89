"""Bandeau's own pages under ``/.bandeau/``: whole HTML documents, as UTF-8 bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from bandeau import limits
from bandeau.choice.model import Answer, Source, Standing
from bandeau.features.comments.gate import FEATURE
from bandeau.features.comments.model import Comment
from bandeau.ledger.erasing import Held
from bandeau.ledger.record import Record
from bandeau.policy.model import Policy
from bandeau.policy.words import choose_language
from bandeau.web.comment_reports_view import FiledScene, ReportScene, asked, followed
from bandeau.web.leaving import Way
from bandeau.web.mine_view import MineScene, own_comments, own_exclusions, recommended
from bandeau.web.notice import Notice
from bandeau.web.record_view import answered, entries, item_text, moment
from bandeau.web.static import script, source_hash, style
from bandeau.web.view import View, isolated

PRIVACY = "/.bandeau/privacy"
_FRAGMENT = "%BANDEAU-FRAGMENT%"


class Pages:
    """The pages of one policy. ``headers`` is what each must be served with."""

    def __init__(self, policy: Policy, notice: Notice) -> None:
        self._policy = policy
        self._notice = notice
        self._style = style("bandeau.css") + style("page.css")
        self._markup = Markup(self._style)  # noqa: S704 - our own style sheet, from the package
        self._sweep = script("sweep.js")
        feature = policy.feature(FEATURE)
        self._votes = feature is not None and feature.votes
        self._rules = feature.rules if feature else None
        styles = " ".join((source_hash(self._style), *notice.style_hashes))
        scripts = " ".join(notice.script_hashes)
        self.headers = {
            "content-security-policy": (
                f"default-src 'none'; style-src {styles}; script-src {scripts}; "
                "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ),
            "cache-control": "no-store",
            "referrer-policy": "same-origin",
            "x-content-type-options": "nosniff",
        }

    def panel_page(self, standing: Standing, lang: str, return_path: str) -> bytes:
        """The panel as a page of its own, for browsers without popovers and for plain links."""
        view = self._notice.view(standing, lang)
        page = self._render("panel_page.html", view, self._notice.band(standing, lang))
        return self._notice.fill(page.encode(), lang, return_path)

    def privacy_page(self, standing: Standing, lang: str) -> bytes:
        """Every declared tracker by purpose (rules I5, I6, I8); never under the notice (I12)."""
        view = self._notice.view(standing, lang)
        path = f"{PRIVACY}?lang={lang}"
        return self._render("privacy.html", view, self._band(standing, lang, path)).encode()

    def empty_page(self, standing: Standing, lang: str) -> bytes:
        """A page with nothing but its name, to see notice and band on."""
        fragment = self._notice.fragment(standing, lang, "/").decode()
        return self._render("empty.html", self._notice.view(standing, lang), fragment).encode()

    def error_page(
        self, lang: str, key: str, status: int, standing: Standing | None = None, back: str = "/"
    ) -> bytes:
        """What went wrong: ``key`` names a text such as ``error.not_found``; raises ``KeyError``.

        With a ``standing`` the page carries the notice and the band, as any other page does.
        """
        fragment = self._notice.fragment(standing, lang, back).decode() if standing else ""
        view = self._notice.view(standing or self._undecided(), lang)
        values = {"key": key, "status": status, "back": back}
        return self._render("error.html", view, fragment, **values).encode()

    def sweep_page(
        self, lang: str, others: Iterable[str], back: str
    ) -> tuple[bytes, dict[str, str]]:
        """The page that asks the addresses ``others`` and goes on to ``back``, and its headers."""
        asked = tuple(others)
        page = self._render(
            "sweep.html", self._notice.view(self._undecided(), lang), "", others=asked, back=back
        )
        csp = (
            f"default-src 'none'; style-src {source_hash(self._style)}; "
            f"script-src {source_hash(self._sweep)}; img-src 'self' {' '.join(asked)}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        text = page.replace("%BANDEAU-SCRIPT%", f"<script>{self._sweep}</script>", 1)
        return text.encode(), {**self.headers, "content-security-policy": csp}

    def upstream_page(self, accepted: Iterable[str], status: int) -> bytes:
        """The page for a site that does not answer, without a notice: the gateway inserts one.

        ``accepted`` are the visitor's ``Accept-Language`` tags, best first.
        """
        lang = choose_language(self._policy, None, accepted)
        return self.error_page(lang, "error.upstream", status)

    def leave_page(self, lang: str, way: Way, back: str, *, form: bool) -> bytes:
        """Who the visitor is about to leave for; with ``form``, that a form was not sent there."""
        view = self._notice.view(self._undecided(), lang)
        values = {"key": "leave.form" if form else "leave.text", "url": way.url, "back": back}
        host = isolated(lang, way.host)
        return self._render("leave.html", view, "", host=host, **values).encode()

    def receipt_page(
        self,
        standing: Standing,
        lang: str,
        record: Record,
        download: str,
    ) -> bytes:
        """The receipt of a choice or item, to read; ``download`` leads to its JSON."""
        view = self._notice.view(standing, lang)
        recorded_at, shown_at = moment(record)
        return self._render(
            "receipt.html",
            view,
            self._band(standing, lang, "/"),
            record_id=record.id,
            recorded_at=recorded_at,
            shown_at=shown_at,
            purposes=answered(view, record.purposes),
            item=item_text(view, record),
            download=download,
        ).encode()

    def record_page(
        self,
        standing: Standing,
        lang: str,
        subject: str,
        found: Sequence[Held],
        key: str,
        *,
        now: float,
        erased: bool,
    ) -> bytes:
        """What the ledger holds about one visitor, called ``subject`` there."""
        view = self._notice.view(standing, lang)
        return self._render(
            "record.html",
            view,
            self._band(standing, lang, "/"),
            subject=subject,
            entries=entries(view, found, now),
            full=len(found) >= limits.RECORD_SHOWN,
            key=key,
            erased=erased,
        ).encode()

    def erase_page(self, standing: Standing, lang: str, *, comments: bool) -> bytes:
        """The question before a visitor's records are erased, and about ``comments`` of theirs."""
        view = self._notice.view(standing, lang)
        band = self._band(standing, lang, "/")
        return self._render("erase.html", view, band, comments=comments).encode()

    def mine_page(self, standing: Standing, lang: str, scene: MineScene) -> bytes:
        """What one visitor commented, and what may be done with it."""
        view = self._notice.view(standing, lang)
        # What visitors wrote has line breaks of its own.
        entries, refused = own_comments(view, scene), scene.refused
        excluded = own_exclusions(view, scene)
        forms = {each.id for each in entries if each.takes_text}
        forms |= {str(each["id"]) for each in excluded if each["until"]}
        page = self._notice.templates.plain(
            "mine.html",
            view=view,
            style=self._markup,
            entries=entries,
            refused=refused,
            exclusions=excluded,
            returned=refused is not None and refused.id in forms,
            full=scene.full,
            done=scene.done,
            votes=self._votes,
            text_limit=limits.COMMENT_TEXT_CHARACTERS,
            appeal_limit=limits.APPEAL_CHARACTERS,
            rules=self._rules,
        )
        return page.replace(_FRAGMENT, self._band(standing, lang, "/"), 1).encode()

    def report_page(self, lang: str, scene: ReportScene) -> bytes:
        """The forms that report a comment; without band, since no cookie is read for it."""
        return self._plain("report.html", lang, asked(scene))

    def filed_page(self, lang: str, scene: FiledScene) -> bytes:
        """What became of a report, without band as well."""
        return self._plain("filed.html", lang, followed(scene))

    def _plain(self, template: str, lang: str, values: Mapping[str, object]) -> bytes:
        """A page that keeps the line breaks of what people wrote."""
        view = self._notice.view(self._undecided(), lang)
        page = self._notice.templates.plain(
            template, view=view, style=self._markup, rules=self._rules, **values
        )
        return page.replace(_FRAGMENT, "", 1).encode()

    def reader_page(self, template: str, standing: Standing, lang: str, **values: object) -> bytes:
        """A page for readers who sign in, or who are told of replies, from ``template``."""
        view, band = self._notice.view(standing, lang), self._band(standing, lang, "/")
        return self._render(template, view, band, **values).encode()

    def votes_page(self, standing: Standing, lang: str, comments: Sequence[Comment]) -> bytes:
        """What one visitor recommends."""
        view = self._notice.view(standing, lang)
        told = [recommended(view, comment) for comment in comments]
        page = self._notice.templates.plain(
            "votes.html", view=view, style=self._markup, comments=told
        )
        return page.replace(_FRAGMENT, self._band(standing, lang, "/"), 1).encode()

    def _band(self, standing: Standing, lang: str, path: str) -> str:
        return self._notice.fragment(standing, lang, path, notice=False).decode()

    def _undecided(self) -> Standing:
        answers = {purpose.key: Answer.UNDECIDED for purpose in self._policy.consent_purposes}
        return Standing(answers, frozenset(), Source.NONE)

    def _render(self, template: str, view: View, fragment: str, **values: object) -> str:
        page = self._notice.templates.render(template, view=view, style=self._markup, **values)
        return page.replace(_FRAGMENT, fragment, 1)
