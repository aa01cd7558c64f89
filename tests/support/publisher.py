"""A small publisher's site for tests: one policy, one page of each kind, and what reached it."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

SHORT_POLICY = """
[site]
name = "Le Quotidien"
controller = "Le Quotidien SAS, 1 rue du Port, Nantes"
hosts = ["www.quotidien.test"]
privacy_policy = "/vie-privee"
[purposes.social]
[purposes.advertising]
[features.comments]
purpose = "social"
"""
POLICY = """
[site]
name = "Le Quotidien"
controller = "Le Quotidien SAS, 1 rue du Port, Nantes"
hosts = ["www.quotidien.test", "quotidien.test", "127.0.0.1"]
privacy_policy = "/vie-privee"
languages = ["fr", "en", "ar"]

[choice]
lifetime = "6 months"
cookie = "eu-consent"

[purposes.functioning]
exempt = "strictly-necessary"

[purposes.audience]
exempt = "audience-measurement"

[purposes.social]
data = ["ip", "browsing", "social-interactions", "comments"]

[purposes.advertising]
data = ["ip", "browsing", "location"]

[features.comments]
purpose = "social"
alternative = { fr = "Écrivez-nous : courrier@quotidien.test", en = "Write to us", ar = "راسلونا" }

[[trackers]]
vendor = "Telegram"
purpose = "social"
hosts = ["telegram.test"]

[[trackers]]
vendor = "Le Quotidien"
purpose = "functioning"
hosts = ["static.quotidien-assets.test"]
cookies = [{ name = "session", path = "/" }]

[[trackers]]
vendor = "Example Ads"
purpose = "advertising"
hosts = ["ads.test"]
cookies = [
    { name = "_ea*", domain = ".quotidien.test", path = "/", max_age = "13 months" },
    { name = "_deep", path = "/articles", max_age = "1 month" },
]
storage = ["ea:*"]
paths = ["/tags/*", "/collect"]
snippets = ["eatag('init'"]
"""

PAGE = """<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>Un article</title>
<script src="https://ads.test/a.js" async></script>
<link rel="stylesheet" href="/own.css"><link rel="preconnect" href="https://unknown.test">
</head><body class="x"><h1>Été à Nantes</h1>
<img src="https://ads.test/p.gif"><img src="/own.png">
<iframe src="https://telegram.test/post/1" width="400" height="300"></iframe>
<a href="https://telegram.test/channel">suivez-nous</a>
<form action="https://search.test/find?old"><input name="q">
<button formaction="https://search.test/other">Other</button></form>
<section data-bandeau="comments"></section>
<noscript><img src="https://ads.test/n.gif"></noscript>
</body></html>"""

TAGGED = """<!doctype html>
<html lang="fr"><head><title>Un article</title><script>ran.push("own")</script>
<script>window.eatag = (...all) => ran.push(all[0]); eatag('init', 1)</script>
<script src="/tags/t.js"></script><script>ran.push("last")</script>
<script type="application/ld+json">{"text": "eatag('init'"}</script>
</head><body><h1>Balises</h1><img src="/collect?e=view"><img src="tags/p.gif"><img src="/own.png">
<iframe src="/tags/frame" width="300" height="200"></iframe>
<a href="/tags/about">about</a></body></html>"""


PROFILING = {
    "observe-browsing-topics": "?1",
    "shared-storage-write": "clear",
    "ad-auction-signals": "[]",
    "attribution-reporting-register-os-source": '"https://ads.test/"',
    "set-login": "logged-in",
    "permissions-policy": "geolocation=()",
}
"""Headers of an answer that has the browser profile by itself, beside a policy of the site's."""


@dataclass
class Seen:
    """What reached the site, newest last: path, cookies, and Bandeau's word on the choice."""

    requests: list[dict[str, str]] = field(default_factory=list)


def publisher(seen: Seen) -> Starlette:  # noqa: C901 - one page after the other
    """The site. Every request is noted in ``seen``."""

    def note(request: Request) -> None:
        seen.requests.append(
            {"path": request.url.path, "query": request.url.query, **dict(request.headers)}
        )

    async def page(request: Request) -> Response:
        note(request)
        answer = Response(PAGE, media_type="text/html")
        answer.headers["etag"] = '"v1"'
        answer.headers["cache-control"] = "public, max-age=60"
        for line in ("session=s1; Path=/; HttpOnly", "_ea1=x; Domain=.quotidien.test", "rogue=1"):
            answer.headers.append("set-cookie", line)
        return answer

    async def kept(request: Request) -> Response:
        note(request)
        body = PAGE.replace('<section data-bandeau="comments"></section>', "")
        answer = Response(body, media_type="text/html")
        answer.headers["cache-control"] = request.query_params.get("say", "public, max-age=600")
        for name in request.query_params.getlist("set"):
            answer.headers.append("set-cookie", f"{name}=1; Path=/")
        if "vary" in request.query_params:
            answer.headers["vary"] = request.query_params["vary"]
        return answer

    async def nolang(request: Request) -> Response:
        body = "<!doctype html><html><head><title>x</title></head><body>x</body></html>"
        headers = {"cache-control": "public, max-age=600"}
        return Response(body, media_type="text/html", headers=headers)

    async def latin(request: Request) -> Response:
        body = "<html lang=fr><head><title>é</title></head><body>été</body></html>"
        return Response(body.encode("latin-1"), headers={"content-type": "text/html"})

    async def drawn(request: Request) -> Response:
        body = (
            '<svg xmlns="http://www.w3.org/2000/svg"><a href="https://far.test/"><path/></a></svg>'
        )
        return Response(body, headers={"content-type": "image/svg+xml"})

    async def profiling(request: Request) -> Response:
        note(request)
        answer = await drawn(request)
        answer.headers.update(PROFILING)
        return answer

    async def wide(request: Request) -> Response:
        body = '<html><head><title>é</title></head><body><a href="//far.test">été</a></body></html>'
        return Response(body.encode("utf-16"), headers={"content-type": "text/html"})

    async def strict(request: Request) -> Response:
        csp = "default-src 'none'; script-src 'nonce-abc'; require-trusted-types-for 'script'"
        return Response(PAGE, media_type="text/html", headers={"content-security-policy": csp})

    async def asset(request: Request) -> Response:
        note(request)
        if request.headers.get("if-none-match") == '"a1"':
            return Response(status_code=304, headers={"etag": '"a1"'})
        body, headers = b"0123456789", {"etag": '"a1"', "accept-ranges": "bytes"}
        if request.headers.get("range") == "bytes=2-4":
            headers["content-range"] = "bytes 2-4/10"
            return Response(body[2:5], 206, headers, "image/png")
        return Response(body, headers=headers, media_type="image/png")

    async def tagged(request: Request) -> Response:
        note(request)
        links = "</tags/t.js>; rel=preload; as=script, </own.css>; rel=preload; as=style"
        headers = {"link": links, "cache-control": "public, max-age=60"}
        return Response(TAGGED, media_type="text/html", headers=headers)

    async def proxied(request: Request) -> Response:
        note(request)
        script = 'ran.push("tag"); navigator.sendBeacon("/collect", "seen")'
        return Response(script, media_type="text/javascript", headers={"set-cookie": "session=x"})

    async def moved(request: Request) -> Response:
        return Response(status_code=302, headers={"location": "/article?x=%20y"})

    async def events(request: Request) -> Response:
        async def lines():  # type: ignore[no-untyped-def]
            for number in range(3):
                yield f"data: {number}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    async def echo(request: Request) -> Response:
        note(request)
        return PlainTextResponse(await request.body())

    return Starlette(
        routes=[
            Route("/article", page),
            Route("/articles/1", page),
            Route("/kept", kept),
            Route("/nolang", nolang),
            Route("/latin", latin),
            Route("/drawn.svg", drawn),
            Route("/profiling.svg", profiling),
            Route("/wide", wide),
            Route("/strict", strict),
            Route("/own.png", asset),
            Route("/tagged", tagged),
            Route("/tags/{name:path}", proxied),
            Route("/collect", proxied, methods=["GET", "POST", "OPTIONS"]),
            Route("/moved", moved),
            Route("/events", events),
            Route("/echo", echo, methods=["POST"]),
        ]
    )
