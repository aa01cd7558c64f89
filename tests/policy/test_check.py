"""Rules between parts: each breach is told with its line, key, rule and severity."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from bandeau import limits
from bandeau.policy.check import check, load
from bandeau.policy.fault import Fault, PolicyError
from bandeau.policy.lines import lines_of
from bandeau.policy.parse import parse
from bandeau.policy.words import Words

_TEXTS = {
    f"purposes.{key}.{field}": "x"
    for key in ("functioning", "audience", "social", "advertising", "statistics")
    for field in ("title", "summary")
} | {"features.comments": "comments"}
WORDS = Words(dict.fromkeys(("ar", "en", "fr"), _TEXTS))

SITE = """\
[site]
name = "Le Quotidien"
controller = "Le Quotidien SAS, 1 rue du Port"
hosts = ["www.quotidien.test", "quotidien.test"]
privacy_policy = "/vie-privee"
languages = ["fr", "en"]
[purposes.functioning]
exempt = "strictly-necessary"
[purposes.audience]
exempt = "audience-measurement"
[purposes.social]
[purposes.advertising]
"""  # 12 lines
SITE_LINES = SITE.count("\n")


def faults(text: str) -> tuple[Fault, ...]:
    data = text.encode()
    return check(parse(data), WORDS, lines_of(data))


def brief(found: Iterable[Fault]) -> list[tuple[int, str, str, str]]:
    return [(each.line, each.key, each.rule, each.severity) for each in found]


def tracker(vendor: str, purpose: str, rest: str = "hosts = ['some.example']") -> str:
    return f"[[trackers]]\nvendor = '{vendor}'\npurpose = '{purpose}'\n{rest}\n"


def two(first: tuple[str, str], second: tuple[str, str]) -> list[tuple[int, str, str]]:
    text = SITE + tracker("One", *first) + tracker("Two", *second)
    return [(each.line, each.key, each.rule) for each in faults(text)]


LATER = SITE_LINES + 8


def test_a_sound_policy_has_no_fault() -> None:
    assert faults(SITE + tracker("Telegram", "social")) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            SITE + tracker("X", "games"),
            (SITE_LINES + 3, "trackers[0].purpose", "schema", "error"),
        ),
        (
            SITE + "[features.comments]\npurpose = 'games'\nalternative = { fr = 'a', en = 'a' }",
            (SITE_LINES + 2, "features.comments.purpose", "schema", "error"),
        ),
        (
            SITE + "[features.comments]\npurpose = 'audience'\nalternative = {fr = 'a', en = 'a'}",
            (SITE_LINES + 2, "features.comments.purpose", "F2", "error"),
        ),
        (
            SITE + "[features.comments]\npurpose = 'social'",
            (SITE_LINES + 1, "features.comments.alternative", "F5", "warning"),
        ),
        (
            SITE + "[features.comments]\npurpose = 'social'\nalternative = { fr = 'a' }",
            (SITE_LINES + 3, "features.comments.alternative", "B17", "error"),
        ),
        *(
            (
                SITE + "[features.comments]\npurpose = 'social'\nalternative = {fr='a', en='a'}\n"
                f"[[features.comments.sections]]\npath = '/a/*'\nmoderation = 'before'\n"
                f"[[features.comments.sections]]\n{section}",
                (
                    SITE_LINES + 8 - short,
                    f"features.comments.sections[1]{key}",
                    "schema",
                    "warning",
                ),
            )
            for section, key, short in (
                ("path = '/a/b'\nmoderation = 'after'", ".path", 0),
                ("path = '/b'", "", 1),
            )
        ),
        (
            SITE + "[features.chess]\npurpose = 'social'\nalternative = { fr = 'a', en = 'a' }",
            (SITE_LINES + 1, "features.chess", "I4", "error"),
        ),
        (
            SITE + "[[trackers]]\nvendor = 'V'\npurpose = 'social'\nhosts = ['v.test']\n"
            "notify = 'http://v.test/w'",
            (SITE_LINES + 5, "trackers[0].notify", "W7", "warning"),
        ),
        (
            SITE + "[choice]\nlifetime = '7 months'",
            (SITE_LINES + 2, "choice.lifetime", "C2", "warning"),
        ),
        (
            SITE + "[choice]\nlifetime = '185 days'",
            (SITE_LINES + 2, "choice.lifetime", "C2", "warning"),
        ),
        (
            SITE.replace("[purposes.social]", "[purposes.social]\ndata = []"),
            (12, "purposes.social.data", "I10", "error"),
        ),
        (
            SITE + "[purposes.news]\ntitle = {fr='a',en='a'}\nsummary = {fr='a',en='a'}",
            (SITE_LINES + 1, "purposes.news.data", "I10", "error"),
        ),
        (
            SITE + "[purposes.news]\ndata = ['ip']\nsummary = { fr = 'a', en = 'a' }",
            (SITE_LINES + 1, "purposes.news.title", "I1", "error"),
        ),
        (
            SITE + "[purposes.news]\ndata=['ip']\ntitle={fr='a',en='a'}\nsummary={fr='a'}",
            (SITE_LINES + 4, "purposes.news.summary", "I1", "error"),
        ),
        (
            SITE.replace("[purposes.social]", "[purposes.social]\ntitle = { eng = 'a' }"),
            (12, "purposes.social.title.eng", "schema", "warning"),
        ),
        (
            SITE.replace('["fr", "en"]', '["fr",\n"tlh"]'),
            (7, "site.languages[1]", "B17", "error"),
        ),
        (
            SITE.replace('["fr", "en"]', '["fr", "fr"]'),
            (6, "site.languages[1]", "schema", "error"),
        ),
        (
            SITE.replace("[purposes.social]", "[purposes.social]\nexempt = 'strictly-necessary'"),
            (12, "purposes.social.exempt", "I9", "error"),
        ),
        (
            SITE + "[purposes.statistics]\nexempt = 'audience-measurement'",
            (SITE_LINES + 2, "purposes.statistics.exempt", "I9", "error"),
        ),
        (
            SITE.replace("audience-measurement", "strictly-necessary"),
            (10, "purposes.audience.exempt", "M1", "error"),
        ),
        (
            SITE.replace("Le Quotidien SAS", "Le Quotidien, certifié par la CNIL"),
            (3, "site.controller", "I11", "error"),
        ),
        (
            SITE.replace("[purposes.social]", "[purposes.social]\ntitle = { fr = 'Validé CNIL' }"),
            (12, "purposes.social.title.fr", "I11", "error"),
        ),
        (
            SITE + tracker("Le Quotidien", "advertising", "hosts = ['quotidien.test']"),
            (SITE_LINES + 4, "trackers[0].hosts[0]", "P7", "error"),
        ),
        (
            SITE + tracker("Metrics", "audience", "hosts = ['m.quotidien.test']"),
            (SITE_LINES + 4, "trackers[0].hosts[0]", "P7", "error"),
        ),
        (
            SITE.replace(', "quotidien.test"', "")
            + tracker("Metrics", "social", "hosts = ['quotidien.test']"),
            (SITE_LINES + 4, "trackers[0].hosts[0]", "P7", "error"),
        ),
        (
            SITE + tracker("X", "social", "hosts = ['telegram']"),
            (SITE_LINES + 4, "trackers[0].hosts[0]", "P9", "warning"),
        ),
        (
            SITE + tracker("X", "social", ""),
            (SITE_LINES + 1, "trackers[0]", "I6", "warning"),
        ),
        (
            SITE + tracker("X", "functioning", "cookies = [{ name = 'eu-*' }]"),
            (SITE_LINES + 4, "trackers[0].cookies[0]", "C6", "error"),
        ),
        (
            SITE + tracker("X", "audience", "cookies = [{ name = 'v', max_age = '14 months' }]"),
            (SITE_LINES + 4, "trackers[0].cookies[0].max_age", "M7", "error"),
        ),
        (
            SITE + tracker("X", "audience", "cookies = [{ name = 'v', max_age = '398 days' }]"),
            (SITE_LINES + 4, "trackers[0].cookies[0].max_age", "M7", "error"),
        ),
    ],
)
def test_each_breach_is_told_once(text: str, expected: tuple[int, str, str, str]) -> None:
    assert brief(faults(text)) == [expected]


@pytest.mark.parametrize(
    "rest",
    [
        "[choice]\nlifetime = '6 months'",
        "[choice]\nlifetime = '184 days'",
        tracker("X", "audience", "cookies = [{ name = 'v', max_age = '13 months' }]"),
        tracker("X", "audience", "cookies = [{ name = 'v', max_age = '1 year' }, { name = 'w' }]"),
        tracker("X", "advertising", "cookies = [{ name = 'v', max_age = '2 years' }]"),
        tracker("Le Quotidien", "functioning", "hosts = ['static.quotidien.test']"),
        tracker("le quotidien sas", "audience", "hosts = ['m.quotidien.test']"),
        tracker("X", "social", "hosts = ['localhost', 'notquotidien.test']"),
        tracker("X", "social", "cookies = [{ name = 'eu-consent', domain = '.x.example' }]"),
        tracker("X", "social") + tracker("X", "social"),
    ],
)
def test_what_the_rules_allow_is_no_fault(rest: str) -> None:
    assert faults(SITE + rest) == ()


@pytest.mark.parametrize(
    ("value", "sound"),
    [
        ("/privacy", True),
        ("/", True),
        ("https://quotidien.test/privacy", True),
        ("//evil.example/privacy", False),
        ("/\\\\evil.example", False),
        ("privacy", False),
        ("http://quotidien.test/privacy", False),
        ("https://", False),
        ("https://[", False),
        ("javascript:alert(1)", False),
        ("/a b", False),
    ],
)
def test_the_privacy_policy_is_a_path_or_a_safe_address(value: str, sound: bool) -> None:
    found = brief(faults(SITE.replace("/vie-privee", value)))
    assert found == ([] if sound else [(5, "site.privacy_policy", "I12", "error")])


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("hosts = ['a.example']", "hosts = ['a.example']", True),
        ("hosts = ['a.example']", "hosts = ['cdn.A.example']", True),
        ("hosts = ['a.example']", "hosts = ['ba.example']", False),
        ("cookies = [{ name = 'id' }]", "cookies = [{ name = 'id' }]", True),
        ("cookies = [{ name = 'id' }]", "cookies = [{ name = 'ID' }]", False),
        ("cookies = [{ name = '_g*' }]", "cookies = [{ name = '_ga' }]", True),
        ("cookies = [{ name = '_ga' }]", "cookies = [{ name = '_g*' }]", True),
        ("cookies = [{ name = 'a*' }]", "cookies = [{ name = '*b' }]", True),
        ("cookies = [{ name = '*b' }]", "cookies = [{ name = 'a*' }]", True),
        ("cookies = [{ name = 'a*c' }]", "cookies = [{ name = 'ab*d' }]", False),
        # The Cookie header tells neither path nor domain: on the site, the name must do.
        ("cookies = [{ name = 'id', path = '/a' }]", "cookies = [{ name = 'id' }]", True),
        (
            "cookies = [{ name = 'id', domain = '.quotidien.test' }]",
            "cookies = [{ name = 'id' }]",
            True,
        ),
        (
            "cookies = [{ name = 'id', domain = '.one.example' }]",
            "cookies = [{ name = 'id' }]",
            False,
        ),
        (
            "cookies = [{ name = 'id', domain = '.one.example' }]",
            "cookies = [{ name = 'id', domain = 'two.example' }]",
            False,
        ),
        (
            "cookies = [{ name = 'id', domain = '.one.example' }]",
            "cookies = [{ name = 'i*', domain = 'www.one.example' }]",
            True,
        ),
        ("storage = ['k']", "storage = ['k*']", True),
        ("storage = ['k:*']", "storage = ['l:*']", False),
    ],
)
def test_two_purposes_cannot_claim_one_thing(one: str, other: str, clash: bool) -> None:
    found = two(("social", one), ("advertising", other))
    key = f"trackers[1].{other.partition(' ')[0]}[0]"
    assert found == ([(LATER, key, "P6")] if clash else [])
    assert two(("social", one), ("social", other)) == []


def test_a_host_below_one_of_another_purpose_is_told_at_the_lower_one() -> None:
    found = two(("social", "hosts = ['cdn.a.example']"), ("advertising", "hosts = ['a.example']"))
    assert found == [(SITE_LINES + 4, "trackers[0].hosts[0]", "P6")]


def test_a_clash_names_the_other_side() -> None:
    text = SITE + tracker("One", "social") + tracker("Two", "advertising")
    (found,) = faults(text)
    assert '"One"' in found.message
    assert f"line {SITE_LINES + 4}" in found.message


def test_patterns_that_begin_alike_are_limited() -> None:
    many = ", ".join(f"{{ name = 'a*{n}' }}" for n in range(limits.POLICY_PATTERNS_ALIKE + 1))
    found = faults(SITE + tracker("X", "social", f"cookies = [{many}]"))
    assert [(each.key, each.rule) for each in found] == [("trackers[0].cookies[200]", "schema")]


def test_faults_come_in_file_order_up_to_a_limit() -> None:
    found = faults(SITE + "".join(tracker(f"V{n}", "none") for n in range(limits.POLICY_FAULTS)))
    assert len(found) == limits.POLICY_FAULTS
    assert [each.line for each in found] == sorted(each.line for each in found)


def test_load_refuses_errors_and_returns_warnings() -> None:
    text = SITE + "[choice]\nlifetime = '1 year'\n"
    policy, warnings = load(text.encode(), WORDS)
    assert policy.site.name == "Le Quotidien"
    assert [each.rule for each in warnings] == ["C2"]
    with pytest.raises(PolicyError, match=r"\[schema\] no purpose is called"):
        load((text + tracker("X", "none")).encode(), WORDS)
