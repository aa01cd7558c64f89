"""A newspaper's page with every shape of embed: sizes, wrappers, posts, hidden frames."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

HOST = "www.paper.test"
POLICY = f"""
[site]
name = "Paper"
controller = "Paper SAS"
hosts = ["{HOST}"]
privacy_policy = "/p"
languages = ["en", "fr", "ar"]
[purposes.social]
[purposes.advertising]
[[trackers]]
vendor = "Google (YouTube)"
purpose = "social"
hosts = ["youtube.com", "youtube-nocookie.com"]
[[trackers]]
vendor = "X"
purpose = "social"
hosts = ["twitter.com", "x.com"]
[[trackers]]
vendor = "Telegram"
purpose = "social"
hosts = ["telegram.org", "t.me"]
[[trackers]]
vendor = "Example Ads"
purpose = "advertising"
hosts = ["ads.test"]
"""
VIDEO = "https://www.youtube.com/embed/abcdefghijk"
STYLE = """
body{margin:0;font:16px/1.5 sans-serif}
.ratio{position:relative;padding-top:56.25%;width:600px;font-size:0;overflow:hidden}
.ratio iframe{position:absolute;inset:0;width:100%;height:100%;border:0}
.by-class{width:420px;height:240px;border:0;display:block;margin:20px auto}
#by-id{width:500px;aspect-ratio:16/9;border:0}
"""
SHAPES = {
    "attributes": f'<iframe id="attributes" src="{VIDEO}?1" width="560" height="315"></iframe>',
    "style": f'<iframe id="style" src="{VIDEO}?2" style="width:50%;height:300px"></iframe>',
    "percent": f'<iframe id="percent" src="{VIDEO}?3" width="75%" height="250" loading="lazy">'
    "</iframe>",
    "wrapped": f'<div class="ratio"><iframe id="wrapped" src="{VIDEO}?4"></iframe></div>',
    "by-class": f'<iframe id="by-class" class="by-class" src="{VIDEO}?5"></iframe>',
    "by-id": f'<iframe id="by-id" src="{VIDEO}?6"></iframe>',
    "default": f'<iframe id="default" src="{VIDEO}?7"></iframe>',
    "flex": f'<div style="display:flex;gap:10px"><iframe id="flex" src="{VIDEO}?8" width="300" '
    'height="400"></iframe><p>beside it</p></div>',
}
UNSEEN = (
    f'<iframe src="{VIDEO}" width="1" height="1"></iframe>'
    f'<iframe src="{VIDEO}" style="display:none"></iframe><iframe src="{VIDEO}" hidden></iframe>'
)
TWEET = "https://platform.twitter.com/embed/Tweet.html?id=20"
POSTS = """
<blockquote class="twitter-tweet"><p>just setting up my twttr</p>&mdash; jack
<a href="https://twitter.com/jack/status/20?ref_src=x">March 21, 2006</a></blockquote>
<script async src="https://platform.twitter.com/widgets.js"></script>
<script async src="https://telegram.org/js/telegram-widget.js?22" data-telegram-post="durov/12">
</script>
"""
OTHERS = f"""
<object id="object" data="{VIDEO}?9" width="400" height="300"><p>fallback</p></object>
<iframe id="unknown" src="https://unknown.test/widget" width="500" height="300"></iframe>
"""


def document(body: str, lang: str = "en") -> str:
    """A whole page."""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Embeds</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><main><h1>Embeds</h1>{body}<p id=last>The last line.</p></main></body></html>"
    )


def embedding() -> Starlette:
    """``/shapes``; ``/all``, with ``?lang=`` and ``?public`` where any cache may keep it; and
    ``/strict`` under a strict policy of the site's own.
    """
    shapes = "".join(f"{shape}<p>After {name}.</p>" for name, shape in SHAPES.items())

    async def shaped(request: Request) -> Response:
        return Response(document(shapes), media_type="text/html")

    async def everything(request: Request) -> Response:
        lang = request.query_params.get("lang", "en")
        page = document(shapes + UNSEEN + POSTS + OTHERS, lang)
        kept = {"cache-control": "public, max-age=60"} if "public" in request.query_params else {}
        return Response(page, media_type="text/html", headers=kept)

    async def strict(request: Request) -> Response:
        body = f'<iframe id="one" src="{VIDEO}" width="640" height="360"></iframe>' + POSTS
        csp = "default-src 'none'; frame-src https://www.youtube.com https://platform.twitter.com"
        page = document(body).replace(f"<style>{STYLE}</style>", "")
        return Response(page, media_type="text/html", headers={"content-security-policy": csp})

    return Starlette(
        routes=[
            Route("/shapes", shaped),
            Route("/all", everything),
            Route("/strict", strict),
        ]
    )
