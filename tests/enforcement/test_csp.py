"""Our own policy, and the little that the site's own must admit."""

from __future__ import annotations

import pytest

from bandeau.enforcement.csp import Admitted, admit, own_policy

SCRIPT, STYLE, FORM = "'sha256-S'", "'sha256-T'", "http://a.test/.bandeau/"


def admitted(value: str) -> str:
    return admit(value.encode(), Admitted((SCRIPT,), (STYLE,), FORM)).decode()


def test_only_own_and_allowed_hosts_can_be_reached() -> None:
    value = own_policy(["a.test"], ["ok.test"]).decode()
    assert "default-src 'self' a.test:* *.a.test:* ok.test:* *.ok.test:*" in value
    assert "form-action 'self' a.test:*" in value


def test_web_sockets_of_those_hosts_are_named_by_their_scheme() -> None:
    assert "ws://ok.test:* ws://*.ok.test:*" in own_policy(["a.test"], ["ok.test"]).decode()


def test_an_address_has_no_subdomains() -> None:
    assert "*.127.0.0.1" not in own_policy(["127.0.0.1"], []).decode()


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ("script-src 'nonce-x'", f"script-src 'nonce-x' {SCRIPT}"),
        ("script-src 'self' 'unsafe-inline'", "script-src 'self' 'unsafe-inline'"),
        (
            "script-src 'unsafe-inline' 'nonce-x' 'strict-dynamic'",
            f"script-src 'unsafe-inline' 'nonce-x' 'strict-dynamic' {SCRIPT}",
        ),
        ("default-src 'none'", f"default-src 'none'; script-src {SCRIPT}; style-src {STYLE}"),
        (
            "default-src 'self'; style-src 'none'",
            f"default-src 'self'; style-src {STYLE}; script-src 'self' {SCRIPT}",
        ),
        (
            "script-src-elem 'self'; script-src 'none'",
            f"script-src-elem 'self' {SCRIPT}; script-src 'none'",
        ),
        ("img-src *", "img-src *"),
        ("form-action 'none'", f"form-action {FORM}"),
        ("form-action 'self'", "form-action 'self'"),
        ("require-trusted-types-for 'script'", "require-trusted-types-for 'script'"),
        ("", ""),
    ],
)
def test_the_sites_policy_gains_our_hashes_and_nothing_else(site: str, expected: str) -> None:
    assert admitted(site) == expected


def test_several_policies_in_one_header_each_admit_us() -> None:
    assert admitted("script-src 'self', script-src 'none'") == (
        f"script-src 'self' {SCRIPT},script-src {SCRIPT}"
    )


def test_the_first_of_two_equal_directives_governs() -> None:
    assert admitted("script-src 'self'; script-src 'none'") == (
        f"script-src 'self' {SCRIPT}; script-src 'none'"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("connect-src 'self'", "connect-src 'self' ads.a.test:*/.bandeau/sweep"),
        ("connect-src 'none'", "connect-src ads.a.test:*/.bandeau/sweep"),
        ("default-src 'self'", "default-src 'self'; script-src"),
        ("img-src 'self'", "img-src 'self'"),
    ],
)
def test_our_script_may_ask_the_publishers_other_hosts(given: str, expected: str) -> None:
    ours = Admitted((SCRIPT,), (), FORM, ("ads.a.test:*/.bandeau/sweep",))
    widened = admit(given.encode(), ours).decode()
    assert widened.startswith(expected)
    assert ("/.bandeau/sweep" in widened) is (not given.startswith("img"))
