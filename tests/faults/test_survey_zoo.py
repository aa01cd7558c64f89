"""The zoo's generated sites, audited with real browsers, kill -9 half way: each is finished once.

``BANDEAU_SURVEY_SITES=200`` takes that many instead of two, ``BANDEAU_SURVEY_WORKERS=6`` at once;
add ``-o timeout=0``.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from surveys import Surveyed, until

from bandeau.cli.survey import AUDITOR
from tests.zoo.hundreds import hundreds
from tests.zoo.server import Zoo, serving

pytestmark = pytest.mark.browser

COUNT = int(os.environ.get("BANDEAU_SURVEY_SITES", "2"))
WORKERS = os.environ.get("BANDEAU_SURVEY_WORKERS", "2")


def test_sites_of_the_zoo_are_audited_once_whatever_is_killed(tmp_path: Path) -> None:
    zoo = Zoo(hundreds(COUNT), 5, tmp_path / "zoo")
    with serving(zoo) as served:
        addresses = [site.address for site in zoo.sites.values()]
        survey = Surveyed(tmp_path, addresses, temporary=Path(tempfile.gettempdir()), watch=1)
        options = ["--workers", WORKERS, "--allow-private", "--resolve", served.resolve]
        options += ["--quick", "--pages", "0", "--idle", "0"]
        process = survey.start(*options, auditor=AUDITOR)
        until(lambda: len(survey.kept()) * 2 >= COUNT, process, seconds=150 * COUNT)
        process.kill()
        process.communicate()
        before = survey.kept()
        code, told = survey.run(*options, auditor=AUDITOR)
        assert code == 0, told
        assert sorted(survey.kept()) == sorted(addresses)
        assert before.items() <= survey.kept().items()
        assert survey.summary()["sites"]["done"] == COUNT
        assert set(survey.summary()["findings"]) >= {"V4"}, told
