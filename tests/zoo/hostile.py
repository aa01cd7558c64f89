"""Pages that try to notice, mislead, hold up or crash whoever audits them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tests.zoo.hostile_texts import ANSWERS, TEXTS

_PRIVATE = ("127.0.0.1", "10.0.0.1", "[::1]", "169.254.169.254", "localhost", "192.168.0.1")
_MEGABYTE = b"<!--" + b"x" * 1_048_568 + b"-->"
_DETECT = """<script>
var told={webdriver:navigator.webdriver,agent:navigator.userAgent,languages:navigator.languages,
plugins:navigator.plugins.length,chrome:typeof window.chrome,size:[outerWidth,outerHeight],
automation:Object.keys(window).filter(function(k){return /cdc_|playwright|puppeteer|selenium/i
.test(k)}),cookie:String(Object.getOwnPropertyDescriptor(Document.prototype,'cookie').get),
item:String(Storage.prototype.getItem),canvas:String(HTMLCanvasElement.prototype.toDataURL),
fetch:String(window.fetch)};
Error.prepareStackTrace=function(e,f){return f.map(function(c){return String(c.getFileName())})};
told.stack=new Error('x').stack;delete Error.prepareStackTrace;told.inspected=false;
var trap=new Error('x');Object.defineProperty(trap,'stack',{get:function(){told.inspected=true}});
console.debug(trap);var frame=document.createElement('iframe');document.body.append(frame);
var fresh=frame.contentWindow;told.realm=[Object.getOwnPropertyDescriptor(Document.prototype,
'cookie').get,Storage.prototype.getItem,window.fetch].map(function(f){
return fresh.Function.prototype.toString.call(f)});told.freshdriver=fresh.navigator.webdriver;
var began=performance.now();for(var n=0;n<50;n++)document.cookie;
told.slow=performance.now()-began;
var aside=new Worker(URL.createObjectURL(new Blob(['postMessage([navigator.userAgent,'+
'navigator.webdriver])'])));aside.onmessage=function(e){told.aside=e.data;
fetch('/told',{method:'POST',body:JSON.stringify(told)})};</script>"""

PAGES: dict[str, str] = {
    **TEXTS,
    "detect": _DETECT,
    "debugger": "<script>setInterval(function(){debugger},20);for(var n=0;n<200;n++)debugger;"
    "</script>",
    "console": "<script>setInterval(function(){for(var n=0;n<500;n++)console.log("
    "new Array(1000).join('x'))},50)</script>",
    "alerts": "<script>for(;;)alert('again')</script>",
    "prompts": "<script>for(;;){confirm('?');prompt('?')}</script>",
    "windows": "<script>for(var n=0;n<500;n++)window.open('/windows?'+n,'w'+n);"
    "addEventListener('click',function(){for(var n=0;n<50;n++)window.open('/windows?'+n)})"
    "</script>",
    "huge": "<script>var h='';for(var n=0;n<200000;n++)h+='<p><b>accept all '+n+'</b>';"
    "document.body.innerHTML=h</script>",
    "deep": "<div>" * 20_000,
    "endless-loop": "<script>while(1);</script>",
    "late-loop": "<script>addEventListener('click',function(){while(1);});"
    "setTimeout(function(){while(1);},1500)</script>",
    "unload": "<script>addEventListener('beforeunload',function(e){e.preventDefault();"
    "e.returnValue='stay'});addEventListener('pagehide',function(){for(var t=Date.now();"
    "Date.now()-t<9e4;);})</script><button>Accept all</button>",
    "memory": "<script>var a=[];setInterval(function(){a.push(new Uint8Array(5e7).fill(1))},10)"
    "</script>",
    "workers": "<script>for(var n=0;n<300;n++)new Worker(URL.createObjectURL(new Blob("
    "['for(;;);'])))</script>",
    "frames": "<script>for(var n=0;n<400;n++){var f=document.createElement('iframe');"
    "f.src='/frames?'+n+location.search;if(location.search.length<12)document.body"
    ".appendChild(f)}</script>",
    "requests": "<script>setInterval(function(){for(var n=0;n<200;n++)fetch('/none?'+Math.random())"
    "},10)</script>",
    "cookies": "<script>for(var n=0;n<5000;n++)document.cookie='c'+n+'='+new Array(3000).join('x')"
    "</script>",
    "storage": "<script>try{for(var n=0;n<5000;n++)localStorage['k'+n]=new Array(5000).join('x')}"
    "catch(e){}</script>",
    "permissions": "<script>Notification.requestPermission();"
    "navigator.geolocation.getCurrentPosition(function(){fetch('/granted')});"
    "navigator.mediaDevices.getUserMedia({video:true,audio:true}).then(function(){"
    "fetch('/granted')}).catch(function(){});navigator.clipboard.readText().then(function(){"
    "fetch('/granted')}).catch(function(){})</script>",
    "files": "<iframe src='file:///etc/passwd'></iframe><img src='file:///etc/hostname'>"
    "<a href='file:///etc/passwd'>Privacy policy</a><script>location='file:///etc/passwd'</script>",
    "schemes": "<script>['chrome://settings','view-source:file:///etc/passwd','javascript:while(1);',"
    "'data:text/html,<script>while(1)<\\/script>','mailto:a@b.test'].forEach(function(u){"
    "var a=document.createElement('a');a.href=u;a.textContent='Privacy policy '+u;"
    "document.body.appendChild(a);window.open(u)})</script>",
    "private": "".join(
        f"<img src='http://{host}:9/i'><iframe src='http://{host}:9/f'></iframe>"
        f"<link rel=stylesheet href='http://{host}:9/s'><script>fetch('http://{host}:9/x',"
        f"{{mode:'no-cors'}}).catch(function(){{}});try{{new WebSocket('ws://{host}:9/w')}}"
        f"catch(e){{}};navigator.sendBeacon('http://{host}:9/b','x')</script>"
        for host in _PRIVATE
    ),
    "private-page": "<script>location='http://127.0.0.1:9/'</script>",
    "download": "<a id=d href='/file' download>Accept all</a><iframe src='/file'></iframe>"
    "<script>d.click()</script>",
    "names": "<form id=f><input name=innerText><input name=querySelectorAll><input name=children>"
    "</form><img name=body><img name=querySelector><button>Accept all</button><script>"
    "Array.prototype.map=Array.prototype.filter=JSON.stringify=Object.keys=function(){"
    "throw new Error('no')};Element.prototype.getBoundingClientRect=function(){throw 1};"
    "window.getComputedStyle=function(){throw 2}</script>",
    "moving": "<button id=b style='position:fixed'>Accept all</button><script>setInterval("
    "function(){b.style.left=Math.random()*900+'px';b.style.top=Math.random()*600+'px'},5)</script>",
    "regrowing": "<div id=n role=dialog>We use cookies. <button>Accept all</button></div><script>"
    "document.addEventListener('click',function(){document.body.appendChild(n.cloneNode(true))})"
    "</script>",
    "markup": '<title>"><script>alert(1)</script></title><h1>\x07\u202e&#0;</h1>'
    "<script>document.cookie='a\"><b>=1\\u202e;path=/';localStorage['</script><img src=x onerror="
    "alert(1)>']='${7*7}{{7*7}}'</script>",
    "print": "<script>for(;;)print()</script>",
    "history": "<script>setInterval(function(){for(var n=0;n<500;n++)history.pushState({},'',"
    "'/h?'+Math.random());history.back()},10)</script>",
    "write": "<script>addEventListener('load',function(){setInterval(function(){document.write("
    "'<script>document.write(new Array(1e5).join(\"<p>x\"))<\\/script>')},20)})</script>",
    "nodes": "<script>for(var n=0;n<1e6;n++)document.body.appendChild(document.createElement('b'))"
    ".textContent='cookies '+n</script>",
    "sockets": "<script>for(var n=0;n<200;n++){var s=new WebSocket('wss://'+location.host+'/s');"
    "s.onopen=function(){var t=this;setInterval(function(){for(var m=0;m<50;m++)t.send("
    "new Array(1e4).join('x'))},5)}}</script>",
    "downloads": "<script>setInterval(function(){var a=document.createElement('a');a.href='/file?'"
    "+Math.random();a.download='x';document.body.append(a);a.click()},20)</script>",
    "relay": "<script>navigator.serviceWorker.register('/looping.js').then(function(){"
    "setInterval(function(){fetch('/loop?'+Math.random())},50)})</script>",
    "self": "<script>setInterval(function(){location.hash=Math.random()},1);"
    "setInterval(function(){location.reload()},300)</script>",
    "plain-worker": "<script>navigator.serviceWorker.register('/worker.js')</script>",
}
_LOOPING = (
    "self.addEventListener('install',function(){self.skipWaiting()});"
    "self.addEventListener('activate',function(e){e.waitUntil(clients.claim())});"
    "self.addEventListener('fetch',function(e){for(var n=0;n<20;n++)fetch('/again?'+Math.random());"
    "e.respondWith(registration.update().then(function(){return new Response('x')}))})"
)
_WORKER = "self.addEventListener('fetch',function(e){e.respondWith(new Promise(function(){}))})"
_SPECIAL = (
    "redirects", "bounce", "endless", "big", "gigabyte", "slow", "silent", "to-private", "to-file",
    "refresh", "bomb", "broken", "headers",
)  # fmt: skip


class Hostile:
    """The hostile corner as an ASGI application: one host for each trap, ``TRAP.trap.test``.

    ``told`` is what the page ``detect`` found out of its visitor, ``granted`` whether a permission
    was given.
    """

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.granted = False

    @property
    def addresses(self) -> list[str]:
        """Where each trap is."""
        return [f"https://{name}.trap.test/" for name in (*PAGES, *_SPECIAL, *ANSWERS)]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await _flooding(receive, send)
        if scope["type"] == "http":
            request = Request(scope, receive)
            trap = request.headers.get("host", "").partition(".")[0]
            if trap in ("endless", "big", "gigabyte", "slow", "silent"):
                await _streamed(trap, send)
            else:
                await (await self._answer(trap, request))(scope, receive, send)

    async def _answer(self, trap: str, request: Request) -> Response:
        path = request.url.path
        if path in ("/told", "/granted"):
            self.granted = self.granted or path == "/granted"
            self.told += [await request.json()] if path == "/told" else []
            return JSONResponse({})
        if path in _FILES:
            return _FILES[path]()
        if trap in ANSWERS:
            return ANSWERS[trap](request)
        if trap in _SPECIAL:
            return _special(trap, request)
        body = PAGES.get(trap)
        if body is None:
            return Response(status_code=404)
        return HTMLResponse(f"<!doctype html><html lang=en><title>{trap}</title><body>{body}")


def _evil() -> Response:
    named = {"content-disposition": "attachment; filename=../../evil.sh"}
    return Response(b"x" * 10_000, media_type="application/x-sh", headers=named)


_FILES = {
    "/file": _evil,
    "/worker.js": lambda: Response(_WORKER, media_type="text/javascript"),
    "/looping.js": lambda: Response(
        _LOOPING + f"//{time.monotonic()}", media_type="text/javascript"
    ),
}


def _special(trap: str, request: Request) -> Response:
    number = int(request.query_params.get("n", "0")) + 1
    led = {
        "redirects": f"/?n={number}",
        "to-private": "http://127.0.0.1:9/",
        "to-file": "file:///etc/passwd",
    }
    written = {
        "refresh": f"<meta http-equiv=refresh content='0;url=/?n={number}'><p>{number}",
        "bounce": f"<script>location.replace('/?n={number}')</script>",
        "headers": "<p>cookies",
    }
    if trap in led:
        return RedirectResponse(led[trap])
    if trap in written:
        response = HTMLResponse(written[trap])
        many = 50 if trap == "headers" else 0
        response.raw_headers.extend(
            (b"set-cookie", f"c{n}={'x' * 3000}".encode()) for n in range(many)
        )
        return response
    data = _bomb() if trap == "bomb" else b"\x1f\x8bnot"
    return Response(data, media_type="text/html", headers={"content-encoding": "gzip"})


def _bomb() -> bytes:
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(_MEGABYTE) for _ in range(300)) + packer.flush()


async def _streamed(trap: str, send: Any) -> None:
    """A document without end, of 100 MB or 1 GB, byte by byte, or one of which nothing comes."""
    headers = [(b"content-type", b"text/html")]
    if trap == "silent":
        await asyncio.sleep(3600)
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await _part(send, b"<!doctype html><p>Hello")
    rounds = {"big": 100, "gigabyte": 1000}.get(trap, 3600 * 50)
    for _ in range(rounds):
        await _part(send, _MEGABYTE if rounds <= 1000 else b" x")
        await asyncio.sleep({"big": 0, "gigabyte": 0, "slow": 1}.get(trap, 0.02))
    await send({"type": "http.response.body", "body": b""})


async def _flooding(receive: Any, send: Any) -> None:
    """A socket that says as much as it can until the other end has gone."""
    await receive()
    await send({"type": "websocket.accept"})
    with contextlib.suppress(Exception):
        while True:
            await send({"type": "websocket.send", "text": "x" * 10_000})
            await asyncio.sleep(0.01)


async def _part(send: Any, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})
