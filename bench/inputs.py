"""What the measurements are taken on: a policy, a jar of cookies, an article."""

from __future__ import annotations

POLICY = """
[site]
name = "Le Quotidien"
controller = "Le Quotidien SAS, 1 rue du Port, Nantes"
hosts = ["www.quotidien.test", "quotidien.test"]
privacy_policy = "/vie-privee"
languages = ["fr", "en"]

[choice]
lifetime = "6 months"

[purposes.functioning]
exempt = "strictly-necessary"

[purposes.social]
data = ["ip", "browsing", "social-interactions", "comments"]

[purposes.advertising]
data = ["ip", "browsing", "location"]

[[trackers]]
vendor = "Telegram"
purpose = "social"
hosts = ["telegram.test"]

[[trackers]]
vendor = "Le Quotidien"
purpose = "functioning"
hosts = ["static.quotidien-assets.test"]
cookies = [{ name = "session" }, { name = "lang" }, { name = "own*" }]

[[trackers]]
vendor = "Example Ads"
purpose = "advertising"
hosts = ["ads.test"]
cookies = [{ name = "_ea*", domain = ".quotidien.test", path = "/", max_age = "13 months" }]
"""


def jar(count: int, size: int) -> str:
    """A ``Cookie`` header of ``count`` cookies and ``size`` bytes, as a news site gets it."""
    names = ["session", "lang", *(f"_ea{n}" for n in range(3)), *(f"c{n}" for n in range(count))]
    each = size // count - 2
    return "; ".join(f"{name}=" + "v" * max(1, each - len(name) - 1) for name in names[:count])


JAR = jar(12, 618)
OWN_JAR = "; ".join(f"own{n}=" + "v" * 45 for n in range(12))
"""As :data:`JAR`, after the denied ones have ended."""
WIDE_JAR = jar(50, 2_400)


def with_trackers(count: int) -> str:
    """The policy, with ``count`` trackers of one host and one cookie each beside its own."""
    more = (
        f'[[trackers]]\nvendor="V{n}"\npurpose="advertising"\n'
        f'hosts=["t{n}.test"]\ncookies=[{{name="_v{n}"}}]\n'
        for n in range(count)
    )
    return POLICY + "\n" + "".join(more)


_PART = """<article><h2>Été à Nantes, {n}</h2><p>Le soleil se lève sur le port ; les
bateaux rentrent, chargés de sardines et de nouvelles du large. <a href="/article/{n}">Lire la suite
</a></p><figure><img src="/images/{n}.jpg" width="640" height="360" alt="Le port"><figcaption>Photo
: A. Martin</figcaption></figure><img src="https://ads.test/pixel/{n}.gif" width="1" height="1">
<script src="https://ads.test/slot.js?n={n}" async></script></article>
"""


def article(size: int) -> bytes:
    """A page of ``size`` bytes at least; about two gated tags in each kilobyte."""
    parts = ["<!doctype html><html lang=fr><head><meta charset=utf-8><title>Un article</title>"]
    parts.append('<link rel="stylesheet" href="/own.css"></head><body>\n')
    length = sum(map(len, parts))
    while length < size - 520:
        parts.append(_PART.format(n=len(parts)))
        length += len(parts[-1].encode())
    page = "".join([*parts, "</body></html>\n"]).encode()
    return page.ljust(size)
