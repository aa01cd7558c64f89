"""Notice, panel, band and information bar: the HTML that is inserted into every page.

One host element with a declarative shadow root, placed first in ``<body>``: complete without
script, isolated from the site's styles both ways (DESIGN section 1; rules B, I, A).
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from functools import cache, lru_cache
from urllib.parse import quote, unquote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from bandeau import limits
from bandeau.choice.model import Answer, Source, Standing
from bandeau.enforcement.allowlist import link_patterns
from bandeau.ledger.record import TOLD_CHARACTERS
from bandeau.policy.model import Policy
from bandeau.policy.words import Words
from bandeau.web.leaving import Leaving
from bandeau.web.room import BAND_SPACE, NOTICE_SPACE, space
from bandeau.web.shared import SharedHead, own_cookies
from bandeau.web.static import script, source_hash, style
from bandeau.web.view import View, view_of

_KEPT_HEADS = 64
_KEPT_FRAGMENTS = 512
_TOKEN = re.compile(rb"(%BANDEAU-(?:RETURN|RETURN-QUERY|VERSION|HOSTS)%)")
_PACK = re.compile(r"\s*\n\s*")


@cache
def _packaged() -> Environment:
    return Environment(
        loader=PackageLoader("bandeau.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Templates:
    """The package's templates, compiled once a process; every value is escaped."""

    def render(self, name: str, **values: object) -> str:
        """One template without line breaks; texts hold none of their own."""
        return _PACK.sub("", self.plain(name, **values))

    def plain(self, name: str, **values: object) -> str:
        """One template with the line breaks that it and its values have."""
        return _packaged().get_template(name).render(**values)


class Notice:
    """What one policy puts before visitors. Made once; rendering is cached by standing.

    ``leaving`` is given where pages may be confined, ``shared`` where some are the same for
    everyone. ``style_hashes`` and
    ``script_hashes`` are CSP source expressions, quotes included, for every inline style and
    script that :meth:`fragment` and :meth:`head` may hold.
    """

    def __init__(
        self,
        policy: Policy,
        words: Words,
        leaving: Leaving | None = None,
        shared: SharedHead | None = None,
    ) -> None:
        self._policy = policy
        self._words = words
        self._informs = _own_privacy_policy(policy)
        self.templates = Templates()
        self._style = style("bandeau.css")
        if not policy.consent_purposes:
            self._style += style("infobar.css")
        self._script = script("notice.js")
        self._guard = script("guard.js")
        self._silence = script("silence.js")
        self._leaving = leaving
        self._shared = shared
        self._parts = lru_cache(maxsize=_KEPT_FRAGMENTS)(self._render)
        self._heads = lru_cache(maxsize=_KEPT_HEADS)(self._head)
        self._links = lru_cache(maxsize=_KEPT_FRAGMENTS)(self._linked)
        self._version = lru_cache(maxsize=limits.POLICY_PURPOSES)(self._hash)
        spaces = (space(BAND_SPACE), space(NOTICE_SPACE))
        self.style_hashes = tuple(source_hash(text) for text in (self._style, *spaces))
        scripts = [self._script, self._guard, self._silence]
        scripts += [each.script for each in (leaving, shared) if each]
        self.script_hashes = tuple(source_hash(text) for text in scripts)

    def fragment(
        self,
        standing: Standing,
        lang: str,
        return_path: str,
        *,
        notice: bool = True,
        siblings: tuple[str, ...] = (),
        shared: bool = False,
    ) -> bytes:
        """UTF-8 HTML for the start of ``<body>``.

        ``return_path`` is where a form leads back to; one too long becomes ``/``. Without
        ``notice``, as on the site's own privacy policy, a page that informs about trackers is
        never covered: it can be read before choosing (rule I12). ``siblings``
        are the publisher's other hosts that are asked to end theirs, once a choice denies more.
        A ``shared`` page holds the band in every state.
        """
        covers = notice and _path(return_path) != self._informs
        parts = self._parts(_Key(standing), lang, covers, shared)
        return self._join(parts, lang, return_path, siblings)

    def links(self, standing: Standing, lang: str, *, shared: bool = False) -> tuple[str, ...]:
        """URL patterns of where the links of :meth:`fragment` lead: partners' policies, say."""
        return self._links(_Key(standing), lang, shared)

    def _linked(self, key: _Key, lang: str, shared: bool) -> tuple[str, ...]:
        return tuple(link_patterns(b"".join(self._parts(key, lang, True, shared))))

    def band(self, standing: Standing, lang: str) -> str:
        """The band alone, without its control, for the page that holds the panel itself."""
        return self.templates.render("band_alone.html", view=self.view(standing, lang))

    def fill(self, markup: bytes, lang: str, return_path: str) -> bytes:
        """``markup`` with the tokens of one request filled in."""
        return self._join(tuple(_TOKEN.split(markup)), lang, return_path)

    def head(self, standing: Standing, *, shared: bool = False, leads: bool = False) -> bytes:
        """ASCII HTML for the start of ``<head>``: the guard, and what it may let stay.

        Where something is granted, also what silences the page once it no longer is. In a
        ``shared`` page a script before the guard says what that is. With ``leads`` the page leads
        nowhere by itself but to the hosts of the site and of the choice.
        """
        if shared and self._shared:
            return self._shared.before + self._guards(leads=leads, grants=True)
        return self._heads(_Key(standing), leads)

    def _guards(self, *, leads: bool, grants: bool) -> bytes:
        leaving = (self._leaving.script,) if leads and self._leaving else ()
        silence = (self._silence,) if grants else ()
        texts = (*leaving, self._guard, *silence)
        return "".join(f"<script>{text}</script>" for text in texts).encode()

    def _head(self, key: _Key, leads: bool) -> bytes:
        standing = key.standing
        allowed = [t for t in self._policy.trackers if standing.allows(self._policy, t)]
        cookies = {rule.name for tracker in allowed for rule in tracker.cookies}
        kept: dict[str, object] = {
            "cookies": sorted(cookies | own_cookies(self._policy)),
            "storage": sorted({key for tracker in allowed for key in tracker.storage}),
            "whole": len(allowed) == len(self._policy.trackers),
        }
        if leads and self._leaving:
            kept["hosts"] = self._leaving.hosts(standing)
        data = json.dumps(kept, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
        listed = f'<script type="application/json">{data}</script>'.encode()
        grants = any(standing.grants(key) for key in standing.answers)
        return listed + self._guards(leads=leads, grants=grants)

    def version(self, lang: str) -> str:
        """SHA-256 in hexadecimal of :meth:`shown`: what the ledger records (rules L2, L3)."""
        return self._version(lang)

    def shown(self, lang: str) -> bytes:
        """The fragment for an undecided visitor, its per-visitor tokens left unfilled."""
        answers = {purpose.key: Answer.UNDECIDED for purpose in self._policy.consent_purposes}
        undecided = Standing(answers, frozenset(), Source.NONE)
        return b"".join(self._parts(_Key(undecided), lang, True, False))

    def view(self, standing: Standing, lang: str) -> View:
        """The values that templates show, for the pages beside the notice."""
        return view_of(self._policy, self._words, standing, lang)

    def _join(
        self, parts: tuple[bytes, ...], lang: str, return_path: str, siblings: tuple[str, ...] = ()
    ) -> bytes:
        path = return_path if len(return_path) <= limits.RETURN_PATH_CHARACTERS else "/"
        values = {
            b"%BANDEAU-RETURN%": html.escape(path).encode("utf-8", "replace"),
            b"%BANDEAU-RETURN-QUERY%": quote(path, safe="/", errors="replace").encode(),
            b"%BANDEAU-HOSTS%": " ".join(f"{host}:*" for host in siblings).encode(),
            b"%BANDEAU-VERSION%": self.version(lang)[:TOLD_CHARACTERS].encode(),
        }
        return b"".join(values.get(part, part) for part in parts)

    def _hash(self, lang: str) -> str:
        return hashlib.sha256(self.shown(lang)).hexdigest()

    def _render(self, key: _Key, lang: str, notice: bool, shared: bool) -> tuple[bytes, ...]:
        standing = key.standing
        told = self.view(standing, lang)
        asks = notice and (standing.asks if told.asked else standing.source is not Source.CHOICE)
        markup = self.templates.render("fragment.html", view=told, asks=asks, shared=shared)
        room = space(NOTICE_SPACE if asks and told.asked else BAND_SPACE)
        for token, text in (
            ("%BANDEAU-STYLE%", f"<style>{self._style}</style>"),
            ("%BANDEAU-SPACE%", f"<style>{room}</style>" if told.asked else ""),
            ("%BANDEAU-SCRIPT%", f"<script>{self._script}</script>"),
        ):
            markup = markup.replace(token, text, 1)
        return tuple(_TOKEN.split(markup.encode()))


def _own_privacy_policy(policy: Policy) -> str | None:
    """The path of the site's privacy policy; none where it is elsewhere, or is the first page."""
    address = urlsplit(policy.site.privacy_policy)
    if address.hostname not in (None, *policy.site.hosts):
        return None
    return _path(address.path) or None


def _path(target: str) -> str:
    """The path of a request, without query and last slash."""
    return unquote(target.partition("?")[0]).rstrip("/")


class _Key:
    """A standing as far as it changes what is shown; equal ones share one rendering."""

    __slots__ = ("_identity", "standing")

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self._identity = (
            tuple(standing.answers.items()),
            standing.uncovered,
            standing.source,
            standing.choice is not None,
        )

    def __hash__(self) -> int:
        return hash(self._identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._identity == other._identity
