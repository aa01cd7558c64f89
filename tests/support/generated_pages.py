"""Pages made by chance, the same for each seed: whatever loads, anywhere, written in any way."""

from __future__ import annotations

import random

HOSTS = {
    "own": ["www.paper.test"],
    "exempt": ["cdn.paper-assets.test"],
    "declared": ["ads.example-ads.test", "social.test", "www.video.test"],
    "undeclared": ["rogue.test", "a.b.unheard-of.test", "xn--bcher-kva.test"],
}
"""Hosts that the pages name, by what a policy is to say of them."""

_SPELLINGS = [
    "https://{host}/{path}",
    "http://{host}/{path}",
    "//{host}/{path}",
    "HTTPS://{HOST}/{path}",
    "https:\\\\{host}\\{path}",
    "ht&#116;ps://{host}/{path}",
    "https:&sol;&sol;{host}/{path}",
    "https://user:pw@{host}/{path}",
    "https://{host}.:443/{path}",
    " \thttps://{host}/{path}\n",
    "https:/\t/{host}/{path}",
]
_LOADING = [
    "<img src={q}{url}{q}>",
    "<IMG\nalt='>' SRC = {q}{url}{q} />",
    "<img srcset={q}{url} 1x, {url} 2x{q}>",
    "<picture><source srcset={q}{url}{q}><img alt=x></picture>",
    "<script src={q}{url}{q}></script>",
    "<script async src={q}{url}{q}></script>",
    "<script type=module src={q}{url}{q}></script>",
    "<link rel=stylesheet href={q}{url}{q}>",
    "<link rel='PRELOAD' as=image href={q}{url}{q}>",
    "<link rel='icon prefetch' href={q}{url}{q}>",
    "<link rel=preconnect href={q}{url}{q}>",
    "<iframe src={q}{url}{q}></iframe>",
    "<object data={q}{url}{q}></object>",
    "<embed src={q}{url}{q}>",
    "<video poster={q}{url}{q} src={q}{url}{q}></video>",
    "<audio src={q}{url}{q}></audio>",
    "<input type=image src={q}{url}{q}>",
    "<svg><image href={q}{url}{q} width=9 height=9 /></svg>",
    "<svg><script href={q}{url}{q}></script></svg>",
    "<table background={q}{url}{q}><tr><td>cell</td></tr></table>",
    "<p style={q}background:url({url}){q}>styled</p>",
    "<style>p {{ background: url({url}) }}</style>",
    "<style>@import url({url});</style>",
    "<script>new Image().src = `{url}`</script>",
    "<script>fetch(`{url}`, {{mode: 'no-cors'}}).catch(() => 0)</script>",
    "<script>document.write(`<img src='{url}'>`)</script>",
    "<script>navigator.sendBeacon(`{url}`)</script>",
    "<noscript><img src={q}{url}{q}></noscript>",
    "<template shadowrootmode=open><img src={q}{url}{q}></template>",
]
_AROUND = [
    "{}",
    "<div class='a > b'>{}</div>",
    "<p>before {} after</p>",
    "<section><h2>Title</h2>{}</section>",
    "<ul><li>{}</ul>",
    "<table><tr><td>{}</td></tr></table>",
    "<template>{}</template>",
    "<!-- {} -->",
    "<textarea>{}</textarea>",
    "<details open><summary>More</summary>{}</details>",
    "<select><option>{}</select>",
    "<math><mi>{}</mi></math>",
    "<a href='/near'>{}</a>",
]
_TEXT = "a word; an été; 5 > 4 &amp; 3 &lt; 4; <b>bold</b>, <i>it</i>"


def generated(seed: int, parts: int = 40) -> bytes:
    """One page. Nothing of it navigates away by itself."""
    chance = random.Random(seed)
    body = "\n".join(_part(chance, f"{seed}-{number}") for number in range(parts))
    head = "".join(_loading(chance, f"{seed}-h{number}") for number in range(4))
    return f"<!doctype html><html lang=en><head><title>t</title>{head}</head><body>{body}".encode()


def _part(chance: random.Random, name: str) -> str:
    inner = _loading(chance, name) + chance.choice(_TEXT.split(";"))
    for _ in range(chance.randrange(3)):
        inner = chance.choice(_AROUND).replace("{}", inner)
    return inner


def _loading(chance: random.Random, name: str) -> str:
    host = chance.choice(chance.choice(list(HOSTS.values())))
    url = chance.choice(_SPELLINGS).format(host=host, HOST=host.upper(), path=f"{name}.png")
    return chance.choice(_LOADING).format(url=url, q=chance.choice("\"'"))
