"""Files, folders and ZIP files that appear whole or not at all, for their owner only."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

ZIP = ".zip"
_MOMENT = (1980, 1, 1, 0, 0, 0)


def write_bundle(out: Path, files: Mapping[str, bytes]) -> None:
    """Write ``files`` (content by path, slashes for folders) as ``out``, a ZIP if so named.

    Raises ``FileExistsError``, which leaves what is there alone, or another ``OSError``, each with
    a message that names ``out``.
    """
    try:
        if out.exists() or out.is_symlink():
            raise FileExistsError(f"{out}: exists already, and was not touched")
        if not out.parent.is_dir():
            raise OSError(f"{out}: its folder does not exist")
        temporary = Path(tempfile.mkdtemp(prefix=".bandeau-", dir=out.parent))
        try:
            made = temporary / "made"
            (_write_zip if out.suffix.lower() == ZIP else _write_folder)(made, files)
            os.rename(made, out)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except ValueError as error:
        raise OSError(f"{out}: {error}") from error


def _write_folder(made: Path, files: Mapping[str, bytes]) -> None:
    made.mkdir(mode=0o700)
    for name, data in files.items():
        path = made / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(data)


def _write_zip(made: Path, files: Mapping[str, bytes]) -> None:
    with os.fdopen(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                entry = zipfile.ZipInfo(name, _MOMENT)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o100600 << 16
                archive.writestr(entry, data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def whole_file(out: Path) -> Iterator[TextIO]:
    """A text file at ``out`` that appears when it is whole; one that is there is replaced.

    Raises ``OSError``.
    """
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            os.chmod(temporary, 0o600)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
