"""Who is shut out reads why; who may be shut out without being told."""

from __future__ import annotations

import pytest

from bandeau import limits
from bandeau.features.comments.appeals import (
    Appeal,
    Restriction,
    Rules,
    Ruling,
    StandsBack,
    Statement,
    Why,
    open_until,
    rules_on,
)
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.exclusions import (
    NO_END,
    NO_FACTS,
    ONLY_SPAM,
    Exclusion,
    ends,
    excluded,
    stated,
    told,
)
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.queue import Deed
from bandeau.features.comments.staff import Role, Staff

NOW = 1_700_000_000_000
DAY = 86_400_000
DECISION = Decision("d1", "", NOW, "camille", Deed.SUSPEND, Reason(), author="a1", until=NOW + DAY)
OVER = open_until(DECISION)
REVERSED = Appeal("p1", "d1", "", "", NOW, "No.", Ruling.REVERSED)


@pytest.mark.parametrize(
    ("conduct", "until", "statement", "at", "restriction"),
    [
        (Conduct.BANNED, 0, Statement(DECISION), OVER + 1, Restriction.BANNED),
        (Conduct.BANNED, 0, None, NOW, Restriction.BANNED),
        (Conduct.SUSPENDED, NOW + DAY, None, NOW, Restriction.SUSPENDED),
        (Conduct.SUSPENDED, NOW + DAY, None, NOW + DAY, None),
        (Conduct.SUSPENDED, NOW + DAY, Statement(DECISION), NOW + DAY, Restriction.SUSPENDED),
        (Conduct.SUSPENDED, NOW + DAY, Statement(DECISION), OVER, None),
        (Conduct.SILENT, 0, None, NOW, None),
        (Conduct.SILENT, 0, Statement(DECISION, REVERSED), NOW, None),
        (Conduct.OK, 0, Statement(DECISION), NOW, None),
        (Conduct.OK, 0, Statement(DECISION, REVERSED), NOW, None),
    ],
)
def test_what_an_author_reads(
    conduct: Conduct,
    until: int,
    statement: Statement | None,
    at: int,
    restriction: Restriction | None,
) -> None:
    exclusion = Exclusion("a1", conduct, until, statement)
    assert excluded(exclusion, at) is restriction
    won = conduct is Conduct.OK and statement == Statement(DECISION, REVERSED)
    assert told([exclusion], at) == ([exclusion] if restriction or won else [])


@pytest.mark.parametrize(
    ("deed", "because", "expected"),
    [
        (Deed.BAN, Reason(Ground.INSULT), NO_FACTS),
        (Deed.SUSPEND, Reason(), NO_FACTS),
        (Deed.BAN, Reason(None, "", "Threats."), Reason(None, "", "Threats.")),
        (Deed.SILENCE, Reason(), Reason(Ground.SPAM)),
        (Deed.SILENCE, Reason(Ground.SPAM, "", "x"), Reason(Ground.SPAM, "", "x")),
        (Deed.SILENCE, Reason(Ground.INSULT, "", "x"), ONLY_SPAM),
        (Deed.RESTORE, Reason(), Reason()),
    ],
)
def test_nobody_is_shut_out_untold_but_for_advertising(
    deed: Deed, because: Reason, expected: object
) -> None:
    assert stated(deed, because) == expected


@pytest.mark.parametrize("days", ["", "0", "-1", "1.5", "x", "٣", "9999", "1" * 99])
def test_a_suspension_has_an_end(days: str) -> None:
    assert ends(days, NOW) == NO_END
    assert ends("1", NOW) == NOW + DAY
    assert ends(str(limits.SUSPENSION_DAYS_MOST), NOW) == NOW + limits.SUSPENSION_DAYS_MOST * DAY
    assert ends(str(limits.SUSPENSION_DAYS_MOST + 1), NOW) == NO_END


def test_who_judges_authors_rules_on_their_appeals() -> None:
    camille, dominique = (Staff(name, Role.MODERATOR, "", 0) for name in ("camille", "dominique"))
    editor = Staff("eve", Role.EDITOR, "", 0)
    everyone = (camille, dominique, editor)
    assert rules_on(DECISION, dominique, everyone) == Rules()
    assert rules_on(DECISION, editor, everyone) == StandsBack(Why.ROLE)
    assert rules_on(DECISION, camille, everyone) == StandsBack(Why.DECIDED_FIRST)
    assert rules_on(DECISION, camille, (camille, editor)) == Rules()
