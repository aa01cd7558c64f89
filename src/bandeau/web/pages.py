"""Bandeau's own pages under ``/.bandeau/``: whole HTML documents, as UTF-8 bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from markupsafe import Markup

from bandeau.choice.model import Answer, Source, Standing
from bandeau.policy.model import Policy
from bandeau.policy.words import choose_language
from bandeau.web.notice import Notice
from bandeau.web.static import source_hash, style
from bandeau.web.view import PurposeView, View

PRIVACY = "/.bandeau/privacy"


class Pages:
    """The pages of one policy. ``headers`` is what each must be served with."""

    def __init__(self, policy: Policy, notice: Notice) -> None:
        self._policy = policy
        self._notice = notice
        self._style = style("bandeau.css") + style("page.css")
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

    def upstream_page(self, accepted: Iterable[str], status: int) -> bytes:
        """The page for a site that does not answer, without a notice: the gateway inserts one.

        ``accepted`` are the visitor's ``Accept-Language`` tags, best first.
        """
        lang = choose_language(self._policy, None, accepted)
        return self.error_page(lang, "error.upstream", status)

    def receipt_page(
        self,
        standing: Standing,
        lang: str,
        record_id: str,
        made_at: int,
        answers: Mapping[str, bool],
        download: str,
    ) -> bytes:
        """A receipt to read: ``made_at`` in Unix seconds, ``download`` leads to its JSON."""
        moment = datetime.fromtimestamp(made_at, UTC)
        view = self._notice.view(standing, lang)
        return self._render(
            "receipt.html",
            view,
            self._band(standing, lang, "/"),
            record_id=record_id,
            recorded_at=moment.isoformat(),
            shown_at=f"{moment:%Y-%m-%d %H:%M:%S} UTC",
            purposes=_answered(view, answers),
            download=download,
        ).encode()

    def _band(self, standing: Standing, lang: str, path: str) -> str:
        return self._notice.fragment(standing, lang, path, notice=False).decode()

    def _undecided(self) -> Standing:
        answers = {purpose.key: Answer.UNDECIDED for purpose in self._policy.consent_purposes}
        return Standing(answers, frozenset(), Source.NONE)

    def _render(self, template: str, view: View, fragment: str, **values: object) -> str:
        page = self._notice.templates.render(
            template,
            view=view,
            style=Markup(self._style),  # noqa: S704 - our own style sheet, from the package
            **values,
        )
        return page.replace("%BANDEAU-FRAGMENT%", fragment, 1)


def _answered(view: View, answers: Mapping[str, bool]) -> tuple[PurposeView, ...]:
    """The purposes of a receipt with its answers; one that is no longer asked keeps its key."""
    states = {True: "on", False: "off"}
    known = {purpose.key: purpose for purpose in view.asked}
    blank = PurposeView("", "", "", "", "", "", "", (), ())
    return tuple(
        replace(
            known.get(key, replace(blank, key=key, title=key)), state=states[granted], exempt=""
        )
        for key, granted in answers.items()
    )
