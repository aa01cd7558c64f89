"""What a web server in front of Bandeau has to know of a policy, whatever its language.

The front reads the choice cookie up to its ``~``. It sends what only becomes a picture, a script
or the like straight to the site, with the cookies that the choice allows. All else goes to Bandeau,
whose pages it keeps under the key that Bandeau confirms (``enforcement/variants.py``). What it
cannot judge by itself goes to Bandeau too, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bandeau.choice.model import Answer, Source, Standing
from bandeau.choice.token import NOTED, VERSION
from bandeau.enforcement import permissions
from bandeau.enforcement.rules import Rules, receipt_cookie
from bandeau.enforcement.variants import fingerprint
from bandeau.policy.match import SiteHosts
from bandeau.policy.model import Policy, Tracker
from bandeau.policy.paths import patterns_of
from bandeau.policy.terms import digest, terms_of

ASSETS = ("script", "image", "style", "font", "audio", "video", "track", "manifest", "json")
"""``Sec-Fetch-Dest`` of what becomes neither a document nor a worker."""
ASSET_NAMES = (
    *("avif", "bmp", "css", "gif", "ico", "jpeg", "jpg", "mp3", "mp4", "ogg", "otf", "png"),
    *("ttf", "webm", "webp", "woff", "woff2"),
)
"""Endings of the same for browsers that do not send it; no script, which could be a worker."""
CONTACTS = (
    *("Link", "Refresh", "NEL", "Report-To", "Reporting-Endpoints", "Speculation-Rules"),
    *("Alt-Svc", "Expect-CT", "X-XSS-Protection"),
    *("Public-Key-Pins", "Public-Key-Pins-Report-Only"),
    *("Attribution-Reporting-Register-Source", "Attribution-Reporting-Register-Trigger"),
    *("Attribution-Reporting-Register-OS-Source", "Attribution-Reporting-Register-OS-Trigger"),
    *("Attribution-Reporting-Info", "Observe-Browsing-Topics", "Set-Login"),
    *("Ad-Auction-Signals", "Ad-Auction-Additional-Bid", "Ad-Auction-Result"),
    *("Ad-Auction-Result-Nonce", "X-Allow-FLEDGE", "X-Allow-Protected-Audience"),
    *("Shared-Storage-Write", "Shared-Storage-Cross-Origin-Worklet-Allowed"),
)
"""Headers that contact others or profile. No asset needs one, and no front reads them: they go."""
PROFILING = tuple(sorted(name.decode().title() for name in permissions.ASKED))
"""Headers of requests for what browsers offer to profile by; for assets they go as well."""
ASSET_POLICY = (
    "default-src 'self' data: blob: filesystem: about: 'unsafe-inline' 'unsafe-eval'; "
    "form-action 'self'; base-uri 'self'"
)
"""On assets that a browser could make more of; they need no host but their own."""
PERMISSIONS = permissions.OFF.decode()
"""The Permissions-Policy on what the front cannot hold to a choice."""
OWN = (
    ("Content-Security-Policy", "default-src 'none'"),
    ("Connection-Allowlist", "()"),
    ("Permissions-Policy", PERMISSIONS),
)
"""On what the front answers itself: a document without a policy would be a way round ours."""
UNGOVERNED = r"^(?:image/(?:avif|bmp|gif|jpeg|png|webp|x-icon|vnd[.]microsoft[.]icon)" + (
    r"|audio/|video/|font/|text/css|application/(?:font|json|octet-stream))"
)
"""Content types on which a Content-Security-Policy has no effect."""
SIGNATURE = r"~[0-9a-f]{1,12}[.][A-Za-z0-9_-]{22}[.][A-Za-z0-9_-]+"
"""What follows the mask. Only Bandeau can verify it; the front asks that it is there."""


_ADDRESS = re.compile(r"(?:https?://)?(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


ODD_PATH = r"^(?:[^/]|[^?]*(?:[^!-~]|[%;#\x5c]|//|/[.]))"
"""Targets that a server may read as another path than they say: Bandeau knows every spelling."""


class FrontError(ValueError):
    """Something that a configuration cannot say safely; the message names it."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Files of the certificate, with its chain, and of its key; both empty: the front gets them."""

    certificate: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """Addresses, as ``scheme://host:port`` and ``host:port``, and the folder of the cache.

    ``ask`` has the front ask Bandeau about every request instead of reading the choice itself.
    Without ``tls`` it speaks plain HTTP. Raises :class:`FrontError` for an address that a
    configuration could read as something else.
    """

    site: str
    bandeau: str
    listen: str
    cache: str
    ask: bool = False
    tls: Tls | None = None

    def __post_init__(self) -> None:
        for address in (self.site, self.bandeau, self.listen):
            if not _ADDRESS.fullmatch(address):
                raise FrontError(f"{address!r} is no address such as http://127.0.0.1:9000")

    @property
    def behind(self) -> bool:
        """Whether only a proxy of this machine can be asking, which then says the scheme."""
        return self.tls is None and self.listen.startswith(("127.", "[::1]:", "localhost:"))


@dataclass(frozen=True, slots=True)
class Gate:
    """Cookie names, ``*`` and all, that open with one purpose; ``key`` is empty for exempt ones."""

    key: str
    cookies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Front:
    """One policy as a front needs it. ``gates`` are in the order of the choice cookie's mask.

    ``paths`` are regular expressions for paths that trackers declare on the site's own hosts.
    """

    policy: str
    terms: str
    cookie: str
    receipt: str
    hosts: tuple[str, ...]
    languages: tuple[str, ...]
    exempt: Gate
    gates: tuple[Gate, ...]
    paths: tuple[str, ...]
    longest_header: int

    @property
    def undecided(self) -> str:
        """The mask of who has not chosen: one dash for each purpose, and never empty."""
        return "-" * max(1, len(self.gates))

    @property
    def refused(self) -> str:
        """The mask of who refused all."""
        return "0" * len(self.gates)

    @property
    def mask(self) -> str:
        """A regular expression for a mask as the cookie carries it."""
        return f"[01]{{{len(self.gates)}}}"

    @property
    def choice(self) -> str:
        """A regular expression for all before the mask."""
        return f"{VERSION}[.]{self.terms}[.]"

    def key(self, state: str) -> str:
        """The cache key of one state, as Bandeau states it."""
        return f"{self.policy}/{state}"

    @property
    def noted(self) -> str:
        """The cookie's value on a site of which no purpose asks, once its bar was closed."""
        return "" if self.gates else NOTED


def front_of(policy: Policy) -> Front:
    """``policy`` as a front needs it; it is taken to have passed ``check``."""
    rules, site = Rules(policy), SiteHosts(policy.site.hosts)
    asked = terms_of(policy).keys
    exempt = [t for t in policy.trackers if policy.purpose(t.purpose).exempt is not None]
    everyone = Standing(dict.fromkeys(asked, Answer.GRANTED), frozenset(), Source.CHOICE)
    return Front(
        policy=fingerprint(policy),
        terms=digest(terms_of(policy)),
        cookie=policy.choice.cookie,
        receipt=receipt_cookie(policy),
        hosts=policy.site.hosts,
        languages=policy.site.languages,
        exempt=Gate("", _cookies(exempt, site)),
        paths=tuple(dict.fromkeys(map(_path, _patterns(policy)))),
        gates=tuple(Gate(key, _cookies(policy.trackers_of(key), site)) for key in asked),
        longest_header=len(rules.content_policy(everyone))
        + len(rules.connection_allowlist(everyone, ())),
    )


def _cookies(trackers: Iterable[Tracker], site: SiteHosts) -> tuple[str, ...]:
    names = (rule.name for t in trackers for rule in t.cookies if site.receive(rule))
    return tuple(dict.fromkeys(names))


def _patterns(policy: Policy) -> list[str]:
    gated = [t for t in policy.trackers if policy.purpose(t.purpose).exempt is None]
    return [each for t in gated for path in t.paths for each in patterns_of(path)]


def _path(pattern: str) -> str:
    return "[^?]*".join(map(literal, pattern.split("*")))


def heading(server: str, front: Front) -> str:
    """The first line of a written file."""
    host = plain(front.hosts[0])
    return f"# Written by `bandeau compile {server}` for {host}, policy {front.policy}."


BLANK = r"[ \t]*+"
# Possessive: given back, a blank would hide a second choice cookie from the look ahead.


def other_cookie(front: Front) -> str:
    """A regular expression (PCRE) for one segment of ``Cookie`` that is none of ours.

    So what matches segments of this kind and one choice cookie never matches two of them.
    """
    ours = f"{literal(front.cookie)}|{literal(front.receipt)}"
    return rf"(?!(?:{ours}){BLANK}(?:=|;|$))[^;]*+"


def first_language(wanted: str, known: Iterable[str]) -> str:
    """One (PCRE, of any case) for ``Accept-Language`` whose first known tag is ``wanted``."""
    any_known = "|".join(map(literal, known))
    other = rf"(?![ \t]*+(?:{any_known})(?![a-z0-9]))[^,]*+,"
    return rf"^(?:{other})*+[ \t]*+{literal(wanted)}(?![a-z0-9])"


def alternatives(names: Iterable[str], most: int, *, atomic: bool = True) -> Iterator[str]:
    """Regular expressions for any of ``names``, each of about ``most`` characters at most."""
    joined = ""
    for each in (name_pattern(name, atomic=atomic) for name in names):
        if joined and len(joined) + len(each) > most:
            yield joined
            joined = ""
        joined += ("|" if joined else "") + each
    if joined:
        yield joined


def name_pattern(name: str, *, atomic: bool = True) -> str:
    """A regular expression for cookie names that fit ``name``, where ``*`` is any characters.

    Each part between stars is found once and not tried again further on, which is all that such
    a pattern needs: time stays linear. ``atomic`` is false for engines that are linear anyway.
    """
    first, *rest = map(literal, name.split("*"))
    if not rest:
        return first
    *middle, last = rest
    star = "[^=;]*"
    between = (f"(?>{star}?{part})" if atomic else f"{star}{part}" for part in middle if part)
    return f"{first}{''.join(between)}{star}{last}"


def literal(text: str) -> str:
    """``text`` in a regular expression: all but letters and digits as hexadecimal.

    So whatever a policy holds, no character of it means anything to a server's own syntax.
    """
    return re.sub(r"[^A-Za-z0-9_-]", lambda found: f"\\x{ord(found[0]):02x}", text)


def plain(text: str) -> str:
    """``text`` for a quoted string; raises :class:`FrontError` where it could end one early."""
    if re.search(r"[\x00-\x1f\x7f-\uffff\"\\$`]", text):
        raise FrontError(f"{text[:80]!r} cannot stand in the configuration of a server")
    return text
