"""A policy as nginx configuration, for the ``http`` block (nginx 1.18 and later, core modules)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from bandeau.enforcement.compiled.front import (
    CONTACTS,
    OWN,
    PROFILING,
    Front,
    FrontError,
    Tls,
    Where,
    heading,
    plain,
)
from bandeau.enforcement.compiled.nginx_cookies import reading
from bandeau.enforcement.compiled.nginx_maps import maps, scheme
from bandeau.enforcement.compiled.nginx_words import quoted


def nginx(front: Front, where: Where) -> str:
    """The configuration, the same for the same policy; raises :class:`FrontError`."""
    parts = [_heading(front), *_upstreams(where), *maps(front, where), _server(front, where)]
    return "\n".join(part for part in parts if part)


_FAULTS = "400 403 408 411 412 413 416 500 501 502 503 504"
"""What nginx may answer in the place of Bandeau or the site."""


def _heading(front: Front) -> str:
    return f"""\
{heading("nginx", front)}
# For nginx's http block. Do not edit: write it again after each change of the policy.
"""


def _upstreams(where: Where) -> Iterator[str]:
    for name, url in (("bandeau_site", where.site), ("bandeau_app", where.bandeau)):
        yield f"upstream {name} {{\n    server {_authority(url)};\n    keepalive 64;\n}}"
    yield f"""\
proxy_cache_path {quoted(plain(where.cache))} levels=1:2 keys_zone=bandeau:10m max_size=1g
    inactive=1h use_temp_path=off;
"""


def _authority(url: str) -> str:
    parts = urlsplit(url)
    return f"{plain(parts.netloc)}{'' if parts.port else ':443' if parts.scheme == 'https' else ''}"


def _server(front: Front, where: Where) -> str:
    hosts = " ".join(_server_name(host) for host in front.hosts)
    size = _buffer(front.longest_header)
    return f"""\
{_hashes(front)}server {{
{_listen(where)}
    server_name {hosts};
    client_max_body_size 0;
    sendfile on;
    open_file_cache max=10000 inactive=60s;
    large_client_header_buffers 4 32k;
    proxy_http_version 1.1;
    proxy_buffer_size {size}k;
    proxy_buffers 8 {size}k;
    proxy_busy_buffers_size {2 * size}k;
{_own()}

{"" if where.ask else reading(front)}
{_own_paths(where)}
{_asking(where)}{_pages(where)}
{_assets(where)}
{_live_ones(where)}
{_OWN_FAULTS}
}}
"""


def _listen(where: Where) -> str:
    if where.tls is None:
        return f"    listen {plain(where.listen)};"
    if where.tls == Tls():
        raise FrontError("nginx gets no certificates by itself: name the files of one")
    return f"""\
    listen {plain(where.listen)} ssl http2;
    ssl_certificate {quoted(plain(where.tls.certificate))};
    ssl_certificate_key {quoted(plain(where.tls.key))};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:bandeau_tls:10m;
    ssl_session_timeout 1d;"""


def _own() -> str:
    """For answers of nginx's own; whatever passes has an ``add_header``, and so inherits none."""
    return "\n".join(f"    add_header {name} {quoted(value)} always;" for name, value in OWN)


_OWN_FAULTS = """\
    # What nginx answers itself: a document without our policies would be a way round them.
    location @bandeau_own {
        default_type text/plain;
        return 200 "$status\\n";
    }"""


def _own_paths(where: Where) -> str:
    return "".join(_always(where, path) for path in ("/.bandeau/", "/.well-known/bandeau/"))


def _always(where: Where, path: str) -> str:
    return f"""\
    # Choices, comments, the log: always Bandeau.
    location ^~ {path} {{
        error_page {_FAULTS} @bandeau_own;
        proxy_pass http://bandeau_app;
{_forwarded(where)}
        add_header Cache-Status "bandeau; fwd=bypass";
    }}
"""


_VARIANT = "$bandeau_key|$bandeau_language|$bandeau_coding"


def _pages(where: Where) -> str:
    asks = "        auth_request /.bandeau/decide;\n" if where.ask else ""
    asks += _asked() if where.ask else ""
    return f"""\
    # Pages: from the cache under the visitor's choice, else from Bandeau, which says what may stay.
    location / {{
        recursive_error_pages on;
        error_page 418 = @bandeau_assets;
        error_page 419 = @bandeau_live;
        error_page {_FAULTS} @bandeau_own;
        if ($bandeau_direct) {{
            return 418;
        }}
        if ($bandeau_live) {{
            return 419;
        }}
{asks}        proxy_pass http://bandeau_app;
        proxy_cache $bandeau_zone;
        proxy_cache_key "{scheme(where)}|$http_host|$request_uri|{_VARIANT}";
        proxy_no_cache $bandeau_ungranted;
        proxy_ignore_headers Cache-Control Expires Vary X-Accel-Redirect X-Accel-Charset;
        proxy_hide_header Bandeau-Cache;
        proxy_hide_header Bandeau-Key;
        max_ranges 0;
{_forwarded(where)}
        proxy_set_header Bandeau-Key $bandeau_key;
        proxy_set_header Accept-Encoding $bandeau_accepts;
        proxy_set_header Accept-Language $bandeau_speaks;
        add_header Cache-Status $bandeau_found;
    }}
"""


def _assets(where: Where) -> str:
    asks = "        auth_request /.bandeau/decide;\n" if where.ask else ""
    asks += _asked() if where.ask else ""
    scheme = urlsplit(where.site).scheme
    secure = "        proxy_ssl_server_name on;\n" if scheme == "https" else ""
    gone = (*CONTACTS, "Set-Cookie", "Permissions-Policy")
    hidden = "\n".join(f"        proxy_hide_header {name};" for name in gone)
    unsaid = "\n".join(f'        proxy_set_header {name} "";' for name in PROFILING)
    return f"""\
    # nginx cannot drop one Set-Cookie of several, nor read a Link: of an asset, none passes.
    location @bandeau_assets {{
        recursive_error_pages on;
        error_page {_FAULTS} @bandeau_own;
{asks}        proxy_pass {scheme}://bandeau_site;
{secure}{hidden}
        proxy_ignore_headers X-Accel-Redirect X-Accel-Charset;
{_forwarded(where)}
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header Cookie $bandeau_cookie;
        proxy_set_header Bandeau-Choice $bandeau_choice;
        proxy_set_header Bandeau-Key "";
{unsaid}
        add_header Content-Security-Policy $bandeau_asset_policy always;
        add_header Vary $bandeau_asset_vary always;
        add_header Permissions-Policy $bandeau_asset_permissions always;
    }}
"""


def _live_ones(where: Where) -> str:
    return f"""\
    # WebSockets and event streams.
    location @bandeau_live {{
        recursive_error_pages on;
        error_page {_FAULTS} @bandeau_own;
        proxy_pass http://bandeau_app;
        proxy_buffering off;
        proxy_read_timeout 1h;
{_forwarded(where, "upgrade")}
        proxy_set_header Upgrade $http_upgrade;
        add_header Cache-Status "bandeau; fwd=bypass";
    }}"""


def _forwarded(where: Where, connection: str = "") -> str:
    """In every location again: one ``proxy_set_header`` there drops all that were inherited."""
    return f"""\
        proxy_set_header Connection "{connection}";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto {scheme(where)};"""


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
{_forwarded(where)}
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
    lines = ["variables_hash_max_size 16384;\nvariables_hash_bucket_size 256;\n"]
    if longest > 40:
        lines.append(f"server_names_hash_bucket_size {1 << (longest + 24).bit_length()};\n")
    if len(front.hosts) > 100:
        lines.append("server_names_hash_max_size 8192;\n")
    return "".join(lines)


def _buffer(header: int) -> int:
    """Kilobytes that the head of a page fits into, a power of two."""
    return 1 << max(4, ((header + 8_192) // 1_024).bit_length())
