"""A newspaper as an audit saw it: two fresh profiles, four states, and what follows from it."""

from __future__ import annotations

import struct
import zlib

from bandeau.audit.evidence import (
    Cause,
    Cookie,
    Device,
    Evidence,
    Gap,
    HostSeen,
    Kind,
    Means,
    Phase,
    Place,
    Read,
    Request,
    Run,
    Seen,
    Sent,
    Setting,
    Stored,
    Write,
)
from bandeau.audit.finding import Finding, Severity, Source, Unchecked, Where
from bandeau.audit.knowledge import Basis, Known
from bandeau.audit.report import Judgement, Report, report_of
from bandeau.audit.shown import Box, Choosing, Control, Notice, Role, Visit

SITE = "https://www.quotidien.test/"
STARTED = 1_800_000_000_000
IDENTIFIER = "GA1.2.83746192.1799999999"
SESSION = "s3ss-0a1b2c3d4e5f"
BEARER = "eyJhbGciOiJIUzI1NiJ9.e30.q1w2e3r4"
DESKTOP = Setting()
PHONE = Setting(Device.PHONE, "fr")
_PURPOSES = {
    "ads.example": "advertising",
    "stats.example": "statistics",
    "social.example": "social",
}


class Declared:
    """What the newspaper's policy file would say."""

    declared = True
    sources = (
        Source("policy.toml", "2026-11-01", "ab" * 32, "the site's own"),
        Source("third-party-web", "0.30.0", "cd" * 32, "MIT"),
    )

    def own(self, host: str) -> bool:
        return host.endswith("quotidien.test")

    def host(self, host: str) -> Known:
        if purpose := _PURPOSES.get(host):
            return Known(Basis.POLICY, purpose, host.title(), True, source="policy.toml")
        return Known(Basis.NOTHING)

    def address(self, url: str) -> Known:
        return self.host(url.split("/")[2])

    def cookie(self, name: str, domain: str) -> Known:
        if name == "session":
            return Known(Basis.POLICY, "functioning", "Le Quotidien", False)
        if name == "_ga":
            return Known(Basis.POLICY, "statistics", "Stats", True)
        return self.host(domain.removeprefix("."))

    def stored(self, key: str, host: str) -> Known:
        return Known(Basis.POLICY, "advertising", "Ads", True)

    def allowed(self, purpose: str, granted: frozenset[str]) -> bool:
        return purpose in granted


class Undeclared(Declared):
    """What is known where there is no policy file."""

    declared = False
    sources = (Source("third-party-web", "0.30.0", "cd" * 32, "MIT"),)


def png(width: int, height: int, box: Box | None = None) -> bytes:
    """A picture of a page, grey, with a white notice."""
    rows = []
    for y in range(height):
        row = bytearray(b"\x00" + b"\xc8\xcc\xd4" * width)
        if box and box.y <= y < box.y + box.height:
            start, end = 1 + 3 * int(box.x), 1 + 3 * int(box.x + box.width)
            row[start:end] = b"\xff" * (end - start)
        rows.append(bytes(row))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


WIDE, NARROW = Box(0, 640, 1280, 160), Box(0, 500, 390, 344)
PICTURES = {
    "0-arrived.png": png(1280, 800, WIDE),
    "1-refused.png": png(390, 844, NARROW),
}


def _control(role: Role, label: str, x: float, *, filled: bool) -> Control:
    return Control(
        role,
        label,
        "button",
        Box(x, 720, 200, 44),
        font_size=16 if filled else 12,
        font_weight=600 if filled else 400,
        colour=(255, 255, 255) if filled else (140, 140, 150),
        background=(20, 90, 200) if filled else (255, 255, 255),
        filled=filled,
        contrast=6.1 if filled else 3.4,
        order=0 if filled else 3,
    )


def _notice(box: Box, picture: str) -> Notice:
    return Notice(
        tool="klaro",
        box=box,
        text="Nous et nos partenaires utilisons des traceurs.",
        language="fr",
        controls=(
            _control(Role.ACCEPT, "Tout accepter", box.x + 20, filled=True),
            _control(Role.REFUSE, "Continuer sans accepter", box.x + 160, filled=False),
        ),
        modal=False,
        picture=picture,
    )


def _visit(at: float, path: str = "", *, asking: bool = False, picture: str = "") -> Visit:
    return Visit(
        asked=SITE + path,
        landed=SITE + path,
        at=at,
        status=200,
        title="Le Quotidien",
        language="fr",
        words=420,
        asking=asking,
        reopen=not asking,
        links=(SITE + "article",),
        picture=picture,
    )


TAG = f"{SITE}static/tag.js"
_STACK = (Place(TAG, 12, 4, "load"), Place(SITE, 3, 1, ""))


def _page(id: str, at: float, path: str = "") -> Request:
    return Request(
        id,
        at,
        SITE + path,
        "GET",
        "document",
        SITE + path,
        SITE + path,
        Cause("other"),
        cookies=(Sent("session", SESSION, "www.quotidien.test"),),
        headers=(("Accept", "text/html"), ("Cookie", f"session={SESSION}")),
        status=200,
        mime="text/html",
        address="192.0.2.7",
        answer_headers=(
            ("content-type", "text/html"),
            ("set-cookie", f"session={SESSION}; Path=/; HttpOnly"),
        ),
        size=18_200,
        took=0.12,
    )


def _other(id: str, at: float, url: str, kind: str = "script", **fields: object) -> Request:
    told: dict[str, object] = {
        "cause": Cause("script", TAG, _STACK),
        "status": 200,
        "mime": "text/javascript",
        "address": "198.51.100.4",
        "answer_headers": (("content-type", "text/javascript"),),
        "size": 900,
        "took": 0.05,
    }
    return Request(id, at, url, "GET", kind, SITE, SITE, **told | fields)  # type: ignore[arg-type]


def _tracked(prefix: str, at: float) -> tuple[Request, ...]:
    """What advertising and statistics ask for, and who leads to whom."""
    collect = f"https://stats.example/collect?v=1&cid={IDENTIFIER}&page=%2F"
    sync = f"https://sync.partner.example/match?uid={IDENTIFIER}"
    return (
        _other(f"{prefix}t", at, TAG, cause=Cause("parser", SITE), address="192.0.2.7"),
        _other(f"{prefix}s", at + 0.2, collect, "ping", headers=(("Referer", SITE),)),
        _other(
            f"{prefix}a",
            at + 0.3,
            "https://ads.example/pixel.gif",
            "image",
            cookies=(Sent("uid", "u-77aa88bb99cc", ".ads.example"),),
            answer_headers=(("location", sync),),
            status=302,
        ),
        _other(
            f"{prefix}b",
            at + 0.4,
            sync,
            "image",
            cause=Cause("redirect", "https://ads.example/pixel.gif"),
            redirected_from=f"{prefix}a",
        ),
    )


def _written(at: float, request: str) -> tuple[Write, ...]:
    cause = Cause("script", TAG, _STACK)
    return (
        Write(
            at,
            Kind.COOKIE,
            Means.SCRIPT,
            "_ga",
            IDENTIFIER,
            ".quotidien.test",
            page=SITE,
            frame=SITE,
            lifetime=63_072_000,
            cause=cause,
        ),
        Write(
            at + 0.1,
            Kind.COOKIE,
            Means.HEADER,
            "uid",
            "u-77aa88bb99cc",
            ".ads.example",
            page=SITE,
            frame=SITE,
            lifetime=31_536_000,
            request=request,
        ),
    )


_SESSION = Cookie("session", SESSION, "www.quotidien.test", "/", None, True, True, "Lax")
_GA = Cookie("_ga", IDENTIFIER, ".quotidien.test", "/", 1_863_072_000, False, False, "Lax")


def evidence() -> Evidence:
    """All that was seen."""
    arrived = Seen(
        Phase.ARRIVED,
        0.0,
        10.0,
        (_visit(0.0, asking=True, picture="0-arrived.png"),),
        (_page("0p", 0.1), *_tracked("0", 0.4)),
        _written(0.7, "0a"),
        (Read(0.6, "document.cookie", "", SITE, SITE, Cause("script", TAG, _STACK), 4),),
        (_SESSION, _GA),
        (),
        notice=_notice(WIDE, "0-arrived.png"),
    )
    accepted = Seen(
        Phase.ACCEPTED,
        10.0,
        21.0,
        (_visit(12.0), _visit(15.0, "article")),
        (
            _page("1p", 12.1),
            *_tracked("1", 12.4),
            _other(
                "1l",
                13.0,
                "https://social.example/login",
                "fetch",
                headers=(("Authorization", f"Bearer {BEARER}"),),
                body=f"user=ana&token={BEARER}",
            ),
        ),
        _written(12.7, "1a"),
        (),
        (_SESSION, _GA),
        (Stored(Kind.LOCAL, "https://www.quotidien.test", "ea:segment", "sports,55-64"),),
        choosing=Choosing("accept_all", "words", 1, True, "klaro stored all: true", 11.0),
    )
    withdrawn = Seen(
        Phase.WITHDRAWN,
        21.0,
        30.0,
        (_visit(23.0),),
        (_page("2p", 23.1), _other("2t", 23.4, "https://ads.example/pixel.gif", "image")),
        (),
        (),
        (_SESSION, _GA),
        (),
        choosing=Choosing("withdraw", "words", 4, True, "klaro stored all: false", 22.0),
    )
    refused = Seen(
        Phase.REFUSED,
        0.0,
        9.0,
        (_visit(0.0, asking=True, picture="1-refused.png"), _visit(3.0, "article")),
        (_page("3p", 0.1), _page("3q", 3.1, "article")),
        (),
        (),
        (_SESSION,),
        (),
        choosing=Choosing("refuse_all", "words", 1, True, "klaro stored all: false", 2.0),
        notice=_notice(NARROW, "1-refused.png"),
    )
    return Evidence(
        SITE,
        STARTED,
        "Chromium 156.0",
        (Run(0, DESKTOP, (arrived, accepted, withdrawn)), Run(1, PHONE, (refused,))),
        (HostSeen("www.quotidien.test", ("192.0.2.7",)),),
        (Gap("accepted", "the sitemap could not be read"),),
    )


def findings() -> tuple[Finding, ...]:
    """What contradicts the choice in it."""
    return (
        Finding(
            "A6",
            ("A6",),
            Severity.NOTE,
            "Small targets",
            "link Partenaires",
            "A link is 12 by 40 pixels.",
            ("a at 20, 700: 40 by 12",),
            "Measure the link.",
            (),
            (Where(1, Phase.REFUSED, PHONE, page=SITE),),
        ),
        Finding(
            "V4",
            ("P1", "P2"),
            Severity.VIOLATION,
            "Trackers before any choice",
            "host stats.example",
            "It was contacted before the visitor had chosen anything.",
            (f"0.60 s: GET https://stats.example/collect?v=1&cid={IDENTIFIER}&page=%2F",),
            "Open the page in a fresh profile, touch nothing, and look at the network panel.",
            ("CNIL SAN-2020-012",),
            (Where(0, Phase.ARRIVED, DESKTOP, 0.6, SITE),),
        ),
        Finding(
            "V21",
            ("W5",),
            Severity.VIOLATION,
            "Kept after withdrawal",
            "cookie _ga of quotidien.test",
            "It was still there, and still sent, after consent was withdrawn.",
            (f"30.00 s: _ga={IDENTIFIER}", "expires 2029-01-14"),
            "Accept, withdraw, reload, and look at the cookies.",
            ("CNIL SAN-2024-019",),
            (Where(0, Phase.WITHDRAWN, DESKTOP, 30.0, SITE),),
        ),
        Finding(
            "V8",
            ("B14",),
            Severity.WARNING,
            "Refusing stands out less",
            "refuse on layer 1",
            "Accept is filled and bold, refuse is small and grey.",
            ("accept: 16 px, 600, contrast 6.1", "refuse: 12 px, 400, contrast 3.4"),
            "Look at the notice.",
            ("EDPB 03/2022",),
            (Where(0, Phase.ARRIVED, DESKTOP, page=SITE), Where(1, Phase.REFUSED, PHONE)),
        ),
    )


def judgement() -> Judgement:
    """What the verdicts said of it."""
    unchecked = (Unchecked("V22", "no TC string was found"),)
    return Judgement(findings(), unchecked, ("V1", "V3", "V4", "V8", "V21"))


def report() -> Report:
    """The report of it."""
    options = {"pages": 3, "allow_private": False}
    return report_of(
        evidence(),
        judgement(),
        Declared(),
        program="0.1.0",
        policy="0123456789abcdef",
        options=options,
        files=PICTURES,
    )
