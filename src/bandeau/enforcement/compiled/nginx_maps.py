"""The maps of the nginx configuration: from the choice cookie to a route, a key and a ``Cookie``.

They are evaluated when first used. A mask is never enumerated: each purpose has its own bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bandeau.enforcement.compiled.front import (
    ASSET_NAMES,
    ASSET_POLICY,
    ASSETS,
    ODD_PATH,
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
_BLANK = r"[ \t]*+"
# Possessive: given back, a blank would hide a second choice cookie from the look ahead.
_JAR_BYTES = 16_384
_CODINGS = ("br", "zstd", "gzip")


def maps(front: Front, where: Where) -> Iterator[str]:
    """Every map, with a word on each group. Raises :class:`FrontError`."""
    if not where.ask:
        yield from _choice(front)
        yield from _cookies(front)
        yield _told(front)
    yield map_of("$bandeau_key", "$bandeau_known", [("default", "1"), ('""', "0")])
    yield from _routes(front, where)
    yield from _variants(front, where)
    yield from _headers()


def _choice(front: Front) -> Iterator[str]:
    """What the choice grants, and the other cookies; from them, the key."""
    yield "# The choice up to its ~, and the cookies before and after it. Empty where only Bandeau"
    yield "# can judge: a cookie that is doubled, odd, or of other terms."
    yield map_of("$http_cookie", "$bandeau_read", list(_readings(front)))
    chosen, key = f"(?<bandeau_answers>{front.mask})", f"1.{front.terms}.$bandeau_answers"
    if front.noted:
        chosen = key = front.noted
    yield map_of(
        '"$http_sec_gpc:$bandeau_read"',
        "$bandeau_key",
        [
            ("default", '""'),
            (pattern(f"^[^:]*:{chosen}$"), quoted(front.key(key))),
            (pattern("^:-"), quoted(front.key("undecided"))),
            (pattern("^1:-"), quoted(front.key("signal"))),
        ],
    )


def _readings(front: Front) -> Iterator[tuple[str, str]]:
    own, ours = literal(front.cookie), f"{literal(front.cookie)}|{literal(front.receipt)}"
    # A segment that is none of ours: so a second choice cookie never matches.
    other = rf"(?!(?:{ours}){_BLANK}(?:=|;|$))[^;]*+"
    others = rf"{other}(?:;{_BLANK}{other})*+"
    bits = "".join(f"(?<bandeau_bit_{n}>[01])" for n in range(len(front.gates)))
    value = f"{front.choice}(?<bandeau_mask>{bits}){SIGNATURE}"
    if front.noted:
        value = f"(?<bandeau_mask>{front.noted})"
    chosen = rf"{own}{_BLANK}={_BLANK}{value}{_BLANK}"
    starts = rf"^(?=.{{0,{_JAR_BYTES}}}$){_BLANK}"
    yield "default", '""'
    yield '""', quoted(front.undecided)
    yield (
        pattern(rf"{starts}(?:(?<bandeau_before>{others});{_BLANK})?{chosen}$"),
        "$bandeau_mask",
    )
    yield (
        pattern(
            rf"{starts}(?<bandeau_before>(?:{other};{_BLANK})*+){chosen};{_BLANK}"
            rf"(?<bandeau_after>{others})$"
        ),
        "$bandeau_mask",
    )
    yield pattern(rf"{starts}(?<bandeau_before>{others})$"), quoted(front.undecided)


def _cookies(front: Front) -> Iterator[str]:
    """What of ``Cookie`` the choice allows; nothing that no tracker declares."""
    bits = r"(?:(1)|[0-])" * len(front.gates) or f"(?:{front.noted}|-)"
    names = list(name_parts(front))
    pairs = rf"(?:(?:{names[0]}){_BLANK}=[^;]*+(?:;{_BLANK}|$))*+" if len(names) == 1 else ""
    yield "# A jar of allowed cookies leaves as it came. (?(2)…) asks for the second purpose."
    yield map_of(
        r'"$bandeau_read\n$bandeau_before$bandeau_after"',
        "$bandeau_clean",
        [("default", "0"), (pattern(rf"^{bits}\n(?<bandeau_whole>{pairs})$"), "1")],
    )
    yield "# Of any other, the allowed ones are picked out one by one."
    yield from _picked(bits, names)
    yield map_of(
        "$bandeau_clean",
        "$bandeau_cookie",
        [("default", "$bandeau_rebuilt"), ("1", "$bandeau_whole")],
    )


def _picked(bits: str, names: list[str]) -> Iterator[str]:
    """A chain of maps: each finds one cookie, and asks the next about what is behind it."""
    for number, part in enumerate(names):
        rest = "$bandeau_before$bandeau_after"
        for step in range(_REBUILT):
            here = f"{number}_{step}"
            found = (
                rf"^{bits}\n(?:[^;]*;)*?{_BLANK}(?<bandeau_pair_{here}>(?:{part}){_BLANK}=[^;]*+)"
                rf"(?<bandeau_rest_{here}>.*)$"
            )
            more = f"$bandeau_pick_{number}_{step + 1}" if step + 1 < _REBUILT else ""
            yield map_of(
                rf'"$bandeau_read\n{rest}"',
                f"$bandeau_pick_{here}",
                [("default", '""'), (pattern(found), f'"; $bandeau_pair_{here}{more}"')],
            )
            rest = f"$bandeau_rest_{here}"
    kept = "".join(f"$bandeau_pick_{number}_0" for number in range(len(names)))
    yield map_of(
        f'"{kept}"',
        "$bandeau_rebuilt",
        [("default", '""'), (pattern("^; (?<bandeau_kept>.*)$"), "$bandeau_kept")],
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


def _routes(front: Front, where: Where) -> Iterator[str]:
    yield "# What only becomes a picture, a script or the like goes straight to the site."
    at = "$bandeau_kind_by_path" if front.paths else "asset"
    if front.paths:
        tracked = [(pattern(f"^{each}(?:[?]|$)", caseless=True), "page") for each in front.paths]
        odd = [("default", "asset"), (pattern(ODD_PATH), "page")]
        yield map_of("$request_uri", "$bandeau_kind_by_path", [*odd, *tracked])
    yield map_of(
        "$http_accept",
        "$bandeau_kind_by_name",
        [("default", "$bandeau_ending"), (pattern("text/html", caseless=True), "page")],
    )
    endings = "|".join(ASSET_NAMES)
    yield map_of(
        "$uri",
        "$bandeau_ending",
        [("default", "page"), (pattern(rf"[.](?:{endings})$", caseless=True), at)],
    )
    kinds = [("default", "page"), ('""', "$bandeau_kind_by_name")]
    yield map_of("$http_sec_fetch_dest", "$bandeau_kind", [*kinds, *((d, at) for d in ASSETS)])
    known = "1" if where.ask else "$bandeau_known"
    yield map_of(
        '"$request_method:$bandeau_kind"',
        "$bandeau_direct",
        [("default", "0"), ("GET:asset", known), ("HEAD:asset", known)],
    )
    yield map_of("$http_accept", "$bandeau_stream", [("default", "0"), ("text/event-stream", "1")])
    yield map_of(
        "$http_upgrade", "$bandeau_live", [("default", "$bandeau_stream"), ("websocket", "1")]
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
    ready = "$bandeau_plain:$bandeau_window:$bandeau_known"
    yes, clean = ("1:1:1", "") if where.ask else ("1:1:1:1", ":$bandeau_clean")
    yield map_of(
        f'"$request_method:{ready}{clean}"',
        "$bandeau_zone",
        [("default", "off"), (f"GET:{yes}", "bandeau"), (f"HEAD:{yes}", "bandeau")],
    )
    yield from _forms(front)
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


def _forms(front: Front) -> Iterator[str]:
    """In which language and coding a page is kept: few of each, and the same for the site."""
    usual = [('"gzip, deflate, br, zstd"', "br"), ('"gzip, deflate, br"', "br")]
    codings = [
        (pattern(rf"(?:^|,){_BLANK}{each}{_BLANK}(?:,|$)", caseless=True), each)
        for each in _CODINGS
    ]
    yield map_of(
        "$http_accept_encoding", "$bandeau_coding", [("default", "identity"), *usual, *codings]
    )
    known = "|".join(map(literal, front.languages))
    firsts = [
        (pattern(_first_language(literal(each), known), caseless=True), plain(each))
        for each in front.languages
    ]
    yield map_of("$http_accept_language", "$bandeau_language", [("default", '""'), *firsts])
    for name, asked, kept in (
        ("accepts", "$http_accept_encoding", "$bandeau_coding"),
        ("speaks", "$http_accept_language", "$bandeau_language"),
    ):
        yield map_of("$bandeau_zone", f"$bandeau_{name}", [("default", kept), ("off", asked)])
    yield map_of(
        "$bandeau_zone", "$bandeau_form", [("default", quoted("$bandeau_language|$bandeau_coding"))]
    )


def _first_language(wanted: str, known: str) -> str:
    """The first tag of ``Accept-Language`` that the site speaks is ``wanted``."""
    other = rf"(?![ \t]*+(?:{known})(?![a-z0-9]))[^,]*+,"
    return rf"^(?:{other})*+[ \t]*+{wanted}(?![a-z0-9])"


def _headers() -> Iterator[str]:
    yield "# On assets that could become more, and on what nginx answers itself."
    usual = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "text/css")
    harmless = [('""', quoted(OWN_POLICY))]
    harmless += [(each, '""') for each in (*usual, "font/woff2")]
    yield map_of(
        "$upstream_http_content_type",
        "$bandeau_asset_policy",
        [("default", quoted(ASSET_POLICY)), *harmless, (pattern(UNGOVERNED, caseless=True), '""')],
    )
    yield map_of(
        "$bandeau_asset_policy",
        "$bandeau_asset_vary",
        [("default", "Sec-Fetch-Dest"), ('""', '""')],
    )
    for name, value in (("policy", OWN_POLICY), ("allowlist", OWN_ALLOWLIST)):
        yield map_of(
            "$upstream_http_date",
            f"$bandeau_own_{name}",
            [("default", '""'), ('""', quoted(value))],
        )
