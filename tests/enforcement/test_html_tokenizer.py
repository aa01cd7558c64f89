"""html5lib's tokenizer tests as an oracle: where text or a comment ends, a tag lives again.

They are in ``.cache/html5lib-tests`` (CONTRIBUTING says how to get them), or these tests skip.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bandeau.enforcement.html import Scanner
from bandeau.enforcement.markup import RAW_ELEMENTS
from bandeau.enforcement.pieces import Gated, Piece

TESTS = Path(__file__).parents[2] / ".cache" / "html5lib-tests" / "tokenizer"
MARKER = b"<img src=https://evil.test/live>"
TEXT_STATES = {"RCDATA state", "RAWTEXT state", "Script data state"}
# What these begin is a matter of the tree, of which the tokenizer's tests know nothing.
BEYOND = {name.decode() for name in RAW_ELEMENTS} | {
    *("svg", "math", "noscript", "frameset", "template", "plaintext", "select", "base", "iframe")
}


def cases() -> list[tuple[str, bytes, bool]]:
    """Each input after the tag that its state needs, and whether a tag behind it is one."""
    found = []
    for path in sorted(TESTS.glob("*.test")) if TESTS.is_dir() else []:
        for test in json.loads(path.read_text("utf-8")).get("tests", ()):
            for state in test.get("initialStates", ["Data state"]):
                live = ends_alive(test, state)
                if live is not None:
                    before = f"<{test['lastStartTag']}>" if state in TEXT_STATES else ""
                    data = (before + unescaped(test)).encode("utf-8", "surrogatepass")
                    found.append((f"{path.stem}: {test['description']}", data, live))
    return found


def unescaped(test: dict[str, Any]) -> str:
    text: str = test["input"]
    return json.loads(f'"{text}"') if test.get("doubleEscaped") and '"' not in text else text


def ends_alive(test: dict[str, Any], state: str) -> bool | None:
    """Whether the tokenizer is back in its data state at the end; None where it is not said."""
    if any(error["code"].startswith("eof") for error in test.get("errors", ())):
        return None
    tokens = test["output"]
    if any(token[0] == "StartTag" and token[1] in BEYOND for token in tokens):
        return None
    # These may go on to the end without a fault, and then behind it.
    if tokens and tokens[-1][0] in ("Comment", "DOCTYPE") and not test["input"].endswith(">"):
        return None
    if state == "Data state":
        return True
    if state not in TEXT_STATES or test.get("lastStartTag", "") not in BEYOND - {"plaintext"}:
        return None
    ended = any(token[:2] == ["EndTag", test["lastStartTag"]] for token in tokens)
    # Without its end tag the text goes on, unless it stopped in the middle of something.
    return ended or (None if "<" in test["input"] else False)


def scanned(page: bytes, size: int) -> list[Piece]:
    scanner = Scanner(lambda host: True)
    pieces = [p for at in range(0, len(page), size) for p in scanner.feed(page[at : at + size])]
    return pieces + scanner.close()


@pytest.mark.parametrize("size", [1, 7, 1 << 30])
def test_a_tag_is_seen_where_a_browser_sees_it(size: int) -> None:
    known = cases()
    if not known:
        pytest.skip("no .cache/html5lib-tests; CONTRIBUTING.md says how to get them")
    assert len(known) > 1_000
    wrong: list[tuple[str, bytes]] = []
    for name, data, live in known:
        page = b"<!doctype html><body>" + data + MARKER
        pieces = scanned(page, size)
        assert b"".join(piece.original for piece in pieces) == page
        gated = any(isinstance(p, Gated) and p.original == MARKER for p in pieces)
        if gated != live:
            wrong.append((name, data))
    assert wrong == []
