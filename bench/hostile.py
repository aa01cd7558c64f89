"""Pages that are written to make a scanner slow, each in any size."""

from __future__ import annotations

from collections.abc import Callable

HOSTILE: dict[str, Callable[[int], bytes]] = {
    "less-than signs": lambda n: b"<" * n,
    "tags that never end": lambda n: b"<img " * (n // 5),
    "tags within tags": lambda n: b"<img <img" * (n // 9),
    "an unclosed quote": lambda n: b"<img alt='" + b"x>" * (n // 2),
    "many unclosed quotes": lambda n: b"<p a=\"'" * (n // 7),
    "an unclosed script": lambda n: b"<script>" + b"a<!--b-->c" * (n // 10),
    "scripts in an escaped script": lambda n: b"<script><!--" + b"<script></script>" * (n // 17),
    "an unclosed comment": lambda n: b"<!--" + b"- " * (n // 2),
    "starts of comments": lambda n: b"<!--" * (n // 4),
    "deep nesting": lambda n: b"<svg>" * (n // 10) + b"</x>" * (n // 8),
    "one huge tag": lambda n: b"<a" + b" b=c" * (n // 4) + b">",
    "an unclosed noscript": lambda n: b"<noscript>" + b"</noscrip <!-- " * (n // 15),
    "an unclosed drawing": lambda n: b"<svg><path d='x'/>" * (n // 18),
    "a srcset": lambda n: b"<img srcset='" + b"a," * (n // 2) + b"//evil.test'>",
}
