"""From the HTML of other systems to what our authors could have typed.

The sanitiser runs first, so what is read here is well formed and of few tags; what comes out goes
through our own renderer like any comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import nh3

from bandeau import limits
from bandeau.features.comments.markdown import TAGS

_BLOCKS = frozenset({"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "hr", "dt", "dd"})
_HOLDERS = frozenset({"blockquote", "ul", "ol", "li", "pre"})
_MARKS = {"em": "*", "i": "*", "strong": "**", "b": "**", "s": "~~", "del": "~~", "strike": "~~"}
_CLEANER = nh3.Cleaner(
    tags=set(TAGS | _BLOCKS | set(_MARKS)),
    clean_content_tags={"script", "style"},
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https"},
    url_relative="deny",
    link_rel=None,
)
_ADDRESS = re.compile(r"https?://\S+")
_SPECIAL = re.compile(r"[\\`*_~\[\]<>&]")
_AT_START = re.compile(r"^(\s*)(?:([-+])(?=\s|$)|(\d{1,9})([.)])(?=\s|$))", re.MULTILINE)
_TICKS = re.compile(r"`+")


@dataclass(slots=True)
class _Holder:
    tag: str
    number: int = 0
    blocks: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)


def markdown_of(markup: str, *, lines: bool) -> str:
    """``markup`` as Markdown of the kind that :func:`markdown.render` reads.

    With ``lines`` its line breaks are those of the text, else white space like any other.
    """
    reader = _Reader(lines=lines)
    reader.feed(_CLEANER.clean(markup))
    reader.close()
    return reader.written()


class _Reader(HTMLParser):
    def __init__(self, *, lines: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._lines = lines
        self._open = [_Holder("")]
        self._inline: list[tuple[str, int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HOLDERS:
            self._flush()
            if len(self._open) <= limits.COMMENT_NESTING:
                self._open.append(_Holder(tag, _start(dict(attrs).get("start"))))
        elif tag == "br":
            self._here.line.append("\n")
        elif tag in _BLOCKS:
            self._flush()
        elif self._here.tag != "pre":
            self._inline.append((tag, len(self._here.line), dict(attrs).get("href") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS or tag in _HOLDERS:
            self._flush()
            if tag == self._here.tag:
                self._end()
        elif self._inline and self._inline[-1][0] == tag:
            _, begun, href = self._inline.pop()
            line = self._here.line
            inner = "".join(line[begun:])
            line[begun:] = [_inline(tag, inner, href)]

    def handle_data(self, data: str) -> None:
        if self._here.tag == "pre" or any(tag == "code" for tag, _, _ in self._inline):
            self._here.line.append(data)
        elif self._lines:
            first, *others = re.split(r"\n[ \t]*\n\s*", data)
            self._here.line.append(_escaped(first))
            for paragraph in others:
                self._here.line.append("\n" if self._inline else "")
                if not self._inline:
                    self._flush()
                self._here.line.append(_escaped(paragraph))
        else:
            self._here.line.append(_escaped(re.sub(r"\s+", " ", data)))

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
            tag, begun, href = self._inline.pop()
            here.line[begun:] = [_inline(tag, "".join(here.line[begun:]), href)]
        text = "".join(here.line)
        here.line.clear()
        if here.tag == "pre":
            here.blocks += [text] if text.strip("\n") else []
        elif text.strip():
            spaced = re.sub(r"[ \t]*\n[ \t]*", "\n", text.strip())
            here.blocks.append(_AT_START.sub(_unlisted, spaced))

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


def _inline(tag: str, inner: str, href: str) -> str:
    if tag == "code":
        return _code(inner)
    if tag == "a":
        return _link(inner, href)
    mark, text = _MARKS.get(tag, ""), inner.strip()
    if not mark or not text or "\n\n" in text or _marked(text, mark):
        return inner
    before, _, after = inner.partition(text)
    return f"{before}{mark}{text}{mark}{after}"


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


def _link(inner: str, href: str) -> str:
    text, address = inner.strip(), re.sub(r"[\s<>\\]", "", href)
    if not address or not text:
        return inner
    # Other systems shorten addresses that they make links of.
    if text == address or _ADDRESS.fullmatch(text):
        return f"<{address}>"
    return f"[{text}](<{address}>)"


def _escaped(text: str) -> str:
    """``text`` with what Markdown would read in it taken literally, but for web addresses."""
    made, position = [], 0
    for found in _ADDRESS.finditer(text):
        made += [_SPECIAL.sub(r"\\\g<0>", text[position : found.start()]), found[0]]
        position = found.end()
    return "".join((*made, _SPECIAL.sub(r"\\\g<0>", text[position:])))


def _unlisted(found: re.Match[str]) -> str:
    sign, number, behind = found[2], found[3], found[4]
    return f"{found[1]}\\{sign}" if sign else f"{found[1]}{number}\\{behind}"


def _start(value: str | None) -> int:
    known = value is not None and value.isascii() and value.isdigit() and len(value) < 9
    return int(value) if known and value else 1
