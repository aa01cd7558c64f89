"""A policy as nginx configuration, for the ``http`` block (nginx 1.18 and later, core modules only).

The maps are evaluated when first used. A mask is never enumerated: each purpose has its own bit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from bandeau.enforcement.compiled.front import (
    ASSET_NAMES,
    ASSETS,
    CONTACTS,
    SIGNATURE,
    UNGOVERNED,
    Front,
    FrontError,
    Where,
    cut,
    literal,
    name_pattern,
    plain,
)

_TOKEN = 4_000
"""Characters of one word of configuration: nginx reads no more than 4,096."""
_NAMES = 3_000
_REBUILT = 12
"""Cookies of a jar with denied ones that are picked out; those after are withheld."""
_BLANK = r"[ \t]*"
_JAR_BYTES = 16_384
_JAR_COOKIES = 300
_CODINGS = ("br", "zstd", "gzip")


def nginx(front: Front, where: Where) -> str:
    """The configuration, the same for the same policy; raises :class:`FrontError`."""
    parts = [_heading(front), *_upstreams(where), *_maps(front, where), _server(front, where)]
    return "\n".join(part for part in parts if part)


def _heading(front: Front) -> str:
    return f"""\
# Written by `bandeau compile nginx` for {plain(front.hosts[0])}, policy {front.policy}.
# For nginx's http block. Do not edit: write it again after each change of the policy.
"""


def _upstreams(where: Where) -> Iterator[str]:
    for name, url in (("bandeau_site", where.site), ("bandeau_app", where.bandeau)):
        yield f"upstream {name} {{\n    server {_authority(url)};\n    keepalive 64;\n}}"
    yield f"""\
proxy_cache_path {_quoted(plain(where.cache))} levels=1:2 keys_zone=bandeau:10m max_size=1g
    inactive=1h use_temp_path=off;
"""


def _authority(url: str) -> str:
    parts = urlsplit(url)
    return f"{plain(parts.netloc)}{'' if parts.port else ':443' if parts.scheme == 'https' else ''}"


def _maps(front: Front, where: Where) -> Iterator[str]:
    if not where.ask:
        yield from _choice(front)
        yield from _cookies(front)
        yield _told(front)
    yield from _routes(where)
    yield from _variants(front, where)
    yield from _headers(front)


def _choice(front: Front) -> Iterator[str]:
    """The mask, the key and the bits, from the choice cookie."""
    own = rf"(?:^|;){_BLANK}{literal(front.cookie)}{_BLANK}"
    ends = rf"{_BLANK}(?:;|$)"
    value = rf"{front.choice}(?<bandeau_mask>{front.mask}){SIGNATURE}"
    state = "$bandeau_mask"
    if front.noted:
        value, state = front.noted, front.noted
    yield "# The choice, up to its ~. What is doubled, odd or of other terms only Bandeau can judge."
    yield _map(
        "$http_cookie",
        "$bandeau_state",
        [
            ("default", "none"),
            (_pattern(rf"^.{{{_JAR_BYTES + 1}}}"), "other"),
            (_pattern(rf"^(?:[^;]*;){{{_JAR_COOKIES}}}"), "other"),
            (_pattern(rf"(?:^|;){_BLANK}{literal(front.receipt)}{_BLANK}(?:=|;|$)"), "other"),
            (_pattern(rf"{own}=.*{own}="), "other"),
            (_pattern(rf"{own}={_BLANK}{value}{ends}"), state),
            (_pattern(rf"{own}(?:=|;|$)"), "other"),
        ],
    )
    chosen = _pattern(rf"^(?<bandeau_answers>{front.mask}):")
    key = front.key(f"1.{front.terms}.$bandeau_answers")
    if front.noted:
        chosen, key = _pattern(f"^{front.noted}:"), front.key(front.noted)
    yield _map(
        '"$bandeau_state:$http_sec_gpc"',
        "$bandeau_key",
        [
            ("default", '""'),
            (chosen, _quoted(key)),
            ("none:", _quoted(front.key("undecided"))),
            ("none:1", _quoted(front.key("signal"))),
        ],
    )
    bits = [("default", _quoted(front.undecided))]
    if front.gates:
        bits.append((_pattern(r"[.](?<bandeau_granted>[01]+)$"), "$bandeau_granted"))
        bits.append((_quoted(front.key("signal")), _quoted(front.refused)))
    yield _map("$bandeau_key", "$bandeau_bits", bits)


def _cookies(front: Front) -> Iterator[str]:
    """What of ``Cookie`` the choice allows; nothing that no tracker declares."""
    own = rf"{literal(front.cookie)}{_BLANK}=[^;]*"
    yield "# The other cookies. A jar with allowed ones only starts with =, and leaves as it came."
    yield _map(
        "$http_cookie",
        "$bandeau_others",
        [
            ("default", "$http_cookie"),
            (_pattern(rf"^{_BLANK}{own}(?:;{_BLANK}(?<bandeau_next>.*))?$"), "$bandeau_next"),
            (
                _pattern(rf"^(?<bandeau_before>.*?);{_BLANK}{own}(?<bandeau_after>.*)$"),
                '"$bandeau_before$bandeau_after"',
            ),
        ],
    )
    bits = r"(?:(1)|[0-])" * len(front.gates)
    names = list(_names(front))
    pairs = rf"(?:(?:{names[0]}){_BLANK}=[^;]*+(?:;{_BLANK}|$))*+" if len(names) == 1 else ""
    yield _map(
        r'"$bandeau_bits\n$bandeau_others"',
        "$bandeau_jar",
        [("default", '""'), (_pattern(rf"^{bits}\n{pairs}$"), '"=$bandeau_others"')],
    )
    yield "# Of any other jar, the allowed ones are picked out one by one."
    yield from _picked(bits, names)
    yield _map(
        "$bandeau_jar",
        "$bandeau_cookie",
        [
            ("default", "$bandeau_rebuilt"),
            (_pattern(r"^=(?<bandeau_whole>.*)$"), "$bandeau_whole"),
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
            yield _map(
                f'"{state}"',
                f"$bandeau_step_{step}",
                [
                    ("default", '"\\n\\n"'),
                    (
                        _pattern(found),
                        '"$bandeau_bits\\n$bandeau_kept; $bandeau_pair\\n$bandeau_rest"',
                    ),
                    (
                        _pattern(r"^[^\n]*\n(?<bandeau_kept>[^\n]*)\n"),
                        '"$bandeau_bits\\n$bandeau_kept\\n"',
                    ),
                ],
            )
            state = f"$bandeau_step_{step}"
        kept = f"$bandeau_part_{step}"
        yield _map(
            f'"{state}"',
            kept,
            [("default", '""'), (_pattern(r"^[^\n]*\n(?<bandeau_kept>[^\n]*)\n"), "$bandeau_kept")],
        )
        state = f"$bandeau_bits\\n{kept}\\n$bandeau_others"
    yield _map(
        kept,
        "$bandeau_rebuilt",
        [("default", '""'), (_pattern(r"^; (?<bandeau_kept>.*)$"), "$bandeau_kept")],
    )


def _names(front: Front) -> Iterator[str]:
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
        _map(
            "$bandeau_bits",
            f"$bandeau_answer_{number}",
            [
                ("default", "undecided"),
                (_pattern(rf"^.{{{number}}}1"), "granted"),
                (_pattern(rf"^.{{{number}}}0"), "refused"),
            ],
        )
        for number in range(len(front.gates))
    ]
    answers = (f"{plain(g.key)}=$bandeau_answer_{n}" for n, g in enumerate(front.gates))
    every = _quoted(", ".join(answers))
    told = _map('""', "$bandeau_choice", [("default", every)])
    return "\n".join(["# What the site is told.", *maps, told])


def _routes(where: Where) -> Iterator[str]:
    yield "# What only becomes a picture, a script or the like goes straight to the site."
    yield _map(
        "$http_accept",
        "$bandeau_kind_by_name",
        [("default", "$bandeau_ending"), (_pattern("text/html", caseless=True), "page")],
    )
    endings = "|".join(ASSET_NAMES)
    yield _map(
        "$uri",
        "$bandeau_ending",
        [("default", "page"), (_pattern(rf"[.](?:{endings})$", caseless=True), "asset")],
    )
    yield _map(
        "$http_sec_fetch_dest",
        "$bandeau_kind",
        [
            ("default", "page"),
            ('""', "$bandeau_kind_by_name"),
            *((each, "asset") for each in ASSETS),
        ],
    )
    known = "" if where.ask else ":$bandeau_key"
    yield _map(
        f'"$request_method:$bandeau_kind{known}"',
        "$bandeau_direct",
        [("default", "0"), (_pattern(f"^(?:GET|HEAD):asset{':.' if known else '$'}"), "1")],
    )
    yield _map(
        '"$http_upgrade$http_accept"',
        "$bandeau_live",
        [
            ("default", "0"),
            (_pattern("^websocket|text/event-stream", caseless=True), "1"),
        ],
    )


def _variants(front: Front, where: Where) -> Iterator[str]:
    yield "# Pages that may be kept: for the window itself, whole, to who sends allowed cookies only."
    yield _map(
        '"$http_range$http_if_range$http_authorization$http_x_requested_with"',
        "$bandeau_plain",
        [("default", "0"), ('""', "1")],
    )
    yield _map(
        "$http_sec_fetch_dest",
        "$bandeau_window",
        [("default", "0"), ('""', "1"), ("document", "1")],
    )
    jar, ready = ("", ".") if where.ask else (":$bandeau_jar", "[^:]+:=")
    ready = _pattern(f"^(?:GET|HEAD):1:1:{ready}")
    yield _map(
        f'"$request_method:$bandeau_plain:$bandeau_window:$bandeau_key{jar}"',
        "$bandeau_zone",
        [("default", "off"), (ready, "bandeau")],
    )
    codings = [
        (_pattern(rf"(?:^|,){_BLANK}{each}{_BLANK}(?:,|$)", caseless=True), each)
        for each in _CODINGS
    ]
    yield _map("$http_accept_encoding", "$bandeau_coding", [("default", "identity"), *codings])
    known = "|".join(map(literal, front.languages))
    yield _map(
        "$http_accept_language",
        "$bandeau_language",
        [
            ("default", '""'),
            *(
                (_pattern(_first_language(literal(each), known), caseless=True), plain(each))
                for each in front.languages
            ),
        ],
    )
    for name, asked, kept in (
        ("accepts", "$http_accept_encoding", "$bandeau_coding"),
        ("speaks", "$http_accept_language", "$bandeau_language"),
    ):
        yield _map("$bandeau_zone", f"$bandeau_{name}", [("default", kept), ("off", asked)])
    yield _map(
        "$upstream_http_bandeau_cache", "$bandeau_ungranted", [("default", "0"), ('""', "1")]
    )
    yield _map(
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


def _headers(front: Front) -> Iterator[str]:
    yield "# Our policy for who refuses: on assets that could become more, and on answers of nginx."
    for name, text in (("policy", front.content_policy), ("allowlist", front.allowlist)):
        parts = list(cut(plain(text.replace('"', "'")) and text, _TOKEN // 2))
        names = [f"$bandeau_{name}_{number}" for number in range(len(parts))]
        for each, part in zip(names, parts, strict=True):
            yield _map('""', each, [("default", _quoted(part))])
        whole = _quoted("".join(names))
        yield _map(
            "$upstream_http_content_type",
            f"$bandeau_asset_{name}",
            [("default", whole), (_pattern(UNGOVERNED, caseless=True), '""')],
        )
        yield _map(
            '"$upstream_http_date$upstream_http_content_type"',
            f"$bandeau_own_{name}",
            [("default", '""'), ('""', whole)],
        )
    yield _map(
        "$upstream_http_content_type",
        "$bandeau_asset_vary",
        [("default", "Sec-Fetch-Dest"), (_pattern(UNGOVERNED, caseless=True), '""')],
    )


def _server(front: Front, where: Where) -> str:
    hosts = " ".join(_server_name(host) for host in front.hosts)
    size = _buffer(front.longest_header)
    return f"""\
{_hashes(front)}server {{
    listen {plain(where.listen)};
    server_name {hosts};
    client_max_body_size 0;
    large_client_header_buffers 4 32k;
    proxy_http_version 1.1;
    proxy_buffer_size {size}k;
    proxy_buffers 8 {size}k;
    proxy_busy_buffers_size {2 * size}k;
    {_own()}

{_own_paths()}
{_asking(where)}{_pages(where)}
{_assets(where)}
{_live_ones()}
}}
"""


def _own() -> str:
    """On whatever nginx answers itself: a document without our policies is a way round them."""
    return """\
add_header Content-Security-Policy $bandeau_own_policy always;
    add_header Connection-Allowlist $bandeau_own_allowlist always;"""


def _own_paths() -> str:
    return f"""\
    # Choices, comments, the log: always Bandeau.
    location ^~ /.bandeau/ {{
        proxy_pass http://bandeau_app;
{_forwarded()}
    }}
"""


def _pages(where: Where) -> str:
    asks = "        auth_request /.bandeau/decide;\n" if where.ask else ""
    asks += _asked() if where.ask else ""
    return f"""\
    # Pages: from the cache under the visitor's choice, else from Bandeau, which says what may stay.
    location / {{
        error_page 418 = @bandeau_assets;
        error_page 419 = @bandeau_live;
        if ($bandeau_live) {{
            return 419;
        }}
        if ($bandeau_direct) {{
            return 418;
        }}
{asks}        proxy_pass http://bandeau_app;
        proxy_cache $bandeau_zone;
        proxy_cache_key "$scheme|$http_host|$request_uri|$bandeau_key|$bandeau_speaks|$bandeau_accepts";
        proxy_no_cache $bandeau_ungranted;
        proxy_ignore_headers Cache-Control Expires Vary X-Accel-Redirect X-Accel-Charset;
        proxy_hide_header Bandeau-Cache;
        proxy_hide_header Bandeau-Key;
        max_ranges 0;
{_forwarded()}
        proxy_set_header Bandeau-Key $bandeau_key;
        proxy_set_header Accept-Encoding $bandeau_accepts;
        proxy_set_header Accept-Language $bandeau_speaks;
        add_header Cache-Status $bandeau_found;
    {_own().replace("    add_header", "        add_header").strip()}
    }}
"""


def _assets(where: Where) -> str:
    asks = "        auth_request /.bandeau/decide;\n" if where.ask else ""
    asks += _asked() if where.ask else ""
    scheme = urlsplit(where.site).scheme
    secure = "        proxy_ssl_server_name on;\n" if scheme == "https" else ""
    hidden = "\n".join(f"        proxy_hide_header {name};" for name in (*CONTACTS, "Set-Cookie"))
    return f"""\
    # nginx cannot drop one Set-Cookie of several, nor read a Link: of an asset, none passes.
    location @bandeau_assets {{
{asks}        proxy_pass {scheme}://bandeau_site;
{secure}{hidden}
        proxy_ignore_headers X-Accel-Redirect X-Accel-Charset;
{_forwarded()}
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header Cookie $bandeau_cookie;
        proxy_set_header Bandeau-Choice $bandeau_choice;
        proxy_set_header Bandeau-Key "";
        add_header Content-Security-Policy $bandeau_asset_policy always;
        add_header Connection-Allowlist $bandeau_own_allowlist always;
        add_header Vary $bandeau_asset_vary always;
    }}
"""


def _live_ones() -> str:
    return f"""\
    # WebSockets and event streams.
    location @bandeau_live {{
        proxy_pass http://bandeau_app;
        proxy_buffering off;
        proxy_read_timeout 1h;
{_forwarded("upgrade")}
        proxy_set_header Upgrade $http_upgrade;
    }}"""


def _forwarded(connection: str = "") -> str:
    """In every location again: one ``proxy_set_header`` there drops all that were inherited."""
    return f"""\
        proxy_set_header Connection "{connection}";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;"""


def _asking(where: Where) -> str:
    if not where.ask:
        return ""
    return f"""\
    # Bandeau itself says what the choice allows: signature, doubles and withdrawal included.
    location = /.bandeau/decide {{
        internal;
        proxy_pass http://bandeau_app/.bandeau/decide;
        proxy_method GET;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
{_forwarded()}
    }}
"""


def _asked() -> str:
    return """\
        auth_request_set $bandeau_key $upstream_http_bandeau_key;
        auth_request_set $bandeau_cookie $upstream_http_bandeau_cookie;
        auth_request_set $bandeau_choice $upstream_http_bandeau_choice;
"""


def _server_name(host: str) -> str:
    return plain(host) if host[-1:].isdigit() else f".{plain(host)}"


def _hashes(front: Front) -> str:
    """nginx has to be told where names are long or many."""
    longest = max(len(host) for host in front.hosts)
    lines = []
    if longest > 40:
        lines.append(f"server_names_hash_bucket_size {1 << (longest + 24).bit_length()};\n")
    if len(front.hosts) > 100:
        lines.append("server_names_hash_max_size 8192;\n")
    return "".join(lines)


def _buffer(header: int) -> int:
    """Kilobytes that the head of a page fits into, a power of two."""
    return 1 << max(6, ((header + 32_768) // 1_024).bit_length())


def _map(source: str, target: str, lines: Iterable[tuple[str, str]]) -> str:
    inside = "\n".join(f"    {match} {value};" for match, value in lines)
    return f"map {source} {target} {{\n{inside}\n}}"


def _pattern(regex: str, *, caseless: bool = False) -> str:
    text = regex.replace("\\", "\\\\").replace('"', '\\"')
    return _word(f'"~{"*" if caseless else ""}{text}"')


def _quoted(text: str) -> str:
    """A value of ours: what came from the policy has been through ``plain`` or holds quotes."""
    if re.search(r"[\x00-\x1f\\]", text):
        raise FrontError(f"{text[:80]!r} cannot stand in the configuration of nginx")
    return _word('"' + text.replace('"', '\\"') + '"')


def _word(text: str) -> str:
    if len(text) > _TOKEN:
        raise FrontError(f"{text[:80]}… is longer than nginx reads; shorten the policy")
    return text
