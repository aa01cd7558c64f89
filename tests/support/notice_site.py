"""A site with the notice in its pages, served on loopback, that keeps one visitor's choice."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from bandeau.choice.model import Answer, Choice, Source, Standing
from bandeau.policy.model import (
    LANGUAGES,
    CookieRule,
    DataKind,
    Exemption,
    Feature,
    Period,
    Policy,
    Purpose,
    Site,
    Tracker,
)
from bandeau.storage.files import read_words
from bandeau.web.notice import Notice
from bandeau.web.pages import Pages

POLICY = Policy(
    site=Site(
        name="Le Quotidien",
        controller="Le Quotidien SAS, 1 rue du Port, Nantes",
        hosts=("www.quotidien.test",),
        privacy_policy="/vie-privee",
        languages=LANGUAGES,
    ),
    purposes=(
        Purpose(key="functioning", exempt=Exemption.STRICTLY_NECESSARY),
        Purpose(key="audience", exempt=Exemption.AUDIENCE_MEASUREMENT),
        Purpose(
            key="social",
            data=(
                DataKind.IP,
                DataKind.BROWSING,
                DataKind.SOCIAL_INTERACTIONS,
                DataKind.COMMENTS,
            ),
        ),
        Purpose(key="advertising", data=(DataKind.IP, DataKind.BROWSING, DataKind.USAGE)),
        Purpose(key="advertising-geolocated", data=(DataKind.IP, DataKind.LOCATION)),
        Purpose(key="personalisation", data=(DataKind.BROWSING,)),
    ),
    features=(
        Feature(key="comments", purpose="social", alternative={"en": "Write to c@quotidien.test."}),
    ),
    trackers=(
        Tracker(vendor="Telegram", purpose="social", hosts=("telegram.org", "t.me")),
        Tracker(
            vendor="Le Quotidien",
            purpose="functioning",
            hosts=("static.quotidien-assets.test",),
            cookies=(CookieRule(name="session"),),
        ),
        Tracker(
            vendor="Example Ads",
            purpose="advertising",
            hosts=("ads.example",),
            cookies=(
                CookieRule(
                    name="_ea*", domain=".quotidien.test", max_age=Period(count=13, unit="month")
                ),
            ),
            storage=("ea:*",),
            paths=("/tags/*",),
            snippets=("<b>eatag('init'",),
            policy_url="https://ads.example/privacy",
        ),
        Tracker(vendor="Geo & Sons", purpose="advertising-geolocated", hosts=("geo.example",)),
    ),
)
KEYS = tuple(purpose.key for purpose in POLICY.consent_purposes)
STORY = "".join(
    f"<p>The town that grew up around the plant thinks about the plant. "
    f'<a href="#more{number}">More, part {number}</a>.</p>'
    for number in range(30)
)


def undecided() -> Standing:
    """A visitor who has chosen nothing."""
    return Standing(dict.fromkeys(KEYS, Answer.UNDECIDED), frozenset(), Source.NONE)


def chosen(*granted: str) -> Standing:
    """A visitor who allowed these purposes and refused the others."""
    answers = {key: Answer.GRANTED if key in granted else Answer.REFUSED for key in KEYS}
    choice = Choice("terms", {key: key in granted for key in KEYS}, "0190-record", 1_790_000_000)
    return Standing(answers, frozenset(), Source.CHOICE, choice)


@dataclass
class NoticeSite:
    """The publisher's page, our fragment in it, and what its one visitor did.

    ``head`` goes into the page's head; ``csp`` is the site's own policy, with ``{styles}``
    and ``{scripts}`` standing for our hashes; ``posted`` are the choices that came in.
    """

    policy: Policy = POLICY
    standing: Standing = field(default_factory=undecided)
    lang: str = "en"
    head: str = ""
    csp: str = ""
    bare: bool = False
    fails: bool = False
    posted: list[dict[str, list[str]]] = field(default_factory=list)
    address: str = ""

    def __post_init__(self) -> None:
        self.notice = Notice(self.policy, read_words())
        self.pages = Pages(self.policy, self.notice)

    def page(self, path: str) -> bytes:
        fragment = b"" if self.bare else self.notice.fragment(self.standing, self.lang, path)
        guard = "" if self.bare else self.notice.head(self.standing).decode()
        before = (
            f'<!doctype html><html lang="{self.lang}"><head>{guard}<meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>Le Quotidien</title>'
            "<style>body{font:18px/1.5 serif;margin:1em}</style>"
            f"{self.head}</head><body>"
        )
        after = (
            f"<main><h1>A story</h1>{STORY}"
            '<section data-bandeau="comments"><form><button>Post</button></form></section></main>'
            '<footer><a id="last" href="#end">The last link</a></footer></body></html>'
        )
        return before.encode() + fragment + after.encode()

    def own_page(self, path: str) -> bytes:
        if path.startswith("/.bandeau/privacy"):
            return self.pages.privacy_page(self.standing, self.lang)
        return self.pages.panel_page(self.standing, self.lang, "/story")

    def choose(self, fields: dict[str, list[str]]) -> None:
        self.posted.append(fields)
        action = fields["action"][0]
        granted = KEYS if action == "accept_all" else fields.get("purpose", [])
        self.standing = chosen(*(() if action == "refuse_all" else granted))

    def policy_header(self) -> dict[str, str]:
        styles, scripts = self.notice.style_hashes, self.notice.script_hashes
        csp = self.csp.format(styles=" ".join(styles), scripts=" ".join(scripts))
        return {"content-security-policy": csp} if csp else {}

    def state(self) -> dict[str, object]:
        purposes = {key: self.standing.grants(key) for key in KEYS}
        return {
            "decided": self.standing.decided,
            "purposes": purposes,
            "band": self.standing.band.value,
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, site: NoticeSite) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.site = site


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        site = self.server.site
        if self.path.startswith("/.bandeau/choice"):
            self.answer(200, json.dumps(site.state()).encode(), "application/json")
        elif self.path.startswith("/.bandeau/"):
            self.answer(200, site.own_page(self.path), "text/html", **site.pages.headers)
        else:
            page = site.page(self.path)
            self.answer(200, page, "text/html; charset=utf-8", **site.policy_header())

    def do_POST(self) -> None:
        site = self.server.site
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        spoken = self.headers["content-type"]
        if spoken != "application/json":
            fields = parse_qs(body)
            site.choose(fields)
            self.answer(303, b"", "text/plain", location=fields["return"][0])
        elif site.fails:
            self.answer(503, b"{}", spoken)
        else:
            given = json.loads(body)
            site.choose({k: v if isinstance(v, list) else [v] for k, v in given.items()})
            self.answer(200, json.dumps({"choice": site.state()}).encode(), spoken)

    def answer(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):  # a browser may leave in the middle of a page
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: what a test looks at is what the browser shows."""


@contextmanager
def noticed(site: NoticeSite) -> Iterator[NoticeSite]:
    """Serve ``site`` until the context ends."""
    server = _Server(site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site.address = f"http://www.quotidien.test:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)
