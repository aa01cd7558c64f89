"""What a policy's trackers declare of the publisher's own pages: paths, and inline scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

from bandeau import limits
from bandeau.enforcement.markup import Tag
from bandeau.enforcement.paths import OwnPaths
from bandeau.enforcement.pieces import Subjects
from bandeau.enforcement.scripts import runs_inline, script_end
from bandeau.enforcement.urls import OWN, Reach, Target
from bandeau.policy.match import Matcher
from bandeau.policy.model import Policy, Tracker
from bandeau.policy.snippets import Snippets

_NOTHING = Subjects()
_Snippets = Snippets[tuple[str, Tracker]]


@dataclass(frozen=True, slots=True)
class Declared:
    """``paths`` and ``snippets``, each ``None`` where no tracker has any."""

    paths: OwnPaths | None
    snippets: _Snippets | None

    @classmethod
    def of(cls, policy: Policy, matcher: Matcher) -> Declared | None:
        """What ``policy`` declares; ``None`` for nothing, which then costs nothing."""
        paths = OwnPaths(policy, matcher) if matcher.has_paths else None
        snippets = matcher.snippets if matcher.snippets else None
        return cls(paths, snippets) if paths or snippets else None

    def base(self, target: str) -> Target:
        """What the base URL of a page at ``target``, its path and query, reaches."""
        return self.paths.page(target) if self.paths else OWN

    def led_to(self, target: Target, owns: Callable[[str], bool]) -> tuple[str, ...]:
        """The declared path that ``target`` leads to, where it is on a host that ``owns`` names."""
        own = target.reach is Reach.OWN or (target.reach is Reach.HOST and owns(target.host))
        return self.paths.declared(target) if self.paths and own and target.url else ()

    def mentioned(self, markup: bytes, base: Target) -> bool:
        """Whether ``markup`` may hold any, so that its tags must be looked at one by one."""
        if self.snippets and self.snippets.mentioned(markup):
            return True
        return self.paths is not None and self.paths.mentioned(markup, base)

    def script(self, tag: Tag, data: bytes, start: int, *, in_svg: bool) -> Subjects | None:
        """The snippets in the script that ``tag``, at ``start`` of ``data``, opens.

        Its text is read as far as ``limits.HTML_TOKEN_BYTES``; ``None`` while more must come.
        """
        if self.snippets is None or not runs_inline(tag, in_svg=in_svg):
            return _NOTHING
        begin, limit = start + len(tag.source), start + limits.HTML_TOKEN_BYTES
        end = script_end(data, begin, limit, in_svg=in_svg)
        if end is None and len(data) < limit:
            return None
        return self._in(self.snippets, data[begin : end or limit], in_svg=in_svg)

    def _in(self, snippets: _Snippets, text: bytes, *, in_svg: bool) -> Subjects:
        """The declared snippets in the text of a script; in SVG it may hold references."""
        plain = text
        if in_svg and b"&" in text:
            plain += b"\n" + unescape(text.decode("utf-8", "replace")).encode()
        found = (snippet for snippet, _ in snippets.all(plain))
        return Subjects(snippets=tuple(dict.fromkeys(found)))


class Watch:
    """Which stretches of one page, passed without a look, must be looked at after all.

    Tags before ``careful``, a place in what is being read, are to be seen one by one.
    """

    def __init__(self, declared: Declared | None) -> None:
        self.careful = 0
        self._declared = declared
        self._read: tuple[bytes, Target] = (b"", OWN)
        self._quiet = True

    def overlooked(self, stretch: re.Match[bytes], base: Target) -> bool:
        """Whether ``stretch`` may hold what trackers declare, and was not known to."""
        if self._declared is None:
            return False
        read, before = self._read
        if stretch.string is not read or base is not before:
            self._read = stretch.string, base
            self._quiet = not self._declared.mentioned(stretch.string, base)
        if self._quiet or stretch.end() <= self.careful:
            return False
        if not self._declared.mentioned(stretch[0], base):
            return False
        self.careful = stretch.end()
        return True

    def near(self, base: Target) -> Target:
        """``base``, or what saves the trouble where nothing that is declared is being read."""
        return OWN if self._quiet and base.reach is Reach.OWN else base

    def trim(self, done: int) -> None:
        """The first ``done`` bytes of what is being read are dropped."""
        self.careful = max(0, self.careful - done)
