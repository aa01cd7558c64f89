"""Pages kept by a real cache in front, one variant for each choice and none for anybody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from fronts import front
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell, Visitor

from bandeau.app import gateway

pytestmark = pytest.mark.slow
CACHES = {"nginx": ("nginx",), "nginx-ask": ("nginx", "--ask"), "varnish": ("varnish",)}
LIVE_AD = '<script src="https://ads.test/a.js" async></script>'
LIVE_POST = '<iframe src="https://telegram.test/post/1" width="400" height="300">'


@pytest.fixture(scope="module", params=CACHES)
def cache(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("front")
    policy = folder / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    seen = Seen()
    server, *more = CACHES[request.param]
    with ExitStack() as running:
        origin = running.enter_context(serving(publisher(seen)))
        bandeau = running.enter_context(serving(gateway(policy, origin.url, folder / "data")))
        url = running.enter_context(
            front(server, policy, origin.url, bandeau.url, folder / "run", *more)
        )
        yield Shell(url, seen, server)


@pytest.fixture
def page(request: pytest.FixtureRequest) -> str:
    """A page that nobody has asked for yet."""
    name = re.sub(r"\W", "-", request.node.name)
    return f"/kept?name={name}"


def who(cache: Shell, action: str = "", *purposes: str, **headers: str) -> Visitor:
    visitor = cache.visitor(**headers)
    if action:
        assert visitor.choose(action, *purposes).status_code == 303
    return visitor


def hit(visitor: Visitor, page: str, **headers: str) -> tuple[bool, str]:
    answer = visitor.get(page, headers=headers)
    assert answer.status_code == 200
    assert "private" in answer.headers["cache-control"]
    assert "bandeau-cache" not in answer.headers
    assert "bandeau-key" not in answer.headers
    return answer.headers["cache-status"] == "bandeau; hit", answer.text


def asked(cache: Shell, page: str) -> list[str]:
    """The choices for which the site was asked for ``page``."""
    name = page.partition("name=")[2]
    return [r["bandeau-choice"] for r in cache.seen.requests if r.get("query") == f"name={name}"]


def test_opposite_choices_never_meet_and_a_third_visitor_hits(cache: Shell, page: str) -> None:
    accepts, refuses = who(cache, "accept_all"), who(cache, "refuse_all")
    mixed, nobody = who(cache, "save", "social"), who(cache)
    for visitor, ad, post, band in (
        (accepts, True, True, "allowed"),
        (refuses, False, False, "refused"),
        (mixed, False, True, "mixed"),
        (nobody, False, False, "undecided"),
    ):
        for expected in (False, True, True):
            was_hit, text = hit(visitor, page)
            assert was_hit is expected
            assert (LIVE_AD in text, LIVE_POST in text) == (ad, post)
            assert f'data-state="{band}"' in text
    third = who(cache, "accept_all")
    was_hit, text = hit(third, page)
    assert was_hit
    assert LIVE_AD in text
    assert hit(who(cache, "refuse_all"), page)[0]
    assert sorted(asked(cache, page)) == [
        "advertising=granted, social=granted",
        "advertising=refused, social=granted",
        "advertising=refused, social=refused",
        "advertising=undecided, social=undecided",
    ]


def test_what_is_kept_holds_no_trace_of_who_asked_first(cache: Shell, page: str) -> None:
    first = who(cache, "accept_all")
    record = first.jar[("eu-consent", "/")].split("~")[1]
    _, text = hit(first, page)
    answer = who(cache, "accept_all").get(page)
    assert answer.headers["cache-status"] == "bandeau; hit"
    assert "set-cookie" not in answer.headers
    assert record not in answer.text + text
    assert set(re.findall("/[.]bandeau/rec[a-z0-9/-]*", answer.text)) == {"/.bandeau/record"}


def test_withdrawing_takes_effect_with_the_next_page(cache: Shell, page: str) -> None:
    visitor = who(cache, "accept_all")
    assert LIVE_AD in hit(visitor, page)[1]
    assert hit(visitor, page)[0]
    visitor.choose("refuse_all")
    assert LIVE_AD not in hit(visitor, page)[1]
    visitor.choose("accept_all")
    was_hit, text = hit(visitor, page)
    assert was_hit
    assert LIVE_AD in text


def test_the_browsers_signal_is_a_choice_of_its_own(cache: Shell, page: str) -> None:
    assert hit(who(cache), page) != (True, "")
    signals = who(cache, **{"sec-gpc": "1"})
    was_hit, text = hit(signals, page)
    assert not was_hit
    assert 'data-state="refused"' in text
    assert hit(signals, page)[0]


def test_a_forged_cookie_neither_opens_nor_poisons(cache: Shell, page: str) -> None:
    real = who(cache, "accept_all")
    cookie = real.jar[("eu-consent", "/")]
    forged = cache.visitor()
    forged.jar = {("eu-consent", "/"): cookie[:-4] + "AAAA"}
    was_hit, text = hit(forged, page)
    assert not was_hit
    assert LIVE_AD not in text
    was_hit, text = hit(real, page)
    assert not was_hit
    assert LIVE_AD in text
    assert hit(real, page)[0]


@pytest.mark.parametrize("form", ["{0}; {0}", "{1}; {0}", "{0}; {1}", "{0} ;{1}", "a=1;{0};{1}"])
def test_a_shadowed_cookie_opens_nothing(cache: Shell, page: str, form: str) -> None:
    visitor = who(cache, "accept_all")
    page = f"{page}-{len(form)}-{form.count('a')}"
    assert LIVE_AD in hit(visitor, page)[1]
    value = visitor.jar[("eu-consent", "/")]
    open_one = f"eu-consent={value}"
    shadow = "eu-consent=" + value.replace(".11~", ".00~", 1)
    answer = cache.visitor().get(page, headers={"cookie": form.format(open_one, shadow)})
    assert LIVE_AD not in answer.text
    assert 'data-state="undecided"' in answer.text
    image = {"accept": "image/*", "cookie": form.format(open_one, shadow) + "; _ea1=x"}
    cache.visitor().get("/own.png", headers=image)
    assert "cookie" not in cache.seen.requests[-1]
    assert cache.seen.requests[-1]["bandeau-choice"] == "advertising=undecided, social=undecided"


def test_choices_under_other_terms_are_judged_by_bandeau(cache: Shell, page: str) -> None:
    visitor = who(cache, "accept_all")
    version, _, rest = visitor.jar[("eu-consent", "/")].split(".", 2)
    visitor.jar[("eu-consent", "/")] = f"{version}.0123456789abcdef.{rest}"
    for _ in range(2):
        _, text = hit(visitor, page)
        assert LIVE_AD not in text
        assert 'data-state="undecided"' in text


def test_leftover_cookies_are_ended_though_the_page_is_kept(cache: Shell, page: str) -> None:
    clean, left = who(cache, "refuse_all"), who(cache, "refuse_all")
    hit(clean, page)
    assert hit(clean, page)[0]
    left.jar[("_ea7", "/")] = "old"
    answer = left.get(page)
    assert answer.headers["cache-status"] != "bandeau; hit"
    assert "_ea7=; Path=/; Max-Age=0" in answer.headers.get_list("set-cookie")
    assert hit(left, page)[0]


@pytest.mark.parametrize(
    "said",
    [
        "say=private", "say=no-store", "say=no-cache", "say=public", "say=max-age%3D0",
        "set=session", "set=rogue", "vary=Cookie", "vary=*", "vary=User-Agent",
    ],
)  # fmt: skip
def test_what_the_site_does_not_share_is_not_kept(cache: Shell, page: str, said: str) -> None:
    visitor = who(cache, "refuse_all")
    page = f"{page}&{said}"
    for _ in range(2):
        visitor.jar.pop(("session", "/"), None)
        assert not hit(visitor, page)[0]


def test_with_cookies_for_the_site_it_has_to_say_public(cache: Shell, page: str) -> None:
    visitor = who(cache, "refuse_all")
    visitor.jar[("session", "/")] = "s"
    for _ in range(2):
        assert not hit(visitor, f"{page}&say=max-age%3D60")[0]
    hit(visitor, page)
    assert hit(visitor, page)[0]
    assert asked(cache, page) == ["advertising=refused, social=refused"]


def test_a_page_with_comments_is_never_kept(cache: Shell) -> None:
    visitor = who(cache, "save", "social")
    for _ in range(2):
        visitor.jar.pop(("session", "/"), None)
        answer = visitor.get("/article")
        assert answer.headers["cache-status"] != "bandeau; hit"
        assert 'data-state="open"' in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Basic YTpi"},
        {"sec-fetch-dest": "iframe"},
        {"sec-fetch-dest": "empty"},
        {"x-requested-with": "XMLHttpRequest"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_other_requests_go_past_the_cache(cache: Shell, page: str, headers: dict[str, str]) -> None:
    visitor = who(cache, "accept_all")
    page = f"{page}-{len(str(headers))}"
    for _ in range(2):
        hit(visitor, page)
    assert not hit(visitor, page, **headers)[0]
    assert hit(visitor, page)[0]


def test_languages_and_codings_are_kept_apart(cache: Shell) -> None:
    visitor = who(cache)
    for language, lang in (("en-GB,fr;q=0.5", "en"), ("pl, ar;q=0.9", "ar"), ("fr", "fr")):
        headers = {"accept-language": language, "accept-encoding": "gzip"}
        answer = visitor.get("/nolang", headers=headers)
        assert f'lang="{lang}"' in answer.text
        assert answer.headers["content-encoding"] == "gzip"
        plain = visitor.get("/nolang", headers=headers | {"accept-encoding": "identity"})
        assert f'lang="{lang}"' in plain.text
        assert "content-encoding" not in plain.headers


def test_head_and_ranges_of_a_kept_page(cache: Shell, page: str) -> None:
    visitor = who(cache, "refuse_all")
    for _ in range(2):
        head = visitor.send("HEAD", page)
        assert (head.status_code, head.content) == (200, b"")
        assert "content-security-policy" in head.headers
    part = visitor.get(page, headers={"range": "bytes=0-9"})
    assert part.status_code == 200
    assert "etag" not in part.headers


def test_a_visitor_cannot_name_a_key(cache: Shell, page: str) -> None:
    accepts = who(cache, "accept_all")
    key = re.search(r"1\.\w{16}\.11", accepts.jar[("eu-consent", "/")])
    assert key
    liar = who(cache, "refuse_all", **{"bandeau-key": key[0], "bandeau-choice": "social=granted"})
    assert LIVE_AD not in hit(liar, page)[1]
    assert cache.seen.requests[-1]["bandeau-choice"] == "advertising=refused, social=refused"
    assert "bandeau-key" not in cache.seen.requests[-1]
