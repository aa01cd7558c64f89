"""Lists that are read again: known by their tag, kept in memory, never older than what is there."""

from __future__ import annotations

import asyncio

import pytest
from commenting import GRANTED, REFUSED, Site_

from bandeau.features.comments.model import Comment, State
from bandeau.web.comments_kept import Kept


def titled(site: Site_, *, html: bool = False, lang: str = "en") -> str:
    if not html:
        return site.get().text
    _, section = asyncio.run(site.comments.section_for(site.proof.standing, lang, "/article"))
    return section.decode()


def test_who_has_a_list_is_told_so() -> None:
    site = Site_()
    site.post_json()
    tag = site.get().headers["etag"]
    for known in (tag, f'W/{tag}, "other"'):
        answer = site.ask("GET", params={"page": "/article"}, headers={"if-none-match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == "no-cache"
    site.post_json(text="another")
    answer = site.ask("GET", params={"page": "/article"}, headers={"if-none-match": tag})
    assert (answer.status_code, answer.json()["count"]) == (200, 2)
    assert answer.headers["etag"] != tag


@pytest.mark.parametrize("html", [False, True])
def test_what_another_process_changed_is_seen(html: bool) -> None:
    site = Site_()
    site.post_json(text="before")
    assert "before" in titled(site, html=html)
    assert titled(site, html=html) == titled(site, html=html)
    kept = asyncio.run(site.store.find("id-0000"))
    assert isinstance(kept, Comment)
    for changing in (
        site.store.move(kept.id, State.REJECTED),
        site.store.move(kept.id, State.PUBLISHED),
        site.store.disown(kept.id),
        site.store.move(kept.id, State.GONE),
    ):
        before = titled(site, html=html)
        asyncio.run(changing)  # type: ignore[arg-type]
        assert titled(site, html=html) != before


def test_sections_are_kept_apart_by_language_and_by_who_may_answer() -> None:
    site = Site_()
    site.post_json()
    english, french = titled(site, html=True), titled(site, html=True, lang="fr")
    assert ("on 2023-11-14" in english, "le 14/11/2023" in french) == (True, True)
    site.proof = REFUSED
    assert 'class="reply"' not in titled(site, html=True)
    site.proof = GRANTED
    assert titled(site, html=True) == english


def test_no_more_than_so_many_bytes_are_kept() -> None:
    kept: Kept[str] = Kept(100)
    kept.keep("a", 1, "A", 60)
    kept.keep("a", 2, "A2", 50)
    kept.keep("b", 1, "B", 50)
    assert (kept.found("a", 1), kept.found("a", 2), kept.bytes) == (None, "A2", 100)
    kept.keep("c", 1, "C", 10)
    assert (kept.found("a", 2), kept.found("b", 1), kept.bytes) == ("A2", None, 60)
    kept.keep("d", 1, "D", 101)
    assert kept.bytes == 0
