"""Finds the end of a tag that is too long to be kept, wherever its chunks are cut."""

from __future__ import annotations

from bandeau.enforcement.markup import WHITE, pattern

# For each tokenizer state (HTML 13.2.5.32 to 13.2.5.39): what it eats, then where a byte leads.
_EATS = {
    "between": pattern(rf"[/{WHITE}]*+"),
    "name": pattern(rf"[^/>={WHITE}]*+"),
    "after": pattern(rf"[{WHITE}]*+"),
    "value": pattern(rf"[{WHITE}]*+"),
    "unquoted": pattern(rf"[^>{WHITE}]*+"),
    '"': pattern(r'[^"]*+'),
    "'": pattern(r"[^']*+"),
}
_LEADS = {
    "between": {b"": "name"},
    "name": {b"=": "value", b"/": "between", b"": "after"},
    "after": {b"=": "value", b"": "between"},
    "value": {b'"': '"', b"'": "'", b"": "unquoted"},
    "unquoted": {b"": "between"},
    '"': {b"": "between"},
    "'": {b"": "between"},
}
_STAYS = frozenset({("after", "between")})


class TagTail:
    """The rest of one tag. ``ended`` once its ``>`` was passed."""

    def __init__(self) -> None:
        self.ended = False
        self._state = "between"

    def pass_over(self, data: bytes, position: int) -> int:
        """Where the tag ends in ``data``, or the end of ``data``."""
        while True:
            found = _EATS[self._state].match(data, position)
            position = found.end() if found else position
            byte = data[position : position + 1]
            if not byte:
                return position
            if byte == b">" and self._state not in ('"', "'"):
                self.ended = True
                return position + 1
            leads = _LEADS[self._state]
            before, self._state = self._state, leads.get(byte, leads[b""])
            if (before, self._state) not in _STAYS:
                position += 1
