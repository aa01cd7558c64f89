"""A policy as VCL for Varnish 6 and later, with the modules that come with it (cookie, std)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from bandeau.enforcement.compiled.front import (
    ASSET_NAMES,
    ASSET_POLICY,
    ASSETS,
    BLANK,
    CONTACTS,
    ODD_PATH,
    OWN,
    PERMISSIONS,
    PROFILING,
    SIGNATURE,
    UNGOVERNED,
    Front,
    FrontError,
    Where,
    alternatives,
    first_language,
    heading,
    literal,
    other_cookie,
    plain,
)

_NAMES = 12_000
"""Characters of one regular expression; PCRE takes no more than 64 kB once compiled."""
_JAR_COOKIES = 100
_WORKING = ("Mask", "Kept", "Rest", "Part", "State", "Kind")


def varnish(front: Front, where: Where) -> str:
    """The VCL, the same for the same policy; raises :class:`FrontError`."""
    parts = [
        _heading(front, where),
        *_backends(where),
        _recv(front),
        _READ.format(**_reading(front)),
    ]
    parts += [_cookies(front), _told(front), _pages(front), _REST]
    return "\n".join(parts).replace("%NONE%", plain(front.undecided))


def _heading(front: Front, where: Where) -> str:
    room = 1 << max(14, (front.longest_header + 8_192).bit_length())
    return f"""\
vcl 4.1;
{heading("varnish", front)}
# Do not edit: write it again after each change of the policy. Pages have long headers; start with
#   varnishd -a {plain(where.listen)} -p http_max_hdr=256 -p http_req_hdr_len=32768 \\
#     -p http_req_size=65536 \\
#     -p http_resp_hdr_len={room} -p http_resp_size={2 * room} \\
#     -p workspace_backend={4 * room} -p workspace_client={max(4 * room, 262_144)}
import cookie;
import std;
"""


def _backends(where: Where) -> Iterator[str]:
    for name, url in (("bandeau_site", where.site), ("bandeau_app", where.bandeau)):
        parts = urlsplit(url)
        if parts.scheme != "http":
            raise FrontError(f"{url}: Varnish speaks http only; put a TLS proxy in between")
        host, port = plain(parts.hostname or ""), parts.port or 80
        yield f'backend {name} {{ .host = "{host}"; .port = "{port}"; }}'


def _recv(front: Front) -> str:
    unset = "\n".join(f"    unset req.http.X-Bandeau-{name};" for name in _WORKING)
    return f"""
sub vcl_recv {{
    unset req.http.Bandeau-Key;
    unset req.http.Bandeau-Choice;
{unset}
    if (!req.http.Host && req.proto == "HTTP/1.1") {{
        return (synth(400));
    }}
    if (req.http.X-Forwarded-Proto != "https") {{
        set req.http.X-Forwarded-Proto = "http";
    }}
    set req.backend_hint = bandeau_app;
    if (req.http.Upgrade ~ "(?i)^websocket$") {{
        return (pipe);
    }}
    if (req.url ~ "^/\\.(?:well-known/)?bandeau/") {{
        return (pass);
    }}
    if (req.method != "GET" && req.method != "HEAD") {{
        return (pass);
    }}
    std.collect(req.http.Cookie, "; ");
    std.collect(req.http.Sec-GPC);
    # A jar of very many would not fit into the workspace; Bandeau judges it.
    if (req.http.Cookie !~ "^(?:[^;]*;){{{_JAR_COOKIES}}}") {{
        call bandeau_read;
    }}
    if (!req.http.Bandeau-Key) {{
        return (pass);
    }}
    call bandeau_cookies;
    call bandeau_route;
    if (req.http.X-Bandeau-Kind == "asset") {{
        unset req.http.Bandeau-Key;
        set req.backend_hint = bandeau_site;
        set req.http.Cookie = req.http.X-Bandeau-Kept;
{_UNSAID}
        if (req.http.Cookie == "") {{
            unset req.http.Cookie;
        }}
        call bandeau_told;
        return (pass);
    }}
    if (req.http.X-Bandeau-Rest != "" || req.http.Range || req.http.Authorization
        || req.http.X-Requested-With || req.http.Accept ~ "text/event-stream"
        || (req.http.Sec-Fetch-Dest && req.http.Sec-Fetch-Dest != "document")) {{
        # Varnish would cut the page of this visitor itself, coding and all.
        unset req.http.Range;
        unset req.http.Bandeau-Key;
        return (pass);
    }}
    call bandeau_language;
    return (hash);
}}
"""


_READ = """\
# The choice up to its ~. Without a key, only Bandeau can judge: doubled, odd, of other terms.
sub bandeau_read {{
    if (!req.http.Cookie || req.http.Cookie ~ "^{blank}{others}$") {{
        set req.http.X-Bandeau-Mask = "%NONE%";
        if (!req.http.Sec-GPC) {{
            set req.http.Bandeau-Key = "{undecided}";
        }} elseif (req.http.Sec-GPC == "1") {{
            set req.http.Bandeau-Key = "{signal}";
            set req.http.X-Bandeau-Mask = "{refused}";
        }}
    }} elseif (req.http.Cookie ~ "^{blank}(?:{other};{blank})*+{chosen}(?:;{blank}{others})?$") {{
        set req.http.X-Bandeau-Mask = regsub(req.http.Cookie,
            "^{blank}(?:{other};{blank})*+{chosen}(?:;.*)?$", "\\1");
        set req.http.Bandeau-Key = "{key}" + req.http.X-Bandeau-Mask;
    }}
}}
"""


def _reading(front: Front) -> dict[str, str]:
    own, other = literal(front.cookie), other_cookie(front)
    value = f"{front.choice}({front.mask}){SIGNATURE}"
    key = front.key(f"1.{front.terms}.")
    if front.noted:
        value, key = f"({front.noted})", front.key("")
    return {
        "blank": BLANK,
        "other": other,
        "others": rf"{other}(?:;{BLANK}{other})*+",
        "chosen": rf"{own}{BLANK}={BLANK}{value}{BLANK}",
        "key": key,
        "undecided": front.key("undecided"),
        "signal": front.key("signal"),
        "refused": front.refused or front.undecided,
    }


def _cookies(front: Front) -> str:
    """Each purpose takes its cookies out of what is left, if it is granted."""
    steps = []
    for number, gate in enumerate((front.exempt, *front.gates)):
        taken = "".join(map(_taken, alternatives(gate.cookies, _NAMES)))
        granted = f'    if (req.http.X-Bandeau-Mask ~ "^.{{{number - 1}}}1") {{\n{taken}    }}\n'
        steps.append(granted if number and taken else taken)
    return f"""\
# What of Cookie the choice allows; nothing that no tracker declares. The rest is what was denied.
sub bandeau_cookies {{
    cookie.parse(req.http.Cookie);
    cookie.delete("{plain(front.cookie)}");
    set req.http.X-Bandeau-Rest = cookie.get_string();
    set req.http.X-Bandeau-Kept = "";
{"".join(steps)}\
    set req.http.X-Bandeau-Kept = regsub(req.http.X-Bandeau-Kept, "^; ", "");
}}
"""


def _taken(names: str) -> str:
    return f"""\
        cookie.parse(req.http.X-Bandeau-Rest);
        cookie.keep_re("^(?:{names})$");
        set req.http.X-Bandeau-Part = cookie.get_string();
        if (req.http.X-Bandeau-Part != "") {{
            set req.http.X-Bandeau-Kept = req.http.X-Bandeau-Kept + "; " + req.http.X-Bandeau-Part;
        }}
        cookie.parse(req.http.X-Bandeau-Rest);
        cookie.filter_re("^(?:{names})$");
        set req.http.X-Bandeau-Rest = cookie.get_string();
"""


def _told(front: Front) -> str:
    """``Bandeau-Choice`` as the site reads it."""
    steps = []
    for number, gate in enumerate(front.gates):
        said = f'set req.http.X-Bandeau-State = "{", " if number else ""}{plain(gate.key)}='
        steps.append(f"""\
    {said}undecided";
    if (req.http.X-Bandeau-Mask ~ "^.{{{number}}}1") {{
        {said}granted";
    }} elseif (req.http.X-Bandeau-Mask ~ "^.{{{number}}}0") {{
        {said}refused";
    }}
    set req.http.Bandeau-Choice = req.http.Bandeau-Choice + req.http.X-Bandeau-State;
""")
    return f"sub bandeau_told {{\n{''.join(steps)}}}\n"


def _tracked(front: Front) -> str:
    """Paths that trackers declare, in any spelling, are Bandeau's to judge."""
    if not front.paths:
        return ""
    paths = "".join(f'\n        || req.url ~ "(?i)^{each}(?:[?]|$)"' for each in front.paths)
    return f"""\
    if (req.url ~ "{ODD_PATH}"{paths}) {{
        set req.http.X-Bandeau-Kind = "page";
    }}
"""


def _pages(front: Front) -> str:
    languages = "".join(
        f"    {'else' if number else ''}if (req.http.Accept-Language"
        f' ~ "(?i){first_language(each, front.languages)}") {{\n'
        f'        set req.http.Accept-Language = "{plain(each)}";\n    }}\n'
        for number, each in enumerate(front.languages)
    )
    return f"""\
# What only becomes a picture, a script or the like goes straight to the site.
sub bandeau_route {{
    set req.http.X-Bandeau-Kind = "page";
    if (req.http.Sec-Fetch-Dest ~ "^(?:{"|".join(ASSETS)})$" || (!req.http.Sec-Fetch-Dest
        && req.http.Accept !~ "(?i)text/html"
        && req.url ~ "(?i)^[^?]*[.](?:{_ENDINGS})(?:[?]|$)")) {{
        set req.http.X-Bandeau-Kind = "asset";
    }}
{_tracked(front)}}}

sub bandeau_language {{
{languages}    else {{
        unset req.http.Accept-Language;
    }}
}}

sub vcl_hash {{
    hash_data(req.http.X-Forwarded-Proto);
    hash_data(req.http.Host);
    hash_data(req.url);
    hash_data(req.http.Bandeau-Key);
    hash_data(req.http.Accept-Language);
    return (lookup);
}}
"""


_ENDINGS = "|".join(ASSET_NAMES)


_UNSET = "\n".join(f"    unset bereq.http.X-Bandeau-{name};" for name in _WORKING)
_GONE = (*CONTACTS, "Set-Cookie", "Permissions-Policy")
_HIDDEN = "\n".join(f"    unset beresp.http.{name};" for name in _GONE)
_UNSAID = "\n".join(f"        unset req.http.{name};" for name in PROFILING)


def _own(answer: str) -> str:
    return "\n".join(f'    set {answer}.http.{name} = "{value}";' for name, value in OWN)


_REST = f"""\
sub vcl_backend_fetch {{
{_UNSET}
}}

sub vcl_pipe {{
    set bereq.http.Connection = req.http.Connection;
    set bereq.http.Upgrade = req.http.Upgrade;
}}

# A page is kept only where Bandeau says so, under the key that it was told.
sub vcl_backend_response {{
    std.collect(beresp.http.Vary);
    if (bereq.backend == bandeau_app) {{
        set beresp.http.X-Bandeau-Vary = beresp.http.Vary;
        unset beresp.http.Vary;
        set beresp.grace = 0s;
        set beresp.keep = 0s;
        if (bereq.http.Bandeau-Key && beresp.http.Bandeau-Cache ~ "^max-age=[0-9]+$"
            && !beresp.http.Set-Cookie) {{
            set beresp.ttl =
                std.duration(regsub(beresp.http.Bandeau-Cache, "^max-age=", "") + "s", 0s);
        }} else {{
            set beresp.ttl = 120s;
            set beresp.uncacheable = true;
        }}
        return (deliver);
    }}
    # Varnish cannot drop one Set-Cookie of several, nor read a Link: of an asset, none passes.
{_HIDDEN}
    if (beresp.http.Content-Type !~ "(?i){UNGOVERNED}") {{
        std.collect(beresp.http.Content-Security-Policy);
        if (beresp.http.Content-Security-Policy) {{
            set beresp.http.Content-Security-Policy = beresp.http.Content-Security-Policy + ", ";
        }}
        set beresp.http.Content-Security-Policy =
            beresp.http.Content-Security-Policy + "{ASSET_POLICY}";
        if (beresp.http.Vary) {{
            set beresp.http.Vary = beresp.http.Vary + ", ";
        }}
        set beresp.http.Vary = beresp.http.Vary + "Sec-Fetch-Dest";
        set beresp.http.Permissions-Policy = "{PERMISSIONS}";
    }}
    set beresp.uncacheable = true;
    return (deliver);
}}

sub vcl_deliver {{
    if (resp.http.X-Bandeau-Vary) {{
        set resp.http.Vary = resp.http.X-Bandeau-Vary;
        unset resp.http.X-Bandeau-Vary;
    }}
    unset resp.http.Bandeau-Cache;
    unset resp.http.Bandeau-Key;
    unset resp.http.X-Accel-Expires;
    if (obj.hits > 0) {{
        set resp.http.Cache-Status = "bandeau; hit";
    }} elseif (req.http.Bandeau-Key) {{
        set resp.http.Cache-Status = "bandeau; fwd=miss";
    }} else {{
        set resp.http.Cache-Status = "bandeau; fwd=bypass";
    }}
}}

# What Varnish answers itself: a document without our policies would be a way round them.
sub vcl_backend_error {{
{_own("beresp")}
}}

sub vcl_synth {{
{_own("resp")}
}}
"""
