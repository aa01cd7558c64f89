"""What stands where an embed is denied: who would be contacted, and how to allow it."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from bandeau.enforcement.exchange import Asked
from bandeau.enforcement.verdict import Verdict
from bandeau.policy.model import Policy
from bandeau.policy.words import Words, direction, purpose_text
from bandeau.web.notice import Templates
from bandeau.web.static import source_hash, style

_HIDE = "[hidden]:is([data-bandeau-src],[data-bandeau-srcdoc],[data-bandeau-data])"
_HIDDEN = _HIDE + "{display:none!important}"


class Placeholder:
    """Renders placeholders for one policy (rule R4).

    ``head`` goes into every page: it keeps inert embeds out of sight where the site's own styles
    would show them although they are ``hidden``.
    """

    def __init__(self, policy: Policy, words: Words) -> None:
        self._policy = policy
        self._words = words
        self._templates = Templates()
        self._style = style("placeholder.css")
        self.style_hashes = (source_hash(self._style), source_hash(_HIDDEN))
        self.head = f"<style>{_HIDDEN}</style>".encode()
        self._cached = lru_cache(maxsize=1_024)(self._render)

    def render(self, verdict: Verdict, url: str, lang: str, asked: Asked) -> bytes:
        """The placeholder for the embed ``url``, which ``verdict`` denies."""
        return self._cached(verdict, url, lang, asked.target)

    def _render(self, verdict: Verdict, url: str, lang: str, path: str) -> bytes:
        say, tracker = self._words.say, verdict.tracker
        # A path of the site's own names nobody, and is refused to a plain link too.
        own = tracker is not None and verdict.subject.startswith("/")
        host = tracker.vendor if tracker and own else verdict.subject
        values = {"host": host, "vendor": tracker.vendor if tracker else host, "purpose": ""}
        if tracker:
            values["purpose"] = purpose_text(
                self._policy, self._words, tracker.purpose, "title", lang
            )
        return self._templates.render(
            "placeholder.html",
            style=Markup(self._style),  # noqa: S704 - our own style sheet, from the package
            lang=lang,
            dir=direction(lang),
            title=say(lang, "placeholder.title", **values),
            why=say(lang, f"placeholder.{'text' if tracker else 'undeclared'}", **values),
            allow=say(lang, "placeholder.allow", **values) if tracker else "",
            key=tracker.purpose if tracker else "",
            path=path,
            url="" if own else url if url.startswith(("https:", "http:")) else f"https://{host}/",
            open=say(lang, "placeholder.open", **values),
        ).encode()
