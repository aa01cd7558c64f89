"""The system's Chromium on a temporary profile, as an ordinary visitor's browser would be.

A terminal is a browser context of its own: no cookie, cache or storage of another one is in it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bandeau import limits
from bandeau.audit.evidence import Cookie, Setting
from bandeau.robot.addresses import resolve_rules
from bandeau.robot.camera import NAMES, RobotUnavailable
from bandeau.robot.gate import Gate, gate
from bandeau.robot.guise import Guise, guise_of
from bandeau.robot.pipe import BrowserGone, CallFailed, Message, Pipe, ended, started
from bandeau.robot.profile import environment, fresh_profile, sweep
from bandeau.robot.recorder import Recorder
from bandeau.robot.session import Session, Sessions, answered
from bandeau.robot.tab import Tab

FLAGS = (
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-startup-window",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-client-side-phishing-detection",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-blink-features=AutomationControlled",
    "--disable-features=Translate,MediaRouter,OptimizationHints,DialMediaRouteProvider,"
    "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    # Pages of the address bar's own in each window, which take as much as a site's page.
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup",
    "--hide-scrollbars",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--window-size=1280,800",
    # Nothing of the browser's own goes anywhere: each terminal has a gate instead.
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
)


@dataclass(frozen=True, slots=True)
class BrowserOptions:
    """How to browse. ``resolve`` are rules as of Chromium's ``--host-resolver-rules``; the hosts
    that they map may have any certificate. ``allow_private`` lets private addresses be visited;
    with ``shown`` the windows are on the display, for a person to work in. ``firefox`` is for
    terminals whose setting asks for that browser.
    """

    chromium: str | None = None
    resolve: str = ""
    allow_private: bool = False
    shown: bool = False
    firefox: str | None = None


class Terminal:
    """One fresh profile with one window. ``popups`` are the addresses that it tried to open."""

    def __init__(self, process: Process, context: str, setting: Setting, way: Gate) -> None:
        self.setting = setting
        self.context = context
        self.gate = way
        self.guise: Guise = guise_of(setting, process.version)
        self.sessions = Sessions(process.pipe)
        self.sessions.prepare(self.guise.worn_by)
        self.popups: list[str] = []
        self.tab = Tab(self.sessions, self.guise, self._open, self._close)
        self.recorder = Recorder(self.sessions, self._cookies, way)
        self._process = process

    async def seed(self, cookies: Sequence[Cookie]) -> None:
        """Put cookies on the terminal before it visits anything."""
        told = [_as_set(each) for each in cookies]
        await self._process.call("Storage.setCookies", cookies=told, browserContextId=self.context)

    async def _cookies(self) -> Message:
        return await self._process.call("Storage.getCookies", browserContextId=self.context)

    async def _open(self) -> Session:
        made = await self._process.call(
            "Target.createTarget",
            url="about:blank",
            browserContextId=self.context,
            newWindow=True,
        )
        return await self._process.attached(made["targetId"])

    async def _close(self, target: str) -> None:
        await self._process.call("Target.closeTarget", targetId=target)

    def take(self, told: Message) -> Session | None:
        """Take up a new target of this terminal, unless it is a window that the page opened."""
        target = told["targetInfo"]
        if target["type"] == "page" and target.get("openerId"):
            if len(self.popups) < limits.AUDIT_POPUPS:
                self.popups.append(target["url"])
            return None
        return self.sessions.attach(told, None)


class Process:
    """One running Chromium, and the terminals in it."""

    def __init__(self, pipe: Pipe, options: BrowserOptions) -> None:
        self.pipe = pipe
        self._options = options
        self.version = ""
        self._terminals: dict[str, Terminal] = {}
        self._owners: dict[str, Terminal] = {}
        self._attached: dict[str, asyncio.Future[Session]] = {}
        self.spoiled = False
        """Whether a terminal did not end, so that what it holds may still be there."""
        pipe.listen(None, self._hear)

    async def call(self, method: str, **parameters: object) -> Message:
        """The answer to a call of the browser itself."""
        return await answered(method, self.pipe.call(method, parameters))

    async def ready(self) -> None:
        """Wait until the browser answers, and take up each target from now on."""
        version = await self.call("Browser.getVersion")
        self.version = str(version["product"]).partition("/")[2]
        await self.call(
            "Target.setAutoAttach",
            autoAttach=True,
            waitForDebuggerOnStart=True,
            flatten=True,
            filter=[{"type": kind} for kind in ("page", "shared_worker", "service_worker")],
        )

    def _hear(self, method: str, event: Message) -> None:
        if method == "Target.attachedToTarget":
            self._take(event)
        elif method == "Target.detachedFromTarget":
            owner = self._owners.pop(event["sessionId"], None)
            if owner is not None:
                owner.sessions.detach(event["sessionId"])

    def _take(self, event: Message) -> None:
        target = event["targetInfo"]
        terminal = self._terminals.get(target.get("browserContextId", ""))
        session = terminal.take(event) if terminal is not None else None
        if terminal is None or session is None:
            # Closed while it still waits: nothing of it was loaded.
            self.pipe.call("Target.closeTarget", {"targetId": target["targetId"]})
            return
        self._owners[session.number] = terminal
        if session.kind == "page":
            self._attachment(session.target).set_result(session)

    def _attachment(self, target: str) -> asyncio.Future[Session]:
        if target not in self._attached:
            self._attached[target] = asyncio.get_running_loop().create_future()
        return self._attached[target]

    async def attached(self, target: str) -> Session:
        """The session of a target that was asked for."""
        try:
            return await asyncio.wait_for(self._attachment(target), limits.AUDIT_CALL_SECONDS)
        except TimeoutError:
            raise CallFailed("Target.createTarget: no window came") from None
        finally:
            self._attached.pop(target, None)

    @asynccontextmanager
    async def terminal(self, setting: Setting) -> AsyncIterator[Terminal]:
        """A fresh profile with one window, gone at the end with all that it held."""
        rules = resolve_rules(self._options.resolve)
        async with gate(rules, allow_private=self._options.allow_private) as (way, port):
            made = await self.call(
                "Target.createBrowserContext",
                disposeOnDetach=True,
                proxyServer=f"http://127.0.0.1:{port}",
                proxyBypassList="<-loopback>",
            )
            async with self._opened(Terminal(self, made["browserContextId"], setting, way)) as one:
                yield one

    @asynccontextmanager
    async def _opened(self, terminal: Terminal) -> AsyncIterator[Terminal]:
        context = terminal.context
        self._terminals[context] = terminal
        try:
            await self.call(
                "Browser.setDownloadBehavior", behavior="deny", browserContextId=context
            )
            await self.call("Browser.grantPermissions", permissions=[], browserContextId=context)
            await terminal.tab.open()
            yield terminal
        finally:
            del self._terminals[context]
            try:
                await self.call("Target.disposeBrowserContext", browserContextId=context)
            except (CallFailed, BrowserGone):
                self.spoiled = True


class Browser:
    """Chromium as often as it must run: one process for each way to treat third-party cookies."""

    def __init__(self, options: BrowserOptions, stack: AsyncExitStack) -> None:
        self._options = options
        self._stack = stack
        self._processes: dict[bool, Process] = {}
        self._starting = asyncio.Lock()

    @asynccontextmanager
    async def terminal(self, setting: Setting) -> AsyncIterator[Terminal]:
        """A terminal as ``setting`` says. Several may be open at once."""
        async with self._starting:
            process = self._processes.get(setting.third_party_cookies)
            if process is None or process.pipe.gone.done():
                running = _running(self._options, setting.third_party_cookies)
                process = await self._stack.enter_async_context(running)
                self._processes[setting.third_party_cookies] = process
        async with process.terminal(setting) as terminal:
            yield terminal

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that it started, which have started all others."""
        return tuple(process.pipe.process for process in self._processes.values())

    @property
    def spoiled(self) -> bool:
        """Whether anything of an earlier terminal may still be there."""
        return any(process.spoiled for process in self._processes.values())

    @property
    def name(self) -> str:
        """Name and version of the browser, empty until a terminal was opened."""
        versions = [process.version for process in self._processes.values()]
        return f"Chromium {versions[0]}" if versions else ""


@asynccontextmanager
async def open_browser(options: BrowserOptions) -> AsyncIterator[Browser]:
    """A browser that ends with this block, or with this process.

    Raises :class:`RobotUnavailable` where there is none or it does not start, and
    :class:`bandeau.robot.addresses.RulesFaulty` where the rules cannot be read.
    """
    resolve_rules(options.resolve)
    sweep()
    async with AsyncExitStack() as stack:
        yield Browser(options, stack)


@asynccontextmanager
async def _running(options: BrowserOptions, third_party: bool) -> AsyncIterator[Process]:
    path = options.chromium or next((found for name in NAMES if (found := shutil.which(name))), "")
    if not path:
        raise RobotUnavailable("Chromium is missing: install it, such as by apt install chromium")
    with fresh_profile(third_party=third_party) as profile:
        try:
            told = environment(profile, shown=options.shown)
            pipe = await started([path, *_flags(options, profile)], told)
        except OSError as error:
            raise RobotUnavailable(f"{path} does not start: {error.strerror}") from error
        try:
            process = Process(pipe, options)
            try:
                await process.ready()
            except (BrowserGone, CallFailed) as error:
                raise RobotUnavailable(f"{path} does not start: {error}") from error
            yield process
        finally:
            await ended(pipe)


def _flags(options: BrowserOptions, profile: Path) -> list[str]:
    window = "--ozone-platform-hint=auto" if options.shown else "--headless=new"
    flags = [*FLAGS, window, f"--user-data-dir={profile}"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    if options.resolve:
        flags.append("--ignore-certificate-errors")
    return flags


def _as_set(cookie: Cookie) -> dict[str, object]:
    told: dict[str, object] = {
        "name": cookie.name,
        "value": cookie.value,
        "path": cookie.path,
        "secure": cookie.secure,
        "httpOnly": cookie.http_only,
    }
    host = cookie.domain.removeprefix(".")
    if cookie.domain.startswith("."):
        told["domain"] = cookie.domain
    else:
        told["url"] = f"{'https' if cookie.secure else 'http'}://{host}{cookie.path}"
    if cookie.expires is not None:
        told["expires"] = cookie.expires
    if cookie.same_site:
        told["sameSite"] = cookie.same_site
    if cookie.partition:
        told["partitionKey"] = {"topLevelSite": cookie.partition, "hasCrossSiteAncestor": True}
    return told
