"""Traps of text: what pages may write that is no character, no address, no number or no HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_NOTICE = (
    "<div id=n role=dialog style='position:fixed;bottom:0;left:0;right:0;background:#fff;"
    "padding:20px'>We use cookies to measure. <button id=a>Accept all</button> "
    "<button id=r>Refuse all</button> <a href=/privacy>Privacy policy</a></div>"
)
_NO_ADDRESSES = (
    "http://[", "https://[::1", "//[", "http://a.test:99999999/", "https://%zz/", "///", "https:",
    "https://ex ample/", "https://" + "a" * 300 + ".test/", "https://user:pa@ss@trap.test/",
    "javascript:alert(1)", "blob:https://x/y", "https://１２７.0.0.1/", "https://0x7f.1/",
    "ht!tp://x", "?" + "q" * 70_000, "#" + "f" * 70_000,
)  # fmt: skip
_FORM_NAMES = (
    "matches tagName getBoundingClientRect getAttribute closest querySelectorAll children "
    "childNodes parentNode parentElement id className attributes innerText textContent shadowRoot "
    "checkVisibility focus click contains"
)
_NONE = "color:color(display-p3 none 1 none);background:lab(none none none)"

TEXTS: dict[str, str] = {
    "halves": "<script>var h='\\ud800';document.title=h+'t';document.cookie='s'+h+'=v'+h+';path=/';"
    "localStorage['k'+h]=sessionStorage['k'+h]='\\udfffv';indexedDB.open('d'+h);"
    "try{caches.open('c'+h)}catch(e){};fetch('/x?'+h,{method:'POST',body:h});"
    "history.replaceState({a:h},'','/#'+h);window.dataLayer=[['consent','update',{ad_storage:h}]];"
    'localStorage.consent=\'{"\\\\ud800":true,"b":false}\';document.documentElement.lang=h;'
    "addEventListener('load',function(){n.append(h);a.textContent+=h})</script>" + _NOTICE,
    "addresses": _NOTICE
    + "".join(f"<a href='{each}'>Privacy policy</a>" for each in _NO_ADDRESSES)
    + "<link rel=canonical href='http://['><iframe src='http://['></iframe><script>"
    "['http://[','https://[::1','//[','\\ud800','x'.repeat(1e6)].forEach(function(u){[function(){"
    "navigator.serviceWorker.register(u).catch(function(){})},function(){navigator.sendBeacon(u)},"
    "function(){new WebSocket(u)},function(){cookieStore.set(u,u).catch(function(){})},function(){"
    "cookieStore.set({name:u,value:u,domain:u,expires:NaN}).catch(function(){})},function(){"
    "cookieStore.set({name:'q',value:'1',expires:Infinity}).catch(function(){})},function(){"
    "document.cookie='e=1;expires='+u+';max-age=9e99;domain='+u},function(){history.pushState("
    "1,'',u)}].forEach(function(f){try{f()}catch(e){}})})</script><script>document.cookie='y=1';"
    "localStorage.z=document.cookie\n//# sourceURL=http://[\n</script>",
    "keys": _NOTICE
    + "<script>['__proto__','constructor','toString','','=x','a b','<script>'].forEach(function(k){"
    "document.cookie=k+'=1;path=/';localStorage.setItem(k,'{\"__proto__\":{\"x\":1}}')})</script>",
    "interfaces": _NOTICE
    + "<script>var deep={},d=deep;for(var n=0;n<5000;n++)d=d.x={};window.__tcfapi=function(c,v,f){"
    "f({tcString:new Array(1e6).join('C'),x:deep},true);f(new Proxy({},{get:function(){throw 1}}),"
    "true);throw 4};window.__gpp=function(c,f){f({gppString:deep},true)};window.__uspapi="
    "function(){while(1)};window.dataLayer=new Proxy([],{get:function(){throw 1}});"
    "localStorage.consent=new Array(3e4).join('[')</script>",
    "colours": "<div role=dialog style='position:fixed;top:0;background:color(srgb none none none /"
    " none);color:oklch(none none none);zoom:1e9;font-size:calc(infinity*1px)'>We use cookies to "
    f"measure <button style='{_NONE}'>Accept all</button><button style='{_NONE};transform:"
    "scale(calc(infinity))'>Refuse all</button></div>",
    "form": "<form role=dialog onsubmit='return false' style='position:fixed;bottom:0'>We use "
    "cookies to measure. "
    + "".join(f"<input type=hidden name={each}>" for each in _FORM_NAMES.split())
    + "<button>Accept all</button> <button>Refuse all</button></form>",
    "nested": "<script>(function put(d,n){var f=d.createElement('iframe');d.body.append(f);"
    "f.contentDocument.body.innerHTML='<div role=dialog>We use cookies <button>Accept all</button>"
    "<button>Refuse all</button></div>';if(n<100)put(f.contentDocument,n+1)})(document,0)</script>",
    "shy": _NOTICE
    + "<script>new MutationObserver(function(){n.remove()}).observe(document,{attributes:true,"
    "subtree:true});['resize','focusin'].forEach(function(e){addEventListener(e,function(){"
    "n.remove()})});addEventListener('mousemove',function(){n.style.left=Math.random()*99+'px'})"
    "</script>",
    "rootless": _NOTICE + "<script>setInterval(function(){document.documentElement&&"
    "document.documentElement.remove()},10)</script>",
    "opaque": _NOTICE + "<script>document.requestStorageAccess&&document.requestStorageAccess();"
    "var c=new RTCPeerConnection({iceServers:[{urls:'stun:127.0.0.1:9'}]});"
    "c.createDataChannel('x');c.createOffer().then(function(o){c.setLocalDescription(o)});"
    "try{new WebTransport('https://127.0.0.1:9/')}catch(e){};"
    "new EventSource('http://127.0.0.1:9/')</script>",
}


def _cookies(_: Request) -> Response:
    response = HTMLResponse(f"<!doctype html><title>x</title>{_NOTICE}")
    lines = (
        b"a=1; Expires=Thu, 99 Zug 99999 99:99:99 GMT", b"b=2; Max-Age=99999999999999999999999",
        b"c=3; Max-Age=-1e9", b"d=\xff\xfe\xe9", b"\xe9=1", b"e=1; Domain=.test", b"f=1; Domain=",
        b"h=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", b"i=1; Max-Age=9223372036854775807",
        b"__Host-x=1", b"j", b"=k", b";", b"m=" + b"x" * 60_000,
    )  # fmt: skip
    response.raw_headers.extend((b"set-cookie", each) for each in lines)
    response.raw_headers.append((b"refresh", b"1; url=http://["))
    return response


def _site_map(request: Request) -> Response:
    if request.url.path != "/sitemap.xml":
        return HTMLResponse(f"<!doctype html><title>x</title>{_NOTICE}")
    nested = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 12))
    places = ("&l11;&f;", "http://[", "http://127.0.0.1:9/", "file:///etc/passwd")
    written = "".join(f"<url><loc>{place}</loc></url>" for place in places) * 50
    return Response(
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol"><!ENTITY f SYSTEM '
        f'"file:///etc/passwd">{nested}]><urlset>{written}'
        + "<url><loc>https://site-map.trap.test/a</loc></url>"
        * 300_000,
        media_type="application/xml",
    )


def _xml(_: Request) -> Response:
    return Response("<?xml version='1.0'?><a><b>We use cookies</b></a>", media_type="text/xml")


def _json(_: Request) -> Response:
    return Response("[" * 100_000, media_type="application/json")


ANSWERS: Mapping[str, Callable[[Request], Response]] = {
    "cookie-lines": _cookies,
    "site-map": _site_map,
    "xml": _xml,
    "json": _json,
}
