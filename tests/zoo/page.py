"""The pages of a site: their text, their trackers as the choice stands, and the notice."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tests.zoo import tcf, tools
from tests.zoo.built import Built, Choice, mood
from tests.zoo.manners import Wired, element
from tests.zoo.notices import OwnNotice
from tests.zoo.texts import RIGHT_TO_LEFT, TEXTS

_LATER_MS = 3_500
_SIGNALS = (
    "ad_storage", "ad_user_data", "ad_personalization", "analytics_storage",
    "functionality_storage", "personalization_storage", "security_storage",
)  # fmt: skip
_FRAME = """(function(){var F=document.getElementById(%(root)s),W=%(wipe)s,P=%(purposes)s;
addEventListener('message',function(e){if(!e.data||e.data.n!==%(root)s)return;
if('h' in e.data){if(e.data.h)F.style.height=e.data.h+'px';return}
P.forEach(function(p){if(e.data.p.indexOf(p)<0&&W[p])W[p]()});
fetch(%(choose)s,{method:'POST',headers:{'content-type':'application/json'},
body:JSON.stringify({a:e.data.a,p:e.data.p})}).then(function(){
location.replace(location.pathname+location.search)})});
var O=document.getElementById(%(reopen)s);
if(O)O.addEventListener('click',function(v){v.preventDefault();F.hidden=false})})();"""


@dataclass(frozen=True)
class Asked:
    """A page that is asked for: the ``index`` of an article, or -1 for the privacy policy."""

    index: int
    language: str


def render(built: Built, request: Request, asked: Asked) -> Response:
    """The page as the visitor's choice has it."""
    choice = built.read_choice(request)
    session = request.cookies.get(built.session) or uuid.uuid4().hex
    shown = _Page(built, request, asked, choice, session)
    response = Response(shown.html(), media_type="text/html; charset=utf-8")
    response.headers["cache-control"] = "private, no-store"
    if built.site.other_language:
        response.headers["vary"] = "accept-language"
    if built.session not in request.cookies:
        line = f"{built.session}={session}; Path=/; Secure; HttpOnly; SameSite=Lax"
        response.headers.append("set-cookie", line)
    for wired in shown.happening():
        if wired.manner.header and wired.cookie not in request.cookies:
            life = f"; Max-Age={wired.told.lifetime}" if wired.told.lifetime else ""
            line = f"{wired.cookie}={uuid.uuid4().hex}; Path=/; Secure; HttpOnly{life}"
            response.headers.append("set-cookie", line)
    return response


def frame(built: Built, language: str, granted: frozenset[str]) -> Response:
    """The document of a notice in a frame."""
    notice = OwnNotice(built, language, True, granted).html({}, {}, "", "")
    return Response(
        _document("...", language, f"<body style='margin:0'>{notice}"), media_type="text/html"
    )


class _Page:
    def __init__(
        self, built: Built, request: Request, asked: Asked, choice: Choice | None, session: str
    ) -> None:
        self.built, self.site, self.asked = built, built.site, asked
        self.choice, self.session = choice, session
        self.signal = request.headers.get("sec-gpc") == "1"
        self.words: dict[str, Any] = TEXTS[asked.language]
        told = self.site.notice
        again = told.nags and choice is not None and not choice.granted
        on_this = asked.index >= 0 or told.covers_policy
        self.asking = on_this and (choice is None or again) and told.tool == "own"
        self.by_client = told.tool in tools.TOOLS
        self.reopen = built.word("id reopen")

    def html(self) -> str:
        trackers = "" if self.by_client else self._trackers()
        body = (
            f"{self._head()}<body><header><nav>{self._links()}</nav></header>"
            f"<main>{self._main()}</main>{self._comments()}{trackers}{self._wall()}{self._footer()}{self._notice()}"
        )
        title = self.words["headings"][self.asked.index % 3]
        return _document(f"{title} - {self.built.title}", self.asked.language, body)

    def _comments(self) -> str:
        """The mark that Bandeau fills, under each article behind it."""
        marked = self.site.bandeau and self.asked.index >= 0
        return '<section data-bandeau="comments"></section>' if marked else ""

    def happening(self) -> list[Wired]:
        """The trackers that work on this page in this state, by client or not."""
        return [wired for wired in self.built.trackers if self._happens(wired)]

    def _happens(self, wired: Wired) -> bool:
        told, felt = wired.told, mood(wired.told.purpose, self.choice)
        if self.site.bandeau or felt == "granted":
            return True
        missed = {
            "second": self.asked.index == 0,
            "language": self.asked.language != self.site.other_language,
            "signal": not self.signal,
        }
        return felt in told.when and not missed.get(told.on, False)

    def _trackers(self) -> str:
        found = "".join(self._markup(wired) for wired in self.happening())
        return self._mode() + self._tcf() + found

    def _markup(self, wired: Wired) -> str:
        if wired.told.how == "leak":
            source = f"{wired.url('a')}?s={self.session}"
            return f'<img src="{source}" alt="" width="1" height="1">'
        granted = mood(wired.told.purpose, self.choice) == "granted"
        by_server = wired.told.on in ("second", "language", "signal")
        occasion = "load" if granted or by_server else wired.told.on
        if occasion == "load":
            static = element(wired)
            if static:
                return static
        js = self._js(wired)
        return f"<script>{conditioned(js, occasion)}</script>" if js else ""

    def _js(self, wired: Wired) -> str:
        if wired.told.vendor == "Told" and self.choice:
            # A vendor that speaks TCF is told of the choice with every call.
            return f"new Image().src={json.dumps(wired.url('a') + self._tc_query())};"
        return wired.manner.js(wired)

    def _links(self) -> str:
        prefix = f"/{self.asked.language}" if self._elsewhere else ""
        pages = [("/" if not prefix else f"{prefix}/", self.words["home"])]
        pages += [
            (f"{prefix}/{slug}", self.words["headings"][n % 3])
            for n, slug in enumerate(self.built.slugs, 1)
        ]
        other = self.site.other_language
        if other:
            to = "/" if self._elsewhere else f"/{other}/"
            pages.append((to, self.site.language if self._elsewhere else other))
        return " ".join(f'<a href="{path}">{escape(text)}</a>' for path, text in pages)

    @property
    def _elsewhere(self) -> bool:
        return self.asked.language != self.site.language

    def _main(self) -> str:
        words, built = self.words, self.built
        if self.asked.index < 0:
            return self._policy()
        heading = f"<h1>{escape(words['headings'][self.asked.index % 3])}</h1>"
        refused = self.choice is not None and not self.choice.granted
        if self.site.cut and refused:
            return f"{heading}<p>{words['cut']}</p>"
        order = list(words["body"])
        built.names.drawn(f"body {self.asked.index}").shuffle(order)
        return heading + "".join(f"<p>{text}</p>" for text in order)

    def _policy(self) -> str:
        words, built = self.words, self.built
        if self.site.policy_missing:
            return "<h1>404</h1>"
        titles = {key: title for key, (title, _) in words["purposes"].items()}
        rows = "".join(
            f"<li>{escape(wired.vendor)}: "
            f"{escape(titles.get(wired.told.purpose, words['always']))}. {words['kept']}</li>"
            for wired in built.trackers
        )
        deep = ""
        if self.site.notice.reopen == "deep":
            deep = (
                f"<details><summary>{words['deep']}</summary><details><summary>{words['deep']} 2"
                f'</summary><a id="{self.reopen}" href="#">{self._reopen_words()}</a>'
                "</details></details>"
            )
        return (
            f"<h1>{words['policy']}</h1><p>{words['policy_text']}</p>"
            f'<h2 id="{built.word("id partners")}">{words["partners"].format(count="")}</h2>'
            f"<ul>{rows}</ul>{deep}"
        )

    def _reopen_words(self) -> str:
        return escape(self.built.names.one("text reopen", self.words["reopen"]))

    def _footer(self) -> str:
        policy = f'<a href="{self.built.policy_path}">{self.words["policy"]}</a>'
        reopen = ""
        if self.site.notice.reopen == "link" and not self.site.bandeau:
            reopen = f' <a id="{self.reopen}" href="#">{self._reopen_words()}</a>'
        return f"<footer><p>{policy}{reopen}</p></footer>"

    def _wall(self) -> str:
        if not (self.site.notice.wall and self.asking):
            return ""
        return (
            f'<div role="presentation" style="position:fixed;inset:0;z-index:90;'
            f'background:rgba(0,0,0,.5)"><p style="color:#fff;margin:40vh 0 0;text-align:center">'
            f"{self.words['wall']}</p></div>"
        )

    def _notice(self) -> str:
        told = self.site.notice
        granted = self.choice.granted if self.choice else frozenset()
        if self.site.bandeau or told.tool == "none":
            return ""
        if self.by_client:
            return tools.TOOLS[told.tool].html(self.built, self.asked.language, self.reopen)
        if told.box == "frame":
            return self._framed()
        language = told.language or self.asked.language
        extra = self._covering() if told.covers_policy and self.asked.index < 0 else ""
        notice = OwnNotice(self.built, language, self.asking, granted)
        return notice.html(later(self.built), wipe(self.built), self.reopen, extra)

    def _covering(self) -> str:
        return "R.querySelector('div').style.cssText+=';top:0;max-height:none';"

    def _framed(self) -> str:
        root = self.built.word("id root")
        hidden = "" if self.asking else " hidden"
        told = {
            "root": json.dumps(root),
            "wipe": "{" + ",".join(
                f"{json.dumps(key)}:function(){{{body}}}" for key, body in wipe(self.built).items()
            ) + "}",
            "purposes": json.dumps(self.built.purposes),
            "choose": json.dumps(self.built.choose_path),
            "reopen": json.dumps(self.reopen),
        }  # fmt: skip
        source = f"https://{self.built.frame_host}/{self.asked.language}"
        return (
            f'<iframe id="{root}" title="{escape(self.words["title"][0])}" src="{source}"{hidden} '
            'style="position:fixed;left:0;right:0;bottom:0;width:100%;height:300px;'
            f'border:0;z-index:99"></iframe><script>{_FRAME % told}</script>'
        )

    def _head(self) -> str:
        return (
            "<style>body{margin:0 auto;max-width:720px;padding:0 14px;font:17px/1.6 sans-serif;"
            "color:#1a1a1a;background:#fff}main{min-height:160vh}nav a{margin-inline-end:14px}"
            "a{color:#0b3d91}</style></head>"
        )

    def _mode(self) -> str:
        if not self.site.consent_mode:
            return ""
        granted = self.choice is not None and "advertising" in self.choice.granted
        default = "granted" if self.site.consent_mode == "granted" else "denied"
        early = "gtag('config','G-ZOO');" if self.site.consent_mode == "late" else ""
        lines = "".join(
            f"{signal}:'{'granted' if signal == 'security_storage' else default}',"
            for signal in _SIGNALS
        )
        state = "granted" if granted else "denied"
        update = ",".join(f"{signal}:'{state}'" for signal in _SIGNALS[:-1])
        changed = f"gtag('consent','update',{{{update}}});" if self.choice else ""
        return (
            "<script>window.dataLayer=window.dataLayer||[];"
            "function gtag(){dataLayer.push(arguments)}"
            f"{early}gtag('consent','default',{{{lines}}});{changed}</script>"
        )

    def _says(self) -> tuple[bool, bool]:
        told, choice = self.site.tcf, self.choice
        assert told is not None
        if choice is None:
            return told.positive_before, False
        granted = "advertising" in choice.granted
        lied = told.positive_after and not granted
        return granted or lied, told.legitimate_left and not granted

    def _tcf(self) -> str:
        if not self.site.tcf:
            return ""
        granted, legitimate = self._says()
        disclosed = not self.site.tcf.undisclosed
        empty = self.choice is None and not granted
        string = "" if empty else tc_now(granted, legitimate, disclosed)
        script = tcf.stub(string, granted, legitimate, self.asking, disclosed)
        kept = f"document.cookie='euconsent-v2={string};path=/;max-age=15552000;secure';"
        return f"<script>{script}{'' if empty else kept}</script>"

    def _tc_query(self) -> str:
        assert self.site.tcf is not None
        granted, legitimate = self._says()
        told = granted or self.site.tcf.vendor_not_told
        return f"?gdpr=1&gdpr_consent={tc_now(told, legitimate, not self.site.tcf.undisclosed)}"


def tc_now(granted: bool, legitimate: bool, disclosed: bool) -> str:
    """A TC string of today."""
    return tcf.tc_string(granted, time.time(), legitimate, disclosed)


def conditioned(js: str, occasion: str) -> str:
    """``js``, run on an occasion."""
    body = f"function(){{{js}}}"
    if occasion == "delay":
        return f"setTimeout({body},{_LATER_MS})"
    if occasion == "scroll":
        return f"addEventListener('scroll',{body},{{once:true}})"
    if occasion == "phone":
        return f"if(innerWidth<700)({body})()"
    if occasion == "reload":
        return f"if(performance.getEntriesByType('navigation')[0].type==='reload')({body})()"
    return f"({body})()"


def later(built: Built) -> dict[str, str]:
    """By purpose, the scripts that start what was just allowed, for pages that do not reload."""
    return _by_purpose(built, {wired.key: wired.manner.js(wired) for wired in built.trackers})


def wipe(built: Built) -> dict[str, str]:
    """By purpose, the scripts that take back what was kept."""
    return _by_purpose(
        built,
        {wired.key: wired.manner.wipe(wired) for wired in built.trackers if not wired.told.stays},
    )


def _by_purpose(built: Built, scripts: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for wired in built.trackers:
        script = scripts.get(wired.key, "")
        if script:
            before = found.get(wired.told.purpose, "")
            found[wired.told.purpose] = f"{before}(function(){{{script}}})();"
    return found


def _document(title: str, language: str, body: str) -> str:
    direction = ' dir="rtl"' if language in RIGHT_TO_LEFT else ""
    return (
        f'<!doctype html><html lang="{language}"{direction}><head><meta charset="utf-8">'
        f'<title>{escape(title)}</title><meta name="viewport" content="width=device-width">'
        f'<link rel="icon" href="data:,">{body}</body></html>'
    )
