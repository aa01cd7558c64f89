"""Denied embeds of one page: what stands for them, and the single items that were loaded."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from bandeau import limits
from bandeau.enforcement import embeds
from bandeau.enforcement.csp import Opened, item_source
from bandeau.enforcement.embeds import Embed
from bandeau.enforcement.exchange import Exchange
from bandeau.enforcement.pieces import Gated, Mark, Subjects
from bandeau.enforcement.urls import target_of
from bandeau.enforcement.verdict import Verdict
from bandeau.web.leaving import SENDING
from bandeau.web.placeholder import Place, Placeholder

_HIDDEN = b" hidden"
_IFRAME = b"<iframe"
_framed = lru_cache(1_024)(embeds.framed)


class Embedding:
    """Follows one page from piece to piece.

    ``lang`` gives the page's language once it is known, ``encode`` our markup as the page can
    hold it. ``opened`` says what the page's policy must let frames show.
    """

    def __init__(
        self,
        exchange: Exchange,
        placeholder: Placeholder,
        lang: Callable[[], str],
        encode: Callable[[bytes], bytes],
    ) -> None:
        self.opened = Opened()
        self._exchange = exchange
        self._placeholder = placeholder
        self._lang = lang
        self._encode = encode
        self._awaited: list[_Awaited] = []
        self._seats = 0
        self._dressed = False
        self._head_left = False

    def head_leaves(self) -> Opened:
        """What was opened so far; from now on nothing more can be, since the policy is sent."""
        self._head_left = True
        return self.opened

    def literal(self, original: bytes | memoryview) -> bytes | memoryview:
        """Bytes that pass, with what was to come after an element's end."""
        if not self._awaited:
            return original
        out = b""
        while self._awaited:
            end = self._awaited[-1].end_in(original)
            if end < 0:
                break
            out, original = out + original[:end] + self._awaited.pop().after(), original[end:]
        return out + original

    def gated(self, gated: Gated) -> bytes:
        """A tag as this visitor gets it."""
        denied = list(self._exchange.denials(gated.subjects))
        if not denied:
            return gated.original
        if gated.embed_url is not None:
            embed = _framed(gated.original, gated.element, gated.embed_url)
        else:
            embed = embeds.scripted(gated.original) if gated.element == "script" else None
        if embed is None:
            return self._exchange.held_back(gated)
        verdict, alone = self._judged(embed, denied)
        if alone and self._is_loaded(embed, verdict):
            return self._loaded(embed, verdict, gated)
        return self._placed(embed, verdict, gated, alone)

    def post(self, mark: Mark) -> bytes:
        """The start tag of what a script would make a third party's post of."""
        if mark.text == "div":
            return self._beside(embeds.posted(mark.original, mark.text)) + mark.original
        self._awaited.append(
            _Awaited(
                mark.text,
                lambda inside: self._beside(embeds.posted(mark.original, mark.text, inside)),
            )
        )
        return mark.original

    def _beside(self, embed: Embed | None) -> bytes:
        """What stands beside a quotation: the post itself once it is loaded."""
        host = target_of(embed.url).host if embed else ""
        if embed is None or not self._exchange.host_denied(host):
            return b""
        verdict = self._exchange.judge.host(host)
        if self._is_loaded(embed, verdict):
            return self._framed_item(embed, verdict)
        return self._standing_for(embed, verdict, Subjects((host,)))

    def _judged(self, embed: Embed, denied: list[Verdict]) -> tuple[Verdict, bool]:
        """The verdict that a placeholder tells, and whether the item is all that is denied."""
        host = target_of(embed.url).host
        if embed.quoted and self._exchange.host_denied(host):
            return self._exchange.judge.host(host), True
        mine = [verdict for verdict in denied if verdict.subject == host]
        return (mine or denied)[0], mine == denied

    def _is_loaded(self, embed: Embed, verdict: Verdict) -> bool:
        items, tracker = self._exchange.standing.items, verdict.tracker
        if not items or tracker is None or self._head_left or not item_source(embed.url):
            return False
        return embeds.item_digest(tracker.vendor, tracker.purpose, embed.url) in items

    def _loaded(self, embed: Embed, verdict: Verdict, gated: Gated) -> bytes:
        if embed.quoted:
            return self._framed_item(embed, verdict) + self._exchange.held_back(gated)
        self.opened.add(embed.url, plugin=bool(embed.seat))
        if embed.anchor:
            return gated.original
        named = f' id="{self._placeholder.anchor(embed, verdict)}"'.encode()
        name_end = 1 + len(gated.element)
        return gated.original[:name_end] + named + gated.original[name_end:]

    def _framed_item(self, embed: Embed, verdict: Verdict) -> bytes:
        self.opened.add(embed.url)
        item = self._placeholder.item(embed, verdict, self._lang())
        return self._encode(self._dress() + item)

    def _placed(self, embed: Embed, verdict: Verdict, gated: Gated, alone: bool) -> bytes:
        """The placeholder takes the very room of the embed, which a blank frame keeps."""
        if embed.quoted or self._seats >= limits.PAGE_PLACEHOLDERS:
            shown = self._standing_for(embed, verdict, gated.subjects, alone=alone)
            return shown + self._exchange.held_back(gated)
        self._seats += 1
        shown = self._standing_for(embed, verdict, gated.subjects, self._seats, alone=alone)
        seat = f' data-bandeau-at="{self._seats}"'.encode()
        if embed.seat:
            blank = b'<iframe data-bandeau="seat"%b%b></iframe>' % (seat, embed.seat.encode())
            waking = self._ours(blank, "iframe", gated.subjects)
            return self._encode(waking) + shown + self._exchange.held_back(gated)
        self._awaited.append(_Awaited(gated.element, lambda _: shown))
        seated = _IFRAME + seat + gated.inert[len(_IFRAME + _HIDDEN) :]
        return self._exchange.held_back(gated._replace(inert=seated))

    def _standing_for(
        self,
        embed: Embed,
        verdict: Verdict,
        subjects: Subjects,
        seat: int = 0,
        *,
        alone: bool = True,
    ) -> bytes:
        loadable = alone and not self._exchange.shared
        place = Place(self._lang(), self._exchange.asked.target, seat, loadable=loadable)
        shown = self._ours(self._placeholder.render(embed, verdict, place), "span", subjects)
        return self._encode(self._dress() + shown)

    def _ours(self, markup: bytes, element: str, subjects: Subjects) -> bytes:
        """An element of ours, which on a shared page goes when what it stands for wakes."""
        return self._exchange.held_back(Gated(b"", markup, subjects, element))

    def _dress(self) -> bytes:
        """The style sheet of the page's first placeholder."""
        dressed, self._dressed = self._dressed, True
        return b"" if dressed else self._placeholder.seats


def may_be_placed(gated: Gated) -> bool:
    """Whether something for one visitor alone may stand in the place of a tag."""
    told = gated.element == "script" and b"data-" in gated.original
    return told or gated.element in SENDING or gated.embed_url is not None


class _Awaited:
    """What comes after the end tag of ``element``, made of what stands before that."""

    def __init__(self, element: str, make: Callable[[bytes], bytes]) -> None:
        self._end = re.compile(rb"</" + re.escape(element.encode()) + rb"[^>a-z]*+>", re.IGNORECASE)
        self._make = make
        self._inside = b""

    def end_in(self, literal: bytes | memoryview) -> int:
        """Where ``literal``, which follows, has passed the end tag; negative where it has not."""
        found = self._end.search(literal)
        before = literal[: found.start()] if found else literal
        self._inside = (self._inside + before)[: limits.POST_BYTES]
        return found.end() if found else -1

    def after(self) -> bytes:
        """What comes next."""
        return self._make(self._inside)
