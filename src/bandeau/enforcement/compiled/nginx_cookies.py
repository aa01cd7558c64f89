"""From the choice cookie to a key, and to the ``Cookie`` that the site gets, in nginx.

A ``map`` copies, lowers and hashes its source before it looks for a match, which for a jar costs
more than the match. So jars are read by ``if``, which only ever sets variables here, and stands in
``server``, where it changes nothing else. A mask is never enumerated: each purpose has its bit.
"""

from __future__ import annotations

from collections.abc import Iterator

from bandeau.enforcement.compiled.front import (
    BLANK,
    SIGNATURE,
    Front,
    alternatives,
    literal,
    name_pattern,
    other_cookie,
    plain,
)
from bandeau.enforcement.compiled.nginx_words import map_of, pattern, quoted

_NAMES = 3_000
_RUNS = 12
"""Runs of allowed cookies that are kept of a jar with denied ones; those after are withheld."""
_JAR_BYTES = 16_384


def choice_maps(front: Front) -> Iterator[str]:
    """The maps that :func:`reading` and the site's request headers use."""
    yield map_of(
        "$http_sec_gpc",
        "$bandeau_unmade",
        [
            ("default", '""'),
            ('""', quoted(front.key("undecided"))),
            ("1", quoted(front.key("signal"))),
        ],
    )
    yield _told(front)


def reading(front: Front) -> str:
    """Directives of ``server`` that set the key, and whether the jar may pass as it is.

    What is searched for starts with ``;``, so that values are leapt over, not read.
    """
    made = front.key("" if front.noted else f"1.{front.terms}.")
    return f"""\
    # The choice up to its ~. No key where only Bandeau can judge: doubled, odd, of other terms.
    set $bandeau_key $bandeau_unmade;
    set $bandeau_cookie $http_cookie;
    if ($http_cookie ~ {_bare(_choice(front))}) {{
        set $bandeau_key {quoted(f"{made}$bandeau_mask")};
        set $bandeau_cookie "$bandeau_before$bandeau_after";
    }}
    set $bandeau_jar ";$bandeau_cookie\\n$bandeau_mask";
    if ($bandeau_jar ~ {_bare(_ours(front))}) {{
        set $bandeau_key "";
    }}
    if ($http_cookie ~ "^(?s:.{{{_JAR_BYTES + 1}}})") {{
        set $bandeau_key "";
    }}
    # A jar of allowed cookies leaves as it came, but for the choice.
    set $bandeau_clean $bandeau_key;
    set $bandeau_mixed "";
    if ($bandeau_jar ~ {_bare(_denied(front))}) {{
        set $bandeau_clean "";
        set $bandeau_mixed "$bandeau_mask;$bandeau_cookie";
        set $bandeau_cookie "";
    }}
    # Of any other, the allowed ones; (?(2)…) asks for the second purpose.
{"".join(_picked(front))}"""


def _bare(regex: str) -> str:
    return pattern(regex).replace("~", "", 1)


def _choice(front: Front) -> str:
    """A jar with a good choice cookie; what stands after it is still unread."""
    other = other_cookie(front)
    bits = "".join(f"(?<bandeau_bit_{n}>[01])" for n in range(len(front.gates)))
    value = front.noted or f"{front.choice}(?<bandeau_mask>{bits}){SIGNATURE}"
    if front.noted:
        value = f"(?<bandeau_mask>{value})"
    chosen = rf"{literal(front.cookie)}{BLANK}={BLANK}{value}{BLANK}"
    before = rf"{BLANK}(?<bandeau_before>{other}(?:;{BLANK}{other})*+);"
    return rf"^(?:{before})??{BLANK}{chosen}(?:$|(?(1)(?=;)|;{BLANK})(?<bandeau_after>(?s:.*+)))"


def _ours(front: Front) -> str:
    """A cookie of ours among the others: a second choice, or one that is not good."""
    return rf";{BLANK}(?:{literal(front.cookie)}|{literal(front.receipt)}){BLANK}[=;\n]"


def _denied(front: Front) -> str:
    """A cookie that the choice, which stands at the end, does not allow."""
    purposes = len(front.gates)
    allowed = [r"\n"]
    for number, gate in enumerate((front.exempt, *front.gates)):
        told = rf"(?s:.*+)(?<=\n{'.' * (number - 1)}1{'.' * (purposes - number)})" if number else ""
        if names := "|".join(map(name_pattern, gate.cookies)):
            allowed.append(rf"(?:{names}){BLANK}={told}")
    found = rf";{BLANK}(?!{'|'.join(allowed)})"
    return found if len(found) < _NAMES else rf";{BLANK}(?!\n)"


def _mask(front: Front) -> str:
    """What stands before the jar: a group for each purpose, set where it is granted."""
    return "(?:(1)|0)?+" * len(front.gates) or f"(?:{front.noted})?+"


def _allowed(names: str) -> str:
    """Defines two groups: an allowed cookie with what parts it from the one before, and without."""
    return rf"(?(DEFINE)(;{BLANK}((?:{names}){BLANK}=[^;]*+)))"


def _picked(front: Front) -> Iterator[str]:
    """Directives that add runs of allowed cookies, in one pass for each part of the names."""
    parts = list(_names(front))
    more, one, rest = (len(front.gates) + n for n in (1, 2, 3))
    for number, names in enumerate(parts):
        runs = [f"bandeau_run_{number}_{step}" for step in range(_RUNS)]
        found = (
            rf"^{_mask(front)}{_allowed(names)}(?(DEFINE)((?:(?!(?{more}));[^;]*+)*+))"
            rf"(?{rest});{BLANK}(?<{runs[0]}>(?{one})(?{more})*+)"
            + "".join(rf"(?{rest})(?<{run}>(?{more})++)?+" for run in runs[1:])
        )
        parted = "$bandeau_cookie; " if len(parts) > 1 else ""
        kept = quoted(parted + "".join(f"${run}" for run in runs))
        yield _where("$bandeau_mixed", found, f"set $bandeau_cookie {kept};")
    if len(parts) > 1:
        yield _where(
            "$bandeau_cookie", "^; (?<bandeau_kept>.*)$", "set $bandeau_cookie $bandeau_kept;"
        )


def _where(subject: str, regex: str, then: str) -> str:
    return f"    if ({subject} ~ {_bare(regex)}) {{\n        {then}\n    }}\n"


def _names(front: Front) -> Iterator[str]:
    """Alternatives for allowed names, in parts that fit; ``(?(2)…)`` asks for the second bit."""
    part: list[str] = []
    for number, gate in enumerate((front.exempt, *front.gates)):
        for names in alternatives(gate.cookies, _NAMES // 2):
            each = f"(?({number})(?:{names})|(?!))" if number else names
            if part and len("|".join([*part, each])) > _NAMES:
                yield "|".join(part)
                part = []
            part.append(each)
    yield "|".join(part) or "(?!)"


def _told(front: Front) -> str:
    """``Bandeau-Choice`` as the site reads it."""
    known = [("default", "undecided"), ("1", "granted"), ("0", "refused")]
    numbered = list(enumerate(front.gates))
    maps = [map_of(f"$bandeau_bit_{n}", f"$bandeau_answer_{n}", known) for n, _ in numbered]
    every = ", ".join(f"{plain(gate.key)}=$bandeau_answer_{n}" for n, gate in numbered)
    none = ", ".join(f"{plain(gate.key)}=refused" for gate in front.gates)
    told = map_of(
        "$bandeau_key",
        "$bandeau_choice",
        [("default", quoted(every)), (quoted(front.key("signal")), quoted(none))],
    )
    return "\n".join(["# What the site is told.", *maps, told])
