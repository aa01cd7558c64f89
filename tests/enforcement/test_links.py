"""Response headers that make a browser contact someone."""

from __future__ import annotations

import pytest

from bandeau.enforcement.links import judge_contacts
from bandeau.enforcement.urls import Reach, target_of


def denied(url: str) -> bool:
    target = target_of(url)
    return target.reach is Reach.HOST and target.host not in ("own.test", "ok.test")


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("link", "<https://ads.test/>; rel=preconnect, </a.css>; rel=preload", True),
        ("link", "<//ads.test>;rel=dns-prefetch", None),
        ("link", '</a>;rel=preload;as=image;imagesrcset="/b 1x, https://ads.test/c 2x"', None),
        ("link", '</a>;rel=preload;imagesrcset="//ads.test/c 2x', None),
        ("link", '</a>;title="see https://ads.test, or not";rel=next', True),
        ("refresh", "0; url=https://ads.test/", None),
        ("refresh", "0, URL = 'https://ads.test/'", None),
        ("refresh", "0 https://ads.test/", None),
        ("refresh", "1.5;//ads.test/", None),
        ("refresh", "30", True),
        ("refresh", "0;url=/next", True),
        ("report-to", '{"endpoints":[{"url":"https:\\/\\/ads.test\\/r"}]}', None),
        ("report-to", '{"endpoints":[{"url":"\\u0068ttps://ads.test/"}]}', None),
        ("report-to", '{"group":"a","endpoints":[{"url":"https://ok.test/"}]}', True),
        ("reporting-endpoints", 'a="/reports", b="/\\\\ads.test/x"', None),
        ("reporting-endpoints", 'a="//ads.test/x"', None),
        ("reporting-endpoints", 'a="/reports"', True),
        ("speculation-rules", '"https://ads.test/rules.json"', None),
        ("speculation-rules", '"/rules.json"', None),
        ("sourcemap", "https://ads.test/a.map", None),
        ("x-sourcemap", "//ads.test/a.map", None),
        ("sourcemap", "/a.map", True),
        ("x-xss-protection", "1; report=https://ads.test/r", None),
        ("expect-ct", 'max-age=0, report-uri="https://ads.test/r"', None),
        ("alt-svc", 'h3=":443"; ma=86400', True),
        ("alt-svc", 'h2="ads.test:443"', None),
        ("location", "https://ads.test/", True),
    ],
)
def test_what_leads_to_a_denied_host_goes(name: str, value: str, left: bool | None) -> None:
    kept = judge_contacts(name.encode(), value.encode(), denied)
    assert (kept is None) is (left is None)
    if kept is not None:
        assert b"ads.test" not in kept or name == "location" or b"title" in kept


def test_a_link_header_keeps_the_links_that_may_stay() -> None:
    value = b'<https://ads.test/>; rel=preconnect, </a.css>; rel=preload; title="a, b"'
    kept = judge_contacts(b"link", value, denied)
    assert kept == b'</a.css>; rel=preload; title="a, b"'


@pytest.mark.parametrize(
    "name", [b"content-security-policy", b"content-security-policy-report-only"]
)
def test_the_sites_policy_stays_but_for_reports_to_a_denied_host(name: bytes) -> None:
    value = b"script-src 'self'; report-uri https://ads.test/r /own; img-src *, sandbox"
    kept = judge_contacts(name, value, denied)
    assert kept == b"script-src 'self'; report-uri /own; img-src *, sandbox"
    untouched = b"default-src 'none';REPORT-URI /own  https://ok.test/r"
    assert judge_contacts(name, untouched, denied) == untouched
    alone = judge_contacts(name, b"img-src *; Report-URI //ads.test/r", denied)
    assert alone == b"img-src *;"
