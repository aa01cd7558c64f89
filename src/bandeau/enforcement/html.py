"""The streaming scan of an HTML page into pieces (DESIGN section 3, "edit plan").

Joining the ``original`` of all pieces gives the page back, byte for byte, for any cutting into
chunks. Held back are at most one tag and ``limits.HTML_TOKEN_BYTES``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bandeau import limits
from bandeau.enforcement import calm, markup
from bandeau.enforcement.declared import Declared, Watch
from bandeau.enforcement.foreign import Foreign
from bandeau.enforcement.inert import NOTHING, Judge
from bandeau.enforcement.markup import Tag, bare_tag, read_tag
from bandeau.enforcement.opening import Opening, mark_of
from bandeau.enforcement.oversize import TagTail
from bandeau.enforcement.pieces import Gated, Literal, Mark, Piece, Subjects, joined
from bandeau.enforcement.scripts import ScriptText
from bandeau.enforcement.urls import OWN, UNREADABLE, Reach, Target, decode_attribute

_NESTED_DOCUMENTS = 3
_EAGER_BYTES = 16_384
_RAW_HOLD = len(b"</noscript>")
_COMMENT_HOLD = len(b"--!")
_CDATA_HOLD = len(b"]]")
_DECLARATIONS = (b"<!--", b"<![cdata[", b"<!doctype")
_FOREIGN_ROOTS = frozenset({b"svg", b"math"})
_STRUCTURAL = markup.RAW_ELEMENTS | _FOREIGN_ROOTS | {b"base", b"noscript", b"html"}
_BOM = b"\xef\xbb\xbf"
_LESS_THAN = ord("<")


class Scanner:
    """Reads one page. ``third_party`` says of a host whether it is not the publisher's own.

    ``declared`` is what trackers declare of the publisher's own; ``base`` is then its
    :meth:`Declared.base` for the page.
    ``lang`` is the language of the ``html`` element; ``is_document`` is true once a doctype,
    ``html``, ``head`` or ``body`` was seen; ``overflowed`` once a tag was too long to be read:
    it passed as it was, and the headers alone hold it.
    """

    def __init__(
        self,
        third_party: Callable[[str], bool],
        base: Target = OWN,
        depth: int = 0,
        declared: Declared | None = None,
    ) -> None:
        self.lang = ""
        self.overflowed = False
        self._third_party = third_party
        self._declared, self._watch = declared, Watch(declared)
        self._judge = Judge(third_party, self._within, declared.paths if declared else None)
        self._own_base = self._base = base
        self._base_seen = False
        self._depth = depth
        self._opening = Opening()
        self._foreign = Foreign()
        self._outer_foreign: Foreign | None = None
        self._buffer = b""
        self._position = 0
        self._literal = 0
        self._pieces: list[Piece] = []
        self._step: Callable[[], bool] = self._first
        self._final = False
        self._wait = 0
        self._until = markup.BOGUS_END
        self._hold = 0
        self._script_text = ScriptText()
        self._tail = TagTail()
        self._tail_name = b""

    @property
    def rebased(self) -> bool:
        """Whether a ``base`` element makes relative URLs lead elsewhere than the page's origin."""
        return self._base_seen

    @property
    def is_document(self) -> bool:
        """Whether the page is a document rather than a fragment, as far as it was read."""
        return self._opening.is_document

    def feed(self, chunk: bytes) -> list[Piece]:
        """The pieces that ``chunk`` completes."""
        self._buffer = self._buffer + chunk if self._buffer else chunk
        self._run()
        return self._taken()

    def close(self) -> list[Piece]:
        """The last pieces; a tag that never ended stays as it is, a browser drops it."""
        self._final = True
        self._run()
        if self._step == self._data and self._outer_foreign is None:
            self._mark(self._opening.content(), self._position)
        self._position = len(self._buffer)
        return self._taken()

    def _run(self) -> None:
        while self._position < len(self._buffer) and self._step():
            pass

    def _taken(self) -> list[Piece]:
        self._cut(self._position)
        self._buffer = self._buffer[self._position :]
        self._watch.trim(self._position)
        self._position = self._literal = 0
        pieces, self._pieces = self._pieces, []
        return pieces

    def _cut(self, position: int) -> None:
        """Ends the running literal at ``position``."""
        if position > self._literal:
            self._pieces.append(Literal(self._buffer[self._literal : position]))
            self._literal = position

    def _mark(self, marks: list[Mark], position: int) -> None:
        if marks:
            self._cut(position)
            self._pieces += marks

    # What to do next: each step returns whether it got further.

    def _first(self) -> bool:
        if _BOM.startswith(self._buffer[:3]) and len(self._buffer) < len(_BOM) and not self._final:
            return False
        self._position = len(_BOM) if self._buffer.startswith(_BOM) else 0
        self._step = self._data
        return True

    def _data(self) -> bool:
        if len(self._buffer) - self._position < self._wait and not self._final:
            return False
        found = self._skipped().match(self._buffer, self._position)
        if found and self._declared and self._watch.overlooked(found, self._base):
            return True
        position = self._position = found.end() if found else self._position
        if position == len(self._buffer):
            return False
        if self._buffer[position] != _LESS_THAN:
            self._text_in_opening()
            return True
        tag = markup.TAG.match(self._buffer, position)
        if tag:
            self._wait = 0
            return self._complete_tag(tag)
        return self._other(position)

    def _skipped(self) -> re.Pattern[bytes]:
        """What may be passed without a look, where the scan stands."""
        opening, foreign = self._opening, self._foreign
        if opening.frameset or opening.in_template or self._outer_foreign is not None:
            return markup.TEXT
        own = self._base.reach is not Reach.HOST and self._position >= self._watch.careful
        if not opening.done:
            return calm.HEAD if own and opening.in_head else markup.SPACE
        if foreign.active:
            return calm.DRAWING if own and foreign.foreign else markup.TEXT
        return calm.BODY if own else calm.ELSEWHERE

    def _text_in_opening(self) -> None:
        if self._outer_foreign is None:
            self._mark(self._opening.content(), self._position)

    def _other(self, position: int) -> bool:
        """At a ``<`` that no complete tag follows."""
        rest = self._buffer[position : position + len(b"<!doctype")]
        if rest.startswith((b"<!", b"<?")):
            return self._declaration(position, rest.lower())
        if rest.startswith(b"</>"):
            self._position = position + len(b"</>")
            return True
        if rest in (b"<", b"</"):
            return False
        if rest.startswith(b"</") and not rest[2:3].isalpha():
            return self._skip_to(markup.BOGUS_END, position + 2, 0)
        if not rest.startswith(b"</") and not rest[1:2].isalpha():
            self._text_in_opening()
            self._position = position + 1
            return True
        return self._incomplete_tag(position)

    def _declaration(self, position: int, rest: bytes) -> bool:
        if not self._final and any(d.startswith(rest) and d != rest for d in _DECLARATIONS):
            return False
        if rest.startswith(b"<!--"):
            return self._comment(position + len(b"<!--"))
        if self._buffer.startswith(b"<![CDATA[", position) and self._foreign.has_cdata:
            return self._skip_to(markup.CDATA_END, position + len(rest), _CDATA_HOLD)
        self._opening.is_document |= rest == b"<!doctype" and not self._opening.done
        return self._skip_to(markup.BOGUS_END, position + 2, 0)

    def _comment(self, position: int) -> bool:
        if len(self._buffer) - position < len(b"->") and not self._final:
            return False
        abrupt = markup.COMMENT_ABRUPT.match(self._buffer, position)
        if abrupt:
            self._position = abrupt.end()
            return True
        if self._outer_foreign is not None:
            return self._skip_to(markup.NOSCRIPT_COMMENT_END, position, _RAW_HOLD)
        return self._skip_to(markup.COMMENT_END, position, _COMMENT_HOLD)

    def _skip_to(self, end: re.Pattern[bytes], position: int, hold: int) -> bool:
        """Passes everything up to ``end``; ``hold`` bytes may be the start of it."""
        self._until, self._hold, self._position = end, hold, position
        self._step = self._skipping
        return True

    def _skipping(self) -> bool:
        found = self._until.search(self._buffer, self._position)
        if not found:
            return self._keep(self._hold)
        raw = found[0].startswith(b"</")
        self._position = found.start() if raw else found.end()
        self._step = self._data
        return True

    def _keep(self, hold: int) -> bool:
        held = 0 if self._final else hold
        self._position = max(self._position, len(self._buffer) - held)
        return False

    def _script(self) -> bool:
        text, stop = self._script_text, len(self._buffer)
        self._position = text.pass_over(self._buffer, self._position, stop, final=self._final)
        if text.ended:
            self._step = self._data
        return text.ended

    # Tags.

    def _incomplete_tag(self, position: int) -> bool:
        pending = len(self._buffer) - position
        too_long = pending > limits.HTML_TOKEN_BYTES
        if not self._final and not too_long:
            self._await(pending)
            return False
        self._wait = 0
        if self._outer_foreign is not None and self._cut_by_noscript(position, None):
            return True
        return self._oversized(position) if too_long else False

    def _await(self, pending: int) -> None:
        """Short ones are tried at every chunk, long ones when they have doubled: linear."""
        doubled = 2 * pending if pending > _EAGER_BYTES else 0
        self._wait = min(doubled, limits.HTML_TOKEN_BYTES + 1)

    def _complete_tag(self, tag: re.Match[bytes]) -> bool:
        start, end = tag.span()
        if self._outer_foreign is not None and self._cut_by_noscript(start, tag):
            return True
        if end - start > limits.HTML_TOKEN_BYTES:
            return self._oversized(start)
        if tag[1]:
            self._position = end
            self._end_tag(tag[2].lower(), start)
            return True
        return self._start_tag(read_tag(tag[0], tag[2]), start)

    def _in_script(self, tag: Tag, start: int) -> Subjects | None:
        """What trackers declare of the script that ``tag`` opens; None while more of it must come.

        What never ends never runs, and within ``noscript`` nothing does.
        """
        if self._declared is None or self._outer_foreign is not None:
            return NOTHING
        in_svg = self._foreign.foreign
        found = self._declared.script(tag, self._buffer, start, in_svg=in_svg)
        if found is None and not self._final:
            self._await(len(self._buffer) - start)
            return None
        return found or NOTHING

    def _cut_by_noscript(self, start: int, tag: re.Match[bytes] | None) -> bool:
        """A tag with ``</noscript`` in it: with scripting on that ends the text, without it the
        tag goes on. Its beginning goes where it is denied, which is right for both.
        """
        limit = start + limits.HTML_TOKEN_BYTES
        end = min(tag.end(), limit) if tag else limit
        found = markup.NOSCRIPT_END.search(self._buffer, start + 1, end)
        if not found:
            return False
        if tag and not tag[1] and tag.end() <= limit:
            gated = self._judge.gate(read_tag(tag[0], tag[2]), self._base)
            if gated:
                self._cut(start)
                head = self._buffer[start : found.start()]
                self._pieces.append(Gated(head, b"", gated.subjects, gated.element))
                self._literal = found.start()
        self._position = found.start()
        return True

    def _oversized(self, start: int) -> bool:
        """A tag too long to be read passes; what its name means for the rest still holds."""
        named = markup.TAG_START.match(self._buffer, start)
        self.overflowed = True
        self._tail_name = named[1].lower() if named else b""
        closing = self._buffer.startswith(b"</", start)
        if closing:
            self._end_tag(self._tail_name, start)
            self._tail_name = b""
        elif self._outer_foreign is None:
            self._mark(self._opening.start(self._tail_name), start)
        self._position = named.end() if named else start + 1
        self._tail = TagTail()
        self._step = self._passing
        return True

    def _passing(self) -> bool:
        self._position = self._tail.pass_over(self._buffer, self._position)
        if not self._tail.ended:
            return False
        self._step = self._data
        if self._tail_name:
            self._entered(bare_tag(self._tail_name), self._position)
        return True

    def _end_tag(self, name: bytes, start: int) -> None:
        if self._outer_foreign is None:
            if not self._opening.done:
                self._mark(self._opening.end(name), start)
        elif name == b"noscript":
            self._foreign, self._outer_foreign = self._outer_foreign, None
            return
        self._foreign.end(name)

    def _start_tag(self, tag: Tag, start: int) -> bool:
        script = self._in_script(tag, start) if tag.name == b"script" else NOTHING
        if script is None:
            return False
        end = self._position = start + len(tag.source)
        settled = self._opening.settled or self._outer_foreign is not None
        if not settled:
            self._mark(self._opening.start(tag.name), start)
        base = self._own_base if tag.name == b"base" else self._base
        gated = self._judge.gate(tag, self._watch.near(base), script)
        marked = mark_of(tag)
        if gated or marked:
            self._cut(start)
            self._literal = end
        if gated:
            self._pieces.append(gated)
        if marked:
            self._pieces.append(marked._replace(original=b"") if gated else marked)
        if not settled or tag.name in _STRUCTURAL or self._foreign.active:
            self._entered(tag, end)
        return True

    def _entered(self, tag: Tag, end: int) -> None:
        """What a start tag means for what follows it."""
        in_foreign = self._foreign.foreign
        if tag.name == b"base" and b"href" in tag.values and not self._base_seen:
            self._base_seen = True
            self._base = self._judge.base(tag, self._own_base)
        if self._foreign.active or tag.name in _FOREIGN_ROOTS:
            self._foreign.start(tag.name, tag.values, tag.closed)
        if not in_foreign and tag.name in markup.RAW_ELEMENTS:
            self._enter_text(tag.name)
        elif self._outer_foreign is not None:
            return
        elif tag.name == b"noscript" and not in_foreign:
            self._outer_foreign, self._foreign = self._foreign, Foreign()
        else:
            self._document_tag(tag, end)

    def _enter_text(self, name: bytes) -> None:
        in_noscript = self._outer_foreign is not None
        if self._opening.frameset and name != b"noframes":
            return
        if name == b"script" and not in_noscript:
            self._script_text, self._step = ScriptText(), self._script
        else:
            self._skip_to(markup.raw_end(name, in_noscript), self._position, _RAW_HOLD)

    def _document_tag(self, tag: Tag, end: int) -> None:
        lang = ""
        if tag.name == b"html":
            lang = decode_attribute(tag.values.get(b"lang", b"")).strip()
            self.lang = self.lang or lang
        self._mark(self._opening.after(tag.name, lang), end)

    def _within(self, document: bytes, base: Target) -> Subjects:
        """What the whole of a ``srcdoc`` is judged by."""
        if self._depth >= _NESTED_DOCUMENTS:
            return Subjects(hosts=(UNREADABLE,))
        inner = Scanner(self._third_party, base, self._depth + 1, self._declared)
        pieces = inner.feed(document) + inner.close()
        return joined([NOTHING, *(p.subjects for p in pieces if isinstance(p, Gated))])
