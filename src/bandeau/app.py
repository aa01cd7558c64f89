"""The only file that knows every part: wires policy, stores, endpoints and shells together."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request

from bandeau.choice.token import Seal
from bandeau.enforcement.exchange import Exchange
from bandeau.enforcement.rules import Rules
from bandeau.features.comments.gate import Proof
from bandeau.ledger.record import uuid7
from bandeau.ledger.store import LedgerStore
from bandeau.policy.check import load
from bandeau.policy.model import Policy
from bandeau.policy.terms import digest, terms_of
from bandeau.policy.words import Words
from bandeau.storage.files import read_policy, read_words
from bandeau.storage.keys import Keys, load_or_create
from bandeau.storage.sqlite.comments import SqliteComments
from bandeau.storage.sqlite.ledger import SqliteLedger
from bandeau.web.asgi import App, Enforcer, Message, Receive, Scope, Send
from bandeau.web.choice import ChoiceDesk
from bandeau.web.comments import Comments
from bandeau.web.context import Site
from bandeau.web.endpoints import Endpoints
from bandeau.web.inbound import same_origin
from bandeau.web.notice import Notice
from bandeau.web.page import Insertions, PageEditor
from bandeau.web.pages import Pages
from bandeau.web.placeholder import Placeholder
from bandeau.web.upstream import Upstream
from bandeau.web.visitor import Sent, Visitors


class Bandeau:
    """An ASGI application held to each visitor's choice: ``app = Bandeau(app, policy="…")``.

    ``policy`` is the path of a policy file, ``data`` the folder of the ledger and the keys, made
    where it is missing; ``explain`` adds ``Bandeau-Explain`` to every answer, ``confine`` adds
    ``Connection-Allowlist`` to pages. A site that cannot be held does not start: raises
    ``PolicyError`` where the policy does not hold, ``OSError``, ``KeysError`` or
    ``LedgerUnavailable`` where the folder cannot be used.
    """

    def __init__(
        self,
        app: App,
        *,
        policy: str | Path,
        data: str | Path = "bandeau-data",
        explain: bool = False,
        confine: bool = False,
    ) -> None:
        words = read_words()
        declared, _ = load(read_policy(Path(policy)), words)
        folder = Path(data)
        keys = load_or_create(folder, declared.site.hosts[0], secrets.token_bytes)
        self._ledger = open_ledger(folder, keys)
        self._comments = SqliteComments(folder / "comments.sqlite")
        self.site = _site(declared, words, keys, self._ledger)
        notice = Notice(declared, words)
        self.pages = Pages(declared, notice)
        self._app = app
        visitors = Visitors(self.site)
        comments = _comments(self.site, visitors, self._comments)
        insertions = _insertions(self.site, notice, comments)
        editor = PageEditor(self.site.rules, insertions, explain=explain, confine=confine)
        desk = ChoiceDesk(self.site, visitors, notice)
        routes = comments.routes() if insertions.section else []
        own = Endpoints(self.site, visitors, desk, self.pages).app(routes)
        self._enforcer = Enforcer(app, own, visitors, editor)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection; the stores close when the server's lifespan ends."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            await self._enforcer(scope, receive, send)

    def close(self) -> None:
        """Close the stores; nothing is served afterwards."""
        self._ledger.close()
        self._comments.close()

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            if str(message["type"]).startswith("lifespan.shutdown."):
                self.close()
            await send(message)

        await self._app(scope, receive, watched)


def gateway(
    policy: Path, upstream: str, data: Path, *, explain: bool = False, confine: bool = False
) -> Bandeau:
    """The gateway: the same shell, before the site at ``upstream``."""

    def error_page(scope: Mapping[str, Any], status: int) -> bytes:
        languages = Sent.of(scope["headers"]).languages
        return bandeau.pages.upstream_page(languages, status)

    proxy = Upstream(upstream, error_page=error_page)
    bandeau = Bandeau(proxy, policy=policy, data=data, explain=explain, confine=confine)
    return bandeau


def open_ledger(folder: Path, keys: Keys) -> SqliteLedger:
    """The ledger of a data folder, for serving or for the command line."""
    return SqliteLedger(folder, keys.signer)


def _site(policy: Policy, words: Words, keys: Keys, ledger: LedgerStore) -> Site:
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
    )


def _comments(site: Site, visitors: Visitors, store: SqliteComments) -> Comments:
    async def proof(request: Request) -> Proof:
        return await visitors.proof(Sent.of(request.scope["headers"]))

    def new_id() -> str:
        return uuid7(int(site.now() * 1000), site.random(10))

    return Comments(site.policy, site.words, store, proof, new_id, site.now, same_origin)


def _insertions(site: Site, notice: Notice, comments: Comments) -> Insertions:
    async def section(exchange: Exchange, lang: str) -> tuple[str, bytes]:
        return await comments.section_for(exchange.standing, lang, exchange.asked.path)

    offered = site.policy.feature("comments") is not None
    placeholder, view = Placeholder(site.policy, site.words), comments.view
    return Insertions(
        notice=notice,
        placeholder=placeholder,
        section=section if offered else None,
        scripts=notice.script_hashes + view.script_hashes,
        styles=notice.style_hashes + view.style_hashes + placeholder.style_hashes,
    )
