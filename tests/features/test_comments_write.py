"""From a draft to what is published: nothing of a visitor's text can act on a page."""

from __future__ import annotations

import unicodedata
from xml.etree.ElementTree import Element

import html5lib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from payloads import payloads

from bandeau import limits
from bandeau.features.comments.markdown import LINK_REL, TAGS, quoted, render, sanitise
from bandeau.features.comments.model import Comment, Draft, Refusal
from bandeau.features.comments.write import clean_name, compose, page_path, prepare

NASTY = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.test></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style>"
    "<img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" &#106;avascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a id="location" name="cookie" href="https://a.test" onclick="alert(1)">x</a>',
    '<p style="position:fixed" title="t" lang="xx" class="c">x</p>',
    '<form id="x"><input name="attributes"></form>',
    '<p id="bandeau" class="c" data-bandeau="accept-all">x</p>',
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea></textarea><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=evil.swf></object><embed src=evil.swf>",
    "<base href='//evil.test'><meta http-equiv=refresh content='0;url=//evil.test'>",
    "<link rel=stylesheet href=//evil.test>",
    "<style>@import '//evil.test'</style>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<video><source onerror=alert(1)></video>",
    "<details open ontoggle=alert(1)>",
    "<plaintext>",
    "</p></template></section><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<xmp><script>alert(1)</script></xmp>",
    'https://a.test/"onmouseover=alert(1)//',
    "https://a.test/'><script>alert(1)</script>",
    "https://a.test/<script>alert(1)</script>",
    "https://[::1]/ https://a.test:99999999/ http://a\\b.test/ https://\u202egpj.exe",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\ufeff<script>\u2028alert(1)\u2029</script>",
    "<a href='https://a.test' target=_blank ping=//evil.test rel=opener>x</a>",
]
WORDS = st.sampled_from(
    ["<", ">", '"', "'", "&", "/", "=", " ", "\n", "https://a.test/", "on", "x"]
)
SHARDS = st.lists(st.one_of(st.sampled_from(NASTY), WORDS, st.text(max_size=8)), max_size=12)


ALLOWED = {"a": {"href", "rel"}, "ol": {"start"}, "p": {"dir"}, "li": {"dir"}}
ALLOWED["blockquote"] = {"dir"}


def elements(markup: str) -> list[Element]:
    tree = html5lib.parseFragment(markup, namespaceHTMLElements=False)
    return [element for element in tree.iter() if isinstance(element.tag, str)][1:]


def assert_inert(markup: str) -> None:
    for element in elements(markup):
        assert element.tag in TAGS
        allowed = ALLOWED.get(element.tag, set())
        assert set(element.attrib) <= allowed
        if element.tag == "a":
            assert element.get("rel") == LINK_REL
            assert element.get("href", "https://").lower().startswith(("http://", "https://"))


@pytest.mark.parametrize("payload", NASTY)
def test_a_payload_is_inert_as_text_and_as_markup(payload: str) -> None:
    assert_inert(render(payload))
    assert_inert(sanitise(payload))


def test_the_payloads_of_others_are_inert_and_keep_no_id() -> None:
    for payload in payloads():
        for markup in (render(payload), sanitise(payload)):
            assert_inert(markup)


@given(SHARDS)
@example(NASTY)
def test_no_mixture_of_payloads_survives(shards: list[str]) -> None:
    text = "".join(shards).encode("utf-8", "ignore").decode()
    assert_inert(render(text))
    assert_inert(sanitise(text))


@given(SHARDS)
def test_sanitising_again_changes_nothing(shards: list[str]) -> None:
    once = render("".join(shards).encode("utf-8", "ignore").decode())
    assert sanitise(once) == once


def test_markup_is_shown_as_it_was_typed() -> None:
    assert render("1 < 2 & <b>x</b>") == '<p dir="auto">1 &lt; 2 &amp; &lt;b&gt;x&lt;/b&gt;</p>'


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("*a* **b** ~~c~~ `<i>`", "<em>a</em> <strong>b</strong> <s>c</s> <code>&lt;i&gt;</code>"),
        ("[Paper](https://a.test 'x')", f'<a href="https://a.test" rel="{LINK_REL}">Paper</a>'),
        ("<https://a.test>", f'<a href="https://a.test" rel="{LINK_REL}">https://a.test</a>'),
        ("2 * 3 * 4, a_b_c \\*x\\*", "2 * 3 * 4, a_b_c *x*"),
        ("&copy; &lt;b&gt;", "© &lt;b&gt;"),
        (
            "![pixel](https://a.test/x.gif)",
            f'!<a href="https://a.test/x.gif" rel="{LINK_REL}">pixel</a>',
        ),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("# no heading", "# no heading"),
        ("[a]: https://a.test", "[a]: "),
    ],
)
def test_a_part_of_markdown_is_rendered(typed: str, shown: str) -> None:
    assert render(typed).startswith(f'<p dir="auto">{shown}')


def test_quotations_lists_and_code() -> None:
    assert render("> a\n>> b") == (
        '<blockquote dir="auto">\n<p dir="auto">a</p>\n<blockquote dir="auto">\n'
        '<p dir="auto">b</p>\n</blockquote>\n</blockquote>'
    )
    assert render("- a\n- b") == '<ul>\n<li dir="auto">a</li>\n<li dir="auto">b</li>\n</ul>'
    assert render("3. a") == '<ol start="3">\n<li dir="auto">a</li>\n</ol>'
    assert render("```js\n<b>\n```") == "<pre><code>&lt;b&gt;\n</code></pre>"


@pytest.mark.parametrize("hostile", ["> " * 2_500, "[" * 5_000, "- " * 2_500, "*a **b " * 700])
def test_what_nests_without_end_is_text(hostile: str) -> None:
    assert render(hostile).count("<blockquote") + render(hostile).count("<ul") <= 24


def test_a_quotation_is_one_again_when_it_is_rendered() -> None:
    assert quoted("a\nb") == "> a\n> b\n\n"
    assert render(quoted("a\n\n> b") + "c").count("<blockquote") == 2
    long = quoted("x" * 5_000)
    assert len(long) < 310 and long.endswith("x…\n\n")


def test_paragraphs_and_line_breaks_are_kept() -> None:
    assert render("one\ntwo\n\nthree") == '<p dir="auto">one<br>\ntwo</p>\n<p dir="auto">three</p>'


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("see https://a.test/b.", "https://a.test/b"),
        ("(https://a.test/?a=1&b=2)", "https://a.test/?a=1&b=2"),
        ("«HTTP://A.test/x»", "HTTP://A.test/x"),
    ],
)
def test_addresses_become_links_that_pass_nothing_on(text: str, href: str) -> None:
    (link,) = [element for element in elements(render(text)) if element.tag == "a"]
    assert (link.get("href"), link.get("rel")) == (href, LINK_REL)
    assert "".join(link.itertext()) == href


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "//a.test", "ftp://a.test", "mailto:a@b.test"]
)
def test_nothing_else_becomes_a_link(text: str) -> None:
    assert "<a" not in render(text)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  Anne\t\n Marie ", "Anne Marie"),
        ("Ame\u0301lie", "Am\u00e9lie"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("a\u2066b\u2069\u200bc\u00add\ufeff", "abcd"),
        (
            "Z\u0335\u0321\u0322\u0327\u0328\u0300\u0301\u0302\u0303algo",
            "Z\u0335\u0321\u0327\u0328algo",
        ),
        ("\u0645\u0650\u064e\u0651\u062d", "\u0645\u064e\u0650\u0651\u062d"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Ada \u3164\u2800", "Ada"),
    ],
)
def test_a_name_is_folded_into_one_honest_line(typed: str, shown: str) -> None:
    cleaned = clean_name(typed)
    marks = sum(unicodedata.category(char) == "Mn" for char in cleaned)
    assert marks <= 4
    if not typed.startswith("Z"):
        assert cleaned == shown


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80))
def test_names_keep_no_controls_and_cleaning_settles(name: str) -> None:
    cleaned = clean_name(name)
    kinds = {unicodedata.category(char) for char in cleaned}
    assert not kinds & {"Cc", "Zl", "Zp"}
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\n")
    assert clean_name(cleaned) == cleaned


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/", "/"),
        ("/a/b?x=1#y", "/a/b"),
        ("/a#b?c", "/a"),
        ("/%C3%A9t%c3%a9", "/%C3%A9t%C3%A9"),
        ("/été", "/%C3%A9t%C3%A9"),
        ("/%61%2f%20 b", "/a/%20%20b"),
        ("/100%", "/100%25"),
        ("/a%3Fb%23c", "/a%3Fb%23c"),
        ("/a;b=1,2/@x:y!$&'()*+~-._", "/a;b=1,2/@x:y!$&'()*+~-._"),
    ],
)
def test_one_page_has_one_path(raw: str, path: str) -> None:
    assert page_path(raw) == path
    assert page_path(path) == path


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "a",
        "//evil.test",
        "/a//b",
        "/\\evil.test",
        "/\t/evil.test",
        "/a\nb",
        "/\x00",
        "/%0d%0aSet-Cookie:a=b",
        "/%5Cevil.test",
        "/%2Fevil.test",
        "/%00",
        "/%FF",
        "/%ED%A0%80",
        "/\u202e",
        "/%E2%80%AE",
        "/\ud800",
        "https://evil.test/",
        "?/a",
        "/" + "a" * limits.COMMENT_PAGE_CHARACTERS,
    ],
)
def test_a_page_that_is_no_path_is_refused(raw: str) -> None:
    refusal = page_path(raw)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400


NAME = "a" * limits.COMMENT_NAME_CHARACTERS
TEXT = "a" * limits.COMMENT_TEXT_CHARACTERS


@pytest.mark.parametrize(
    ("draft", "code", "status"),
    [
        (Draft("/a", "", "x"), "empty", 422),
        (Draft("/a", "x", " \n "), "empty", 422),
        (Draft("/a", "\u200d", "x"), "empty", 422),
        (Draft("/a", "x", "\u3164\u202e"), "empty", 422),
        (Draft("/a", NAME + "a", "x"), "name-too-long", 422),
        (Draft("/a", "x", TEXT + "a"), "text-too-long", 422),
        (Draft("/a", "x", "a\0b"), "bad-characters", 400),
        (Draft("/a", "\ud800", "x"), "bad-characters", 400),
        (Draft("/a", "x", "x", "\udfff"), "bad-characters", 400),
        (Draft("nowhere", "x", "x"), "bad-page", 400),
    ],
)
def test_a_bad_draft_is_refused_with_a_code(draft: Draft, code: str, status: int) -> None:
    refusal = prepare(draft)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.status) == (code, status)


def test_the_longest_draft_passes() -> None:
    lines = ("a\r\n" * (limits.COMMENT_TEXT_CHARACTERS // 2)).rstrip()
    for text in (TEXT, lines):
        assert isinstance(prepare(Draft("/a", NAME, text)), Draft)


def test_a_new_emoji_is_a_comment() -> None:
    assert isinstance(prepare(Draft("/a", "Zoé", "\U0001fae8")), Draft)


def test_a_comment_keeps_the_receipt_that_allowed_it() -> None:
    comment = compose(Draft("/a", "B", "y"), comment_id="id-2", time=1_700_000_000_000, receipt="r")
    assert comment == Comment(
        "id-2", "/a", "B", '<p dir="auto">y</p>', 1_700_000_000_000, None, "r", source="y"
    )
