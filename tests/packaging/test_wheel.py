"""The wheel: all that the package needs, real files only, nothing else."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "bandeau"
MUST_HOLD = (
    "bandeau/py.typed",
    "bandeau/policy/texts/en.toml",
    "bandeau/policy/texts/ar.toml",
    "bandeau/web/templates/notice.html",
    "bandeau/robot/autoconsent/LICENSE",
    "bandeau/robot/autoconsent/rules.json",
)
JUNK = ("__pycache__", ".pyc", ".venv", "node_modules", "tests/", ".map", ".orig", ".DS_Store")


def run(*command: str | Path) -> str:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as an installer from source gets it: built from the source archive."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "uv", "build", "--offline", "--quiet", "--out-dir", out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def held(wheel: Path) -> dict[str, bytes]:
    """Name and content of every file in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()
        }


def source_files() -> dict[str, Path]:
    """Files of the package by their name in the wheel, links followed."""
    return {
        f"bandeau/{path.relative_to(SOURCE).as_posix()}": path
        for path in SOURCE.rglob("*")
        if path.is_file() and not any(word in path.as_posix() for word in JUNK[:2])
    }


def test_every_file_of_the_package_is_in_it_as_it_is(held: dict[str, bytes]) -> None:
    files = source_files()
    assert sorted(set(files) - set(held)) == []
    assert [name for name, path in files.items() if path.read_bytes() != held[name]] == []


def test_what_the_package_cannot_do_without_is_in_it(held: dict[str, bytes]) -> None:
    assert [name for name in MUST_HOLD if name not in held] == []


def test_every_browser_script_is_in_it(held: dict[str, bytes]) -> None:
    """Packed by ``make browser``, which a test of ``static`` holds to its source."""
    scripts = {path.name for path in (ROOT / "browser").glob("*.js")}
    assert scripts
    assert {name for name in scripts if not held.get(f"bandeau/web/static/{name}")} == set()


def test_the_licence_is_in_it(held: dict[str, bytes]) -> None:
    licences = [data for name, data in held.items() if name.endswith(".dist-info/licenses/LICENSE")]
    assert licences == [(ROOT / "LICENSE").read_bytes()]


def test_nothing_else_is_in_it(held: dict[str, bytes]) -> None:
    expected = set(source_files())
    strangers = [
        name
        for name in held
        if name not in expected and not name.split("/")[0].endswith(".dist-info")
    ]
    assert strangers == []
    assert [name for name in held if any(word in name for word in JUNK)] == []


def test_it_offers_the_command(held: dict[str, bytes]) -> None:
    (points,) = (data for name, data in held.items() if name.endswith("entry_points.txt"))
    assert b"bandeau = bandeau.cli:main" in points.replace(b"bandeau=", b"bandeau =")


def test_it_installs_and_imports(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "venv"
    venv.create(place)
    python = place / "bin" / "python"
    run(
        *(sys.executable, "-m", "uv", "pip", "install", "--offline", "--quiet", "--no-deps"),
        *("--python", python, wheel),
    )
    where = run(python, "-I", "-c", "import bandeau; print(bandeau.__file__)")
    assert Path(where.strip()).is_relative_to(place)
