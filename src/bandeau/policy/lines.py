"""On which line of a policy file each key stands.

``tomllib`` gives values without places, so the same bytes are read a second time by
tree-sitter's TOML grammar, which also survives a file with mistakes in it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from bandeau import limits
from bandeau.policy.fault import Fault, Path, Severity, path_text

BOM = b"\xef\xbb\xbf"

_TOML = Language(tree_sitter_toml.language())
_TABLES = frozenset({"table", "table_array_element"})


@dataclass(frozen=True, slots=True)
class Lines:
    """Places in one file; lines count from 1.

    ``twice`` is the first path written a second time, with the lines of both. ``too_deep`` is
    the line that nests deeper than ``limits.POLICY_DEPTH``; what it holds is not in ``known``.
    ``broken`` is the line of the first thing that is not TOML.
    """

    known: Mapping[Path, int]
    twice: tuple[Path, int, int] | None = None
    too_deep: int | None = None
    broken: int | None = None

    def line(self, path: Path) -> int:
        """The line of ``path``, or else of the nearest table or list that would hold it."""
        while path and path not in self.known:
            path = path[:-1]
        return self.known.get(path, 1)

    def fault(self, path: Path, rule: str, message: str, severity: Severity = "error") -> Fault:
        """A fault at ``path``."""
        return Fault(self.line(path), path_text(path), rule, message, severity)


def lines_of(data: bytes) -> Lines:
    """The places in ``data``; never raises, whatever the bytes are."""
    walk = _Walk()
    walk.run(Parser(_TOML).parse(data.removeprefix(BOM)).root_node)
    return Lines(walk.known, walk.twice, walk.too_deep, walk.broken)


@dataclass(slots=True)
class _Walk:
    """One pass over the syntax tree, in file order and without recursion."""

    known: dict[Path, int] = field(default_factory=dict)
    written: set[Path] = field(default_factory=set)
    counts: dict[Path, int] = field(default_factory=dict)
    twice: tuple[Path, int, int] | None = None
    too_deep: int | None = None
    broken: int | None = None

    def run(self, root: Node) -> None:
        stack: list[tuple[Node, Path]] = [(root, ())]
        while stack:
            node, path = stack.pop()
            if node.type == "ERROR" and self.broken is None:
                self.broken = _line(node)
            inside = list(self._inside(node, path))
            stack.extend(reversed(inside))

    def _inside(self, node: Node, path: Path) -> Iterator[tuple[Node, Path]]:
        if len(path) > limits.POLICY_DEPTH:
            return
        children = [child for child in node.named_children if child.type != "comment"]
        if node.type == "array":
            for index, child in enumerate(children):
                yield child, self._note((*path, index), _line(child))
            return
        if children and (node.type == "pair" or node.type in _TABLES):
            keys = _keys(children.pop(0))
            path = self._header(node, keys) if node.type in _TABLES else self._key(node, path, keys)
        for child in children:
            yield child, path

    def _key(self, node: Node, path: Path, keys: list[str]) -> Path:
        for key in keys:
            path = self._note((*path, key), _line(node))
        self._once(path, _line(node))
        return path

    def _header(self, node: Node, keys: list[str]) -> Path:
        """The path that a table's header opens: a list of tables stands for its last entry."""
        path: Path = ()
        for key in keys[:-1]:
            path = self._last(self._note((*path, key), _line(node)))
        path = self._note((*path, *keys[-1:]), _line(node))
        if node.type == "table_array_element":
            self.counts[path] = self.counts.get(path, 0) + 1
            return self._note(self._last(path), _line(node))
        path = self._last(path)
        self._once(path, _line(node))
        return path

    def _last(self, path: Path) -> Path:
        return (*path, self.counts[path] - 1) if path in self.counts else path

    def _note(self, path: Path, line: int) -> Path:
        if len(path) > limits.POLICY_DEPTH:
            self.too_deep = self.too_deep or line
        else:
            self.known.setdefault(path, line)
        return path

    def _once(self, path: Path, line: int) -> None:
        if path in self.written and self.twice is None:
            self.twice = (path, self.known.get(path, line), line)
        self.written.add(path)


def _line(node: Node) -> int:
    return node.start_point.row + 1


def _keys(node: Node) -> list[str]:
    """The parts of a key, at most one more than may be nested."""
    stack, keys = [node], list[str]()
    while stack and len(keys) <= limits.POLICY_DEPTH:
        node = stack.pop()
        if node.type == "dotted_key":
            stack.extend(reversed(node.named_children))
        else:
            keys.append(_part(node))
    return keys


def _part(node: Node) -> str:
    text = (node.text or b"").decode("utf-8", "replace")
    if node.type != "quoted_key":
        return text
    try:
        return next(iter(tomllib.loads(f"{text} = 0")))
    except ValueError:
        return text
