"""How one site is put together: policy, stores, endpoints and pages."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict, cast

from bandeau.app.comments import Commenting
from bandeau.app.readers import Vouching
from bandeau.choice.token import Seal
from bandeau.enforcement.engine import PythonEngine
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.shared import SharedPage
from bandeau.features.comments.own import Fate
from bandeau.ledger.erasing import Eraser
from bandeau.ledger.outbox import Outbox
from bandeau.ledger.retention import Rest
from bandeau.ledger.store import LedgerStore
from bandeau.policy.check import load
from bandeau.policy.model import Policy
from bandeau.policy.terms import digest, terms_of
from bandeau.policy.words import Words
from bandeau.settings import MailServer, SettingsError, parse_data, parse_mail
from bandeau.storage.anchors import Anchors, anchors_of
from bandeau.storage.files import listed_words, read_policy, read_words
from bandeau.storage.keys import Keys
from bandeau.storage.lock import FolderLock
from bandeau.storage.place import Comments, open_place
from bandeau.storage.suffixes import public_suffixes
from bandeau.web.choice import ChoiceDesk
from bandeau.web.chores import Chores, Running
from bandeau.web.context import Site
from bandeau.web.courier import Courier
from bandeau.web.endpoints import Endpoints
from bandeau.web.erasing import erasers_of
from bandeau.web.guarded import Desk
from bandeau.web.heard import Heard
from bandeau.web.insertions import Insertions
from bandeau.web.items import Items
from bandeau.web.leaving import Leaving
from bandeau.web.lookout import Lookout
from bandeau.web.notice import Notice
from bandeau.web.page import PageEditor
from bandeau.web.pages import Pages
from bandeau.web.placeholder import Placeholder
from bandeau.web.plans import Plans
from bandeau.web.process import Opened, PerProcess
from bandeau.web.record import RecordDesk
from bandeau.web.reports import Reports, asking
from bandeau.web.sealed import Sealed
from bandeau.web.shared import shared_head
from bandeau.web.showroom import Showroom
from bandeau.web.sweep import Sweep
from bandeau.web.transparency import Transparency
from bandeau.web.visitor import Visitors


class Basic(TypedDict, total=False):
    """What a site can be told behind every shell; see :class:`bandeau.app.Bandeau`."""

    keys: str | Path | None
    anchors: str | Path | None
    explain: bool
    confine: bool
    mail: str | None


class Options(Basic, total=False):
    """What a site can be told besides policy and data; see :class:`bandeau.app.Bandeau`."""

    shared_page: bool
    cache_bytes: int
    notify_private: bool
    alone: bool


@dataclass(frozen=True, slots=True)
class Open:
    """One site with its stores open."""

    desk: Desk
    site: Site
    pages: Pages
    chores: Running
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is read at start and holds no file, thread or connection."""

    policy: Policy
    source: bytes
    words: Words
    keys: Keys
    data: Path | str
    keys_file: Path | None
    anchors: Anchors
    listed: tuple[str, ...]
    vouching: Vouching
    mail: MailServer | None
    options: Options

    @classmethod
    def read(cls, policy: str | Path, data: str | Path, options: Options) -> Plan:
        words = read_words()
        source = read_policy(Path(policy))
        declared, _ = load(source, words)
        where, named = parse_data(str(data)), options.get("keys")
        file = Path(named) if named else None
        with closing(open_place(where, file)) as place:
            known = place.make_keys(declared.site.hosts[0], secrets.token_bytes)
        folder = options.get("anchors")
        kept = anchors_of(where, Path(folder) if folder else None)
        listed = listed_words(declared, Path(policy))
        mail = _mail_server(declared, options.get("mail"))
        vouching = Vouching.read(declared, Path(policy))
        return cls(
            declared, source, words, known, where, file, kept, listed, vouching, mail, options
        )

    def _is(self, option: Literal["explain", "shared_page", "notify_private", "alone"]) -> bool:
        return self.options.get(option, False)

    def lock(self) -> FolderLock | None:
        """What keeps other servers out of the folder, where one is to be alone on it."""
        folder = self.data if isinstance(self.data, Path) else None
        return FolderLock(folder) if folder and self._is("alone") else None

    def open(self) -> Open:
        place = open_place(self.data, self.keys_file)
        ledger, store = place.ledger(self.keys), place.comments()
        site = _site(self.policy, self.words, self.keys, ledger, shared=self._is("shared_page"))
        shared = SharedPage(self.policy, site.terms_digest) if self._is("shared_page") else None
        head = shared_head(shared, site.rules) if shared else None
        leaving = Leaving(site.rules)
        notice = Notice(self.policy, self.words, leaving, head)
        pages, visitors = Pages(self.policy, notice), Visitors(site)
        talk = self._talk(site, visitors, pages, store)
        placeholder = Placeholder(site.policy, site.words)
        insertions = _insertions(site, notice, leaving, talk, placeholder)
        editor = self._editor(site, insertions, shared)
        showroom = Showroom(self.policy, site.terms_digest, self.source, notice, pages, placeholder)
        items = Items(site, visitors, placeholder)
        choices = ChoiceDesk(site, visitors, showroom, items, talk.withdrawn)
        registrable = public_suffixes().registrable
        sightings, outbox = place.sightings(registrable), place.outbox()
        lookout = Lookout(sightings, registrable, site.now)
        written = talk.written(store)
        erasers = erasers_of(ledger, site.subject_key, written, outbox, site.now, site.random)
        # Starlette tries one after another: what is asked for most comes first.
        routes = [
            *talk.routes(),
            *Reports(site.rules, lookout).routes(),
            *Sweep(site, visitors, pages).routes(),
            *RecordDesk(site, visitors, pages, erasers, talk.mine.any).routes(),
            *Transparency(site, self.anchors).routes(),
        ]
        endpoints = Endpoints(site, visitors, choices, pages).app(routes)
        own = Heard(Sealed(endpoints, confine=self._confine))

        def close() -> None:
            lookout.close()
            for each in (ledger, store, sightings, outbox, place):
                each.close()

        chores = self._chores(site, outbox, erasers[Fate.LEAVE], talk)
        return Open(Desk(own, visitors, editor, lookout), site, pages, chores, close)

    @property
    def _confine(self) -> bool:
        return self.options.get("confine", True)

    def _editor(self, site: Site, insertions: Insertions, shared: SharedPage | None) -> PageEditor:
        return PageEditor(
            site.rules,
            insertions,
            Plans(PythonEngine(site.rules)),
            explain=self._is("explain"),
            confine=self._confine,
            shared=shared,
        )

    def _talk(self, site: Site, visitors: Visitors, pages: Pages, store: Comments) -> Commenting:
        told, private = (self.listed, self.vouching), self._is("notify_private")
        return Commenting.of(site, visitors, pages, store, *told, private=private)

    def _chores(self, site: Site, outbox: Outbox, eraser: Eraser, talk: Commenting) -> Running:
        told = (site.policy, site.ledger, outbox, site.subject_key, site.now, _fraction)
        courier = Courier(*told, private=self._is("notify_private"))
        postman = talk.postman(self.mail, _fraction)

        async def tidy(rest: Rest) -> None:
            await postman.tidy(rest)
            await talk.purge(rest)

        proof = site.policy.choice.proof
        chores = Chores(courier, site.ledger, eraser, proof, site.now, _fraction, tidy)
        return Running(chores, postman.run)


def _mail_server(policy: Policy, named: str | None) -> MailServer | None:
    """The mail server; raises :class:`SettingsError` where one is needed, and none can be used."""
    feature = policy.feature("comments")
    if named:
        return parse_mail(named)
    if feature and feature.sends_mail:
        raise SettingsError("mail: the policy lets readers be written to; name a mail server")
    return None


def _fraction() -> float:
    return secrets.randbelow(1_000_000) / 1_000_000


def per_process(policy: str | Path, data: str | Path, options: Basic) -> PerProcess:
    """Opened once at start to see that it holds, and closed again, since servers fork later."""
    plan = Plan.read(policy, data, cast(Options, options))
    plan.open().close()

    def opens() -> Opened:
        opened = plan.open()
        return opened.desk, opened.chores, opened.close

    return PerProcess(opens)


def _site(policy: Policy, words: Words, keys: Keys, ledger: LedgerStore, *, shared: bool) -> Site:
    terms = terms_of(policy)
    return Site(
        policy=policy,
        terms=terms,
        terms_digest=digest(terms),
        words=words,
        rules=Rules(policy),
        seal=Seal(keys.cookie, policy.site.hosts[0]),
        subject_key=keys.subject,
        ledger=ledger,
        now=time.time,
        random=secrets.token_bytes,
        shared=shared,
    )


def _insertions(
    site: Site, notice: Notice, leaving: Leaving, talk: Commenting, placeholder: Placeholder
) -> Insertions:
    view, told = talk.comments.view, asking()
    return Insertions(
        notice=notice,
        placeholder=placeholder,
        leaving=leaving,
        asking=told.markup,
        comments=talk.inserted if talk.offered else None,
        scripts=(*notice.script_hashes, *view.script_hashes, told.script_hash),
        styles=notice.style_hashes + view.style_hashes + placeholder.style_hashes,
    )
