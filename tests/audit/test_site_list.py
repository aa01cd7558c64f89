"""Lists of sites as people keep them: plain, with comments, as tables; and what is wrong there."""

from __future__ import annotations

import pytest

from bandeau import limits
from bandeau.audit.site_list import Fault, Site, sites


def read(text: str) -> list[tuple[int, str]]:
    return [
        (each.line, each.address if isinstance(each, Site) else each.reason)
        for each in sites(text.splitlines(keepends=True))
    ]


def test_one_address_a_line() -> None:
    text = "\ufeff# ours\n\nhttps://a.test\nb.test/page?x=1#top  # shop\nHTTP://C.Test:80/\n"
    assert read(text) == [
        (3, "https://a.test/"),
        (4, "https://b.test/page?x=1"),
        (5, "http://c.test/"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "1,a.test\n2,b.test\n",
        "rank,Domain\n1,a.test\n2,b.test\n",
        'name,url\n"Le Quotidien, Nantes",a.test\nB,b.test\n',
        "a.test,news\nb.test,shop\n",
    ],
)
def test_tables_of_commas(text: str) -> None:
    found = [address for _, address in read(text)]
    assert found == ["https://a.test/", "https://b.test/"]


def test_hosts_are_written_one_way() -> None:
    found = list(sites(["bücher.test:8443/", "[::1]:80", "http://127.0.0.1:8000/x"]))
    assert found == [
        Site(1, "https://xn--bcher-kva.test:8443/", "xn--bcher-kva.test"),
        Site(2, "https://[::1]:80/", "::1"),
        Site(3, "http://127.0.0.1:8000/x", "127.0.0.1"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("https://user:secret@a.test/", "user name or password"),
        ("https:///x", "no host"),
        ("https://a.test:99999/", "99999"),
        ("https://a.test:0/", "no host"),
        ("https://a b.test/", "white space"),
        ("https://a\x07.test/", "control characters"),
        ("https://[::1/", "Invalid IPv6"),
        ("https://-.test/", "-.test"),
        ("1,2,3", "no address"),
        ("a.test/" + "x" * limits.SURVEY_ADDRESS_CHARACTERS, "longer than"),
        (",", "no address"),
    ],
)
def test_a_line_that_names_no_site_is_a_fault_in_that_line(line: str, reason: str) -> None:
    found = list(sites(["ok.test", line, "also.test"]))
    assert [type(each) for each in found] == [Site, Fault, Site]
    fault = found[1]
    assert isinstance(fault, Fault)
    assert (fault.line, reason in fault.reason) == (2, True), fault


def test_a_list_ends_at_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SURVEY_SITES", 2)
    found = list(sites(f"{number}.test" for number in range(1_000)))
    assert [type(each) for each in found] == [Site, Site, Fault]
