"""XML of any length, read as a stream of small elements.

A document type is refused before anything it declares: so there are no entities to expand and
nothing to fetch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import IO, NoReturn
from xml.parsers import expat

from bandeau import limits
from bandeau.features.comments.foreign import Unreadable
from bandeau.storage.arriving.opening import chunks

_BUFFER = 65_536


@dataclass(slots=True)
class Element:
    """An element that was asked for.

    ``fields`` are the texts of those in it, by their names, the first of each name; ``ids`` the
    attribute ``id`` of those that have one, its own under ``""``.
    """

    name: str
    line: int
    text: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)


Named = Callable[[str], str]


def elements(
    file: IO[bytes], root: str, whole: Collection[str], kept: Collection[str], named: Named
) -> Iterator[Element]:
    """Each element called one of ``whole``, once it ends, with what of it is in ``kept``.

    ``named`` gives elements, which come as "namespace name", their names here. Raises
    :class:`Unreadable` with the line.
    """
    reader = _Reader(root, frozenset(whole), frozenset(kept), named)
    for piece in chunks(file):
        reader.feed(piece)
        yield from reader.found
        reader.found.clear()
    reader.feed(b"", last=True)
    yield from reader.found


class _Reader:
    def __init__(
        self, root: str, whole: frozenset[str], kept: frozenset[str], named: Named
    ) -> None:
        self.found: list[Element] = []
        self._root, self._whole, self._kept, self._named = root, whole, kept, named
        self._depth = 0
        self._within: tuple[int, Element] | None = None
        self._field = ""
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text, parser.buffer_size = True, _BUFFER
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            told = f"not XML: {expat.ErrorString(error.code)}; is the file whole?"
            raise Unreadable(told, error.lineno) from None
        except (LookupError, ValueError):
            raise Unreadable("is in an encoding that cannot be read; save it in UTF-8", 1) from None

    def _refuse(self, *_: object) -> NoReturn:
        raise Unreadable("has a document type, which no export has; remove it", self._line)

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = self._named(qualified)
        self._depth += 1
        if self._depth == 1 and name != self._root:
            raise Unreadable(f"begins with <{name[:40]}>, and not with <{self._root}>", self._line)
        if self._depth > limits.IMPORT_DEPTH:
            raise Unreadable(f"nested deeper than {limits.IMPORT_DEPTH} elements", self._line)
        if self._within is None:
            if name in self._whole:
                element = Element(name, self._line)
                self._within = (self._depth, element)
                self._identify(element, "", attributes)
            return
        element = self._within[1]
        if name in self._kept and name not in element.fields and not self._field:
            self._field, element.fields[name] = name, ""
            self._identify(element, name, attributes)

    def _identify(self, element: Element, name: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if self._named(key) == "id":
                element.ids[name] = value

    def _end(self, qualified: str) -> None:
        name = self._named(qualified)
        if self._within and self._within[0] == self._depth:
            self.found.append(self._within[1])
            self._within, self._field = None, ""
        elif self._field == name:
            self._field = ""
        self._depth -= 1

    def _text(self, text: str) -> None:
        if self._within is None:
            return
        element = self._within[1]
        held = element.fields[self._field] if self._field else element.text
        if len(held) > limits.IMPORT_FIELD_CHARACTERS:
            return  # it is too long already, which is all that matters of it
        if self._field:
            element.fields[self._field] += text
        else:
            element.text += text
