"""The maps of the nginx configuration: from the choice cookie to a route, a key and a ``Cookie``.

They are evaluated when first used. A mask is never enumerated: each purpose has its own bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bandeau.enforcement.compiled.front import (
    ASSET_NAMES,
    ASSET_POLICY,
    ASSETS,
    OWN_ALLOWLIST,
    OWN_POLICY,
    SIGNATURE,
    UNGOVERNED,
    Front,
    Where,
    literal,
    name_pattern,
    plain,
)
from bandeau.enforcement.compiled.nginx_words import map_of, pattern, quoted

_NAMES = 3_000
_REBUILT = 12
"""Cookies of a jar with denied ones that are picked out; those after are withheld."""
_BLANK = r"[ \t]*"
_JAR_BYTES = 16_384
_JAR_COOKIES = 300
_CODINGS = ("br", "zstd", "gzip")


def maps(front: Front, where: Where) -> Iterator[str]:
    """Every map, with a word on each group. Raises :class:`FrontError`."""
    if not where.ask:
        yield from _choice(front)
        yield from _cookies(front)
        yield _told(front)
    yield from _routes(where)
    yield from _variants(front, where)
    yield from _headers()


def _choice(front: Front) -> Iterator[str]:
    """The mask, the key and the bits, from the choice cookie."""
    own = rf"(?:^|;){_BLANK}{literal(front.cookie)}{_BLANK}"
    ends = rf"{_BLANK}(?:;|$)"
    value = rf"{front.choice}(?<bandeau_mask>{front.mask}){SIGNATURE}"
    state = "$bandeau_mask"
    if front.noted:
        value, state = front.noted, front.noted
    yield "# The choice, up to its ~. What is doubled, odd or of other terms is Bandeau's to judge."
    yield map_of(
        "$http_cookie",
        "$bandeau_state",
        [
            ("default", "none"),
            (pattern(rf"^.{{{_JAR_BYTES + 1}}}"), "other"),
            (pattern(rf"^(?:[^;]*;){{{_JAR_COOKIES}}}"), "other"),
            (pattern(rf"(?:^|;){_BLANK}{literal(front.receipt)}{_BLANK}(?:=|;|$)"), "other"),
            (pattern(rf"{own}=.*{own}="), "other"),
            (pattern(rf"{own}={_BLANK}{value}{ends}"), state),
            (pattern(rf"{own}(?:=|;|$)"), "other"),
        ],
    )
    chosen = pattern(rf"^(?<bandeau_answers>{front.mask}):")
    key = front.key(f"1.{front.terms}.$bandeau_answers")
    if front.noted:
        chosen, key = pattern(f"^{front.noted}:"), front.key(front.noted)
    yield map_of(
        '"$bandeau_state:$http_sec_gpc"',
        "$bandeau_key",
        [
            ("default", '""'),
            (chosen, quoted(key)),
            ("none:", quoted(front.key("undecided"))),
            ("none:1", quoted(front.key("signal"))),
        ],
    )
    bits = [("default", quoted(front.undecided))]
    if front.gates:
        bits.append((pattern(r"[.](?<bandeau_granted>[01]+)$"), "$bandeau_granted"))
        bits.append((quoted(front.key("signal")), quoted(front.refused)))
    yield map_of("$bandeau_key", "$bandeau_bits", bits)


def _cookies(front: Front) -> Iterator[str]:
    """What of ``Cookie`` the choice allows; nothing that no tracker declares."""
    own = rf"{literal(front.cookie)}{_BLANK}=[^;]*"
    yield "# The other cookies. A jar with allowed ones only starts with =, and leaves as it came."
    yield map_of(
        "$http_cookie",
        "$bandeau_others",
        [
            ("default", "$http_cookie"),
            (pattern(rf"^{_BLANK}{own}(?:;{_BLANK}(?<bandeau_next>.*))?$"), "$bandeau_next"),
            (
                pattern(rf"^(?<bandeau_before>.*?);{_BLANK}{own}(?<bandeau_after>.*)$"),
                '"$bandeau_before$bandeau_after"',
            ),
        ],
    )
    bits = r"(?:(1)|[0-])" * len(front.gates)
    names = list(name_parts(front))
    pairs = rf"(?:(?:{names[0]}){_BLANK}=[^;]*+(?:;{_BLANK}|$))*+" if len(names) == 1 else ""
    yield map_of(
        r'"$bandeau_bits\n$bandeau_others"',
        "$bandeau_jar",
        [("default", '""'), (pattern(rf"^{bits}\n{pairs}$"), '"=$bandeau_others"')],
    )
    yield "# Of any other jar, the allowed ones are picked out one by one."
    yield from _picked(bits, names)
    yield map_of(
        "$bandeau_jar",
        "$bandeau_cookie",
        [
            ("default", "$bandeau_rebuilt"),
            (pattern(r"^=(?<bandeau_whole>.*)$"), "$bandeau_whole"),
        ],
    )


def _picked(bits: str, names: list[str]) -> Iterator[str]:
    """A chain of maps over "bits, kept, rest", one line each; each step moves one cookie."""
    kept, state, step = '""', "$bandeau_bits\\n\\n$bandeau_others", 0
    for part in names:
        for _ in range(_REBUILT):
            step += 1
            found = (
                rf"^{bits}\n(?<bandeau_kept>[^\n]*)\n(?:[^;]*;)*?{_BLANK}"
                rf"(?<bandeau_pair>(?:{part}){_BLANK}=[^;]*+)(?<bandeau_rest>.*)$"
            )
            yield map_of(
                f'"{state}"',
                f"$bandeau_step_{step}",
                [
                    ("default", '"\\n\\n"'),
                    (
                        pattern(found),
                        '"$bandeau_bits\\n$bandeau_kept; $bandeau_pair\\n$bandeau_rest"',
                    ),
                    (
                        pattern(r"^[^\n]*\n(?<bandeau_kept>[^\n]*)\n"),
                        '"$bandeau_bits\\n$bandeau_kept\\n"',
                    ),
                ],
            )
            state = f"$bandeau_step_{step}"
        kept = f"$bandeau_part_{step}"
        yield map_of(
            f'"{state}"',
            kept,
            [("default", '""'), (pattern(r"^[^\n]*\n(?<bandeau_kept>[^\n]*)\n"), "$bandeau_kept")],
        )
        state = f"$bandeau_bits\\n{kept}\\n$bandeau_others"
    yield map_of(
        kept,
        "$bandeau_rebuilt",
        [("default", '""'), (pattern(r"^; (?<bandeau_kept>.*)$"), "$bandeau_kept")],
    )


def name_parts(front: Front) -> Iterator[str]:
    """Alternatives for allowed names, in parts that fit; ``(?(2)…)`` asks for the second bit."""
    part: list[str] = []
    for number, gate in enumerate((front.exempt, *front.gates)):
        for names in _fitting(gate.cookies):
            each = f"(?({number})(?:{names})|(?!))" if number else names
            if part and len("|".join([*part, each])) > _NAMES:
                yield "|".join(part)
                part = []
            part.append(each)
    yield "|".join(part) or "(?!)"


def _fitting(names: Iterable[str]) -> Iterator[str]:
    joined = ""
    for name in map(name_pattern, names):
        if joined and len(joined) + len(name) > _NAMES // 2:
            yield joined
            joined = ""
        joined += ("|" if joined else "") + name
    if joined:
        yield joined


def _told(front: Front) -> str:
    """``Bandeau-Choice`` as the site reads it."""
    maps = [
        map_of(
            "$bandeau_bits",
            f"$bandeau_answer_{number}",
            [
                ("default", "undecided"),
                (pattern(rf"^.{{{number}}}1"), "granted"),
                (pattern(rf"^.{{{number}}}0"), "refused"),
            ],
        )
        for number in range(len(front.gates))
    ]
    answers = (f"{plain(g.key)}=$bandeau_answer_{n}" for n, g in enumerate(front.gates))
    every = quoted(", ".join(answers))
    told = map_of('""', "$bandeau_choice", [("default", every)])
    return "\n".join(["# What the site is told.", *maps, told])


def _routes(where: Where) -> Iterator[str]:
    yield "# What only becomes a picture, a script or the like goes straight to the site."
    yield map_of(
        "$http_accept",
        "$bandeau_kind_by_name",
        [("default", "$bandeau_ending"), (pattern("text/html", caseless=True), "page")],
    )
    endings = "|".join(ASSET_NAMES)
    yield map_of(
        "$uri",
        "$bandeau_ending",
        [("default", "page"), (pattern(rf"[.](?:{endings})$", caseless=True), "asset")],
    )
    yield map_of(
        "$http_sec_fetch_dest",
        "$bandeau_kind",
        [
            ("default", "page"),
            ('""', "$bandeau_kind_by_name"),
            *((each, "asset") for each in ASSETS),
        ],
    )
    known = "" if where.ask else ":$bandeau_key"
    yield map_of(
        f'"$request_method:$bandeau_kind{known}"',
        "$bandeau_direct",
        [("default", "0"), (pattern(f"^(?:GET|HEAD):asset{':.' if known else '$'}"), "1")],
    )
    yield map_of(
        '"$http_upgrade$http_accept"',
        "$bandeau_live",
        [
            ("default", "0"),
            (pattern("^websocket|text/event-stream", caseless=True), "1"),
        ],
    )


def _variants(front: Front, where: Where) -> Iterator[str]:
    yield "# Pages that may be kept: whole, for the window itself, to who sends allowed cookies."
    yield map_of(
        '"$http_range$http_if_range$http_authorization$http_x_requested_with"',
        "$bandeau_plain",
        [("default", "0"), ('""', "1")],
    )
    yield map_of(
        "$http_sec_fetch_dest",
        "$bandeau_window",
        [("default", "0"), ('""', "1"), ("document", "1")],
    )
    jar, ready = ("", ".") if where.ask else (":$bandeau_jar", "[^:]+:=")
    ready = pattern(f"^(?:GET|HEAD):1:1:{ready}")
    yield map_of(
        f'"$request_method:$bandeau_plain:$bandeau_window:$bandeau_key{jar}"',
        "$bandeau_zone",
        [("default", "off"), (ready, "bandeau")],
    )
    codings = [
        (pattern(rf"(?:^|,){_BLANK}{each}{_BLANK}(?:,|$)", caseless=True), each)
        for each in _CODINGS
    ]
    yield map_of("$http_accept_encoding", "$bandeau_coding", [("default", "identity"), *codings])
    known = "|".join(map(literal, front.languages))
    yield map_of(
        "$http_accept_language",
        "$bandeau_language",
        [
            ("default", '""'),
            *(
                (pattern(_first_language(literal(each), known), caseless=True), plain(each))
                for each in front.languages
            ),
        ],
    )
    for name, asked, kept in (
        ("accepts", "$http_accept_encoding", "$bandeau_coding"),
        ("speaks", "$http_accept_language", "$bandeau_language"),
    ):
        yield map_of("$bandeau_zone", f"$bandeau_{name}", [("default", kept), ("off", asked)])
    form = quoted("$bandeau_speaks|$bandeau_accepts")
    yield map_of('""', "$bandeau_form", [("default", form)])
    yield map_of(
        "$upstream_http_bandeau_cache", "$bandeau_ungranted", [("default", "0"), ('""', "1")]
    )
    yield map_of(
        "$upstream_cache_status",
        "$bandeau_found",
        [
            ("default", '"bandeau; fwd=miss"'),
            ('""', '"bandeau; fwd=bypass"'),
            ("HIT", '"bandeau; hit"'),
            ("EXPIRED", '"bandeau; fwd=stale"'),
        ],
    )


def _first_language(wanted: str, known: str) -> str:
    """The first tag of ``Accept-Language`` that the site speaks is ``wanted``."""
    other = rf"(?![ \t]*+(?:{known})(?![a-z0-9]))[^,]*+,"
    return rf"^(?:{other})*+[ \t]*+{wanted}(?![a-z0-9])"


def _headers() -> Iterator[str]:
    yield "# On assets that could become more, and on what nginx answers itself."
    for name, value in (("policy", quoted(ASSET_POLICY)), ("vary", "Sec-Fetch-Dest")):
        yield map_of(
            "$upstream_http_content_type",
            f"$bandeau_asset_{name}",
            [("default", value), (pattern(UNGOVERNED, caseless=True), '""')],
        )
    for name, value in (("policy", OWN_POLICY), ("allowlist", OWN_ALLOWLIST)):
        yield map_of(
            '"$upstream_http_date$upstream_http_content_type"',
            f"$bandeau_own_{name}",
            [("default", '""'), ('""', quoted(value))],
        )
