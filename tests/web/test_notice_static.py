"""Scripts and styles as they are served."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bandeau.web import static

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path.name for path in (ROOT / "browser").glob("*.js"))
STYLES = sorted(path.name for path in (ROOT / "src/bandeau/web/templates").glob("*.css"))


def test_scripts_are_served_as_packed_from_their_source() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "pack-browser"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_could_end_the_element_that_holds_it(name: str) -> None:
    served = static.script(name).lower()
    assert "</script" not in served
    assert "<!--" not in served


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_packed_script_still_parses(name: str, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node on PATH: browsers parse these scripts in the browser tests")
    file = tmp_path / name
    file.write_text(static.script(name), "utf-8")
    done = subprocess.run([node, "--check", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_write_no_markup_and_store_nothing(name: str) -> None:
    served = static.script(name)
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert sink not in served
    for store in ("localStorage.", "sessionStorage.", "indexedDB.open", "caches.open", ".put("):
        assert store not in served


def test_scripts_and_styles_are_ascii_so_that_any_charset_keeps_their_hashes() -> None:
    assert all(static.script(name).isascii() for name in SCRIPTS)
    assert all(static.style(name).isascii() for name in STYLES)


@pytest.mark.parametrize("name", STYLES)
def test_packing_a_style_keeps_its_rules(name: str) -> None:
    packed = static.style(name)
    assert "/*" not in packed
    assert packed.count("{") == packed.count("}") > 0
    assert "url(" not in packed, "a site's img-src could refuse it"


def test_a_hash_is_a_source_expression() -> None:
    assert static.source_hash("") == "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
