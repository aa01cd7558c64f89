"""A publisher's page with one of everything that the auditor must see, on seven hosts over TLS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from tracking import self_signed

from bandeau.web.server import listen

PAGE = """<!doctype html><html lang=en><head><title>News</title>
<link rel=stylesheet href="https://site.test/style.css">
<script>document.cookie = "inline=1; path=/; max-age=3600";</script>
<script src="https://stats.test/stats.js"></script></head><body><h1>News</h1>
<img src="https://ads.test/pixel"><img src="https://metrics.site.test/p.gif">
<iframe src="https://social.test/widget"></iframe>
<script>
localStorage.setItem("by-method", "m"); localStorage.byProperty = "p";
sessionStorage.setItem("in-session", "s");
localStorage.getItem("by-method");
indexedDB.open("base", 1);
caches.open("store-1").then((cache) => cache.put("/x", new Response("x")));
cookieStore.set({name: "stored", value: "1", expires: Date.now() + 86400000});
cookieStore.get("stored");
eval("document.cookie = 'evald=1; path=/'");
const frame = document.createElement("iframe"); document.body.append(frame);
Object.getOwnPropertyDescriptor(frame.contentWindow.Document.prototype, "cookie")
  .set.call(document, "realm=1; path=/");
new Worker("/worker.js");
navigator.serviceWorker.register("/sw.js");
const canvas = document.createElement("canvas"); canvas.getContext("2d").fillText("a", 1, 1);
canvas.toDataURL();
const gl = document.createElement("canvas").getContext("webgl");
if (gl) gl.getParameter(37446);
navigator.userAgentData.getHighEntropyValues(["model"]);
document.fonts.check("12px Arial");
canvas.getContext("2d").measureText("wide");
</script>
<button id=accept onclick="accepted()">Accept</button>
<script>function accepted() {
  const more = document.createElement("script"); more.src = "https://late.test/more.js";
  document.body.append(more);
}</script></body></html>"""
STATS = """function track() {
  document.cookie = "_stats=abc; path=/; max-age=63072000";
  const seen = document.cookie;
  new Image().src = "https://stats.test/i.gif?c=" + encodeURIComponent(seen);
  navigator.sendBeacon("https://stats.test/beacon", "beacon body");
  const socket = new WebSocket("wss://stats.test/socket");
  socket.onopen = () => socket.send("over the socket");
}
track();
setTimeout(function later() {
  fetch("https://stats.test/later", {method: "POST", body: "late body", keepalive: true,
    mode: "no-cors"});
}, 200);"""
WIDGET = """<!doctype html><script>
document.cookie = "socjs=1; SameSite=None; Secure; path=/";
localStorage.setItem("social-key", "1");
const c = document.createElement("canvas"); c.getContext("2d").fillText("x", 1, 9);
c.toDataURL("image/png");
</script>Like"""
# What a page does that suspects a robot. It says what it found.
SUSPICIOUS = """<!doctype html><script>
const found = [], native = (f, name) => {
  const said = Function.prototype.toString.call(f);
  if (!/\\{\\s*\\[native code\\]\\s*\\}$/.test(said)) found.push("wrapped " + name);
};
const part = (o, name, kind) => Object.getOwnPropertyDescriptor(o.prototype, name)[kind];
native(part(Document, "cookie", "get"), "cookie get"); native(Storage.prototype.getItem, "getItem");
native(part(Document, "cookie", "set"), "cookie set"); native(Storage.prototype.setItem, "setItem");
native(HTMLCanvasElement.prototype.toDataURL, "toDataURL");
native(IDBFactory.prototype.open, "idb");
if (navigator.webdriver !== false) found.push("webdriver " + navigator.webdriver);
if (/Headless/.test(navigator.userAgent + navigator.appVersion)) found.push("agent");
if (navigator.userAgentData.brands.some((b) => /Headless/.test(b.brand))) found.push("brand");
if (!navigator.languages.length) found.push("languages");
if (!window.chrome) found.push("no chrome");
if (navigator.plugins.length === 0 && !/Mobile/.test(navigator.userAgent)) found.push("plugins");
const bare = document.createElement("iframe"); document.documentElement.append(bare);
const usual = new Set(Object.getOwnPropertyNames(bare.contentWindow));
const added = Object.getOwnPropertyNames(window).filter((n) => !usual.has(n));
bare.remove();
const own = ["found", "native", "part", "bare", "usual", "added"];
for (const name of added) {
  if (!own.includes(name) && !/^[0-9]+$/.test(name)) found.push("global " + name);
}
let stack = ""; const watched = new Error("x");
Object.defineProperty(watched, "stack", {get() { found.push("stack read"); return stack; }});
console.debug(watched);
const made = Error.prepareStackTrace;
if (made) found.push("prepareStackTrace");
(async () => {
  const worker = new Worker(URL.createObjectURL(new Blob(
    ["postMessage([navigator.userAgent, navigator.webdriver, navigator.language])"])));
  const told = await new Promise((done) => { worker.onmessage = (e) => done(e.data); });
  if (told[0] !== navigator.userAgent) found.push("worker agent " + told[0]);
  if (told[2] !== navigator.language) found.push("worker language " + told[2]);
  const high = await navigator.userAgentData.getHighEntropyValues(["fullVersionList", "platform"]);
  if (JSON.stringify(high).includes("Headless")) found.push("full version");
  const state = (await navigator.permissions.query({name: "notifications"})).state;
  if (Notification.permission === "denied" && state === "prompt") found.push("permission");
  await fetch("/found", {method: "POST", body: JSON.stringify(found)});
})();
</script>"""
SECRET, PLAIN = "session=s3cret; Path=/; HttpOnly; Secure", "plain=1; Path=/; Max-Age=86400"
APART = "; Path=/; Secure; SameSite=None"

Answer = tuple[int, str, str, tuple[str, ...], str]


def _page(kind: str, text: str, *cookies: str) -> Answer:
    return 200, kind, text, cookies, ""


ANSWERS: dict[tuple[str, str], Answer] = {
    ("site.test", "/"): _page("text/html", PAGE, SECRET, PLAIN),
    ("site.test", "/second"): _page("text/html", "<!doctype html><title>Second</title>quiet"),
    ("site.test", "/suspicious"): _page("text/html", SUSPICIOUS),
    ("site.test", "/found"): _page("text/plain", ""),
    ("site.test", "/style.css"): _page(
        "text/css", "body { background: url(https://stats.test/css.gif) }"
    ),
    ("site.test", "/worker.js"): _page(
        "text/javascript", "fetch('/from-worker'); indexedDB.open('worker-base');"
    ),
    ("site.test", "/sw.js"): _page("text/javascript", "self.oninstall = () => fetch('/from-sw');"),
    ("site.test", "/from-worker"): _page("text/plain", "ok"),
    ("site.test", "/from-sw"): _page("text/plain", "ok"),
    ("stats.test", "/stats.js"): _page("text/javascript", STATS),
    ("ads.test", "/pixel"): (
        302,
        "text/plain",
        "",
        (f"ad=1{APART}; HttpOnly", f"hop=1{APART}"),
        "https://sync.test/sync",
    ),
    ("sync.test", "/sync"): _page("image/gif", "", f"sync=1{APART}; HttpOnly"),
    ("metrics.site.test", "/p.gif"): _page(
        "image/gif", "", "cname=1; Domain=site.test; Path=/; Secure", "bad=1; Domain=other.test"
    ),
    ("social.test", "/widget"): _page("text/html", WIDGET, f"soc=1{APART}"),
    ("late.test", "/more.js"): _page("text/javascript", "document.cookie = 'late=1';"),
}
COOKIES = frozenset(
    [
        "session",
        "plain",
        "inline",
        "_stats",
        "ad",
        "hop",
        "sync",
        "cname",
        "soc",
        "socjs",
        "stored",
        "evald",
        "realm",
    ]
)


@dataclass
class Site:
    """Where it listens, what it was asked, what its suspicious page found, and further headers."""

    port: int
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    headers: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    @property
    def rules(self) -> str:
        """What maps every host to it."""
        return f"MAP *.test 127.0.0.1:{self.port}"


def _app(site: Site):  # type: ignore[no-untyped-def]
    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        headers = {name.decode(): value.decode() for name, value in scope.get("headers", ())}
        host, path = headers.get("host", "").partition(":")[0], scope["path"]
        site.asked.append((host, path, headers))
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await receive()
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if path == "/found":
            site.found.append(body.decode())
        status, kind, text, cookies, to = ANSWERS.get((host, path), (200, "image/gif", "", (), ""))
        lines = [(b"content-type", kind.encode())]
        lines += [(b"set-cookie", cookie.encode()) for cookie in cookies]
        lines += [(b"location", to.encode())] if to else []
        more = site.headers.get((host, path), {})
        lines += [(name.encode(), value.encode()) for name, value in more.items()]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": text.encode()})

    return app


@contextmanager
def watched_site(folder: Path) -> Iterator[Site]:
    """Serve it on a port of loopback."""
    certificate, key = self_signed(folder)
    listener = listen("127.0.0.1", 0)
    site = Site(listener.getsockname()[1])
    config = uvicorn.Config(
        _app(site),
        lifespan="off",
        log_config=None,
        access_log=False,
        ssl_certfile=str(certificate),
        ssl_keyfile=str(key),
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.should_exit = True
        thread.join(20)
