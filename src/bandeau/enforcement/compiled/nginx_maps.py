"""The maps of the nginx configuration: from a request to a route and a variant of a page.

They are evaluated when first used. Each one that an asset needs has a short source, and each
header that it asks for is one less to search: this is what every picture of a page costs.
"""

from __future__ import annotations

from collections.abc import Iterator

from bandeau.enforcement.compiled.front import (
    ASSET_NAMES,
    ASSET_POLICY,
    ASSETS,
    BLANK,
    ODD_PATH,
    PERMISSIONS,
    UNGOVERNED,
    Front,
    Where,
    first_language,
    plain,
)
from bandeau.enforcement.compiled.nginx_cookies import choice_maps
from bandeau.enforcement.compiled.nginx_words import map_of, pattern, quoted

_CODINGS = ("br", "zstd", "gzip")


def maps(front: Front, where: Where) -> Iterator[str]:
    """Every map, with a word on each group. Raises :class:`FrontError`."""
    if not where.ask:
        yield from choice_maps(front)
    if where.behind:
        yield "# Only a proxy of this machine can ask: it says over which scheme it was asked."
        told = [("default", "$scheme"), ("https", "https")]
        yield map_of("$http_x_forwarded_proto", "$bandeau_scheme", told)
    yield from _routes(front, where)
    yield from _variants(front, where)
    yield from _headers()


def scheme(where: Where) -> str:
    """The variable that holds how the visitor asks."""
    return "$bandeau_scheme" if where.behind else "$scheme"


def _routes(front: Front, where: Where) -> Iterator[str]:
    yield "# What only becomes a picture, a script or the like goes straight to the site."
    known = at = "1" if where.ask else "$bandeau_key"
    if front.paths:
        at = "$bandeau_direct_path"
        tracked = [(pattern(f"^{each}(?:[?]|$)", caseless=True), '""') for each in front.paths]
        odd = [("default", known), (pattern(ODD_PATH), '""')]
        yield map_of("$request_uri", at, [*odd, *tracked])
    yield map_of(
        "$http_accept",
        "$bandeau_direct_name",
        [("default", "$bandeau_ending"), (pattern("text/html", caseless=True), '""')],
    )
    endings = "|".join(ASSET_NAMES)
    yield map_of(
        "$uri",
        "$bandeau_ending",
        [("default", '""'), (pattern(rf"[.](?:{endings})$", caseless=True), at)],
    )
    kinds = [("", "$bandeau_direct_name"), *((each, at) for each in ASSETS)]
    yield map_of(
        '"$request_method:$http_sec_fetch_dest"',
        "$bandeau_direct",
        [
            ("default", '""'),
            *((f"{method}:{each}", to) for method in ("GET", "HEAD") for each, to in kinds),
        ],
    )
    yield map_of("$http_accept", "$bandeau_stream", [("default", '""'), ("text/event-stream", "1")])
    yield map_of(
        "$http_upgrade", "$bandeau_live", [("default", "$bandeau_stream"), ("websocket", "1")]
    )


def _variants(front: Front, where: Where) -> Iterator[str]:
    yield "# Pages that may be kept: whole, for the window itself, to who sends allowed cookies."
    ready = "$bandeau_key" if where.ask else "$bandeau_clean"
    yield map_of(ready, "$bandeau_ready", [("default", "1"), ('""', '""')])
    odd = "$http_range$http_if_range$http_authorization$http_x_requested_with"
    kept = [
        (f"{method}:{window}:1:", "bandeau")
        for method in ("GET", "HEAD")
        for window in ("", "document")
    ]
    yield map_of(
        f'"$request_method:$http_sec_fetch_dest:$bandeau_ready:{odd}"',
        "$bandeau_zone",
        [("default", "off"), *kept],
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
        (pattern(rf"(?:^|,){BLANK}{each}{BLANK}(?:,|$)", caseless=True), each) for each in _CODINGS
    ]
    yield map_of(
        "$http_accept_encoding", "$bandeau_coding", [("default", "identity"), *usual, *codings]
    )
    firsts = [
        (pattern(first_language(each, front.languages), caseless=True), plain(each))
        for each in front.languages
    ]
    yield map_of("$http_accept_language", "$bandeau_language", [("default", '""'), *firsts])
    for name, asked, kept in (
        ("accepts", "$http_accept_encoding", "$bandeau_coding"),
        ("speaks", "$http_accept_language", "$bandeau_language"),
    ):
        yield map_of("$bandeau_zone", f"$bandeau_{name}", [("default", kept), ("off", asked)])


def _headers() -> Iterator[str]:
    yield "# On assets that could become more."
    usual = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "text/css")
    yield map_of(
        "$sent_http_content_type",
        "$bandeau_asset_policy",
        [
            ("default", quoted(ASSET_POLICY)),
            *((each, '""') for each in (*usual, "font/woff2")),
            (pattern(UNGOVERNED, caseless=True), '""'),
        ],
    )
    for name, value in (("vary", "Sec-Fetch-Dest"), ("permissions", PERMISSIONS)):
        yield map_of(
            "$bandeau_asset_policy",
            f"$bandeau_asset_{name}",
            [("default", quoted(value)), ('""', '""')],
        )
