"""The shape of the code: sizes of functions and files, names, docstrings, words that may not stand.

Figures are those of DESIGN section 5, in physical lines; a function counts from its ``def``
to its last line, docstring included.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "bandeau"
CORE = ("policy", "choice", "ledger", "enforcement", "signals", "features", "audit", "limits.py")

FUNCTION_MEDIAN = 8
FUNCTION_MOST = 40
FUNCTION_MOST_SHARE = 0.95
FILE_MEDIAN = 150
FILE_MOST = 400

VAGUE_MODULE = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)(_|$)")
LOCKS = {"requirements.lock", "package-lock.json"}
# What others made stays as it came, their notes to themselves included.
FOREIGN = SOURCE / "robot" / "autoconsent"

# Each pattern is written so that it does not match itself.
UNFINISHED = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X])\b")
REGISTRY = re.compile(r"(p[y]pi\.org|p[y]thonhosted\.org|registry\.n[p]mjs|n[p]mmirror\.com)")
MACHINE_PATH = re.compile(r"(?<![\w.:/*-])/(ho[m]e|Us[e]rs|ro[o]t|wo[r]k)/\w")


@dataclass(frozen=True)
class Function:
    """One function of the source, with where it stands and how long it is, in lines."""

    path: Path
    name: str
    line: int
    lines: int

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} {self.name}: {self.lines} lines"


@cache
def sources() -> tuple[Path, ...]:
    return tuple(sorted(SOURCE.rglob("*.py")))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


@cache
def definitions(path: Path) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, ...]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return tuple(node for node in ast.walk(tree_of(path)) if isinstance(node, kinds))


def functions() -> Iterator[Function]:
    for path in sources():
        for node in definitions(path):
            if not isinstance(node, ast.ClassDef):
                assert node.end_lineno is not None
                yield Function(path, node.name, node.lineno, node.end_lineno - node.lineno + 1)


def public_definitions(scope: ast.Module | ast.ClassDef) -> Iterator[ast.AST]:
    """Public classes and functions of a module, and public methods of its public classes."""
    for node in scope.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_"):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from public_definitions(node)


@cache
def project_files() -> list[Path]:
    """Files that git tracks or would track; a source archive has no git, and skips."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert listed.returncode == 0, listed.stderr.decode()
    paths = {ROOT / name for name in listed.stdout.decode().split("\0") if name}
    return sorted(path for path in paths if path.is_file())


def lines_matching(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    found = []
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if match := pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number} {match[0]}")
    return found


def listing(offenders: list[str]) -> str:
    return "\n".join(["", *offenders])


def test_functions_are_short() -> None:
    every = sorted(functions(), key=lambda function: -function.lines)
    median = statistics.median(function.lines for function in every)
    assert median <= FUNCTION_MEDIAN, f"median {median}, the longest are" + listing(
        [str(function) for function in every[:20]]
    )


def test_few_functions_are_long() -> None:
    every = list(functions())
    long = [function for function in every if function.lines > FUNCTION_MOST]
    assert len(long) <= (1 - FUNCTION_MOST_SHARE) * len(every), listing([str(f) for f in long])


def test_files_are_short() -> None:
    longest = sorted(sources(), key=lambda path: -lines_of(path))
    median = statistics.median(lines_of(path) for path in longest)
    assert median <= FILE_MEDIAN, f"median {median}, the longest are" + listing(
        [f"{path.relative_to(ROOT)}: {lines_of(path)} lines" for path in longest[:20]]
    )


def test_no_file_is_long() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines_of(path)} lines"
        for path in sources()
        if lines_of(path) > FILE_MOST
    ]
    assert not long, listing(long)


def test_modules_are_named_for_what_they_hold() -> None:
    vague = [
        str(path.relative_to(ROOT))
        for path in sources()
        if any(VAGUE_MODULE.search(part) for part in path.relative_to(SOURCE).with_suffix("").parts)
    ]
    assert not vague, listing(vague)


def test_no_class_is_a_manager() -> None:
    managers = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sources()
        for node in definitions(path)
        if isinstance(node, ast.ClassDef) and re.search(r"(Manager|Helper|Util)s?$", node.name)
    ]
    assert not managers, listing(managers)


def test_what_the_core_offers_is_documented() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sources()
        if path.relative_to(SOURCE).parts[0] in CORE
        for node in public_definitions(tree_of(path))
        if not ast.get_docstring(node)
    ]
    assert not bare, listing(bare)


def test_every_module_says_what_it_is() -> None:
    bare = [
        str(path.relative_to(ROOT)) for path in sources() if not ast.get_docstring(tree_of(path))
    ]
    assert not bare, listing(bare)


def test_nothing_is_left_unfinished() -> None:
    ours = [path for path in project_files() if FOREIGN not in path.parents]
    found = lines_matching(UNFINISHED, [path for path in ours if path.name not in LOCKS])
    assert not found, listing(found)


def test_no_registry_is_named() -> None:
    found = lines_matching(REGISTRY, project_files())
    assert not found, listing(found)


def test_no_path_of_one_machine_is_written_down() -> None:
    found = lines_matching(MACHINE_PATH, project_files())
    assert not found, listing(found)
