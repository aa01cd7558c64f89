"""What stands where an embed is denied: who would be contacted, and the ways to see it (R4)."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from bandeau import limits
from bandeau.enforcement.csp import item_source
from bandeau.enforcement.embeds import Embed, item_digest
from bandeau.enforcement.vendors import Kind
from bandeau.enforcement.verdict import Verdict
from bandeau.policy.model import Policy
from bandeau.policy.words import Words, direction, purpose_text
from bandeau.web.notice import Templates
from bandeau.web.static import source_hash, style

LAYOUT = "placeholder"
_HIDE = "[hidden]:is([data-bandeau-src],[data-bandeau-srcdoc],[data-bandeau-data])"
_HIDDEN = _HIDE + "{display:none!important}"


class Place(NamedTuple):
    """Where a placeholder stands: the page's language and path, and which frame's room it takes.

    ``seat`` is 0 where no frame keeps a room; ``loadable`` whether the item alone is denied.
    """

    lang: str
    path: str
    seat: int = 0
    loadable: bool = True


class Placeholder:
    """Renders placeholders for one policy (rule R4).

    ``head`` goes into every page: it keeps inert embeds out of sight where the site's own styles
    would show them although they are ``hidden``. ``seats`` comes before a page's first placeholder.
    """

    def __init__(self, policy: Policy, words: Words) -> None:
        self._policy = policy
        self._words = words
        self._templates = Templates()
        self._style = style("placeholder.css")
        seats = style("seats.css").replace("%SEATS%", _seats())
        self.style_hashes = tuple(map(source_hash, (self._style, _HIDDEN, seats)))
        self.head = f"<style>{_HIDDEN}</style>".encode()
        self.seats = f"<style>{seats}</style>".encode()
        self._rendered = lru_cache(maxsize=1_024)(self._render)
        self.version = lru_cache(maxsize=64)(self._version)

    def render(self, embed: Embed, verdict: Verdict, place: Place) -> bytes:
        """The placeholder for ``embed``, which ``verdict`` denies."""
        return self._rendered(embed, verdict, place)

    def item(self, embed: Embed, verdict: Verdict, lang: str) -> bytes:
        """The frame of an item that was loaded, and that has no element of its own in the page."""
        title, anchor = self._title(embed, verdict, lang), self.anchor(embed, verdict)
        values = {"url": embed.url, "title": title, "anchor": anchor}
        return self._templates.render("item.html", **values).encode()

    def anchor(self, embed: Embed, verdict: Verdict) -> str:
        """The id that a loaded item has in the page."""
        tracker = verdict.tracker
        told = (tracker.vendor, tracker.purpose) if tracker else ("", "")
        return embed.anchor or f"bandeau-{item_digest(*told, embed.url)}"

    def shown(self, lang: str) -> bytes:
        """Style and words in ``lang``, blanks unfilled."""
        say = self._words.say
        titles = [_title_key(kind) for kind in Kind]
        keys = [*titles, *(f"placeholder.{k}" for k in ("text", "load", "load_note", "open"))]
        return "\n".join([self._style, *(say(lang, key) for key in keys)]).encode()

    def _version(self, lang: str) -> str:
        """SHA-256 in hexadecimal of :meth:`shown`: what the ledger records (rules L2, L3)."""
        return hashlib.sha256(self.shown(lang)).hexdigest()

    def _title(self, embed: Embed, verdict: Verdict, lang: str) -> str:
        declared = verdict.tracker.vendor if verdict.tracker else verdict.subject
        vendor = embed.vendor or declared
        return self._words.say(lang, _title_key(embed.kind), vendor=vendor)

    def _render(self, embed: Embed, verdict: Verdict, place: Place) -> bytes:
        say, lang, tracker = self._words.say, place.lang, verdict.tracker
        purpose = tracker.purpose if tracker else ""
        title = purpose_text(self._policy, self._words, purpose, "title", lang) if purpose else ""
        load = say(lang, "placeholder.load") if purpose and _can_load(embed, place) else ""
        link = _link(embed, verdict)
        return self._templates.render(
            "placeholder.html",
            style=Markup(self._style),  # noqa: S704 - our own style sheet, from the package
            lang=lang,
            dir=direction(lang),
            seat=place.seat,
            title=self._title(embed, verdict, lang),
            why=say(
                lang,
                f"placeholder.{'text' if tracker else 'undeclared'}",
                host=_contacted(verdict),
                purpose=title,
            ),
            load=load,
            load_note=say(lang, "placeholder.load_note", load=load),
            peek=say(lang, "placeholder.peek"),
            allow=say(lang, "placeholder.allow", purpose=title) if purpose else "",
            key=purpose,
            path=place.path,
            anchor=quote(self.anchor(embed, verdict)),
            item=embed.url,
            link=link,
            open=say(lang, "placeholder.open", host=_host(link)),
        ).encode()


def _can_load(embed: Embed, place: Place) -> bool:
    short = len(embed.url) <= limits.ITEM_URL_CHARACTERS
    return place.loadable and short and bool(item_source(embed.url))


def _title_key(kind: Kind) -> str:
    return "placeholder.title" if kind is Kind.OTHER else f"placeholder.title_{kind}"


def _is_own(verdict: Verdict) -> bool:
    """Whether a path of the site's own is denied: it names nobody, and a link to it is refused."""
    return verdict.subject.startswith("/")


def _contacted(verdict: Verdict) -> str:
    if verdict.tracker is None:
        return verdict.subject
    vendor = verdict.tracker.vendor
    return vendor if _is_own(verdict) else f"{verdict.subject} ({vendor})"


def _link(embed: Embed, verdict: Verdict) -> str:
    if _is_own(verdict):
        return ""
    known = embed.link.startswith(("https:", "http:"))
    return embed.link if known else f"https://{verdict.subject}/"


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _seats() -> str:
    """Names for as many frames as one page can have placeholders in the room of."""
    return "".join(
        f'[data-bandeau-at="{n}"]{{--bd-at:--bd-{n}}}'
        for n in range(1, limits.PAGE_PLACEHOLDERS + 1)
    )
