"""Sightings add up, fold and stay few; nothing of a visitor is in them."""

from __future__ import annotations

from dataclasses import astuple, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.enforcement.sightings import (
    Gathering,
    Kind,
    Seen,
    Sighting,
    Teller,
    joined,
    sightings_of,
)
from bandeau.storage.suffixes import public_suffixes

DAY = date(2026, 11, 25)
registrable = public_suffixes().registrable


def seen(
    name: str,
    kind: Kind = Kind.HOST,
    teller: Teller = Teller.SITE,
    page: str = "/a",
    where: str = "markup",
) -> Seen:
    return Seen(kind, name, teller, where, page)


def gathered(*those: Seen, day: date = DAY) -> tuple[Sighting, ...]:
    gathering = Gathering()
    for each in those:
        gathering.add(each, day)
    return sightings_of(gathering.drain(), registrable)


def sighting(name: str, **changes: object) -> Sighting:
    plain = Sighting(Kind.HOST, name, Teller.SITE, "markup", "/a", DAY, DAY)
    return replace(plain, **changes)  # type: ignore[arg-type]


def names(sightings: tuple[Sighting, ...]) -> set[str]:
    return {s.name for s in sightings}


def test_the_same_thing_counts_up_and_keeps_one_page() -> None:
    (found,) = gathered(seen("a.test"), seen("a.test", page="/b"), seen("A.test."))
    assert found == sighting("a.test", times=3)


def test_a_batch_starts_empty() -> None:
    gathering = Gathering()
    gathering.add(seen("a.test"), DAY)
    assert gathering.drain()
    assert gathering.drain() == ()


def test_what_the_site_shows_is_the_better_sample() -> None:
    told = seen("a.test", teller=Teller.BROWSER, page="/told", where="img-src")
    (found,) = gathered(told, seen("a.test"))
    assert (found.teller, found.where, found.page, found.times) == (Teller.SITE, "markup", "/a", 2)
    assert joined(gathered(told), gathered(seen("a.test")), registrable) == (found,)


def test_days_are_counted_once_each() -> None:
    kept = joined((), gathered(seen("a.test")), registrable)
    kept = joined(kept, gathered(seen("a.test")), registrable)
    assert (kept[0].days, kept[0].times) == (1, 2)
    (found,) = joined(kept, gathered(seen("a.test"), day=DAY + timedelta(2)), registrable)
    assert (found.first_day, found.last_day, found.days) == (DAY, DAY + timedelta(2), 2)


def test_what_was_not_seen_for_long_is_dropped() -> None:
    kept = gathered(seen("old.test"))
    later = DAY + timedelta(limits.SIGHTINGS_DAYS + 1)
    assert names(joined(kept, gathered(seen("new.test"), day=later), registrable)) == {"new.test"}
    edge = DAY + timedelta(limits.SIGHTINGS_DAYS)
    assert len(joined(kept, gathered(seen("new.test"), day=edge), registrable)) == 2


def test_many_subdomains_become_their_domain() -> None:
    few = gathered(*(seen(f"{word}.t.test") for word in ("a", "b", "c")))
    assert names(joined((), few, registrable)) == {"a.t.test", "b.t.test", "c.t.test"}
    letters = "abcdefghij"[: limits.SIGHTING_HOSTS_ALIKE]
    (found,) = joined((), gathered(*(seen(f"{x}.t.test") for x in letters)), registrable)
    assert (found.name, found.times) == ("t.test", limits.SIGHTING_HOSTS_ALIKE)


def test_names_told_by_browsers_widen_nothing_that_the_site_shows() -> None:
    invented = (seen(f"{x}.t.test", teller=Teller.BROWSER) for x in "abcdefghijkl")
    kept = joined(gathered(seen("www.t.test")), gathered(*invented), registrable)
    assert {(s.name, s.teller) for s in kept} == {
        ("www.t.test", Teller.SITE),
        ("t.test", Teller.BROWSER),
    }


def test_numbered_names_become_their_pattern_and_stay_it() -> None:
    pair = gathered(seen("_ga_ABC123", Kind.COOKIE), seen("_ga_DEF456", Kind.COOKIE))
    kept = joined((), pair, registrable)
    assert names(kept) == {"_ga_ABC123", "_ga_DEF456"}
    kept = joined(kept, gathered(seen("_ga_GHI789", Kind.COOKIE)), registrable)
    assert names(kept) == {"_ga_*"}
    kept = joined(kept, gathered(seen("_ga_JKL012", Kind.COOKIE)), registrable)
    assert (names(kept), kept[0].times) == ({"_ga_*"}, 4)


def test_a_flood_of_invented_names_displaces_nothing_that_is_seen_again() -> None:
    kept = (
        *(sighting(f"site-{n}.test") for n in range(10)),
        *(sighting(f"real-{n}.test", teller=Teller.BROWSER, days=2, times=2) for n in range(10)),
    )
    for batch in range(2 * limits.SIGHTINGS_KEPT // limits.SIGHTINGS_GATHERED):
        first = batch * limits.SIGHTINGS_GATHERED
        flood = gathered(
            *(
                seen(f"invented{'abcdefghij'[n % 10]}{n}.test", teller=Teller.BROWSER)
                for n in range(first, first + limits.SIGHTINGS_GATHERED)
            ),
            *(seen("more.test", teller=Teller.BROWSER) for _ in range(3)),
        )
        kept = joined(kept, flood, registrable)
    told = [s for s in kept if s.teller is Teller.BROWSER]
    assert len(told) == limits.SIGHTINGS_KEPT
    assert {f"real-{n}.test" for n in range(10)} <= names(tuple(told))
    assert len(kept) - len(told) == 10


def test_one_batch_takes_few_names_of_each_teller() -> None:
    crowd = [
        seen(f"h{n}.test", teller=Teller.BROWSER) for n in range(limits.SIGHTINGS_GATHERED + 9)
    ]
    found = gathered(*crowd, seen("site.test"), crowd[0])
    assert len(found) == limits.SIGHTINGS_GATHERED + 1
    assert "site.test" in names(found)
    assert next(s for s in found if s.name == "h0.test").times == 2


SECRET = "s3cr3t-9f86d081884c7d65"
_TEXT = st.text(max_size=12)


@given(
    kind=st.sampled_from(Kind),
    before=_TEXT,
    after=_TEXT,
    label=st.sampled_from(["www", "x7f3a9", "a-b", ""]),
    path=_TEXT,
)
def test_neither_a_query_nor_an_address_is_ever_kept(
    kind: Kind, before: str, after: str, label: str, path: str
) -> None:
    """Whatever stands in a query, or after a slash of a name, is in no field of what is kept."""
    page = f"/{path}?{before}{SECRET}{after}"
    name = f"{label}.t.test" if kind is Kind.HOST else f"{before}_{SECRET}_{after}"
    there = [seen(name, kind, page=page), seen(f"t.test/{SECRET}?{SECRET}", page=page)]
    there.append(seen(f"https://{name}/?{SECRET}", page=page))
    for found in joined((), gathered(*there), registrable):
        for part in map(str, astuple(found)):
            assert SECRET not in part
            assert "9f86d081884c7d65" not in part
            assert "?" not in found.page
            assert "://" not in part
            assert part.isprintable()


@pytest.mark.parametrize("where", ["script-src-elem", "img-src", "cookie"])
def test_where_is_a_word(where: str) -> None:
    assert gathered(seen("a.test", where=where))[0].where == where
    assert gathered(seen("a.test", where=f"{where} https://x/?y"))[0].where == "other"
