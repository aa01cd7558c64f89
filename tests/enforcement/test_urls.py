"""The host that a browser contacts, for values as they stand in real and hostile pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau.enforcement.charset import ascii_compatible
from bandeau.enforcement.references import css_urls, refresh_url, srcset_urls
from bandeau.enforcement.urls import OWN, UNREADABLE, Reach, decode_attribute, host_name, target_of


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("https://evil.test/a.js", "evil.test"),
        ("//evil.test", "evil.test"),
        ("HTTPS://EVIL.TEST/", "evil.test"),
        ("  \x01\thttps://evil.test/ ", "evil.test"),
        ("ht\ntps://ev\til.te\rst/", "evil.test"),
        ("/\t/evil.test/x", "evil.test"),
        ("\\\\evil.test\\x", "evil.test"),
        ("/\\evil.test", "evil.test"),
        ("https:\\\\evil.test", "evil.test"),
        ("https:evil.test", "evil.test"),
        ("http:/evil.test/", "evil.test"),
        ("https:///evil.test", "evil.test"),
        ("////evil.test", "evil.test"),
        ("https://own.test@evil.test/", "evil.test"),
        ("https://own.test:pw@own.test@evil.test/", "evil.test"),
        ("https://evil.test:8443/", "evil.test"),
        ("https://evil.test?own.test/", "evil.test"),
        ("https://evil.test#@own.test/", "evil.test"),
        ("https://evil.test\\@own.test/", "evil.test"),
        ("https://evil.test./x", "evil.test"),
        ("https://evil。test/", "evil.test"),
        ("https://evil．test／x", ""),
        ("https://ｅｖｉｌ｡ｔｅｓｔ/", "evil.test"),
        ("https://%65vil.test/", "evil.test"),
        ("https://%EF%BD%85vil.test/", "evil.test"),
        ("https://ev\u00adil.test/", "evil.test"),
        ("https://évil.test/", "xn--vil-9la.test"),
        ("https://faß.test/", "xn--fa-hia.test"),
        ("https://xn--fa-hia.test/", "xn--fa-hia.test"),
        ("https://a_b.evil.test/", "a_b.evil.test"),
        ("https://127.1/", "127.0.0.1"),
        ("https://0x7f.0.0.1/", "127.0.0.1"),
        ("https://0177.0.0.01/", "127.0.0.1"),
        ("https://2130706433/", "127.0.0.1"),
        ("https://１２７.0.0.1/", "127.0.0.1"),
        ("https://[2001:DB8:0::1]:8080/", "[2001:db8::1]"),
        ("wss://evil.test/live", "evil.test"),
        ("ftp://evil.test/", "evil.test"),
    ],
)
def test_a_url_leads_to_the_host_that_a_browser_asks(value: str, host: str) -> None:
    target = target_of(value)
    assert target.host == host
    assert target.reach is (Reach.HOST if host else Reach.NOWHERE)


@pytest.mark.parametrize(
    ("value", "reach"),
    [
        ("", Reach.OWN),
        ("/a//b", Reach.OWN),
        ("a.js?u=https://evil.test", Reach.OWN),
        ("?x=//evil.test", Reach.OWN),
        ("#top", Reach.OWN),
        ("./https://evil.test", Reach.OWN),
        ("javascript:load('//evil.test')", Reach.SCRIPT),
        (" JaVa\nScript:1", Reach.SCRIPT),
        ("data:image/gif;base64,//evil.test", Reach.INLINE),
        ("blob:https://evil.test/1", Reach.INLINE),
        ("about:blank", Reach.INLINE),
        ("mailto:a@evil.test", Reach.NOWHERE),
        ("tel:+33", Reach.NOWHERE),
        ("https://", Reach.NOWHERE),
        ("https://ev il.test/", Reach.NOWHERE),
        ("https://ev%00il.test/", Reach.NOWHERE),
        ("https://[::zz]/", Reach.NOWHERE),
        ("https://256.1.1.1/", Reach.NOWHERE),
    ],
)
def test_other_values_reach_no_third_party(value: str, reach: Reach) -> None:
    assert target_of(value).reach is reach


def test_a_base_changes_what_relative_means() -> None:
    base = target_of("https://evil.test/dir/page")
    assert target_of("a.js", base).url == "https://evil.test/dir/a.js"
    assert target_of("/a.js", base).host == "evil.test"
    assert target_of("//other.test/", base).host == "other.test"
    assert target_of("data:,x", base).reach is Reach.INLINE
    assert target_of("a.js", OWN) == OWN


def test_what_cannot_be_read_is_nobody_declared() -> None:
    assert target_of(decode_attribute(b"https://ev\xffil.test/")).host == UNREADABLE
    assert host_name("%ff.test") == UNREADABLE


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"https&#58;&#x2F;/evil.test", "https://evil.test"),
        (b"https&colon;&sol;&sol;evil&period;test", "https://evil.test"),
        (b"//evil&Tab;.test", "//evil\t.test"),
        (b"/?a=1&copy=2", "/?a=1&copy=2"),
        (b"/?a=1&copy", "/?a=1\u00a9"),
        (b"/?a=1&copyx", "/?a=1&copyx"),
        (b"&amp;lt;", "&lt;"),
        (b"&amp;=", "&="),
        (b"&#106avascript", "javascript"),
        (b"&nonsense;", "&nonsense;"),
        ("é".encode(), "é"),
    ],
)
def test_references_are_decoded_as_in_attributes(raw: bytes, text: str) -> None:
    assert decode_attribute(raw) == text


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        ("a.jpg", ("a.jpg",)),
        ("a.jpg 1x, b.jpg 2x", ("a.jpg", "b.jpg")),
        ("a.jpg, b.jpg", ("a.jpg", "b.jpg")),
        ("a,b,c.jpg 100w,  d.jpg", ("a,b,c.jpg", "d.jpg")),
        (
            "data:image/png;base64,AA== 1x, //evil.test/b 2x",
            ("data:image/png;base64,AA==", "//evil.test/b"),
        ),
        (" , a.jpg 1x,,b.jpg", ("a.jpg", "b.jpg")),
        ("a.jpg foo(1,2) 3x, b.jpg", ("a.jpg", "b.jpg")),
        ("a.jpg foo(1,2", ("a.jpg",)),
        ("a.jpg 1x\n\t, b.jpg", ("a.jpg", "b.jpg")),
        (",,,", ()),
        ("", ()),
    ],
)
def test_srcset_is_split_as_the_standard_says(value: str, urls: tuple[str, ...]) -> None:
    assert srcset_urls(value) == urls


@pytest.mark.parametrize(
    ("content", "url"),
    [
        ("0;url=https://evil.test/", "https://evil.test/"),
        (" 5 ; URL = 'https://evil.test/' x", "https://evil.test/"),
        ('0;url="//evil.test', "//evil.test"),
        ("0,//evil.test", "//evil.test"),
        ("0 //evil.test", "//evil.test"),
        (".5;url=a", "a"),
        ("30", ""),
        ("30; ", ""),
        ("url=//evil.test", ""),
        ("0x;url=//evil.test", ""),
    ],
)
def test_refresh_is_read_as_the_standard_says(content: str, url: str) -> None:
    assert refresh_url(content) == url


@pytest.mark.parametrize(
    ("style", "url"),
    [
        ("background:url(//evil.test/a)", "//evil.test/a"),
        ("background:URL( '//evil.test/a' )", "//evil.test/a"),
        ('background:url("//evil.test/a', "//evil.test/a"),
        ("background:u\\72l(//evil.test/a)", "//evil.test/a"),
        ("background:\\75 rl(//evil.test/a)", "//evil.test/a"),
        ("background:u/**/rl(x) url(/**//evil.test/a)", "/**//evil.test/a"),
        ("background:image-set('//evil.test/a' 1x)", "//evil.test/a"),
        ("@import '//evil.test/a';", "//evil.test/a"),
        ("@import/**/'//evil.test/a';", "//evil.test/a"),
        ("@import url(//evil.test/a);", "//evil.test/a"),
    ],
)
def test_styles_give_their_urls(style: str, url: str) -> None:
    assert url in css_urls(style)


def test_plain_styles_give_none() -> None:
    assert css_urls("content: 'https://evil.test'; color: red; width: calc(1px + 2px)") == ()


@pytest.mark.parametrize(
    ("content_type", "start", "compatible"),
    [
        ("text/html", b"<html>", True),
        (None, b"", True),
        ("text/html; charset=windows-1252", b"<html>", True),
        ("text/html; charset=no-such-thing", b"<html>", True),
        ("text/html; charset=UTF-16", b"<html>", False),
        ('text/html; charset="utf-16le"', b"<\0h\0", False),
        ("text/html; charset=utf-32", b"", False),
        ("text/html; charset=iso-2022-jp", b"", False),
        ("text/html", b"<meta charset=ISO-2022-JP>", False),
        ("text/html; charset=utf-8", b"<meta charset=iso-2022-jp>", True),
        ("text/html", b"<meta charset=utf-16>", True),
        ("text/html; charset=utf-8", b"\xff\xfe<\0", False),
        (None, b"\xfe\xff\0<", False),
        ("text/html; charset=utf-16", b"\xef\xbb\xbf<html>", True),
    ],
)
def test_charsets_without_ascii_are_told(
    content_type: str | None, start: bytes, compatible: bool
) -> None:
    assert ascii_compatible(content_type, start) is compatible


@given(st.text(max_size=60))
def test_no_text_breaks_the_readers(text: str) -> None:
    target = target_of(text)
    assert (target.reach is Reach.HOST) == bool(target.host)
    srcset_urls(text), refresh_url(text), css_urls(text), decode_attribute(text.encode())


@given(st.text(max_size=40))
def test_a_host_read_once_reads_the_same_again(text: str) -> None:
    name = host_name(text)
    assert host_name(name) == name or name.startswith("[") or not name
