"""The manners in which a tracker works: its script, its mark-up, and what its vendor answers."""

from __future__ import annotations

import html
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tests.zoo.shuffled import Names
from tests.zoo.site import Tracker

GIF = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
ANYONE = {"access-control-allow-origin": "*", "cache-control": "no-store"}
Answer = Callable[["Wired", Request], Response]


@dataclass(frozen=True)
class Wired:
    """A tracker with its names: ``own`` is the site's host, ``domain`` what it is registered as."""

    told: Tracker
    key: str
    names: Names
    own: str
    domain: str

    @property
    def _base(self) -> str:
        return self.told.base or self.key

    def word(self, part: str, syllables: int = 3) -> str:
        """A word for a part of it."""
        return self.names.word(f"{self._base} {part}", syllables)

    @cached_property
    def host(self) -> str:
        """Who is contacted; a manner that contacts nobody has no use for it."""
        if self.told.how == "cname":
            return f"{self.word('sub', 2)}.{self.domain}"
        return self.told.host or f"{self.word('sub', 2)}.{self.names.host(self._base)}"

    @cached_property
    def second_host(self) -> str:
        """Whom the vendor hands an identifier on to."""
        return f"{self.word('sub b', 2)}.{self.names.host(self._base + ' b')}"

    @cached_property
    def cookie(self) -> str:
        """The name of its cookie, key, database or cache."""
        return self.told.cookie or self.word("cookie")

    @property
    def vendor(self) -> str:
        """Who it belongs to."""
        return self.told.vendor or self.word("vendor").title()

    @property
    def manner(self) -> Manner:
        """How it works."""
        return MANNERS[self.told.how]

    def path(self, part: str) -> str:
        """Where a part of it is found on its host."""
        # The key is in it, so that two trackers on one host do not meet.
        return f"/{self.names.word(f'{self.key} path {part}', 4)}"

    def url(self, part: str, host: str = "") -> str:
        """The address of a part of it."""
        return f"https://{host or self.host}{self.path(part)}"

    def cookie_line(self, name: str, value: str, domain: str = "") -> str:
        """A ``Set-Cookie`` for its lifetime; to a third party's host if no ``domain`` is given."""
        life = f"; Max-Age={self.told.lifetime}" if self.told.lifetime else ""
        at = f"; Domain={domain}" if domain else ""
        return f"{name}={value}; Path=/; Secure; SameSite=None{life}{at}"


@dataclass(frozen=True)
class Manner:
    """``js`` is run in the page; ``wipe`` takes back what it left; ``answers`` are its vendor's.

    ``own`` parts are answered by the site itself. ``cookies`` are (name, domain) as a policy
    declares them, ``storage`` keys likewise, ``header`` cookies that the site's answers carry.
    """

    js: Callable[[Wired], str]
    element: tuple[str, str] | None = None
    answers: tuple[tuple[str, Answer], ...] = ()
    own: tuple[tuple[str, Answer], ...] = ()
    second: tuple[tuple[str, Answer], ...] = ()
    wipe: Callable[[Wired], str] = lambda wired: ""
    cookies: Callable[[Wired], list[tuple[str, str]]] = lambda wired: []
    storage: bool = False
    header: bool = False

    @property
    def contacts(self) -> bool:
        """Whether another host is asked for something."""
        return bool(self.answers)


def _identifier() -> str:
    return uuid.uuid4().hex


def _gif(headers: dict[str, str] | None = None) -> Response:
    return Response(GIF, media_type="image/gif", headers={**ANYONE, **(headers or {})})


def _plain_gif(wired: Wired, request: Request) -> Response:
    return _gif()


def _cookie_gif(wired: Wired, request: Request) -> Response:
    kept = request.cookies.get(wired.cookie) or _identifier()
    return _gif({"set-cookie": wired.cookie_line(wired.cookie, kept, _registered(wired.host))})


def _tagged_gif(wired: Wired, request: Request) -> Response:
    if known := request.headers.get("if-none-match"):
        return Response(status_code=304, headers={"etag": known, "cache-control": "no-cache"})
    tag = {"etag": f'"{_identifier()}"', "cache-control": "private, no-cache"}
    return Response(GIF, media_type="image/gif", headers=tag)


def _handed_on(wired: Wired, request: Request) -> Response:
    kept = request.cookies.get(wired.cookie) or _identifier()
    to = f"{wired.url('sync', wired.second_host)}?uid={kept}"
    line = wired.cookie_line(wired.cookie, kept, _registered(wired.host))
    return RedirectResponse(to, 302, headers={**ANYONE, "set-cookie": line})


def _partner_gif(wired: Wired, request: Request) -> Response:
    name = wired.word("cookie b")
    kept = request.cookies.get(name) or _identifier()
    line = wired.cookie_line(name, kept, _registered(wired.second_host))
    return _gif({"set-cookie": line})


def _frame(wired: Wired, request: Request) -> Response:
    kept = request.cookies.get(wired.cookie) or _identifier()
    line = wired.cookie_line(wired.cookie, kept, _registered(wired.host))
    key = json.dumps(wired.word("frame key"))
    page = (
        "<!doctype html><title>.</title><p>...</p><script>try{localStorage.setItem("
        f"{key},{json.dumps(kept)})}}catch(e){{}}</script>"
    )
    return Response(page, media_type="text/html", headers={**ANYONE, "set-cookie": line})


def _script(wired: Wired, request: Request) -> Response:
    """A vendor's script: keeps an identifier in the site's own cookies, and calls home with it."""
    name, life = wired.cookie, wired.told.lifetime
    text = (
        f"(function(){{var m=document.cookie.match(/(?:^|; ){name}=([^;]+)/),"
        "i=m?m[1]:crypto.randomUUID();"
        f"document.cookie='{name}='+i+';path=/;secure;samesite=lax'"
        f"+'{f';max-age={life}' if life else ''}';"
        f"new Image().src='{wired.url('ping')}?u='+i+'&p='+encodeURIComponent(location.pathname)"
        "})()"
    )
    return _javascript(text)


def _reader(wired: Wired, request: Request) -> Response:
    """A vendor's script that looks at what is kept, and keeps what it saw to itself."""
    return _javascript(
        "(function(){var n=document.cookie.length;"
        "for(var k=0;k<localStorage.length;k++)n+=localStorage.getItem(localStorage.key(k)).length;"
        "document.documentElement.dataset.n=n})()"
    )


def _javascript(text: str) -> Response:
    return Response(text, media_type="text/javascript", headers=ANYONE)


def _worker(wired: Wired, request: Request) -> Response:
    return _javascript("self.addEventListener('push',function(){});")


def _heard(wired: Wired, request: Request) -> Response:
    return Response(status_code=204, headers=ANYONE)


def _registered(host: str) -> str:
    return ".".join(host.split(".")[-2:])


def _vendor_cookie(wired: Wired) -> list[tuple[str, str]]:
    return [(wired.cookie, "." + _registered(wired.host))]


def _synced_cookies(wired: Wired) -> list[tuple[str, str]]:
    partner = (wired.word("cookie b"), "." + _registered(wired.second_host))
    return [*_vendor_cookie(wired), partner]


def _own_cookie(wired: Wired) -> list[tuple[str, str]]:
    return [(wired.cookie, "")]


def _image(wired: Wired) -> str:
    return f"new Image().src={json.dumps(wired.url('a'))};"


def _framed(wired: Wired) -> str:
    return (
        f"var f=document.createElement('iframe');f.src={json.dumps(wired.url('a'))};"
        "f.title='...';f.width=300;f.height=80;document.body.appendChild(f);"
    )


def _loaded(wired: Wired) -> str:
    return (
        f"var s=document.createElement('script');s.src={json.dumps(wired.url('a'))};"
        "document.head.appendChild(s);"
    )


def _cookie_js(wired: Wired) -> str:
    life = f";max-age={wired.told.lifetime}" if wired.told.lifetime else ""
    return (
        f"document.cookie='{wired.cookie}='+crypto.randomUUID()"
        f"+';path=/;secure;samesite=lax{life}';"
    )


def _alike_js(wired: Wired) -> str:
    """An identifier made of the terminal, so that it is the same wherever it is made."""
    return (
        "var s=[navigator.userAgent,screen.width,screen.height,new Date().getTimezoneOffset(),"
        "navigator.hardwareConcurrency].join(),v='';for(var n=0;n<4;n++){"
        "for(var h=n,k=0;k<s.length;k++)h=(h*31+s.charCodeAt(k))|0;"
        "v+=(h>>>0).toString(16).padStart(8,'0')}"
        f"document.cookie='{wired.cookie}='+v+';path=/;secure;samesite=lax;max-age=2592000';"
    )


def _indexed(wired: Wired) -> str:
    return (
        f"var o=indexedDB.open('{wired.cookie}',1);"
        "o.onupgradeneeded=function(){o.result.createObjectStore('v')};"
        "o.onsuccess=function(){var t=o.result.transaction('v','readwrite');"
        "t.objectStore('v').put(crypto.randomUUID(),'i');t.oncomplete=function(){o.result.close()}};"
    )


def _cached(wired: Wired) -> str:
    return (
        f"caches.open('{wired.cookie}').then(function(c){{"
        f"return c.put('{wired.path('i')}',new Response(crypto.randomUUID()))}});"
    )


def _canvas(wired: Wired) -> str:
    return (
        "var c=document.createElement('canvas');c.width=260;c.height=60;var g=c.getContext('2d');"
        "g.textBaseline='top';g.font='16px Arial';g.fillStyle='#f60';g.fillRect(100,1,62,20);"
        "g.fillStyle='#069';g.fillText('Sphinx of quartz, judge my vow',2,15);"
        "var d=c.toDataURL(),h=0;for(var k=0;k<d.length;k++)h=(h*31+d.charCodeAt(k))|0;"
        f"fetch('{wired.path('a')}?v='+(h>>>0).toString(16));"
    )


def _audio(wired: Wired) -> str:
    return (
        "var x=new OfflineAudioContext(1,5000,44100),o=x.createOscillator(),"
        "p=x.createDynamicsCompressor();o.type='triangle';o.frequency.value=1e4;"
        "o.connect(p);p.connect(x.destination);o.start(0);x.startRendering().then(function(b){"
        "var d=b.getChannelData(0),s=0;for(var k=4500;k<5000;k++)s+=Math.abs(d[k]);"
        f"fetch('{wired.path('a')}?v='+s)}});"
    )


def _carried(wired: Wired) -> str:
    return (
        f"var i=localStorage.getItem('{wired.cookie}')||crypto.randomUUID();"
        f"localStorage.setItem('{wired.cookie}',i);new Image().src='{wired.url('a')}?uid='+i;"
    )


def _ticking(wired: Wired) -> str:
    return (
        f"window.{wired.word('tick')}=setInterval(function(){{"
        f"fetch('{wired.url('a')}',{{mode:'no-cors',credentials:'include'}})}},700);"
    )


def _kept(area: str) -> Callable[[Wired], str]:
    return lambda wired: f"{area}.setItem('{wired.cookie}',crypto.randomUUID());"


def _forgotten(area: str) -> Callable[[Wired], str]:
    return lambda wired: f"{area}.removeItem('{wired.cookie}');"


def element(wired: Wired) -> str:
    """The mark-up that does it without script, or nothing."""
    if not wired.manner.element:
        return ""
    tag, rest = wired.manner.element
    source = html.escape(wired.url("a"))
    close = f"</{tag}>" if tag in ("script", "iframe") else ""
    return f'<{tag} src="{source}"{rest}>{close}'


_IMG = ("img", ' alt="" width="1" height="1"')
_IFRAME = ("iframe", ' title="..." width="300" height="80"')
_NOTHING: Callable[[Wired], str] = lambda wired: ""  # noqa: E731
_ENDED: Callable[[Wired], str] = lambda wired: f"clearInterval(window.{wired.word('tick')});"  # noqa: E731

MANNERS: dict[str, Manner] = {
    "header": Manner(_NOTHING, cookies=_own_cookie, header=True),
    "cookie": Manner(_cookie_js, cookies=_own_cookie),
    "alike": Manner(_alike_js, cookies=_own_cookie),
    "script": Manner(
        _loaded, ("script", " async"), (("a", _script), ("ping", _plain_gif)), cookies=_own_cookie
    ),
    "pixel": Manner(_image, _IMG, (("a", _cookie_gif),), cookies=_vendor_cookie),
    "plain": Manner(_image, _IMG, (("a", _plain_gif),)),
    "local": Manner(_kept("localStorage"), wipe=_forgotten("localStorage"), storage=True),
    "session": Manner(_kept("sessionStorage"), wipe=_forgotten("sessionStorage"), storage=True),
    "indexed": Manner(
        _indexed, wipe=lambda wired: f"indexedDB.deleteDatabase('{wired.cookie}');", storage=True
    ),
    "cache": Manner(_cached, wipe=lambda wired: f"caches.delete('{wired.cookie}');", storage=True),
    "worker": Manner(
        lambda wired: f"navigator.serviceWorker.register('{wired.path('w')}');",
        own=(("w", _worker),),
        wipe=lambda wired: (
            "navigator.serviceWorker.getRegistrations().then(function(l){"
            "l.forEach(function(r){r.unregister()})});"
        ),
    ),
    "canvas": Manner(_canvas, own=(("a", _heard),)),
    "audio": Manner(_audio, own=(("a", _heard),)),
    "beacon": Manner(
        lambda wired: f"navigator.sendBeacon('{wired.url('a')}',crypto.randomUUID());",
        answers=(("a", _heard),),
    ),
    "socket": Manner(
        lambda wired: f"new WebSocket('{wired.url('a').replace('https', 'wss', 1)}');",
        answers=(("a", _heard),),
    ),
    "etag": Manner(_image, _IMG, (("a", _tagged_gif),)),
    "carried": Manner(
        _carried, answers=(("a", _plain_gif),), wipe=_forgotten("localStorage"), storage=True
    ),
    "read": Manner(_loaded, ("script", " async"), (("a", _reader),)),
    "frame": Manner(_framed, _IFRAME, (("a", _frame),), cookies=_vendor_cookie),
    "cname": Manner(
        _image,
        _IMG,
        (("a", _cookie_gif),),
        cookies=lambda wired: [(wired.cookie, "." + wired.domain)],
    ),
    "sync": Manner(
        _image,
        _IMG,
        (("a", _handed_on),),
        second=(("sync", _partner_gif),),
        cookies=_synced_cookies,
    ),
    "leak": Manner(_NOTHING, answers=(("a", _plain_gif),)),
    "ticking": Manner(_ticking, answers=(("a", _cookie_gif),), wipe=_ENDED, cookies=_vendor_cookie),
}
