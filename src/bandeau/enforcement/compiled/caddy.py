"""A policy as a Caddyfile, for Caddy 2.6 and later without plugins.

Caddy keeps no cache: it does the header work for assets, and Bandeau answers every page. Its
regular expressions cannot look ahead: what is allowed is marked first, and the rest then dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from bandeau.enforcement.compiled.front import (
    ASSET_NAMES,
    ASSET_POLICY,
    ASSETS,
    CONTACTS,
    ODD_PATH,
    OWN,
    PERMISSIONS,
    PROFILING,
    SIGNATURE,
    Front,
    Tls,
    Where,
    alternatives,
    heading,
    literal,
    plain,
)

_MARK = "\x01"
"""Before an allowed cookie. No visitor can send it: Go refuses the header with a 400."""
_BLANK = r"[ \t]*"
_NAMES = 8_000
_PRIVATE = {"test", "example", "invalid", "localhost", "local", "internal", "lan", "arpa", "onion"}
# Caddy takes an empty replacement for none at all; `$9` is a group that is not there.


def caddy(front: Front, where: Where) -> str:
    """The Caddyfile, the same for the same policy; raises :class:`FrontError`."""
    asked = _asked(where) if where.ask else _told(front) + "".join(_cookies(front))
    own = "\n".join(f'		header {name} "{value}"' for name, value in OWN)
    options = "\n".join(f"	{line}" for line in _options(where))
    return f"""\
{heading("caddy", front)}
# Do not edit: write it again after each change of the policy.
{{
{options}
}}
{_site(front, where)} {{
	bind {plain(where.listen).rpartition(":")[0].strip("[]")}
{_tls(front, where)}	route {{
		request_header -Bandeau-Key
		request_header -Bandeau-Choice
{_scheme(where)}{_choice(front) if not where.ask else ""}{_kinds(front, where)}
		@bandeau_direct vars {{bandeau_direct}} yes
		handle @bandeau_direct {{
			route {{
{asked}{_to_site(where)}
			}}
		}}
		handle {{
			reverse_proxy {plain(where.bandeau)} {{
				header_down -Bandeau-Key
{_forwarded(where)}			}}
		}}
	}}
	# What Caddy answers itself: a document without our policies would be a way round them.
	handle_errors {{
{own}
		respond "{{http.error.status_code}} {{http.error.status_text}}"
	}}
}}
"""


def _options(where: Where) -> list[str]:
    """As Caddy does it by itself: HTTPS on 443 also redirects from 80.

    An authority of this machine's own is not put among those that the machine trusts.
    """
    port = where.listen.rpartition(":")[2]
    lines = ["admin off"]
    if where.tls != Tls():
        redirects = where.tls is not None and port == "443"
        return [*lines, f"auto_https {'disable_certs' if redirects else 'off'}"]
    lines.append("skip_install_trust")
    if port != "443":
        lines += ["auto_https disable_redirects", f"https_port {port}"]
    return lines


def _site(front: Front, where: Where) -> str:
    """Without certificates of its own, what the site is called; else whatever is asked for."""
    port = where.listen.rpartition(":")[2]
    if where.tls == Tls():
        return ", ".join(f"https://{plain(host)}:{port}" for host in front.hosts)
    return f"{'http' if where.tls is None else 'https'}://:{port}"


def _tls(front: Front, where: Where) -> str:
    if where.tls is None:
        return ""
    if where.tls != Tls():
        return f'	tls "{plain(where.tls.certificate)}" "{plain(where.tls.key)}"\n'
    return "" if any(map(_public, front.hosts)) else "	tls internal\n"


def _public(host: str) -> bool:
    """Whether an authority could certify ``host``: no address, and no name kept for private use."""
    *names, last = host.split(".")
    return bool(names) and last not in _PRIVATE and not last.isdigit()


def _scheme(where: Where) -> str:
    if not where.behind:
        return ""
    return """\
		# Only a proxy of this machine can ask: it says over which scheme it was asked.
		map {http.request.header.X-Forwarded-Proto} {bandeau_scheme} {
			https https
			default {http.request.scheme}
		}
"""


def _forwarded(where: Where) -> str:
    return "				header_up X-Forwarded-Proto {bandeau_scheme}\n" if where.behind else ""


def _choice(front: Front) -> str:
    """The mask; empty where only Bandeau can judge: doubled, odd, of other terms."""
    own, starts = literal(front.cookie), rf"(?:^|[;,]){_BLANK}"
    value = front.noted or rf"{front.choice}({front.mask}){SIGNATURE}"
    seen = front.undecided if front.noted else "${1}"
    return f"""\
		# The choice up to its ~. Without a mask only Bandeau can judge.
		map {{http.request.header.Cookie}} {{bandeau_seen}} {{
			`~{starts}{literal(front.receipt)}{_BLANK}(?:[=;,]|$)` ""
			`~{starts}{own}{_BLANK}=.*[;,]{_BLANK}{own}{_BLANK}(?:[=;,]|$)` ""
			`~(?:^|;){_BLANK}{own}{_BLANK}={_BLANK}{value}{_BLANK}(?:;|$)` "{seen}"
			`~{starts}{own}{_BLANK}(?:[=;,]|$)` ""
			default "{front.undecided}"
		}}
		map "{{bandeau_seen}}|{{http.request.header.Sec-GPC}}" {{bandeau_mask}} {{
			`~^([01]+)[|]` "${{1}}"
			`~^-+[|]$` "{front.undecided}"
			`~^-+[|]1$` "{front.refused or front.undecided}"
			default ""
		}}
"""


def _kinds(front: Front, where: Where) -> str:
    mask = "1" if where.ask else "{bandeau_mask}"
    ends = "|".join(ASSET_NAMES)
    odd = [f"\t\t\t`~{ODD_PATH}` tracked\n"] if front.paths else []
    paths = [f"\t\t\t`~(?i:^{each}(?:[?]|$))` tracked\n" for each in front.paths]
    tracked = "".join(odd + paths)
    asked = "{http.request.method}|{http.request.header.Sec-Fetch-Dest}"
    return f"""\
		# What only becomes a picture, a script or the like goes straight to the site.
		map "{asked}|{{http.request.header.Accept}}|{{http.request.uri.path}}" {{bandeau_kind}} {{
			`~^[A-Z]+[|][^|]*[|][^|]*[|]/[.](?:well-known/)?bandeau/` page
			`~^(?:GET|HEAD)[|](?:{"|".join(ASSETS)})[|]` asset
			`~^(?:GET|HEAD)[|][|].*(?i:text/html)` page
			`~^(?:GET|HEAD)[|][|][^|]*[|].*[.](?i:{ends})$` asset
			default page
		}}
		map {{http.request.uri}} {{bandeau_at}} {{
{tracked}			default own
		}}
		map "{{bandeau_kind}}|{{bandeau_at}}|{mask}" {{bandeau_direct}} {{
			`~^asset[|]own[|].` yes
			default no
		}}
"""


def _cookies(front: Front) -> Iterator[str]:
    """Allowed cookies are marked, purpose by purpose; then all that has no mark goes."""
    yield "			# What of Cookie the choice allows; nothing that no tracker declares.\n"
    for number, gate in enumerate((front.exempt, *front.gates)):
        matcher = ""
        if number and gate.cookies:
            matcher = f"@bandeau_{number} "
            granted = f"^{'.' * (number - 1)}1"
            yield f"\t\t\t{matcher}header_regexp X-Bandeau-Mask {granted}\n"
        for allowed in alternatives(gate.cookies, _NAMES, atomic=False):
            names = allowed.replace("[^=;]", r"[^=;\x01]")
            found = rf"(^|;){_BLANK}((?:{names}){_BLANK}=[^;\x01]*)"
            yield f'			request_header {matcher}Cookie `{found}` "{_MARK}$2"\n'
    yield """\
			request_header Cookie `(?:^;?|;)[^;\\x01]*` $9
			request_header Cookie `^\\x01` $9
			request_header Cookie `\\x01` "; "
			@bandeau_none header_regexp Cookie ^$
			request_header @bandeau_none -Cookie
			request_header -X-Bandeau-Mask
"""


def _told(front: Front) -> str:
    """``Bandeau-Choice`` as the site reads it."""
    maps = [
        f"""\
			map {{http.request.header.X-Bandeau-Mask}} {{bandeau_answer_{number}}} {{
				~^{"." * number}1 granted
				~^{"." * number}0 refused
				default undecided
			}}
"""
        for number in range(len(front.gates))
    ]
    numbered = enumerate(front.gates)
    every = ", ".join(f"{plain(gate.key)}={{bandeau_answer_{n}}}" for n, gate in numbered)
    told = f'			request_header Bandeau-Choice "{every}"\n' if every else ""
    # A map is asked again with each use, so the mask must not wait for an edited Cookie.
    kept = "\t\t\trequest_header X-Bandeau-Mask {bandeau_mask}\n"
    return "".join([kept, *maps, told])


def _asked(where: Where) -> str:
    return f"""\
			# Bandeau itself says what the choice allows: signature and withdrawal included.
			forward_auth {plain(where.bandeau)} {{
				uri /.bandeau/decide
				copy_headers Bandeau-Choice Bandeau-Cookie>Cookie
			}}
			@bandeau_none header_regexp Cookie ^$
			request_header @bandeau_none -Cookie
"""


def _to_site(where: Where) -> str:
    hidden = "\n".join(f"				header_down -{name}" for name in (*CONTACTS, "Set-Cookie"))
    unsaid = "\n".join(f"				header_up -{name}" for name in PROFILING)
    upstream = "{upstream_hostport}" if urlsplit(where.site).scheme == "https" else ""
    host = f"				header_up Host {upstream}\n" if upstream else ""
    return f"""\
			reverse_proxy {plain(where.site)} {{
{host}{_forwarded(where)}{unsaid}
{hidden}
				header_down +Content-Security-Policy "{ASSET_POLICY}"
				header_down +Vary Sec-Fetch-Dest
				header_down Permissions-Policy "{PERMISSIONS}"
			}}"""
