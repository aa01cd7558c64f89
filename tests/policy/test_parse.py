"""What parse takes and refuses, as a publisher meets it: lines, keys, rule ids."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.policy.model import DataKind, Exemption, Period, Policy, Purpose, Site, Tracker
from bandeau.policy.parse import Fault, PolicyError, parse

# DESIGN section 2, word for word: files like this one must keep working.
DESIGN = """\
[site]
name = "Le Quotidien"
controller = "Le Quotidien SAS, 1 rue du Port, Nantes"
hosts = ["www.quotidien.test", "quotidien.test"]     # every host the publisher runs itself
privacy_policy = "/vie-privee"
languages = ["fr", "en"]

[choice]
lifetime = "6 months"            # consent and refusal alike
cookie = "eu-consent"

[purposes.functioning]
exempt = "strictly-necessary"

[purposes.audience]
exempt = "audience-measurement"

[purposes.social]
data = ["ip", "browsing", "social-interactions", "comments"]
title = { fr = "Réseaux sociaux", en = "Social networks" }
summary = { fr = "…", en = "…" }

[purposes.advertising]
data = ["ip", "browsing", "location"]
title = { fr = "Publicité", en = "Advertising" }
summary = { fr = "…", en = "…" }

[features.comments]
purpose = "social"
alternative = { fr = "Écrivez-nous : courrier@quotidien.test", en = "Write to courrier@quotidien.test" }

[[trackers]]
vendor = "Telegram"
purpose = "social"
hosts = ["telegram.org", "t.me"]

[[trackers]]
vendor = "Le Quotidien"
purpose = "functioning"
hosts = ["static.quotidien-assets.test"]             # cookie-less assets
cookies = [{ name = "session", path = "/" }]

[[trackers]]
vendor = "Example Ads"
purpose = "advertising"
hosts = ["ads.example"]
cookies = [{ name = "_ea*", domain = ".quotidien.test", path = "/", max_age = "13 months" }]
storage = ["ea:*"]
"""  # noqa: E501

SITE = """\
[site]
name = "Le Quotidien"
controller = "Le Quotidien SAS"
hosts = ["www.quotidien.test"]
privacy_policy = "/vie-privee"
"""


def faults(text: str | bytes) -> tuple[Fault, ...]:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(PolicyError) as caught:
        parse(data)
    assert all("\n" not in str(fault) for fault in caught.value.faults)
    return caught.value.faults


def fault(text: str | bytes) -> Fault:
    (only,) = faults(text)
    return only


def test_the_file_of_the_design_parses_as_it_stands() -> None:
    policy = parse(DESIGN.encode())
    assert [purpose.key for purpose in policy.purposes] == [
        "functioning",
        "audience",
        "social",
        "advertising",
    ]
    assert policy.purpose("audience").exempt is Exemption.AUDIENCE_MEASUREMENT
    assert policy.feature("comments") is not None
    assert policy.trackers[2].cookies[0].max_age == Period(count=13, unit="month")
    assert policy.site.languages == ("fr", "en")


def test_a_short_file_is_a_complete_file() -> None:
    policy = parse(f'{SITE}[purposes.social]\n[features.comments]\npurpose = "social"\n'.encode())
    assert policy.choice.lifetime == Period(count=6, unit="month")
    assert policy.choice.proof == Period(count=5, unit="year")
    assert policy.choice.cookie == "eu-consent"
    assert policy.purpose("social").data == (
        DataKind.IP,
        DataKind.BROWSING,
        DataKind.SOCIAL_INTERACTIONS,
        DataKind.COMMENTS,
    )


def test_data_that_the_file_names_replaces_what_is_assumed() -> None:
    policy = parse(f'{SITE}[purposes.social]\ndata = ["ip"]\n'.encode())
    assert policy.purpose("social").data == (DataKind.IP,)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + DESIGN.encode(),
        DESIGN.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + DESIGN.replace("\n", "\r\n").encode(),
    ],
    ids=["BOM", "CRLF", "both"],
)
def test_bom_and_crlf_change_nothing(data: bytes) -> None:
    assert parse(data) == parse(DESIGN.encode())


def test_bom_and_crlf_move_no_line() -> None:
    text = "\ufeff" + SITE.replace('"/vie-privee"', "3").replace("\n", "\r\n")
    assert (fault(text).line, fault(text).key) == (5, "site.privacy_policy")


@pytest.mark.parametrize(
    ("text", "line", "key", "rule", "says"),
    [
        (SITE + "langages = []", 6, "site.langages", "schema", "did you mean languages?"),
        (SITE + "wat = 1", 6, "site.wat", "schema", "known here: name, controller"),
        ("colour = 1\n" + SITE, 1, "colour", "schema", "unknown key"),
        (SITE + "[choice]\nproof = 5", 7, "choice.proof", "schema", '"6 months"'),
        (SITE + "[choice]\nlifetime = 6", 7, "choice.lifetime", "schema", '"6 months"'),
        (SITE + '[choice]\nlifetime = "9999 years"', 7, "choice.lifetime", "schema", "shorten"),
        (SITE + '[choice]\nlifetime = "0 days"', 7, "choice.lifetime", "schema", '"6 months"'),
        (
            SITE + '[choice]\nlifetime = { count = 1, unit = "century" }',
            7,
            "choice.lifetime",
            "schema",
            '"6 months"',
        ),
        (SITE + "[purposes.social]\ndata = 'ip'", 7, "purposes.social.data", "schema", "list"),
        (
            SITE + "[purposes.social]\ndata = ['ip',\n'shoes']",
            8,
            "purposes.social.data[1]",
            "I10",
            "social-interactions",
        ),
        (
            SITE + "[purposes.ads]\nexempt = 'fun'",
            7,
            "purposes.ads.exempt",
            "M1",
            "audience-measurement",
        ),
        (SITE + "[purposes.social]\nkey = 'x'", 7, "purposes.social.key", "schema", "remove"),
        (SITE + "[purposes.Social]", 6, "purposes.Social", "schema", "lower-case"),
        (SITE + "[purposes]\nsocial = 3", 7, "purposes.social", "schema", "table"),
        (SITE + "[[purposes]]\nx = 1", 6, "purposes", "schema", "[purposes.NAME]"),
        (SITE + "[features.comments]", 6, "features.comments.purpose", "schema", "add it"),
        *(
            (
                SITE + f"[features.comments]\npurpose = 'social'\n{line}",
                8,
                f"features.comments.{line.split()[0]}",
                "schema",
                said,
            )
            for line, said in (
                ("moderation = 'never'", "use after or before"),
                ("first = true", "use hold or publish"),
                ("repeats = 'drop'", "use hold or publish"),
                ("close_after = '30'", "a number and a unit"),
                ("links = '2'", "a whole number"),
                ("links = true", "a whole number"),
                ("links = 1.5", "a whole number"),
                ("links = -1", "0 or more"),
                ("words = 3", "the name of a file"),
                ("words = ['a', ' ']", "the name of a file"),
                ("sections = 'x'", "must be a list"),
                ("word = 'x'", "did you mean words?"),
            )
        ),
        *(
            (
                SITE + "[features.comments]\npurpose = 'social'\n"
                f"[[features.comments.sections]]\n{line}",
                line_number,
                f"features.comments.sections[0].{key}",
                "schema",
                said,
            )
            for line, line_number, key, said in (
                ("moderation = 'before'", 8, "path", "missing"),
                ("path = 'politics'", 9, "path", "no host, ? or #"),
                ("path = '/a'\nmoderation = 'maybe'", 10, "moderation", "use after or before"),
                ("path = '/a'\nclose = '1 day'", 10, "close", "did you mean close_after?"),
            )
        ),
        (
            SITE + "[[trackers]]\nvendor = 'x'\npurpose = 'y'\nhosts = [\n'a.test',\n'*.b.test']",
            11,
            "trackers[0].hosts[1]",
            "schema",
            "host name alone",
        ),
        *(
            (
                SITE + f"[[trackers]]\nvendor='x'\npurpose='y'\npaths = [\n'/a',\n{path}]",
                11,
                "trackers[0].paths[1]",
                "schema",
                "no host, ? or #",
            )
            for path in ("'gtm/*'", "'https://own.test/x'", "'/a b'", "'/a?b'", "''", "'*'")
        ),
        (
            SITE + "[[trackers]]\nvendor='x'\npurpose='y'\nsnippets = [\n'enough',\n'été()']",
            11,
            "trackers[0].snippets[1]",
            "schema",
            "plain ASCII",
        ),
        (
            SITE + "[[trackers]]\nvendor='x'\npurpose='y'\npath = '/a'",
            9,
            "trackers[0].path",
            "schema",
            "did you mean paths?",
        ),
        (
            SITE + "[[trackers]]\nvendor='x'\npurpose='y'\n[[trackers.cookies]]\nname='a;b'",
            10,
            "trackers[0].cookies[0].name",
            "schema",
            "plain ASCII",
        ),
        (
            SITE + "[[trackers]]\nvendor='x'\npurpose='y'\ncookies=[{name='a'},\n{nom='a'},]",
            10,
            "trackers[0].cookies[1].name",
            "schema",
            "missing",
        ),
        (SITE + "title.'deux mots' = 1", 6, "site.title", "schema", "unknown key"),
        (SITE.replace("hosts", "#"), 1, "site.hosts", "P7", "missing"),
        (SITE.replace('["www.quotidien.test"]', "[]"), 4, "site.hosts", "P7", "at least one"),
        (SITE.replace('"Le Quotidien SAS"', '"  "'), 3, "site.controller", "I5", "empty"),
        (
            SITE.replace('"Le Quotidien SAS"', '"\\u0000"'),
            3,
            "site.controller",
            "schema",
            "control",
        ),
    ],
)
def test_a_fault_says_line_key_rule_and_remedy(
    text: str, line: int, key: str, rule: str, says: str
) -> None:
    found = faults(text)[0]
    assert (found.line, found.key, found.rule) == (line, key, rule)
    assert says in found.message


def test_a_fault_is_one_line_with_the_file_name() -> None:
    shown = fault(SITE + "[purposes.social]\ndata = 'ip'").shown("policy.toml")
    assert (
        shown
        == 'policy.toml:7: purposes.social.data: [schema] must be a list; write it as ["…", "…"]'
    )


def test_a_whole_list_of_bad_hosts_is_not_called_empty() -> None:
    assert fault(SITE.replace("www.", "https://www.")).key == "site.hosts[0]"


def test_every_fault_is_told_at_once_up_to_a_limit() -> None:
    text = SITE + "".join(f"k{number} = 1\n" for number in range(limits.POLICY_FAULTS + 50))
    assert len(faults(text)) == limits.POLICY_FAULTS
    assert [each.line for each in faults(text)][:3] == [6, 7, 8]


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        (SITE + "\nname = 'again'\n", 7, "site.name"),
        (SITE + "[site]\nname = 'x'\n", 6, "site"),
        (SITE + "[purposes.social]\ndata = []\n\n[purposes.social]\n", 9, "purposes.social"),
        (SITE + "[purposes]\nsocial = { data = [], data = [] }", 7, "purposes.social.data"),
    ],
)
def test_duplicate_keys_are_named(text: str, line: int, key: str) -> None:
    found = fault(text)
    assert (found.line, found.key, found.rule) == (line, key, "toml")
    assert "twice" in found.message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = \n" + SITE, 1),
        (SITE + "wat", 6),
        (SITE + 'x = "unclosed\n', 6),
        (SITE + "x = [1,\n", 6),
        (SITE + "x = " + "1" * 5000, 6),
        (SITE + "x = 2026-13-45", 6),
    ],
)
def test_what_is_not_toml_has_its_line(text: str, line: int) -> None:
    found = fault(text)
    assert (found.line, found.rule) == (line, "toml")


@pytest.mark.parametrize(
    "inside",
    [
        "x = " + "[" * 10_000,
        "x = " + "[" * 10_000 + "]" * 10_000,
        "x = " + "{a=" * 10_000,
        "x" + ".x" * 100_000 + " = 1",
        "[x" + ".x" * 100_000 + "]",
        "x = " + "[" * 13 + "]" * 13,
    ],
    ids=["open", "closed", "inline", "dotted", "header", "just too deep"],
)
def test_deep_nesting_is_refused(inside: str) -> None:
    found = fault(f"# first line\n{inside}\n")
    assert "deep" in found.message
    assert found.rule == "toml"


def test_deep_nesting_has_its_line_where_it_closes() -> None:
    assert fault(SITE + "x = " + "[" * 99 + "]" * 99).line == 6


def test_a_file_of_ten_megabytes_is_refused() -> None:
    found = fault(SITE.encode() + b"#" * 10_000_000)
    assert str(limits.POLICY_BYTES) in found.message


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_other_encodings_are_refused_with_the_line(encoding: str) -> None:
    found = fault(DESIGN.replace("…", "é").encode(encoding))
    assert "UTF-8" in found.message
    assert found.line == (1 if encoding == "utf-16" else 20)


def test_more_purposes_than_fit_are_refused() -> None:
    tracker = "[[trackers]]\nvendor='x'\npurpose='y'\n"
    purposes = "".join(f"[purposes.p{n}]\n" for n in range(limits.POLICY_PURPOSES + 1))
    assert fault(SITE + purposes + tracker).key == "purposes"


_SIGNS = [*"[]{}=.,\"'#\\\n\r\t\0 \ufeff", "[[", '"""', "'''", "1", "true", "1979-05-27", "[site]"]


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf\xef\xbb\xbf")
@example(b"x=" + b"1" * 5000)
def test_arbitrary_bytes_give_a_policy_or_a_policy_error(data: bytes) -> None:
    judge(data)


@given(st.lists(st.one_of(st.sampled_from(_SIGNS), st.text(max_size=3)), max_size=60).map("".join))
def test_toml_like_text_gives_a_policy_or_a_policy_error(text: str) -> None:
    judge(text.encode("utf-8", "replace"))


@given(st.data())
def test_a_damaged_policy_gives_a_policy_or_a_policy_error(data: st.DataObject) -> None:
    text = DESIGN
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 30)))
        text = text[:start] + data.draw(st.sampled_from(["", *_SIGNS])) + text[end:]
    judge(text.encode())


def judge(data: bytes) -> None:
    try:
        assert isinstance(parse(data), Policy)
    except PolicyError as error:
        assert error.faults
        lines = data.count(b"\n") + 1
        assert all(1 <= each.line <= lines for each in error.faults)
        assert all(str(each).isprintable() for each in error.faults)


_LEAVES = st.one_of(
    st.integers(), st.booleans(), st.floats(), st.text(max_size=9), st.dates(), st.just("social")
)
_KEYS = st.sampled_from(
    [*Policy.model_fields, *Site.model_fields, *Purpose.model_fields, *Tracker.model_fields]
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=15,
)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08x}" for c in value) + '"'
    return str(value)


@given(st.dictionaries(_KEYS, _TREES, max_size=6))
def test_well_formed_toml_of_any_shape_gives_a_policy_or_a_policy_error(
    tree: dict[str, object],
) -> None:
    text = "\n".join(f"{key} = {_toml(value)}" for key, value in tree.items())
    judge(text.encode("utf-8", "replace"))
