"""What audits of many sites left behind: one folder for each, whole or not there.

A site's folder is named by its host and its job's key. It is written under ``.working-…``, made
durable and renamed; only then does the queue hear of it. So a folder that is there is finished,
whatever the queue says.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bandeau import limits
from bandeau.audit.queue import Audited, Counts, Job, Stage, Tally
from bandeau.storage.bundle import whole_file

REPORT = "report.json"
RESULT = "result.json"
_WORKING = ".working-"
_LOCK = "lock"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.-]")
_NAME_CHARACTERS = 100


class NoReport(Exception):
    """An audit ended without a report. The message says what is missing."""


class Results:
    """Results in the folder ``out``, made where it is missing. Raises ``OSError``.

    What runs that were cut off had not finished is removed. ``close`` removes what is not finished
    here.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        out.mkdir(parents=True, exist_ok=True)
        for left in out.glob(f"{_WORKING}*"):
            _remove_left(left)
        self._working = Path(tempfile.mkdtemp(prefix=_WORKING, dir=out))
        # Held as long as this process lives, so that no other run takes these files for left ones.
        self._lock = os.open(self._working / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove what is not finished."""
        shutil.rmtree(self._working, ignore_errors=True)
        os.close(self._lock)

    def folder(self, job: Job) -> Path:
        """Where the result of a job is, once it is finished."""
        name = _NOT_IN_NAMES.sub("_", job.host)[:_NAME_CHARACTERS].lstrip(".")
        return self._out / f"{name}-{job.key}"

    def find(self, job: Job) -> Audited | None:
        """What is there of a job already."""
        try:
            told = _read(self.folder(job) / RESULT)
            return Audited(str(told["digest"]), Counts.read(json.dumps(told)))
        except (OSError, ValueError, KeyError):
            return None

    def begin(self, job: Job) -> Path:
        """A new folder for an audit to write to."""
        return Path(tempfile.mkdtemp(prefix=f"{job.key}-", dir=self._working))

    def keep(self, job: Job, folder: Path, counts: Counts) -> Audited:
        """Put what an audit wrote in its place. Raises :class:`NoReport`, or ``OSError``."""
        found = Audited(_digest(folder / REPORT), counts)
        told = {"address": job.address, "host": job.host, "survey": job.survey}
        told |= {"digest": found.digest, **json.loads(counts.written())}
        (folder / RESULT).write_text(json.dumps(told, indent=2) + "\n", "utf-8")
        for path in [*folder.rglob("*"), folder]:
            _make_durable(path)
        kept = self.folder(job)
        if kept.exists() and self.find(job) is None:
            kept.rename(self._working / f"damaged-{folder.name}")
        folder.chmod(0o755)
        try:
            folder.rename(kept)
        except OSError:
            # Another worker was here in the meantime, after our lease had run out.
            found_there = self.find(job)
            if found_there is None:
                raise
            return found_there
        _make_durable(self._out)
        return found

    def drop(self, folder: Path) -> None:
        """Remove what an audit that failed left behind."""
        shutil.rmtree(folder, ignore_errors=True)

    def summarise(self, survey: str, tally: Tally) -> None:
        """Write ``summary.json``, ``summary.csv`` and ``sites.csv``. Raises ``OSError``."""
        with whole_file(self._out / "summary.json") as file:
            json.dump(_summary(survey, tally), file, indent=2)
            file.write("\n")
        with whole_file(self._out / "summary.csv") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["id", "sites", "times"])
            table.writerows((name, tally.sites[name], tally.times[name]) for name in ranked(tally))
        with whole_file(self._out / "sites.csv") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["address", "folder", "digest", "states", "unchecked", "findings"])
            table.writerows(self._rows(survey))

    def _rows(self, survey: str) -> Iterator[list[object]]:
        for entry in os.scandir(self._out):
            if entry.name.startswith(".") or not entry.is_dir():
                continue
            with suppress(OSError, ValueError, KeyError):
                told = _read(Path(entry.path) / RESULT)
                if told["survey"] == survey:
                    found = told["findings"].items()
                    names = " ".join(f"{name}:{number}" for name, number in found if number)
                    rest = [told["digest"], told["states"], told["unchecked"], names]
                    yield [told["address"], entry.name, *rest]


def ranked(tally: Tally) -> list[str]:
    """The ids of findings, the one on most sites first."""
    return sorted(tally.sites, key=lambda name: (-tally.sites[name], name))


def _summary(survey: str, tally: Tally) -> dict[str, object]:
    return {
        "survey": survey,
        "sites": {stage.value: tally.stages.get(stage, 0) for stage in Stage},
        "findings": {
            name: {"sites": tally.sites[name], "times": tally.times[name]} for name in ranked(tally)
        },
        "unchecked": tally.unchecked,
        "states": tally.states,
        "failures": [{"address": address, "reason": why} for address, why in tally.failures],
    }


def _read(path: Path) -> Mapping[str, Any]:
    with path.open("rb") as file:
        told = json.loads(file.read(2 * limits.SURVEY_RESULT_BYTES))
    if not isinstance(told, dict):
        raise ValueError("not an object")
    return told


def _digest(report: Path) -> str:
    try:
        with report.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise NoReport(f"the audit wrote no {REPORT}") from None


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_left(folder: Path) -> None:
    """Remove the working folder of a run that has ended, whatever ended it."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(lock)
