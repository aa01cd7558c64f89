"""One request and its answer: what of the headers reaches the site, the terminal and a cache."""

from __future__ import annotations

import pytest
from publisher import POLICY

from bandeau.choice.model import Answer, Source, Standing
from bandeau.enforcement.asked import Asked, host_of, is_authority
from bandeau.enforcement.csp import Admitted
from bandeau.enforcement.exchange import Exchange, Headers
from bandeau.enforcement.rules import Rules
from bandeau.policy.check import load
from bandeau.storage.files import read_words

NESTED = """
[[trackers]]
vendor = "Nested"
purpose = "social"
hosts = ["pixel.telegram.test"]
"""


def exchange(
    *granted: str,
    destination: bytes = b"",
    chosen: bool = False,
    more: str = "",
    uncovered: frozenset[tuple[str, str]] = frozenset(),
    target: str = "/",
) -> Exchange:
    policy, _ = load((POLICY + more).encode(), read_words())
    answers = {
        purpose.key: Answer.GRANTED if purpose.key in granted else Answer.REFUSED
        for purpose in sorted(policy.consent_purposes, key=lambda purpose: purpose.key)
    }
    standing = Standing(answers, uncovered, Source.CHOICE)
    host = "www.quotidien.test"
    asked = Asked(host, host, target, target, True, b"", False, destination, chosen)
    return Exchange(Rules(policy), standing, asked)


def answered(
    headers: Headers, *granted: str, status: int = 200, destination: bytes = b""
) -> dict[bytes, bytes]:
    return dict(exchange(*granted, destination=destination).response_headers(status, headers))


@pytest.mark.parametrize(
    "kinds",
    [
        [],
        [b""],
        [b"foo"],
        [b"*/*"],
        [b"unknown/unknown"],
        [b"text/html"],
        [b"TEXT/HTML; charset=x"],
        [b"text/html foo"],
        [b"text/plain, text/html"],
        [b"text/html", b"text/plain"],
        [b"text/plain", b"text/html"],
        [b"text/xml"],
        [b"application/xml"],
        [b"text/xsl"],
        [b"application/xhtml+xml"],
        [b"image/svg+xml"],
        [b"multipart/x-mixed-replace; boundary=x"],
        [b"text/javascript"],
        [b"application/x-javascript; charset=utf-8"],
    ],
)
def test_whatever_a_browser_may_run_is_held_and_kept_from_shared_caches(kinds: list[bytes]) -> None:
    stated = [(b"content-type", kind) for kind in kinds]
    shared = [
        (b"cache-control", b'public, s-maxage=600, private="a, b", max-age=60'),
        (b"cdn-cache-control", b"max-age=600"),
        (b"cloudflare-cdn-cache-control", b"max-age=600"),
        (b"surrogate-control", b"max-age=600"),
        (b"x-accel-expires", b"600"),
        (b"expires", b"Thu, 01 Jan 2099 00:00:00 GMT"),
        (b"vary", b"Accept-Encoding, cookie"),
    ]
    headers = answered([*stated, *shared], "social")
    assert b"telegram.test:*" in headers.pop(b"content-security-policy")
    assert b"telegram.test:*" in headers.pop(b"connection-allowlist")
    for name in (b"content-type", b"permissions-policy", b"x-dns-prefetch-control"):
        headers.pop(name, None)
    assert headers == {
        b"cache-control": b"private, max-age=60",
        b"vary": b"Accept-Encoding, cookie, Sec-GPC, Sec-Fetch-Dest",
    }


@pytest.mark.parametrize("kind", [b"text/plain", b"application/json", b"image/png", b"text/css"])
def test_whatever_a_browser_only_shows_is_left_alone(kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"cache-control", b"public, max-age=60")]
    assert exchange("social").response_headers(200, headers) == headers


@pytest.mark.parametrize("destination", [b"script", b"image", b"style"])
def test_the_sites_own_scripts_stay_in_shared_caches_and_open_nothing(destination: bytes) -> None:
    sent = [(b"content-type", b"text/javascript"), (b"cache-control", b"public, max-age=60")]
    accepted = answered(sent, "social", "advertising", destination=destination)
    assert accepted == answered(sent, destination=destination)
    assert accepted[b"cache-control"] == b"public, max-age=60"
    assert b"Sec-Fetch-Dest" in accepted[b"vary"]
    assert b"telegram.test" not in accepted[b"content-security-policy"]


@pytest.mark.parametrize("destination", [b"worker", b"serviceworker", b"iframe", b"empty", b""])
def test_a_worker_or_document_gets_the_policy_of_its_visitor_only(destination: bytes) -> None:
    sent = [(b"content-type", b"text/javascript"), (b"cache-control", b"public, max-age=60")]
    accepted = answered(sent, "social", destination=destination)
    assert b"telegram.test:*" in accepted[b"content-security-policy"]
    assert b"telegram.test:*" in accepted[b"connection-allowlist"]
    assert accepted[b"cache-control"] == b"private, max-age=60"


def test_a_304_never_widens_what_a_cache_holds() -> None:
    plain = answered([(b"etag", b'"a"')], "social", status=304)
    assert b"telegram.test" not in plain[b"content-security-policy"]
    assert b"cache-control" not in plain
    worker = answered([(b"etag", b'"a"')], "social", status=304, destination=b"worker")
    assert worker[b"cache-control"] == b"private, no-cache"


def test_a_vendor_added_below_an_allowed_host_stays_closed() -> None:
    added = frozenset({("social", "nested")})
    partly = exchange("social", more=NESTED, uncovered=added).csp()
    assert b" telegram.test:*" in partly
    assert b"*.telegram.test" not in partly
    assert b"*.telegram.test:*" in exchange("social", more=NESTED).csp()


def test_a_page_names_its_whole_cache_key_and_keeps_no_validators() -> None:
    sent = [(b"content-type", b"text/html"), (b"etag", b'"x"'), (b"cdn-cache-control", b"public")]
    page = exchange("social")
    headers = dict(page.page_headers(page.response_headers(200, sent), Admitted((), (), "x")))
    assert headers[b"vary"].split(b", ") == [
        b"Cookie",
        b"Sec-GPC",
        b"Sec-Fetch-Dest",
        b"Accept-Language",
        b"Accept-Encoding",
    ]
    assert headers[b"cache-control"] == b"private, no-cache"
    assert not {b"etag", b"cdn-cache-control"} & set(headers)


@pytest.mark.parametrize("name", [b"bandeau-choice", b"bandeau_choice"])
def test_nobody_but_us_tells_the_site_the_choice(name: bytes) -> None:
    sent = [(name, b"social=granted"), (b"x", b"1")]
    assert exchange().request_headers(sent) == [
        (b"x", b"1"),
        (b"bandeau-choice", b"advertising=refused, social=refused"),
    ]


@pytest.mark.parametrize(
    ("line", "passes"),
    [
        (b"session=1", True),
        (b" session =2; Path=/", True),
        (b"session=1, _ea1=2", True),
        (b"session", False),
        (b"=session", False),
        (b"=_ea1=1", False),
        (b"SESSION=1", False),
        (b"__Host-session=1", False),
        (b"\t_ea1=1", False),
        (b"eu-consent=1", False),
        (b"=eu-consent=1", False),
        (b"eu-consent-receipt =1; Path=/.bandeau/", False),
        (b"", False),
        (b"\xe9=1", False),
    ],
)
def test_set_cookie_is_read_as_browsers_do(line: bytes, passes: bool) -> None:
    kept = exchange("social").response_headers(200, [(b"set-cookie", line)])
    assert ((b"set-cookie", line) in kept) is passes


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("www.quotidien.test", "www.quotidien.test"),
        ("WWW.Quotidien.TEST:8000", "www.quotidien.test"),
        ("www.quotidien.test.", "www.quotidien.test"),
        ("www.quotidien.test.:80", "www.quotidien.test"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
    ],
)
def test_the_host_of_an_authority(authority: str, host: str) -> None:
    assert is_authority(authority)
    assert host_of(authority) == host


@pytest.mark.parametrize(
    "wrong", ['a"b', "x; script-src *", "a<b>", "a,b", "a b", "é.test", "x@y.test", "a/b", "a:b:1"]
)
def test_what_is_no_authority(wrong: str) -> None:
    assert not is_authority(wrong)


def refusal(*granted: str, target: str, more: str = "") -> str:
    """What ``Bandeau-Explain`` says of a request; empty where the site gets it."""
    headers = exchange(*granted, target=target, more=more).refused()
    return dict(headers or [])[b"bandeau-explain"].decode() if headers else ""


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("/tags/a.js?id=1", "/tags/a.js;refuse;refused"),
        ("//tags/a.js", "/tags/a.js;refuse;refused"),
        ("/x/%2e%2e/Tags/", "/tags/;refuse;refused"),
        ("http://www.quotidien.test/tags/a.js", "/tags/a.js;refuse;refused"),
        ("/tags/\xc3\xa9,%0d%0a;x", "/tags/%C3%A9%2C%0D%0A;refuse;refused"),
        ("/tags", ""),
        ("/?/tags/", ""),
        ("*", ""),
        ("", ""),
    ],
)
def test_a_request_for_a_denied_own_path_is_ours_to_answer(target: str, told: str) -> None:
    assert refusal("social", target=target) == told
    assert refusal("advertising", target=target) == ""


def test_each_tracker_of_an_own_path_must_be_allowed() -> None:
    more = "[[trackers]]\nvendor = 'Later'\npurpose = 'advertising'\npaths = ['/tags/new/*']\n"
    later = frozenset({("advertising", "later")})
    for target, reason in (("/tags/a", ""), ("/tags/new/a", "added-since")):
        asked = exchange("advertising", more=more, uncovered=later, target=target)
        told = dict(asked.refused() or []).get(b"bandeau-explain", b"").decode()
        assert told.endswith(reason)
        assert bool(told) is bool(reason)


@pytest.mark.parametrize(
    ("link", "stays"),
    [
        (b"</tags/a.js>; rel=preload", False),
        (b"<a.js>; rel=preload", False),
        (b"<../%74ags/a.js>; rel=preload", False),
        (b"<https://www.quotidien.test/tags/a.js>; rel=preload", False),
        (b"<//quotidien.test:8443/collect>; rel=preload", False),
        (b"<../own.css>; rel=preload", True),
        (b"<https://www.quotidien.test/own.css>; rel=preload", True),
    ],
)
def test_link_headers_to_denied_own_paths_go(link: bytes, stays: bool) -> None:
    for granted in ((), ("advertising",)):
        asked = exchange(*granted, target="/tags/page?x=/")
        kept = dict(asked.response_headers(200, [(b"link", link)])).get(b"link")
        assert kept == (link if stays or granted else None)


def test_the_judge_says_who_a_script_belongs_to() -> None:
    judge = exchange("social").judge
    verdict = judge.snippet("x(); eatag('init', 1)")
    assert (verdict.effect, verdict.reason) == ("inert", "refused")
    assert verdict.tracker is not None
    assert verdict.tracker.vendor == "Example Ads"
    own = judge.snippet("eatag('track')")
    assert (own.effect, own.reason, own.tracker) == ("pass", "own", None)
    assert exchange("advertising").judge.snippet("eatag('init'").passes


@pytest.mark.parametrize("target", ["/tags/a.js", "/own.js"])
def test_no_cache_between_keeps_what_only_some_may_ask_for(target: str) -> None:
    asked = exchange("advertising", target=target, destination=b"script")
    given = [(b"content-type", b"text/javascript"), (b"cache-control", b"public, max-age=9")]
    answered = dict(asked.response_headers(200, given))
    tracked = target.startswith("/tags/")
    assert answered[b"cache-control"] == (b"private, max-age=9" if tracked else given[1][1])
    assert (b"Cookie" in answered[b"vary"]) is tracked


LEFTOVER = b"session=1; _ga=2"


def carrying(cookie: bytes, source: Source, **more: object) -> Exchange:
    """A request of ``www.quotidien.test`` that carries ``cookie``."""
    policy, _ = load(POLICY.encode(), read_words())
    host = "www.quotidien.test"
    asked = Asked(host, host, "/", "/own.png", True, cookie, **{"navigates": False, **more})  # type: ignore[arg-type]
    refused = {purpose.key: Answer.REFUSED for purpose in policy.consent_purposes}
    return Exchange(Rules(policy), Standing(refused, frozenset(), source), asked)


def ended(exchange: Exchange, status: int = 200) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Lines that end cookies, and the other headers, of a picture for shared caches."""
    sent = [(b"content-type", b"image/png"), (b"cache-control", b"public, s-maxage=600, max-age=9")]
    headers = exchange.response_headers(status, sent)
    return [v for n, v in headers if n == b"set-cookie"], dict(headers)


@pytest.mark.parametrize("status", [200, 206, 301, 304, 404, 500])
def test_leftovers_end_on_whatever_answer_and_no_shared_cache_keeps_that(status: int) -> None:
    lines, headers = ended(carrying(LEFTOVER, Source.CHOICE), status)
    assert b"_ga=; Path=/; Max-Age=0; Secure" in lines
    assert b"_ga=; Path=/; Max-Age=0; Domain=quotidien.test; Secure" in lines
    assert not any(line.startswith(b"session") for line in lines)
    assert headers[b"cache-control"] == b"private, max-age=9"


def test_an_answer_to_a_clean_jar_stays_as_it_was() -> None:
    lines, headers = ended(carrying(b"session=1", Source.CHOICE))
    assert lines == []
    assert headers[b"cache-control"] == b"public, s-maxage=600, max-age=9"


def test_a_host_that_is_only_asked_for_pictures_leaves_what_it_shares() -> None:
    """Nobody decided there, and the page around the picture may allow it."""
    lines, _ = ended(carrying(LEFTOVER, Source.NONE, destination=b"image"))
    domains = {line.partition(b"Domain=")[2].partition(b";")[0] for line in lines}
    assert domains == {b"", b"www.quotidien.test"}
    lines, _ = ended(carrying(LEFTOVER, Source.NONE, navigates=True, destination=b"document"))
    assert any(b"Domain=quotidien.test" in line for line in lines)


@pytest.mark.parametrize(
    ("path", "kind"), [("/ea:sw.js", b"text/javascript"), ("/x.js", b"text/plain")]
)
def test_a_service_worker_that_the_choice_does_not_allow_leaves_as_text(
    path: str, kind: bytes
) -> None:
    policy, _ = load(POLICY.replace('"ea:*"', '"/ea:*"').encode(), read_words())
    granted = {purpose.key: Answer.GRANTED for purpose in policy.consent_purposes}
    asked = Asked("a.test", "a.test", path, path + "?v=1", True, b"", False, b"serviceworker")
    judged = Exchange(Rules(policy), Standing(granted, frozenset(), Source.CHOICE), asked)
    headers = dict(judged.response_headers(200, [(b"content-type", b"text/javascript")]))
    assert headers[b"content-type"] == kind
    assert b"content-security-policy" in headers
    assert headers[b"cache-control"].startswith(b"private")


OFF = [b"permissions-policy", b"x-dns-prefetch-control"]


def test_a_document_profiles_nobody_while_anything_is_denied() -> None:
    site = b'browsing-topics=*, camera=(self "https://ok.test"), fullscreen=*;report-to=a'
    sent = [(b"content-type", b"text/html"), (OFF[0], site), (OFF[1], b"on")]
    held = answered(sent, "social")
    assert held[OFF[1]] == b"off"
    assert held[OFF[0]].startswith(b'camera=(self "https://ok.test"), fullscreen=*;report-to=a, ')
    assert b"browsing-topics=()" in held[OFF[0]]
    assert b"browsing-topics=*" not in held[OFF[0]]
    free = answered(sent, "social", "advertising")
    assert [free[name] for name in OFF] == [site, b"on"]


def test_a_faulty_policy_of_the_site_does_not_undo_ours() -> None:
    for fault in (b"camera 'none'", b"camera=(", b'a="', b"Camera=()"):
        held = answered([(b"content-type", b"text/html"), (OFF[0], fault)])
        assert held[OFF[0]].startswith(b"attribution-reporting=()")


PROFILING = [
    b"observe-browsing-topics",
    b"ad-auction-signals",
    b"attribution-reporting-register-source",
    b"shared-storage-write",
    b"set-login",
]


@pytest.mark.parametrize("name", PROFILING)
def test_headers_that_profile_wait_until_nothing_is_denied(name: bytes) -> None:
    assert name not in answered([(name, b"?1")], "social")
    assert name in answered([(name, b"?1")], "social", "advertising")


def test_the_site_is_told_no_topics_either() -> None:
    sent = [(b"sec-browsing-topics", b"(1);v=chrome.1"), (b"accept", b"*/*")]
    assert sent[0] not in exchange("social").request_headers(sent)
    assert sent[0] in exchange("social", "advertising").request_headers(sent)


FAR = b"https://ads.test/x?y=1"


def location(to: bytes, **asked: object) -> bytes | None:
    found = exchange(**asked).response_headers(302, [(b"location", to)])  # type: ignore[arg-type]
    return dict(found).get(b"location")


@pytest.mark.parametrize(
    "destination", [b"iframe", b"script", b"image", b"empty", b"worker", b"embed", b"style"]
)
def test_no_part_of_a_page_is_redirected_to_a_denied_host(destination: bytes) -> None:
    assert location(FAR, destination=destination) is None
    assert location(b"//ADS.test./", destination=destination) is None
    assert location(b"/next", destination=destination) == b"/next"


def test_a_redirect_of_the_page_itself_is_for_a_visitor_who_acted() -> None:
    assert location(FAR, destination=b"document", chosen=True) == FAR
    out = b"/.bandeau/leave?to=https%3A%2F%2Fads.test%2Fx%3Fy%3D1"
    assert location(FAR, destination=b"document") == out
    assert location(b"//ads.test/x?y=1", destination=b"document") == out
    assert location(FAR) == FAR, "browsers that do not say go by the page's policies"


@pytest.mark.parametrize("granted", [("social",), ()])
def test_a_page_is_shown_however_many_hosts_are_allowed(granted: tuple[str, ...]) -> None:
    hosts = ", ".join(f'"cdn{n}.many{n}.test"' for n in range(3_000))
    more = f'[[trackers]]\nvendor = "Many"\npurpose = "social"\nhosts = [{hosts}]\n'
    page: Headers = [(b"content-type", b"text/html")]
    headers = exchange(*granted, more=more).response_headers(200, page)
    assert sum(len(name) + len(value) for name, value in headers) < 200_000
    reached = dict(headers)[b"content-security-policy"]
    assert b"'self' www.quotidien.test:*" in reached and b"telegram" not in reached
