"""The only file that knows every part: wires policy, stores, endpoints and shells together."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request

from bandeau import limits
from bandeau.choice.token import Seal
from bandeau.enforcement.engine import PythonEngine
from bandeau.enforcement.exchange import Exchange
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.shared import SharedPage
from bandeau.features.comments.gate import Proof
from bandeau.ledger.record import uuid7
from bandeau.ledger.store import LedgerStore
from bandeau.policy.check import load
from bandeau.policy.model import Policy
from bandeau.policy.terms import digest, terms_of
from bandeau.policy.words import Words
from bandeau.storage.files import read_policy, read_words
from bandeau.storage.keys import Keys, load_or_create
from bandeau.storage.lock import FolderLock
from bandeau.storage.sqlite.comments import SqliteComments
from bandeau.storage.sqlite.ledger import SqliteLedger
from bandeau.storage.sqlite.sightings import FILE as SIGHTINGS
from bandeau.storage.sqlite.sightings import SqliteSightings
from bandeau.storage.suffixes import public_suffixes
from bandeau.web.asgi import Enforcer
from bandeau.web.at_once import Begun
from bandeau.web.choice import ChoiceDesk
from bandeau.web.comments import Comments
from bandeau.web.context import Site
from bandeau.web.django import DjangoShell, settings
from bandeau.web.endpoints import Endpoints
from bandeau.web.guarded import App, Desk, Message, Receive, Scope, Send
from bandeau.web.inbound import same_origin
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
from bandeau.web.reports import Reports, asking
from bandeau.web.sealed import Sealed
from bandeau.web.shared import shared_head
from bandeau.web.sweep import Sweep
from bandeau.web.upstream import Upstream
from bandeau.web.variants import Variants
from bandeau.web.visitor import Sent, Visitors
from bandeau.web.wsgi import Environ, StartResponse, WsgiApp, WsgiShell


class Bandeau:
    """An ASGI application held to each visitor's choice: ``app = Bandeau(app, policy="…")``.

    ``policy`` is the path of a policy file, ``data`` the folder of the ledger and the keys, made
    where it is missing; ``explain`` adds ``Bandeau-Explain`` to every answer; without ``confine``
    documents get no ``Connection-Allowlist``; ``cache_bytes`` keeps edited pages in memory, where
    the site lets shared caches keep them; ``alone`` shares the folder with no other server that
    asks so. A site that cannot be held does not start: raises ``PolicyError`` where the policy does
    not hold, ``OSError``, ``KeysError`` or ``LedgerUnavailable`` where the folder cannot be used.
    """

    def __init__(
        self,
        app: App,
        *,
        policy: str | Path,
        data: str | Path = "bandeau-data",
        explain: bool = False,
        confine: bool = True,
        shared_page: bool = False,
        cache_bytes: int = 0,
        alone: bool = False,
    ) -> None:
        plan = _Plan.read(policy, data, explain=explain, confine=confine, shared_page=shared_page)
        self._lock = FolderLock(plan.folder) if alone else None
        try:
            self._open = plan.open()
        except BaseException:
            self._release()
            raise
        self.site, self.pages = self._open.site, self._open.pages
        self._app = app
        # What is explained is explained to one visitor, so nothing is kept for others then.
        variants = Variants(cache_bytes) if cache_bytes and not explain else None
        self._enforcer = Enforcer(app, self._open.desk, variants)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection; the stores close when the server's lifespan ends."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            await self._enforcer(scope, receive, send)

    def begin(self, scope: Scope) -> Begun:
        """What is answered without waiting, for servers that ask (:mod:`bandeau.web.at_once`)."""
        return self._enforcer.begin(scope)

    def close(self) -> None:
        """Close the stores; nothing is served afterwards."""
        self._open.close()
        self._release()

    def _release(self) -> None:
        if self._lock:
            self._lock.close()

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            if str(message["type"]).startswith("lifespan.shutdown."):
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
        explain: bool = False,
        confine: bool = True,
    ) -> None:
        self._desks = _per_process(policy, data, explain=explain, confine=confine)
        self._shell = WsgiShell(app, self._desks)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """One WSGI request."""
        return self._shell(environ, start_response)

    def close(self) -> None:
        """Close the stores of this process."""
        self._desks.close()


class BandeauMiddleware(DjangoShell):
    """The Django middleware; the first line of ``MIDDLEWARE``: ``"bandeau.app.BandeauMiddleware"``.

    The settings ``BANDEAU_POLICY``, ``BANDEAU_DATA``, ``BANDEAU_EXPLAIN`` and ``BANDEAU_CONFINE``
    are the arguments of :class:`Bandeau`, whose errors it raises when Django loads it.
    """

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        policy, data, explain, confine = settings()
        self._desks = _per_process(policy, data, explain=explain, confine=confine)
        super().__init__(get_response, self._desks)

    def close(self) -> None:
        """Close the stores of this process."""
        self._desks.close()


def gateway(
    policy: Path,
    upstream: str,
    data: Path,
    *,
    explain: bool = False,
    confine: bool = True,
    shared_page: bool = False,
    cache_bytes: int = limits.CACHE_BYTES,
) -> Bandeau:
    """The gateway: the same shell, before the site at ``upstream``, alone on its folder.

    Raises what :class:`Bandeau` does, :class:`bandeau.storage.lock.FolderInUse` among it.
    """

    def error_page(scope: Mapping[str, Any], status: int) -> bytes:
        languages = Sent.of(scope["headers"]).languages
        return bandeau.pages.upstream_page(languages, status)

    proxy = Upstream(upstream, error_page=error_page)
    bandeau = Bandeau(
        proxy,
        policy=policy,
        data=data,
        explain=explain,
        confine=confine,
        shared_page=shared_page,
        cache_bytes=cache_bytes,
        alone=True,
    )
    return bandeau


def open_ledger(folder: Path, keys: Keys) -> SqliteLedger:
    """The ledger of a data folder, for serving or for the command line."""
    return SqliteLedger(folder, keys.signer)


@dataclass(frozen=True, slots=True)
class _Open:
    """One site with its stores open."""

    desk: Desk
    site: Site
    pages: Pages
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that is read at start and holds no file, thread or connection."""

    policy: Policy
    words: Words
    keys: Keys
    folder: Path
    explain: bool
    confine: bool
    shared_page: bool

    @classmethod
    def read(
        cls,
        policy: str | Path,
        data: str | Path,
        *,
        explain: bool,
        confine: bool,
        shared_page: bool = False,
    ) -> _Plan:
        words = read_words()
        declared, _ = load(read_policy(Path(policy)), words)
        folder = Path(data)
        keys = load_or_create(folder, declared.site.hosts[0], secrets.token_bytes)
        return cls(declared, words, keys, folder, explain, confine, shared_page)

    def open(self) -> _Open:
        ledger = open_ledger(self.folder, self.keys)
        store = SqliteComments(self.folder / "comments.sqlite")
        site = _site(self.policy, self.words, self.keys, ledger, shared=self.shared_page)
        shared = SharedPage(self.policy, site.terms_digest) if self.shared_page else None
        head = shared_head(shared, site.rules) if shared else None
        leaving = Leaving(site.rules)
        notice = Notice(self.policy, self.words, leaving, head)
        pages = Pages(self.policy, notice)
        visitors = Visitors(site)
        comments = _comments(site, visitors, store)
        placeholder = Placeholder(site.policy, site.words)
        insertions = _insertions(site, notice, leaving, comments, placeholder)
        editor = PageEditor(
            site.rules,
            insertions,
            Plans(PythonEngine(site.rules)),
            explain=self.explain,
            confine=self.confine,
            shared=shared,
        )
        choices = ChoiceDesk(site, visitors, notice, Items(site, visitors, placeholder))
        registrable = public_suffixes().registrable
        sightings = SqliteSightings(self.folder / SIGHTINGS, registrable)
        lookout = Lookout(sightings, registrable, site.now)
        routes = [*Reports(site.rules, lookout).routes(), *Sweep(site, visitors, pages).routes()]
        routes += comments.routes() if insertions.section else []
        own = Sealed(Endpoints(site, visitors, choices, pages).app(routes), confine=self.confine)

        def close() -> None:
            lookout.close()
            for each in (ledger, store, sightings):
                each.close()

        return _Open(Desk(own, visitors, editor, lookout), site, pages, close)


def _per_process(
    policy: str | Path, data: str | Path, *, explain: bool, confine: bool
) -> PerProcess:
    """Opened once at start to see that it holds, and closed again, since servers fork later."""
    plan = _Plan.read(policy, data, explain=explain, confine=confine)
    plan.open().close()

    def opens() -> Opened:
        opened = plan.open()
        return opened.desk, opened.close

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


def _comments(site: Site, visitors: Visitors, store: SqliteComments) -> Comments:
    async def proof(request: Request) -> Proof:
        return await visitors.proof(Sent.of(request.scope["headers"]))

    def new_id() -> str:
        return uuid7(int(site.now() * 1000), site.random(10))

    return Comments(site.policy, site.words, store, proof, new_id, site.now, same_origin)


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
