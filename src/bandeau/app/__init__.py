"""The only part that knows every other: puts a site together behind each shell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Unpack

from bandeau import limits
from bandeau.app.plan import Basic, Plan, per_process
from bandeau.app.plan import Options as Options
from bandeau.web.asgi import Enforcer
from bandeau.web.at_once import Begun
from bandeau.web.django import DjangoShell, settings
from bandeau.web.guarded import App, Message, Receive, Scope, Send
from bandeau.web.upstream import Upstream
from bandeau.web.variants import Variants
from bandeau.web.visitor import Sent
from bandeau.web.wsgi import Environ, StartResponse, WsgiApp, WsgiShell


class Bandeau:
    """An ASGI application held to each visitor's choice: ``app = Bandeau(app, policy="…")``.

    ``policy`` is the path of a policy file, ``data`` the folder of the ledger and the keys, made
    where it is missing, or the ``postgresql://`` address of a database; ``keys`` is the file of the
    keys where they are to be elsewhere; ``anchors`` the folder of others' word, where that
    is not with the data; ``explain`` adds ``Bandeau-Explain`` to every answer;
    with ``confine=False`` documents get no ``Connection-Allowlist``; ``shared_page`` gives everyone
    one page where a cache may keep it; ``cache_bytes`` keeps edited pages in memory, where the
    site lets shared caches keep them; ``mail`` is the address of a mail server
    (:func:`bandeau.settings.parse_mail`); ``notify_private`` sends withdrawals, and comments to
    review, to private addresses too; ``alone`` shares the folder with no other server that asks
    so. A site that cannot be held does not start: raises ``PolicyError`` where the policy does not
    hold, ``SettingsError`` where a setting does not, ``OSError``, ``KeysError`` or
    ``LedgerUnavailable`` where the folder or database cannot be used.
    """

    def __init__(
        self,
        app: App,
        *,
        policy: str | Path,
        data: str | Path = "bandeau-data",
        **options: Unpack[Options],
    ) -> None:
        plan = Plan.read(policy, data, options)
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
        **options: Unpack[Basic],
    ) -> None:
        self._desks = per_process(policy, data, options)
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
    ``BANDEAU_EXPLAIN``, ``BANDEAU_CONFINE`` and ``BANDEAU_MAIL`` are the arguments of
    :class:`Bandeau`, whose errors it raises when Django loads it.
    """

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        found = settings()
        told = Options(
            keys=found.keys,
            anchors=found.anchors,
            explain=found.explain,
            confine=found.confine,
            mail=found.mail,
        )
        self._desks = per_process(found.policy, found.data, told)
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
