"""``bandeau check`` and ``bandeau init``, as a publisher types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bandeau.cli import main

SOUND = """\
[site]
name = "Le Quotidien"
controller = "Le Quotidien SAS"
hosts = ["www.quotidien.test"]
privacy_policy = "/vie-privee"
[purposes.social]
"""


def check(path: Path | str, *options: str) -> Result:
    result = CliRunner().invoke(main, ["check", str(path), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def init(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["init", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(SOUND, "utf-8")
    return path


def test_a_sound_policy_exits_0_with_its_digest(policy: Path) -> None:
    result = check(policy)
    assert result.exit_code == 0
    assert re.fullmatch(
        rf"{re.escape(str(policy))}: no fault, digest [0-9a-f]{{16}}\n", result.stdout
    )


def test_each_fault_is_one_line_with_file_line_key_and_rule(policy: Path) -> None:
    policy.write_text(SOUND + "data = []\n[features.comments]\npurpose = 'socia'\n", "utf-8")
    result = check(policy)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{policy}:7: purposes.social.data: [I10] ")
    assert lines[1].startswith(f"{policy}:8: features.comments.alternative: [F5] warning: ")
    assert lines[2].startswith(f"{policy}:9: features.comments.purpose: [schema] ")
    assert len(lines) == 3


def test_warnings_alone_are_printed_and_exit_0(policy: Path) -> None:
    policy.write_text(SOUND + "[choice]\nlifetime = '1 year'\n", "utf-8")
    result = check(policy)
    assert result.exit_code == 0
    assert f"{policy}:8: choice.lifetime: [C2] warning: 1 year" in result.stdout
    assert "no error, warnings: 1" in result.stdout


def test_a_word_list_that_cannot_be_read_is_a_fault(policy: Path) -> None:
    feature = "[features.comments]\npurpose = 'social'\nwords = 'words.txt'\n"
    policy.write_text(SOUND + feature + "alternative = { en = 'Write' }\n", "utf-8")
    result = check(policy)
    assert result.exit_code == 1
    words = policy.parent / "words.txt"
    told = f"{policy}:9: features.comments.words: [schema] {words}: cannot be read: no such file"
    assert told in result.stdout
    words.write_text("casino\n", "utf-8")
    assert "no fault" in check(policy).stdout


def test_hosts_that_fit_into_no_header_are_a_warning(policy: Path) -> None:
    for hosts, told in ((600, False), (1_200, True)):
        named = ", ".join(f'"cdn{n}.vendor{n}.test"' for n in range(hosts))
        tracker = f"[[trackers]]\nvendor = 'V'\npurpose = 'social'\nhosts = [{named}]\n"
        policy.write_text(SOUND + tracker, "utf-8")
        result = check(policy)
        assert result.exit_code == 0
        line = f"{policy}:7: trackers: [schema] warning: the hosts of all trackers take more than"
        assert (line in result.stdout) is told, result.stdout


def test_json_holds_the_same(policy: Path) -> None:
    assert json.loads(check(policy, "--json").stdout)["faults"] == []
    policy.write_text(SOUND + "x = 1\n", "utf-8")
    result = check(policy, "--json")
    assert result.exit_code == 1
    (fault,) = json.loads(result.stdout)["faults"]
    assert (fault["line"], fault["key"], fault["rule"]) == (7, "purposes.social.x", "schema")


@pytest.mark.parametrize("data", [b"\xff\xfe[\x00", b"x = " + b"[" * 10_000, b"#" * 2_000_000])
def test_bad_bytes_are_faults_and_no_trace(policy: Path, data: bytes) -> None:
    policy.write_bytes(data)
    result = check(policy)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{policy}:1: [toml] ")


def test_what_cannot_be_read_exits_1_and_says_why(tmp_path: Path) -> None:
    missing = check(tmp_path / "none.toml")
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert "none.toml: cannot be read: no such file" in missing.stderr
    assert check(tmp_path).exit_code == 1


def test_init_writes_a_file_that_checks_clean(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    options = ("--name", 'Le "Phare"', "--host", "www.phare.test", "--controller", "Le Phare SAS")
    result = init(str(path), *options, "--language", "fr", "--language", "ar")
    assert result.exit_code == 0
    assert f"bandeau check {path}" in result.stdout
    verdict = check(path)
    assert verdict.exit_code == 0
    assert "no fault" in verdict.stdout


def test_init_needs_no_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert init().exit_code == 0
    assert "no fault" in check("policy.toml").stdout


def test_init_refuses_to_overwrite_without_force(policy: Path) -> None:
    refused = init(str(policy))
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert policy.read_text("utf-8") == SOUND
    assert init(str(policy), "--force").exit_code == 0
    assert policy.read_text("utf-8") != SOUND


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--host", "https://phare.test/"), "site.hosts[0]"),
        (("--language", "tlh"), "site.languages[0]"),
        (("--name", " "), "site.name"),
    ],
)
def test_init_writes_nothing_that_would_not_check(
    tmp_path: Path, options: tuple[str, str], says: str
) -> None:
    path = tmp_path / "policy.toml"
    result = init(str(path), *options)
    assert result.exit_code == 2
    assert says in result.stderr
    assert not path.exists()


def test_init_says_where_it_cannot_write(tmp_path: Path) -> None:
    result = init(str(tmp_path / "none" / "policy.toml"))
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
