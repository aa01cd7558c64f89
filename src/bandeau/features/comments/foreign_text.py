"""From the HTML of other systems to what our authors could have typed.

The sanitiser runs first, so what is read here is well formed and of few tags; what comes out goes
through our own renderer like any comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from html.parser import HTMLParser
from typing import NamedTuple

import nh3

from bandeau import limits
from bandeau.features.comments.markdown import TAGS, plain, render

_BLOCKS = frozenset({"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "hr", "dt", "dd"})
_HOLDERS = frozenset({"blockquote", "ul", "ol", "li", "pre"})
_BREAKS = _BLOCKS | _HOLDERS | {"br"}
_MARKS = {"em": "*", "i": "*", "strong": "**", "b": "**", "s": "~~", "del": "~~", "strike": "~~"}
_CLEANER = nh3.Cleaner(
    tags=set(TAGS | _BLOCKS | set(_MARKS)),
    clean_content_tags={"script", "style"},
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https"},
    url_relative="deny",
    link_rel=None,
)
_ADDRESS = re.compile(r"https?://[^\s<>]+")
_BEHIND = ".,;:!?”’…)]}\"'*_~`"
_SPACE = re.compile(r"\s+")
_SPECIAL = re.compile(r"[\\`*_~\[\]<>&]")
_AT_START = re.compile(r"^(\s*)(?:([-+])(?=\s|$)|(\d{1,9})([.)])(?=\s|$))", re.MULTILINE)
_TICKS = re.compile(r"`+")


class _Open(NamedTuple):
    """An element within a line: where it begins there, and in what is seen."""

    tag: str
    line: int
    seen: int
    href: str


@dataclass(slots=True)
class _Holder:
    tag: str
    number: int = 0
    blocks: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)


def markdown_of(markup: str, *, lines: bool) -> str:
    """``markup`` as Markdown of the kind that :func:`markdown.render` reads.

    With ``lines`` its line breaks are those of the text, else white space like any other. Markdown
    cannot say everything: where its signs would be read as text, they are left out.
    """
    clean = _CLEANER.clean(markup)
    for styled in (_Styled.ALL, _Styled.LINKS, _Styled.NOTHING):
        reader = _Reader(lines=lines, styled=styled)
        reader.feed(clean)
        reader.close()
        written = reader.written()
        if not reader.styles or _SPACE.sub("", plain(render(written))) == reader.text:
            break
    return written


class _Styled(IntEnum):
    """How much of the style of a line is kept."""

    NOTHING = 0
    LINKS = 1
    ALL = 2


class _Reader(HTMLParser):
    """``styles`` counts the signs that were written, ``text`` is what a reader should see."""

    def __init__(self, *, lines: bool, styled: _Styled) -> None:
        super().__init__(convert_charrefs=True)
        self.styles = 0
        self._lines = lines
        self._styled = styled
        self._seen: list[str] = []
        self._open = [_Holder("")]
        self._inline: list[_Open] = []

    @property
    def text(self) -> str:
        return _SPACE.sub("", "".join(self._seen))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if self._here.tag == "pre":
            self._here.line.append("\n" if tag in _BREAKS else "")
        elif tag in _HOLDERS:
            self._flush()
            if len(self._open) <= limits.COMMENT_NESTING:
                self._open.append(_Holder(tag, _start(told.get("start"))))
        elif tag == "br":
            self._here.line.append("\n")
        elif tag in _BLOCKS:
            self._flush()
        else:
            href = re.sub(r"[\s<>\\]", "", told.get("href") or "")
            self._inline.append(_Open(tag, len(self._here.line), len(self._seen), href))

    def handle_endtag(self, tag: str) -> None:
        if self._here.tag == "pre" and tag != "pre":
            return
        if tag in _BLOCKS or tag in _HOLDERS:
            self._flush()
            if tag == self._here.tag:
                self._end()
        elif self._inline and self._inline[-1].tag == tag:
            self._end_inline()

    def handle_data(self, data: str) -> None:
        self._seen.append(data)
        if self._here.tag == "pre" or self._within("code"):
            self._here.line.append(data)
        elif self._lines:
            first, *others = re.split(r"\n[ \t]*\n\s*", data)
            self._here.line.append(self._escaped(first))
            for paragraph in others:
                self._here.line.append("\n" if self._inline else "")
                if not self._inline:
                    self._flush()
                self._here.line.append(self._escaped(paragraph))
        else:
            self._here.line.append(self._escaped(_SPACE.sub(" ", data)))

    def written(self) -> str:
        """All of it, with what was left open closed."""
        self._flush()
        while len(self._open) > 1:
            self._end()
        return "\n\n".join(self._here.blocks)

    @property
    def _here(self) -> _Holder:
        return self._open[-1]

    def _flush(self) -> None:
        """What stands in one line so far is a block; marks that are open end with it."""
        here = self._here
        while self._inline:
            self._end_inline()
        text = "".join(here.line)
        here.line.clear()
        if here.tag == "pre":
            here.blocks += [text] if text.strip("\n") else []
        elif text.strip():
            spaced = re.sub(r"[ \t]*\n[ \t]*", "\n", text.strip())
            here.blocks.append(_AT_START.sub(_unlisted, spaced))

    def _end_inline(self) -> None:
        opened = self._inline.pop()
        line = self._here.line
        inner = "".join(line[opened.line :])
        if not self._within("code"):
            line[opened.line :] = [self._styled_as(opened, inner)]

    def _styled_as(self, opened: _Open, inner: str) -> str:
        tag, text = opened.tag, inner.strip()
        least = _Styled.ALL if tag in _MARKS or tag == "code" else _Styled.LINKS
        if not text or "\n\n" in text or self._styled < least:
            return _SPECIAL.sub(r"\\\g<0>", inner) if tag == "code" else inner
        self.styles += 1
        if tag == "code":
            return _code(inner)
        if tag == "a" and opened.href and not self._within("a"):
            return self._link(opened, text)
        mark = _MARKS.get(tag, "")
        if not mark or _marked(text, mark):
            return inner
        before, _, after = inner.partition(text)
        return f"{before}{mark}{text}{mark}{after}"

    def _link(self, opened: _Open, text: str) -> str:
        shown = "".join(self._seen[opened.seen :]).strip()
        # Other systems shorten addresses that they make links of.
        if _ADDRESS.fullmatch(shown):
            self._seen[opened.seen :] = [opened.href]
            return f"<{opened.href}>"
        return f"[{text}](<{opened.href}>)"

    def _within(self, tag: str) -> bool:
        return any(opened.tag == tag for opened in self._inline)

    def _escaped(self, text: str) -> str:
        """``text`` with what Markdown would read in it taken literally; addresses are links."""
        if self._within("a"):
            return _SPECIAL.sub(r"\\\g<0>", text)
        made, position = [], 0
        for found in _ADDRESS.finditer(text):
            address = found[0].rstrip(_BEHIND)
            made += [_SPECIAL.sub(r"\\\g<0>", text[position : found.start()]), f"<{address}>"]
            position = found.start() + len(address)
            self.styles += 1
        return "".join((*made, _SPECIAL.sub(r"\\\g<0>", text[position:])))

    def _end(self) -> None:
        held = self._open.pop()
        text = _held(held, self._here)
        if text:
            self._here.blocks.append(text)


def _held(held: _Holder, outer: _Holder) -> str:
    if held.tag == "pre":
        text = "\n".join(held.blocks).strip("\n")
        return _fenced(text) if text else ""
    if held.tag == "li":
        marker = "- "
        if outer.tag == "ol":
            marker = f"{outer.number}. "
            outer.number += 1
        return _indented("\n\n".join(held.blocks), marker, " " * len(marker))
    if held.tag == "blockquote":
        return _indented("\n\n".join(held.blocks), "> ", "> ")
    return "\n".join(held.blocks)


def _indented(text: str, first: str, rest: str) -> str:
    if not text:
        return ""
    return "\n".join((rest if n else first) + line for n, line in enumerate(text.split("\n")))


def _fenced(text: str) -> str:
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _marked(text: str, mark: str) -> bool:
    """Whether the whole of it has the mark already, which twice would be another one."""
    run = len(text) - len(text.lstrip(mark[0]))
    return run >= 2 if len(mark) == 2 else run in (1, 3)


def _code(inner: str) -> str:
    text = inner.replace("\n", " ")
    if not text.strip():
        return inner
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    ticks, space = "`" * (longest + 1), " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _unlisted(found: re.Match[str]) -> str:
    sign, number, behind = found[2], found[3], found[4]
    return f"{found[1]}\\{sign}" if sign else f"{found[1]}{number}\\{behind}"


def _start(value: str | None) -> int:
    known = value is not None and value.isascii() and value.isdigit() and len(value) < 9
    return int(value) if known and value else 1
