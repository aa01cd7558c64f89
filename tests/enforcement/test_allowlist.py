"""The hosts that Connection-Allowlist names, and which of them a page's links add."""

from __future__ import annotations

import time

import pytest

from bandeau import limits
from bandeau.enforcement.allowlist import (
    Links,
    connection_allowlist,
    host_patterns,
    link_patterns,
    named_hosts,
)


def test_own_and_allowed_hosts_with_what_is_below_them() -> None:
    patterns = host_patterns(["paper.test"], ["ok.test"], [])
    assert patterns == '"*://{*.}?paper.test:*" "*://{*.}?ok.test:*"'


def test_an_allowed_host_above_a_denied_one_stands_alone_and_so_does_an_address() -> None:
    patterns = host_patterns(["127.0.0.1"], ["ok.test"], ["ads.ok.test"])
    assert patterns == '"*://127.0.0.1:*" "*://ok.test:*"'


def test_what_is_no_plain_name_never_gets_into_the_header() -> None:
    assert host_patterns(["[::1]", 'a".test', "b.test)"], [], []) == ""


def test_the_value_is_one_inner_list() -> None:
    value = connection_allowlist('"*://a.test:*"', ['"*://b.test:*"'], webrtc=False)
    assert value == (
        b'(response-origin "*://a.test:*" "mailto:*" "tel:*" "sms:*" "*://b.test:*")'
        b";redirects=allow"
    )
    assert connection_allowlist("", [], webrtc=True).endswith(b";redirects=allow;webrtc=allow")


@pytest.mark.parametrize(
    ("markup", "hosts"),
    [
        (b'<a href="https://one.test/x?y">', ["*://one.test:*"]),
        (b"<A class=x HREF = //Two.TEST:81/x>", ["*://two.test:*"]),
        (b"<area shape=rect href='http://user@three.test'>", ["*://three.test:*"]),
        (b'<a\nhref="https:\\\\four.test\\x">', ["*://four.test:*"]),
        (b'<a href="//f&#105;ve.test/">', ["*://five.test:*"]),
        ('<a href="https://bücher.test/">'.encode(), ["*://xn--bcher-kva.test:*"]),
        (b'<a href="whatsapp://send?text=x">', ["whatsapp://*"]),
        (b'<a href="tg:resolve">', ["tg:*"]),
        (b'<a href="mailto:a@b.test"><a href="/own"><a href="#x"><a href="javascript:0">', []),
        (b'<a data-href="https://six.test/"><link href="//six.test"><abbr href="//six.test">', []),
        (b'<a href="/x"><script>location.href="https://seven.test"</script>', []),
        (b"<a href='https://a\".test/'>", ["*://a:*"]),
        (b"<a href=//one.test><a href=//one.test/2>", ["*://one.test:*"]),
    ],
)
def test_links_of_a_page(markup: bytes, hosts: list[str]) -> None:
    assert link_patterns(markup) == [f'"{host}"' for host in hosts]


def test_links_that_do_not_fit_are_left_out() -> None:
    links = Links()
    links.add(b"".join(b"<a href=//h%d.test>" % n for n in range(limits.PAGE_LINKED_HOSTS)))
    links.add(b"<a href=//h0.test><a href=//more.test>")
    assert len(links.patterns) == limits.PAGE_LINKED_HOSTS
    assert '"*://h0.test:*"' in links.patterns


def test_the_hosts_of_patterns_can_be_told_again() -> None:
    patterns = host_patterns(["paper.test", "127.0.0.1"], ["social.test"], ["ads.social.test"])
    links = link_patterns(b"<a href=//far.test><a href=//b\xc3\xbccher.test><a href=tg:x>")
    assert named_hosts(" ".join((patterns, *links))) == [
        ".paper.test",
        "127.0.0.1",
        "social.test",
        "far.test",
        "xn--bcher-kva.test",
    ]


def test_links_of_drawings_are_read() -> None:
    assert link_patterns(b'<svg><a xlink:href="//far.test/">') == ['"*://far.test:*"']


@pytest.mark.parametrize("unit", [b"<a ", b"<a href", b"<a href=", b"<a x='", b" href= ", b"<a/"])
def test_reading_links_takes_linear_time(unit: bytes) -> None:
    def seconds(size: int) -> float:
        started = time.thread_time()
        link_patterns(unit * (size // len(unit)))
        return time.thread_time() - started

    assert seconds(800_000) < 40 * max(seconds(100_000), 0.001)
