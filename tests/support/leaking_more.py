"""More ways to reach a tracker than the 37, each a page of its own; not every browser knows all.

``{url}`` is where the way leads, without a scheme; under ``/own/`` the site does what is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

_GET = 'fetch("http://{url}", {{mode: "no-cors"}}).catch(() => 0)'
_WITHIN = f"<script>addEventListener('load', () => frames[0].eval(`{_GET}`))</script>"

MORE = {
    # Markup and styles.
    "template": '<template id=t><img src="http://{url}"></template>'
    "<script>document.body.append(t.content.cloneNode(true))</script>",
    "picture-lazy": '<picture><source srcset="http://{url} 9w" sizes="9px">'
    '<img loading="lazy" alt=""></picture>',
    "srcset-sizes": '<img srcset="http://{url} 100w" sizes="100px">',
    "imagesrcset": '<link rel="preload" as="image" imagesrcset="http://{url} 1x">',
    "modulepreload": '<link rel="modulepreload" href="http://{url}">',
    "icon": '<link rel="icon" href="http://{url}">',
    "manifest": '<link rel="manifest" href="http://{url}">',
    "audio": '<audio src="http://{url}" preload="auto"></audio>',
    "track": '<video crossorigin><track default kind="captions" src="http://{url}"></video>'
    "<script>document.querySelector('video').textTracks[0].mode = 'showing'</script>",
    "svg-use": '<svg><use href="http://{url}#a"/></svg>',
    "svg-filter": '<svg><filter id="f"><feImage href="http://{url}"/></filter>'
    '<rect filter="url(#f)" width="9" height="9"/></svg>',
    "svg-animated": '<svg><image width="9" height="9">'
    '<set attributeName="href" to="http://{url}"/></image></svg>',
    "font-face": '<style>@font-face {{ font-family: x; src: url("http://{url}") }}'
    "p {{ font-family: x }}</style>",
    "image-set": "<p style='background-image: image-set(\"http://{url}\" 1x)'>.</p>",
    "own-sheet": '<link rel="stylesheet" href="/own/sheet?{url}">',
    "data-frame": '<iframe src="data:text/html,<img src=http://{url}>"></iframe>',
    "fenced": '<fencedframe src="http://{url}"></fencedframe>',
    "portal": '<portal src="http://{url}"></portal>',
    "attribution": '<img src="/own/pixel" attributionsrc="http://{url}">',
    # What scripts do.
    "document-write": "<script>document.write('<img src=\"http://{url}\">')</script>",
    "import-map": '<script type="importmap">{{"imports": {{"x": "http://{url}"}}}}</script>'
    '<script type="module">import "x"</script>',
    "dynamic-import": '<script>import("http://{url}").catch(() => 0)</script>',
    "xhr": "<script>const x = new XMLHttpRequest(); x.open('GET', 'http://{url}'); x.send()"
    "</script>",
    "event-source": '<script>new EventSource("http://{url}")</script>',
    "keepalive": '<script>fetch("http://{url}", {{mode: "no-cors", keepalive: true}})'
    ".catch(() => 0)</script>",
    "fetch-later": '<script>fetchLater("http://{url}", {{activateAfter: 0}})</script>',
    "blob-worker": "<script>new Worker(URL.createObjectURL(new Blob(['"
    'fetch("http://{url}", {{mode: "no-cors"}})\'])))</script>',
    "own-worker": '<script>new Worker("/own/asks?{url}")</script>',
    "shared-worker": '<script>new SharedWorker("/own/asks?{url}")</script>',
    "service-worker": '<script>navigator.serviceWorker.register("/own/asks?{url}")</script>',
    "formaction": '<form id=f method=post><button id=b formaction="http://{url}"></button></form>'
    "<script>b.click()</script>",
    "form-get": '<form id=f action="http://{url}"></form><script>f.submit()</script>',
    "form-script": "<form id=f method=post></form>"
    "<script>f.action = 'http://{url}'; f.submit()</script>",
    "ping-script": "<a id=a href='#here'>.</a><script>a.ping = 'http://{url}'; a.click()</script>",
    "window-open": '<script>window.open("http://{url}")</script>',
    "new-frame": "<script>const made = document.createElement('iframe');"
    "made.src = 'http://{url}'; document.body.append(made)</script>",
    "script-prefetch": "<script>document.head.append(Object.assign("
    "document.createElement('link'), {{rel: 'prefetch', href: 'http://{url}'}}))</script>",
    "navigation": '<script>navigation.navigate("http://{url}")</script>',
    # Documents that might carry no policy.
    "blank-frame": f"<iframe></iframe><script>frames[0].eval(`{_GET}`)</script>",
    "blank-location": "<iframe></iframe><script>frames[0].location = 'http://{url}'</script>",
    "blob-frame": "<iframe id=f></iframe><script>f.src = URL.createObjectURL(new Blob("
    "['<img src=\"http://{url}\">'], {{type: 'text/html'}}))</script>",
    "javascript-frame": "<iframe src=\"javascript:'<img src=http://{url}>'\"></iframe>",
    "image-frame": '<iframe src="/own/pixel"></iframe>' + _WITHIN,
    "text-frame": '<iframe src="/own/text"></iframe>' + _WITHIN,
    "missing-frame": '<iframe src="/own/missing/x"></iframe>' + _WITHIN,
    "ours-frame": '<iframe src="/.bandeau/checkpoint"></iframe>' + _WITHIN,
    "long-frame": "<iframe src='/own/text?" + "x" * 9_000 + "'></iframe>" + _WITHIN,
    "drawn-frame": '<iframe src="/own/drawn?{url}"></iframe>',
    "xhtml": "<script>location = '/own/xhtml?{url}'</script>",
    "utf-16": "<script>location = '/own/wide?{url}'</script>",
    # The site's own redirects.
    "moved-image": '<img src="/own/moved?{url}">',
    "moved-script": '<script src="/own/moved?{url}"></script>',
    "moved-frame": '<iframe src="/own/moved?{url}"></iframe>',
    "moved-fetch": '<script>fetch("/own/moved?{url}", {{mode: "no-cors"}}).catch(() => 0)</script>',
    "moved-beacon": '<script>navigator.sendBeacon("/own/moved?{url}", "1")</script>',
    "moved-page": "<script>location = '/own/moved?{url}'</script>",
}
MORE_HEADERS = {
    "report-uri": ("content-security-policy", "img-src 'none'; report-uri http://{url}"),
    "modulepreload-header": ("link", "<http://{url}>; rel=modulepreload"),
    "stylesheet-header": ("link", "<http://{url}>; rel=stylesheet"),
}
MORE_SOCKETS = {
    "preconnect-script": "<script>document.head.append(Object.assign("
    "document.createElement('link'), {{rel: 'preconnect', href: 'http://{url}'}}))</script>",
    "turn": "<script>const peer = new RTCPeerConnection({{iceServers: [{{username: 'a', credential:"
    "'b', urls: 'turn:turn.tracker.test:80?transport=tcp'}}], iceTransportPolicy: 'relay'}});"
    "peer.createDataChannel('x'); peer.createOffer().then(o => peer.setLocalDescription(o))"
    "</script>",
}


def _drawn(to: str) -> str:
    return f'<svg xmlns="{_SVG}"><image href="{to}" width="9" height="9"/></svg>'


def _xhtml(to: str) -> str:
    return f'<html xmlns="{_XHTML}"><body><script>location = "{to}"</script></body></html>'


_PARTS: dict[str, tuple[str, Callable[[str], str | bytes]]] = {
    "asks": (
        "text/javascript",
        lambda to: f"fetch('{to}', {{mode: 'no-cors'}}).catch(() => 0); onfetch = () => 0",
    ),
    "sheet": ("text/css", lambda to: f"@import '{to}';"),
    "pixel": ("image/gif", lambda to: PIXEL),
    "text": ("text/plain", lambda to: "x"),
    "drawn": ("image/svg+xml", _drawn),
    "xhtml": ("application/xhtml+xml", _xhtml),
    "wide": (
        "text/html",
        lambda to: f'<html><script>location = "{to}"</script></html>'.encode("utf-16"),
    ),
}


async def own(request: Request) -> Response:
    """The site's own part of a way; its query is where the way leads."""
    to, part = f"http://{unquote(request.url.query)}", request.path_params["part"]
    if part == "moved":
        return RedirectResponse(to, 307)
    if part not in _PARTS:
        return HTMLResponse("<h1>Not here</h1>", 404)
    kind, body = _PARTS[part]
    return Response(body(to), headers={"content-type": kind})


_SVG = "http://www.w3.org/2000/svg"
_XHTML = "http://www.w3.org/1999/xhtml"
PIXEL = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
PIXEL += b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
OWN = Route("/own/{part}", own, methods=["GET", "POST"])
