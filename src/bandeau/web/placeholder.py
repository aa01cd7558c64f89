"""What stands where an embed is denied: who would be contacted, and how to allow it."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment

from bandeau.enforcement.exchange import Asked
from bandeau.enforcement.verdict import Verdict
from bandeau.policy.model import Policy
from bandeau.policy.words import Words, direction, purpose_text
from bandeau.web.static import source_hash

_STYLE = (
    ":host{display:block!important;contain:content;color-scheme:light dark;margin:1em 0!important}"
    "section{border:1px solid color-mix(in srgb,currentColor 30%,transparent);border-radius:8px;"
    "padding:1em 1.2em;font:inherit;font-size:.95em;line-height:1.5}"
    "h3{margin:0 0 .4em;font-size:1em}p{margin:0 0 .8em}form{display:inline}"
    "button,a{font:inherit;color:inherit}button{min-height:2.4em;padding:.3em 1em;margin:0 .8em .4em 0;"
    "border:1px solid currentColor;border-radius:6px;background:transparent;cursor:pointer}"
    "button:focus-visible,a:focus-visible{outline:3px solid currentColor;outline-offset:2px}"
    "@media print{section{border-style:dashed}form{display:none}}"
)
_HIDE = "[hidden]:is([data-bandeau-src],[data-bandeau-srcdoc],[data-bandeau-data])"
_HIDDEN = _HIDE + "{display:none!important}"
_TEMPLATE = """\
<span data-bandeau="placeholder" lang="{{ lang }}" dir="{{ dir }}"><template shadowrootmode="open">\
<style>{{ style|safe }}</style><section aria-label="{{ title }}"><h3>{{ title }}</h3><p>{{ why }}</p>\
{% if allow %}<form method="post" action="/.bandeau/choice">\
<input type="hidden" name="action" value="grant"><input type="hidden" name="purpose" value="{{ key }}">\
<input type="hidden" name="mechanism" value="placeholder"><input type="hidden" name="lang" \
value="{{ lang }}"><input type="hidden" name="return" value="{{ path }}">\
<button>{{ allow }}</button></form>{% endif %}\
<a href="{{ url }}" rel="noreferrer noopener">{{ open }}</a></section></template></span>"""


class Placeholder:
    """Renders placeholders for one policy (rule R4).

    ``head`` goes into every page: it keeps inert embeds out of sight where the site's own styles
    would show them although they are ``hidden``.
    """

    def __init__(self, policy: Policy, words: Words) -> None:
        self._policy = policy
        self._words = words
        self._template = Environment(autoescape=True).from_string(_TEMPLATE)
        self.style_hashes = (source_hash(_STYLE), source_hash(_HIDDEN))
        self.head = f"<style>{_HIDDEN}</style>".encode()
        self._cached = lru_cache(maxsize=1_024)(self._render)

    def render(self, verdict: Verdict, url: str, lang: str, asked: Asked) -> bytes:
        """The placeholder for the embed ``url``, which ``verdict`` denies."""
        return self._cached(verdict, url, lang, asked.target)

    def _render(self, verdict: Verdict, url: str, lang: str, path: str) -> bytes:
        say, tracker, host = self._words.say, verdict.tracker, verdict.subject
        values = {"host": host, "vendor": tracker.vendor if tracker else host, "purpose": ""}
        if tracker:
            values["purpose"] = purpose_text(
                self._policy, self._words, tracker.purpose, "title", lang
            )
        return self._template.render(
            style=_STYLE,
            lang=lang,
            dir=direction(lang),
            title=say(lang, "placeholder.title", **values),
            why=say(lang, f"placeholder.{'text' if tracker else 'undeclared'}", **values),
            allow=say(lang, "placeholder.allow", **values) if tracker else "",
            key=tracker.purpose if tracker else "",
            path=path,
            url=url if url.startswith(("https:", "http:")) else f"https://{host}/",
            open=say(lang, "placeholder.open", **values),
        ).encode()
