"""Bandeau's own pages as documents."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import replace

import html5lib
import pytest
from notice_site import KEYS, POLICY, chosen, undecided

from bandeau.ledger.record import Kind, Record
from bandeau.policy.model import LANGUAGES
from bandeau.storage.files import read_words
from bandeau.web.notice import Notice
from bandeau.web.pages import Pages

CHOICE = Record(
    1,
    "0190-record",
    Kind.CHOICE,
    "www.quotidien.test",
    1_790_000_000_000,
    purposes={"social": True, "gone": False},
)
ITEM = replace(CHOICE, kind=Kind.ITEM, purposes={}, purpose="social", vendor="X", host="x.test")


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(POLICY, Notice(POLICY, read_words()))


def every(pages: Pages, lang: str) -> dict[str, str]:
    some = chosen("social")
    made = {
        "panel": pages.panel_page(some, lang, "/story?a=1&b=2"),
        "privacy": pages.privacy_page(some, lang),
        "error": pages.error_page(lang, "error.unavailable", 503),
        "upstream": pages.upstream_page([lang], 502),
        "receipt": pages.receipt_page(some, lang, CHOICE, "/r.json"),
        "item": pages.receipt_page(some, lang, ITEM, "/r.json"),
    }
    return {name: page.decode() for name, page in made.items()}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_is_a_whole_valid_document_in_its_language(pages: Pages, lang: str) -> None:
    direction = "rtl" if lang == "ar" else "ltr"
    for name, page in every(pages, lang).items():
        assert page.startswith(f'<!doctype html><html lang="{lang}" dir="{direction}">'), name
        assert '<meta charset="utf-8">' in page
        assert "%BANDEAU-" not in page
        parser = html5lib.HTMLParser(strict=False, namespaceHTMLElements=False)
        title = parser.parse(page).findtext("head/title")
        assert title and title.strip().endswith(("Le Quotidien", "Le Quotidien\u2069"))


def test_the_policy_header_names_every_inline_style_and_script(pages: Pages) -> None:
    policy = pages.headers["content-security-policy"]
    for page in every(pages, "en").values():
        for text in re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", page, re.S):
            digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy


def test_the_privacy_page_lists_every_declared_tracker(pages: Pages) -> None:
    page = pages.privacy_page(undecided(), "en").decode()
    for tracker in POLICY.trackers:
        assert f"<h3>{tracker.vendor.replace('&', '&amp;')}</h3>" in page
        for host in tracker.hosts:
            assert f"<code>{host}</code>" in page
    assert "<code>_ea*</code> · 13 months" in page
    assert "<code>session</code> · until the browser closes" in page
    assert "<code>ea:*</code> · until removed" in page
    assert '<dt>Paths on this site</dt><dd><code dir="ltr">/tags/*</code></dd>' in page
    assert "<dt>Scripts in pages, known by</dt>" in page
    assert '<dd><code dir="ltr">&lt;b&gt;eatag(&#39;init&#39;</code></dd>' in page
    assert 'href="https://ads.example/privacy"' in page
    assert "audience measurement within the legal exemption" in page
    assert "kept for 6 months in the cookie “eu-consent”" in page


def test_the_privacy_page_can_be_read_before_choosing(pages: Pages) -> None:
    page = pages.privacy_page(undecided(), "en").decode()
    assert 'data-bandeau="band"' in page
    assert 'data-bandeau="notice"' not in page


def test_the_panel_page_needs_no_popover_and_leads_back(pages: Pages) -> None:
    page = pages.panel_page(chosen("social"), "en", '/story?"a').decode()
    assert page.count("<form") == 1
    assert "popovertarget" not in page
    assert 'href="/story?&quot;a"' in page
    assert len(re.findall(r"data-bandeau-purpose=", page)) == len(KEYS)
    assert 'data-state="mixed"' in page


def test_an_error_says_what_happened_and_nothing_of_the_inside(pages: Pages) -> None:
    page = pages.error_page("en", "error.cross_site", 403).decode()
    assert "came from another site" in page
    assert "403" in page
    assert 'data-bandeau="band"' not in page
    with pytest.raises(KeyError):
        pages.error_page("en", "error.unheard-of", 400)


def test_an_error_can_carry_the_notice(pages: Pages) -> None:
    page = pages.error_page("en", "error.upstream", 502, undecided(), "/story").decode()
    assert 'data-bandeau="notice"' in page
    assert 'name="return" value="/story"' in page


def test_a_receipt_shows_each_answer_and_leads_to_its_file(pages: Pages) -> None:
    page = every(pages, "en")["receipt"]
    assert "<code>0190-record</code>" in page
    assert "2026-09-21 14:13:20 UTC" in page
    assert "Social networks" in page
    assert "gone" in page
    assert 'href="/r.json"' in page


def test_the_receipt_of_an_item_names_who_was_contacted(pages: Pages) -> None:
    page = every(pages, "en")["item"]
    assert "You loaded one item of X from x.test, a matter of “Social networks”." in page
    assert "What you chose" not in page
