"""Own paths and snippets: how they are read, and what is told of those that cannot stand."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau.policy.check import check
from bandeau.policy.lines import lines_of
from bandeau.policy.match import Matcher
from bandeau.policy.model import Policy, Site, Tracker
from bandeau.policy.parse import parse
from bandeau.policy.paths import canonical, patterns_of
from bandeau.policy.snippets import Snippets
from bandeau.policy.words import Words

WORDS = Words(
    {"en": {f"purposes.{key}.{text}": "x" for key in ("a", "b") for text in ("title", "summary")}}
)
SITE = """\
[site]
name = "S"
controller = "S SAS"
hosts = ["www.own.test"]
privacy_policy = "/legal/privacy"
[purposes.a]
data = ["ip"]
[purposes.b]
data = ["ip"]
"""
TRACKER = "[[trackers]]\nvendor = 'One'\npurpose = 'a'\n%s\n"
OTHER = "[[trackers]]\nvendor = 'Two'\npurpose = 'b'\n%s\n"
LINE = SITE.count("\n") + 4


def matcher(*trackers: dict[str, object]) -> Matcher:
    site = Site(name="S", controller="S", hosts=("own.test",), privacy_policy="/p")
    whole = [Tracker.model_validate({"vendor": "V", "purpose": "a"} | each) for each in trackers]
    return Matcher(Policy(site=site, trackers=tuple(whole)))


@pytest.mark.parametrize(
    ("written", "settled"),
    [
        ("/a/b", "/a/b"),
        ("/A/b/", "/a/b/"),
        ("/a//b", "/a/b"),
        ("//a/b", "/a/b"),
        ("/a/./b/.", "/a/b/"),
        ("/a/x/../b", "/a/b"),
        ("/../../a/..", "/"),
        ("/a/b/..", "/a/"),
        ("/%61/%2e%2E/b%2Fc", "/b/c"),
        ("/%2561", "/%61"),
        ("\\a\\b", "/a/b"),
        ("/a%5Cb", "/a/b"),
        ("/a/b?x=/../c", "/a/b"),
        ("/a/b#c", "/a/b"),
        ("/a;v=1/b;w", "/a/b"),
        ("/a/..;x/b", "/b"),
        ("/m%C3%A9tro", "/métro"),
        ("/m%E9tro", "/m\ufffdtro"),
        ("", "/"),
        ("?x", "/"),
    ],
)
def test_all_spellings_of_a_path_are_one(written: str, settled: str) -> None:
    assert canonical(written) == settled


@given(st.text("ab./\\;?#%2eF* é", max_size=24))
def test_what_is_settled_stays(written: str) -> None:
    settled = canonical(written)
    assert settled.startswith("/")
    assert "//" not in settled
    if "%" not in settled and "?" not in settled and "#" not in settled:
        assert canonical(settled) == settled


@pytest.mark.parametrize(
    ("declared", "taken", "left"),
    [
        ("/collect", ["/collect", "/collect/", "/Collect/a", "/collect?b"], ["/collector", "/"]),
        ("/gtm/", ["/gtm/", "/gtm/a", "/gtm/a/b"], ["/gtm", "/gtma"]),
        ("/gtm/*", ["/gtm/", "/gtm/a/b"], ["/gtm", "/gtma"]),
        ("/gtm*", ["/gtm", "/gtm.js", "/gtm/a"], ["/gt"]),
        ("/*/px", ["/a/px", "/a/b/px", "/a/px/c"], ["/px", "/a/px2"]),
        ("/t/*.js", ["/t/a.js", "/t/a/b.js"], ["/t/a.css", "/t.js"]),
        ("/%67tm//x", ["/gtm/x"], ["/%2567tm/x"]),
    ],
)
def test_a_path_stands_for_itself_and_what_is_below(
    declared: str, taken: list[str], left: list[str]
) -> None:
    asked = matcher({"paths": [declared]})
    assert all(asked.path(path) for path in taken)
    assert not any(asked.path(path) for path in left)


def test_paths_of_bandeau_belong_to_nobody() -> None:
    asked = matcher({"paths": ["/*/choice"]})
    assert asked.path("/x/choice")
    assert not asked.path("/.bandeau/choice")
    assert not asked.path("/x/../%2ebandeau/choice")


def test_every_tracker_of_a_path_or_script_is_found_in_file_order() -> None:
    one = {"vendor": "One", "paths": ["/a/*"], "snippets": ["second(", "first("]}
    two = {"vendor": "Two", "paths": ["/a/b"], "snippets": ["first("]}
    asked = matcher(one, two)
    assert [tracker.vendor for tracker in asked.path("/a/b")] == ["One", "Two"]
    found = asked.snippets.all(b"first(); second()")
    assert [(snippet, tracker.vendor) for snippet, tracker in found] == [
        ("second(", "One"),
        ("first(", "One"),
        ("first(", "Two"),
    ]


def test_the_right_ones_of_10_000_are_found() -> None:
    many = (
        {"vendor": f"V{n}", "paths": [f"/p{n}/*"], "snippets": [f"vendor{n}("]}
        for n in range(10_000)
    )
    asked = matcher(*many)
    assert [tracker.vendor for tracker in asked.path("/p77/x")] == ["V77"]
    found = asked.snippets.all(b"vendor77(); vendor7777(); vendor()")
    assert [tracker.vendor for _, tracker in found] == ["V77", "V7777"]


@given(
    st.lists(st.text("ab*", min_size=1, max_size=5), max_size=12),
    st.text("ab", max_size=12),
)
def test_snippets_are_contained_as_their_regular_expressions_are(
    snippets: list[str], text: str
) -> None:
    literal = [snippet for snippet in snippets if snippet.strip("*")]
    found = Snippets(enumerate_values(literal)).all(text.encode())
    assert found == tuple(
        order
        for order, each in enumerate(literal)
        if re.search(each.replace("*", ".*"), text) is not None
    )


def enumerate_values(snippets: list[str]) -> list[tuple[str, int]]:
    return [(snippet, order) for order, snippet in enumerate(snippets)]


def faults(text: str) -> list[tuple[int, str, str, str]]:
    data = (SITE + text).encode()
    found = check(parse(data), WORDS, lines_of(data))
    return [(each.line, each.key, each.rule, each.message) for each in found]


@pytest.mark.parametrize(
    ("declared", "rule", "says"),
    [
        ("paths = ['/x/*',\n'/*']", "R5", '"/*" takes in /'),
        ("paths = ['/x/*',\n'/']", "R5", "takes in /"),
        ("paths = ['/x/*',\n'/a/..']", "R5", "takes in /"),
        ("paths = ['/x/*',\n'/.bandeau/choice']", "schema", "takes in /.bandeau/"),
        ("paths = ['/x/*',\n'/.*']", "schema", "takes in /.bandeau/"),
        ("paths = ['/x/*',\n'/*/']", "schema", "takes in /.bandeau/"),
        ("paths = ['/x/*',\n'/legal/privacy']", "I12", "site.privacy_policy"),
        ("paths = ['/x/*',\n'/Legal']", "I12", "site.privacy_policy"),
        ("paths = ['/x/*',\n'/*vacy']", "I12", "site.privacy_policy"),
        ("snippets = ['enough(',\n'fbq']", "schema", "at least 4 characters"),
        ("snippets = ['enough(',\n'']", "schema", "too short"),
        ("snippets = ['enough(',\n'**']", "schema", "too short"),
        ("snippets = ['enough(',\n'abc*def*gh']", "schema", "too short"),
        ("snippets = ['enough(',\n'fbq   ']", "schema", "too short"),
    ],
)
def test_what_is_declared_too_widely_is_an_error(declared: str, rule: str, says: str) -> None:
    ((line, key, found, message),) = faults(TRACKER % declared)
    assert (line, key, found) == (LINE + 1, f"trackers[0].{declared.split(maxsplit=1)[0]}[1]", rule)
    assert says in message


def test_a_short_snippet_is_a_warning() -> None:
    data = (SITE + TRACKER % "snippets = ['fbq(', 'gtag(*', 'fbq(1)']").encode()
    found = check(parse(data), WORDS, lines_of(data))
    keys = [(each.key, each.severity) for each in found]
    assert keys == [(f"trackers[0].snippets[{n}]", "warning") for n in (0, 1)]


@pytest.mark.parametrize(
    "declared",
    [
        "paths = ['/metrics/*', '/metrics/collect', '/*/px', '/t*.js']",
        "paths = ['/legal/privacy/pixel', '/.bandeaux/x']",
        "snippets = [\"fbq('init'\", '*.vendor.test/t.js*', 'enough']",
    ],
)
def test_what_names_the_vendors_own_is_no_fault(declared: str) -> None:
    assert faults(TRACKER % declared) == []


@pytest.mark.parametrize("address", ["https://www.own.test/legal/x", "https://elsewhere.test/p"])
def test_a_privacy_policy_with_a_host_counts_where_the_host_is_the_sites(address: str) -> None:
    text = SITE.replace("/legal/privacy", address) + TRACKER % "paths = ['/legal/*', '/p']"
    found = check(parse(text.encode()), WORDS, lines_of(text.encode()))
    assert [each.rule for each in found] == ["I12"] * ("own.test" in address)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("paths = ['/a/*']", "paths = ['/a/b']", True),
        ("paths = ['/a/b']", "paths = ['/A']", True),
        ("paths = ['/a/b']", "paths = ['/a/b']", True),
        ("paths = ['/a/b']", "paths = ['/a/bc']", False),
        ("paths = ['/*/px']", "paths = ['/a/*']", True),
        ("paths = ['/a*.js']", "paths = ['/b*.js']", False),
        ("snippets = ['vendor(1)']", "snippets = ['vendor(1)']", True),
        ("snippets = ['vendor(']", "snippets = ['vendor(1)']", True),
        ("snippets = ['vendor(1)']", "snippets = ['vendor(']", True),
        ("snippets = ['vendor*(1)']", "snippets = ['vendor(1)']", True),
        ("snippets = ['vendor(1)']", "snippets = ['Vendor(1)']", False),
    ],
)
def test_two_purposes_cannot_claim_one_path_or_script(one: str, other: str, clash: bool) -> None:
    key = f"trackers[1].{other.partition(' ')[0]}[0]"
    found = faults(TRACKER % one + OTHER % other)
    assert [each[:3] for each in found] == ([(LINE + 4, key, "P6")] if clash else [])
    if clash:
        assert other.split("'")[1] in found[0][3]
        assert one.split("'")[1] in found[0][3]
    assert faults(TRACKER % one + TRACKER % other) == []


def test_a_pattern_is_the_same_however_the_path_is_written() -> None:
    assert patterns_of("/GTM//./x") == patterns_of("/gtm/x") == ("/gtm/x", "/gtm/x/*")
