"""The only file that knows every part: wires policy, stores, endpoints and shells together."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from starlette.requests import Request

from bandeau import limits
from bandeau.choice.token import Seal
from bandeau.enforcement.engine import PythonEngine
from bandeau.enforcement.exchange import Exchange
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.shared import SharedPage
from bandeau.features.comments.gate import Proof
from bandeau.features.comments.own import Fate
from bandeau.features.comments.store import CommentStore
from bandeau.ledger.erasing import Eraser
from bandeau.ledger.outbox import Outbox
from bandeau.ledger.store import LedgerStore
from bandeau.policy.check import load
from bandeau.policy.model import Policy
from bandeau.policy.terms import digest, terms_of
from bandeau.policy.words import Words
from bandeau.settings import parse_data
from bandeau.storage.anchors import Anchors, anchors_of
from bandeau.storage.comments.newsroom import Newsroom, newsroom
from bandeau.storage.files import listed_words, read_policy, read_staff_words, read_words
from bandeau.storage.keys import Keys
from bandeau.storage.lock import FolderLock
from bandeau.storage.place import open_place
from bandeau.storage.suffixes import public_suffixes
from bandeau.web.admin import Admin
from bandeau.web.admin_view import AdminView
from bandeau.web.asgi import Enforcer
from bandeau.web.at_once import Begun
from bandeau.web.choice import ChoiceDesk
from bandeau.web.chores import Chores, Running
from bandeau.web.comments import Comments
from bandeau.web.context import Site
from bandeau.web.courier import Courier
from bandeau.web.django import DjangoShell, settings
from bandeau.web.endpoints import Endpoints
from bandeau.web.erasing import erasers_of
from bandeau.web.guarded import App, Desk, Message, Receive, Scope, Send
from bandeau.web.inbound import same_origin
from bandeau.web.insertions import Insertions
from bandeau.web.items import Items
from bandeau.web.leaving import Leaving
from bandeau.web.lookout import Lookout
from bandeau.web.mine import MineDesk
from bandeau.web.notice import Notice
from bandeau.web.page import PageEditor
from bandeau.web.pages import Pages
from bandeau.web.placeholder import Placeholder
from bandeau.web.plans import Plans
from bandeau.web.posting import Posting
from bandeau.web.process import Opened, PerProcess
from bandeau.web.record import RecordDesk
from bandeau.web.reports import Reports, asking
from bandeau.web.sealed import Sealed
from bandeau.web.shared import shared_head
from bandeau.web.showroom import Showroom
from bandeau.web.sign_in import SignIn
from bandeau.web.sweep import Sweep
from bandeau.web.transparency import Transparency
from bandeau.web.upstream import Upstream
from bandeau.web.variants import Variants
from bandeau.web.visitor import Sent, Visitors
from bandeau.web.wsgi import Environ, StartResponse, WsgiApp, WsgiShell


class Options(TypedDict, total=False):
    """What a site can be told besides policy and data; see :class:`Bandeau`."""

    keys: str | Path | None
    anchors: str | Path | None
    explain: bool
    confine: bool
    shared_page: bool
    cache_bytes: int
    notify_private: bool
    alone: bool


class Bandeau:
    """An ASGI application held to each visitor's choice: ``app = Bandeau(app, policy="…")``.

    ``policy`` is the path of a policy file, ``data`` the folder of the ledger and the keys, made
    where it is missing, or the ``postgresql://`` address of a database; ``keys`` is the file of the
    keys where they are to be elsewhere; ``anchors`` the folder of others' word, where that
    is not with the data; ``explain`` adds ``Bandeau-Explain`` to every answer;
    with ``confine=False`` documents get no ``Connection-Allowlist``; ``shared_page`` gives everyone
    one page where a cache may keep it; ``cache_bytes`` keeps edited pages in memory, where the
    site lets shared caches keep them; ``notify_private`` tells vendors of withdrawals on private
    addresses too; ``alone`` shares the folder with no other server that asks so. A site that cannot
    be held does not start: raises ``PolicyError`` where the policy does not hold, ``OSError``,
    ``KeysError`` or ``LedgerUnavailable`` where the folder or database cannot be used.
    """

    def __init__(
        self,
        app: App,
        *,
        policy: str | Path,
        data: str | Path = "bandeau-data",
        **options: Unpack[Options],
    ) -> None:
        plan = _Plan.read(policy, data, options)
        self._lock = plan.lock()
        try:
            self._open = plan.open()
        except BaseException:
            self._release()
            raise
        self.site, self.pages = self._open.site, self._open.pages
        self._app = app
        # What is explained is explained to one visitor, so nothing is kept for others then.
        kept = 0 if options.get("explain") else options.get("cache_bytes", 0)
        self._enforcer = Enforcer(app, self._open.desk, Variants(kept) if kept else None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection; the stores close when the server's lifespan ends."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            self._open.chores.start()
            await self._enforcer(scope, receive, send)

    def begin(self, scope: Scope) -> Begun:
        """What is answered without waiting, for servers that ask (:mod:`bandeau.web.at_once`)."""
        return self._enforcer.begin(scope)

    def close(self) -> None:
        """Close the stores; nothing is served afterwards."""
        self._open.chores.end()
        self._open.close()
        self._release()

    def _release(self) -> None:
        if self._lock:
            self._lock.close()

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._open.chores.start()
            if str(message["type"]).startswith("lifespan.shutdown."):
                await self._open.chores.stop()
                self.close()
            await send(message)

        await self._app(scope, receive, watched)


class BandeauWSGI:
    """A WSGI application held to each visitor's choice: ``app = BandeauWSGI(app, policy="…")``.

    Arguments and errors are those of :class:`Bandeau`. Each process opens the data folder for
    itself with its first request, so that servers may fork at any time before.
    """

    def __init__(
        self,
        app: WsgiApp,
        *,
        policy: str | Path,
        data: str | Path = "bandeau-data",
        keys: str | Path | None = None,
        anchors: str | Path | None = None,
        explain: bool = False,
        confine: bool = True,
    ) -> None:
        told = Options(keys=keys, anchors=anchors, explain=explain, confine=confine)
        self._desks = _per_process(policy, data, told)
        self._shell = WsgiShell(app, self._desks)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """One WSGI request."""
        return self._shell(environ, start_response)

    def close(self) -> None:
        """Close the stores of this process."""
        self._desks.close()


class BandeauMiddleware(DjangoShell):
    """The Django middleware; the first line of ``MIDDLEWARE``: ``"bandeau.app.BandeauMiddleware"``.

    The settings ``BANDEAU_POLICY``, ``BANDEAU_DATA``, ``BANDEAU_KEYS``, ``BANDEAU_ANCHORS``,
    ``BANDEAU_EXPLAIN`` and ``BANDEAU_CONFINE`` are the arguments of :class:`Bandeau`, whose
    errors it raises when Django loads it.
    """

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        policy, data, keys, anchors, explain, confine = settings()
        told = Options(keys=keys, anchors=anchors, explain=explain, confine=confine)
        self._desks = _per_process(policy, data, told)
        super().__init__(get_response, self._desks)

    def close(self) -> None:
        """Close the stores of this process."""
        self._desks.close()


def gateway(policy: Path, upstream: str, data: Path | str, **options: Unpack[Options]) -> Bandeau:
    """The gateway: the same shell, before the site at ``upstream``; it keeps edited pages.

    It is alone on its folder: raises :class:`bandeau.storage.lock.FolderInUse` too.
    """

    def error_page(scope: Mapping[str, Any], status: int) -> bytes:
        languages = Sent.of(scope["headers"]).languages
        return bandeau.pages.upstream_page(languages, status)

    proxy = Upstream(upstream, error_page=error_page)
    told: Options = {"cache_bytes": limits.CACHE_BYTES, "alone": True, **options}
    bandeau = Bandeau(proxy, policy=policy, data=data, **told)
    return bandeau


@dataclass(frozen=True, slots=True)
class _Open:
    """One site with its stores open."""

    desk: Desk
    site: Site
    pages: Pages
    chores: Running
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that is read at start and holds no file, thread or connection."""

    policy: Policy
    source: bytes
    words: Words
    keys: Keys
    data: Path | str
    keys_file: Path | None
    anchors: Anchors
    listed: tuple[str, ...]
    options: Options

    @classmethod
    def read(cls, policy: str | Path, data: str | Path, options: Options) -> _Plan:
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
        return cls(declared, source, words, known, where, file, kept, listed, options)

    def _is(self, option: Literal["explain", "shared_page", "notify_private", "alone"]) -> bool:
        return self.options.get(option, False)

    def lock(self) -> FolderLock | None:
        """What keeps other servers out of the folder, where one is to be alone on it."""
        folder = self.data if isinstance(self.data, Path) else None
        return FolderLock(folder) if folder and self._is("alone") else None

    def open(self) -> _Open:
        place = open_place(self.data, self.keys_file)
        ledger, store = place.ledger(self.keys), place.comments()
        site = _site(self.policy, self.words, self.keys, ledger, shared=self._is("shared_page"))
        shared = SharedPage(self.policy, site.terms_digest) if self._is("shared_page") else None
        head = shared_head(shared, site.rules) if shared else None
        leaving = Leaving(site.rules)
        notice = Notice(self.policy, self.words, leaving, head)
        pages, visitors = Pages(self.policy, notice), Visitors(site)
        room = newsroom(store.tables)
        posting = Posting.of(site, self.listed, store, room.authors)
        comments = _comments(site, visitors, store, posting)
        placeholder = Placeholder(site.policy, site.words)
        insertions = _insertions(site, notice, leaving, comments, placeholder)
        editor = self._editor(site, insertions, shared)
        showroom = Showroom(self.policy, site.terms_digest, self.source, notice, pages, placeholder)
        choices = ChoiceDesk(site, visitors, showroom, Items(site, visitors, placeholder))
        registrable = public_suffixes().registrable
        sightings, outbox = place.sightings(registrable), place.outbox()
        lookout = Lookout(sightings, registrable, site.now)
        erasers = erasers_of(
            ledger, site.subject_key, store, room.authors, outbox, site.now, site.random
        )
        routes = [*Reports(site.rules, lookout).routes(), *Sweep(site, visitors, pages).routes()]
        mine = MineDesk(site, visitors, pages, store, posting)
        routes += [
            *RecordDesk(site, visitors, pages, erasers, mine.any).routes(),
            *Transparency(site, self.anchors).routes(),
        ]
        if insertions.section:
            routes += [*comments.routes(), *mine.routes(), *self._admin(site, room).routes()]
        own = Sealed(Endpoints(site, visitors, choices, pages).app(routes), confine=self._confine)

        def close() -> None:
            lookout.close()
            for each in (ledger, store, sightings, outbox, place):
                each.close()

        chores = self._chores(site, outbox, erasers[Fate.LEAVE])
        return _Open(Desk(own, visitors, editor, lookout), site, pages, Running(chores), close)

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

    def _admin(self, site: Site, room: Newsroom) -> Admin:
        view = AdminView(site.policy.site.name, read_staff_words(), self.listed)
        return Admin(site, SignIn.of(site, room.staff), room.queue, view)

    def _chores(self, site: Site, outbox: Outbox, eraser: Eraser) -> Chores:
        told = (site.policy, site.ledger, outbox, site.subject_key, site.now, _fraction)
        courier = Courier(*told, private=self._is("notify_private"))
        proof = site.policy.choice.proof
        return Chores(courier, site.ledger, eraser, proof, site.now, _fraction)


def _fraction() -> float:
    return secrets.randbelow(1_000_000) / 1_000_000


def _per_process(policy: str | Path, data: str | Path, options: Options) -> PerProcess:
    """Opened once at start to see that it holds, and closed again, since servers fork later."""
    plan = _Plan.read(policy, data, options)
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


def _comments(site: Site, visitors: Visitors, store: CommentStore, posting: Posting) -> Comments:
    async def proof(request: Request) -> Proof:
        return await visitors.proof(Sent.of(request.scope["headers"]))

    return Comments(site.policy, site.words, store, proof, posting, same_origin)


def _insertions(
    site: Site, notice: Notice, leaving: Leaving, comments: Comments, placeholder: Placeholder
) -> Insertions:
    async def section(exchange: Exchange, lang: str) -> tuple[str, bytes]:
        standing, path = exchange.standing, exchange.asked.path
        return await comments.section_for(standing, lang, path, shared=exchange.shared)

    offered = site.policy.feature("comments") is not None
    view, told = comments.view, asking()
    return Insertions(
        notice=notice,
        placeholder=placeholder,
        leaving=leaving,
        asking=told.markup,
        section=section if offered else None,
        scripts=(*notice.script_hashes, *view.script_hashes, told.script_hash),
        styles=notice.style_hashes + view.style_hashes + placeholder.style_hashes,
    )
