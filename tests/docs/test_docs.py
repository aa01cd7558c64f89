"""The documentation against the code: nothing left out, nothing made up, every example works."""

from __future__ import annotations

import re
import sys
import tomllib
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner
from documents import (
    HEADING,
    PAGES,
    ROOT,
    SOURCE,
    Block,
    blocks,
    codes,
    doc,
    prose,
    rows,
    section,
    theme_properties,
)
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bandeau.cli import main
from bandeau.policy import model
from bandeau.policy.check import load
from bandeau.storage.files import read_words

# The policy file.

TABLES = [
    ("## `[site]`", model.Site),
    ("## `[choice]`", model.ChoiceTerms),
    ("## `[purposes.NAME]`", model.Purpose),
    ("## `[features.NAME]`", model.Feature),
    ("### Your own accounts", model.Accounts),
    ("### An OpenID Connect provider", model.Provider),
    ("### Sections", model.Section),
    ("### Review", model.Review),
    ("### Retention", model.Retention),
    ("## `[[trackers]]`", model.Tracker),
    ("### Cookies", model.CookieRule),
]


@pytest.mark.parametrize(("heading", "declared"), TABLES)
def test_every_key_of_the_policy_and_no_other(heading: str, declared: Any) -> None:
    table = rows(section(doc("policy.md"), heading))
    fields = {name: each for name, each in declared.model_fields.items() if name != "key"}
    assert {codes(cells[0])[0] for cells in table} == set(fields)
    for cells in table:
        (name,) = codes(cells[0])
        said = len(cells) > 4 and cells[2].startswith("required")
        if declared is not model.CookieRule:
            assert said == fields[name].is_required(), name


def test_defaults_of_the_policy() -> None:
    terms = model.ChoiceTerms()
    assert f'`"{terms.lifetime}"`' in section(doc("policy.md"), "## `[choice]`")
    assert f'`"{terms.cookie}"`' in section(doc("policy.md"), "## `[choice]`")
    assert '`["en"]`' in section(doc("policy.md"), "## `[site]`")
    assert model.Site.model_fields["languages"].default == ("en",)


def test_values_of_the_policy() -> None:
    said = set(codes(doc("policy.md")))
    assert {f'"{each.value}"' for each in model.Exemption} <= said
    assert {each.value for each in model.DataKind} <= said
    assert set(model.LANGUAGES) <= said


def test_built_in_purposes_with_their_data() -> None:
    told = {
        codes(name)[0]: (codes(data), codes(exempt))
        for name, data, exempt in rows(section(doc("policy.md"), "### Built-in purposes"))
    }
    assert told == {
        name: ([d.value for d in known.data], [known.exemption.value] if known.exemption else [])
        for name, known in model.KNOWN_PURPOSES.items()
    }


def test_every_rule_that_check_reports_and_no_other() -> None:
    sources = "".join(path.read_text("utf-8") for path in sorted((SOURCE / "policy").glob("*.py")))
    used = set(re.findall(r'"([A-Z]\d{1,2})"', sources)) | {"toml", "schema"}
    table = rows(section(doc("policy.md"), "## What `bandeau check` reports"))
    assert {cells[0] for cells in table} == used
    named = {
        c
        for heading, _ in TABLES
        for cells in rows(section(doc("policy.md"), heading))
        for c in re.findall(r"\b([A-Z]\d{1,2})$", cells[-1])
    }
    assert named <= used


@pytest.mark.parametrize(
    "block", [b for b in blocks() if b.language == "toml"], ids=lambda block: block.page
)
def test_toml_parses_and_whole_files_pass_check(block: Block) -> None:
    tomllib.loads(block.text)
    if block.note != "fragment":
        _, faults = load(block.text.encode(), read_words())
        assert faults == ()


# The command line.


def commands(
    group: click.Group = main, prefix: str = "", variable: str = "BANDEAU"
) -> Iterator[tuple[str, str, click.Command]]:
    """Every command with its name and the prefix of its environment variables."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ", f"{variable}_{name.upper()}")
        else:
            yield f"{prefix}{name}", f"{variable}_{name.upper()}", command


COMMANDS = {name: command for name, _, command in commands()}


def helped(name: str) -> str:
    arguments = [*name.split(), "--help"]
    shown = CliRunner().invoke(main, arguments, prog_name="bandeau", terminal_width=80)
    assert shown.exit_code == 0
    return shown.output.rstrip()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_shown_as_its_help_prints_it(name: str) -> None:
    shown = [
        block.text.partition("\n")[2].rstrip()
        for block in blocks()
        if block.text.startswith(f"$ bandeau {name} --help\n")
    ]
    assert shown == [helped(name)]


def typed() -> Iterator[list[str]]:
    """Each ``bandeau`` command line in a console block, as words."""
    for block in blocks():
        if block.language == "console":
            for line in re.findall(r"^\$ bandeau (.*)$", block.text, re.MULTILINE):
                yield re.split(r"\s+", line.partition("#")[0].strip())


def command_of(words: list[str]) -> click.Command:
    command: click.Command = main
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        assert word in command.commands, f"bandeau {' '.join(words)}"
        command = command.commands[word]
    return command


@pytest.mark.parametrize("words", list(typed()), ids=" ".join)
def test_commands_that_are_typed_exist_with_their_options(words: list[str]) -> None:
    command = command_of(words)
    options = {"--help", *(each for p in command.params for each in p.opts)}
    assert {word for word in words if word.startswith("--")} <= options


def test_commands_and_options_in_the_text_exist() -> None:
    known = {
        each
        for _, _, command in commands()
        for p in command.params
        for each in [*p.opts, *p.secondary_opts]
    }
    known |= {"--version", "--help"} | theme_properties()
    for page in PAGES:
        for code in codes(prose(page.read_text("utf-8"))):
            if code.startswith("bandeau ") and "…" not in code:
                command_of(code.split()[1:])
            assert set(re.findall(r"(?<!\S)--[a-z][a-z-]*", code)) <= known


def test_environment_names() -> None:
    expected = {
        str(parameter.envvar or f"{prefix}_{parameter.name.upper()}".replace("-", "_"))
        for _, prefix, command in commands()
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name
    }
    said = section(doc("serving.md"), "### From the environment")
    assert set(re.findall(r"`(BANDEAU_\w+)`", said)) == expected


def test_the_start_in_the_readme_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = [b for b in blocks() if b.page == "README.md" and "$ bandeau init" in b.text]
    printed = ""
    for line in re.findall(r"^\$ bandeau (.*)$", block.text, re.MULTILINE):
        words = [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', line)]
        shown = CliRunner().invoke(main, words)
        assert shown.exit_code == 0, shown.output
        printed += f"$ bandeau {line}\n{shown.output}"
    assert printed == block.text


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = "".join(page.read_text("utf-8") for page in PAGES)
    named = set(re.findall(r"(?:^\$ |`)make ([a-z]+)", text, re.MULTILINE))
    assert named
    assert named <= targets


# Examples and links.


class _FastAPI(Starlette):
    """As much of FastAPI as the example uses; it is no dependency."""

    def get(self, path: str, response_class: type[HTMLResponse]) -> Callable[..., Any]:
        def add(view: Callable[[Request], str]) -> Callable[[Request], str]:
            self.routes.append(Route(path, lambda request: response_class(view(request))))
            return view

        return add


@pytest.mark.parametrize(
    "block", [b for b in blocks() if b.language == "python"], ids=lambda block: block.page
)
def test_python_compiles(block: Block) -> None:
    compile(block.text, block.page, "exec")


def test_the_middleware_example_serves_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = next(b for b in blocks() if b.page == "serving.md" and b.language == "python")
    fastapi, responses = types.ModuleType("fastapi"), types.ModuleType("fastapi.responses")
    vars(fastapi).update(FastAPI=_FastAPI, Request=Request)
    vars(responses).update(HTMLResponse=HTMLResponse)
    monkeypatch.setitem(sys.modules, "fastapi", fastapi)
    monkeypatch.setitem(sys.modules, "fastapi.responses", responses)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["init", "--host", "127.0.0.1"]).exit_code == 0
    names: dict[str, Any] = {}
    exec(compile(block.text, block.page, "exec"), names)
    with serving(names["app"]) as address, httpx.Client(base_url=address.url) as visitor:
        first = visitor.get("/").text
        visitor.post("/.bandeau/choice", data={"action": "accept_all"})
        then = visitor.get("/").text
    assert 'data-bandeau="notice"' in first
    assert 'data-bandeau="placeholder"' in first
    assert '<section data-state="locked" data-bandeau="comments">' in first
    assert "advertising=undecided, social=undecided" in first
    assert '<iframe src="https://network.example/post/1">' in then
    assert '<section data-state="open" data-bandeau="comments">' in then
    assert "advertising=granted, social=granted" in then


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to headings."""
    headings = HEADING.findall(prose(page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text("utf-8"))):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.is_file(), target
        if anchor:
            assert anchor in anchors(found), target


def test_every_page_is_in_the_index_and_every_picture_in_a_page() -> None:
    index = doc("README.md")
    assert [
        p.name
        for p in (ROOT / "docs").glob("*.md")
        if p.name not in ("README.md",) and f"({p.name})" not in index
    ] == []
    text = "".join(page.read_text("utf-8") for page in PAGES)
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert [p.name for p in pictures if f"images/{p.name})" not in text] == []
    assert [p.name for p in pictures if p.stat().st_size > 400_000] == []
