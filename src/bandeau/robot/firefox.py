"""The system's Firefox over WebDriver BiDi: a process with a profile of its own for each terminal.

It is run as it is delivered, so that what differs from Chromium shows: third-party cookies are kept
apart for each site. What it does not tell is in :data:`GAPS`.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from bandeau import limits
from bandeau.audit.evidence import Cookie, Device, Gap, Setting
from bandeau.robot.addresses import resolve_rules
from bandeau.robot.bidi import Bidi, connected
from bandeau.robot.browser import BrowserOptions
from bandeau.robot.camera import RobotUnavailable
from bandeau.robot.firefox_preferences import preferences, window_of, written
from bandeau.robot.firefox_recorder import Recorder
from bandeau.robot.firefox_tab import Tab
from bandeau.robot.gate import Gate, gate
from bandeau.robot.leash import on_a_leash
from bandeau.robot.pipe import BrowserGone, CallFailed
from bandeau.robot.profile import empty_profile, environment

NAMES = ("firefox-esr", "firefox")
FLAGS = ("--no-remote", "--remote-debugging-port", "0")
GAPS = tuple(
    Gap("Firefox", why)
    for why in (
        "it does not tell what scripts read (cookies, storage, a canvas), nor cookies set and ended"
        " by script between two looks",
        "it does not tell which script set a cookie or made a request, redirects apart",
        "it does not tell what is sent over web sockets, what service workers ask for, and why it"
        " refused a cookie",
        "its lists of trackers are not loaded, since it asks nobody: what they block is shown too",
        "storage of frames that come and go while a page is open is not seen",
    )
)
# Where it is missing a page sees that it is driven. Calls on the wrong object still throw.
_UNDRIVEN = """() => {
  const { get } = Object.getOwnPropertyDescriptor(Navigator.prototype, "webdriver");
  Object.defineProperty(Navigator.prototype, "webdriver", {
    configurable: true, enumerable: true,
    get: new Proxy(get, { apply: (own, self) => (Reflect.apply(own, self, []), false) }),
  });
}"""
_EVENTS = ("network", "browsingContext")


class Terminal:
    """One fresh profile with one window."""

    def __init__(self, bidi: Bidi, setting: Setting, desk: str, way: Gate) -> None:
        self.setting = setting
        self.gate = way
        self.tab = Tab(bidi, window_of(setting), desk, way)
        self.recorder = Recorder(bidi, self.tab, way, GAPS, refused=not setting.third_party_cookies)
        self._bidi = bidi

    async def seed(self, cookies: Sequence[Cookie]) -> None:
        """Put cookies on the terminal before it visits anything."""
        for each in cookies:
            partition = {"type": "storageKey", "sourceOrigin": each.partition}
            whose: dict[str, Any] = {"partition": partition} if each.partition else {}
            await self._bidi.call("storage.setCookie", cookie=_as_set(each), **whose)


class Firefox:
    """Starts a Firefox for each terminal. ``name`` is empty until one was opened."""

    def __init__(self, options: BrowserOptions) -> None:
        self._options = options
        self.name = ""

    def path(self) -> str:
        """Where it is. Raises :class:`RobotUnavailable` where it is missing."""
        named = self._options.firefox
        if found := next(filter(None, map(shutil.which, (named,) if named else NAMES)), None):
            return found
        if named:
            raise RobotUnavailable(f"{named} is no program that can be run")
        raise RobotUnavailable("Firefox is missing: install it, such as by apt install firefox-esr")

    @asynccontextmanager
    async def terminal(self, setting: Setting) -> AsyncIterator[Terminal]:
        """A terminal as ``setting`` says. Several may be open at once.

        Raises :class:`RobotUnavailable` where there is no Firefox or it does not start.
        """
        path = self.path()
        rules = resolve_rules(self._options.resolve)
        async with (
            gate(rules, allow_private=self._options.allow_private) as (way, port),
            _running(path, setting, port, shown=self._options.shown) as bidi,
        ):
            try:
                desk = await self._begun(bidi)
                terminal = Terminal(bidi, setting, desk, way)
                await terminal.tab.open()
            except (BrowserGone, CallFailed) as error:
                raise RobotUnavailable(f"{path} does not start: {error}") from error
            yield terminal

    async def _begun(self, bidi: Bidi) -> str:
        """Begin the session; answers the tab that is there from the start."""
        anything = bool(self._options.resolve)
        prompts = {"default": "dismiss", "beforeUnload": "accept"}
        wanted = {"acceptInsecureCerts": anything, "unhandledPromptBehavior": prompts}
        within = limits.AUDIT_START_SECONDS
        began = await bidi.call("session.new", within, capabilities={"alwaysMatch": wanted})
        self.name = f"Firefox {began['capabilities']['browserVersion']}"
        await bidi.call("session.subscribe", events=list(_EVENTS))
        await bidi.call("browser.setDownloadBehavior", downloadBehavior={"type": "denied"})
        await bidi.call("script.addPreloadScript", functionDeclaration=_UNDRIVEN)
        await bidi.call(
            "network.addDataCollector",
            dataTypes=["request"],
            maxEncodedDataSize=limits.AUDIT_BODY_BYTES,
        )
        return str((await bidi.call("browsingContext.getTree"))["contexts"][0]["context"])


@asynccontextmanager
async def _running(path: str, setting: Setting, port: int, *, shown: bool) -> AsyncIterator[Bidi]:
    with empty_profile() as profile:
        argv = [path, *FLAGS, *_size(setting), "--profile", str(profile), "about:blank"]
        argv[1:1] = () if shown else ("--headless",)
        async with AsyncExitStack() as stack:
            try:
                version = await _version(path) if setting.device is Device.PHONE else ""
                (profile / "user.js").write_text(written(preferences(setting, port, version)))
                told = _environment(profile, shown=shown)
                await stack.enter_async_context(on_a_leash(argv, told, profile))
                address = await asyncio.wait_for(_listening(profile), limits.AUDIT_START_SECONDS)
                bidi = await stack.enter_async_context(connected(address))
            except TimeoutError:
                raise RobotUnavailable(f"{path} does not start") from None
            except (OSError, aiohttp.ClientError) as error:
                raise RobotUnavailable(f"{path} does not start: {error}") from error
            yield bidi


def _size(setting: Setting) -> tuple[str, ...]:
    window = window_of(setting)
    return "--width", str(window.width), "--height", str(window.height + 100)


async def _version(path: str) -> str:
    """Its version, such as ``153.8``, empty where it does not tell."""
    asked = await asyncio.create_subprocess_exec(
        path, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    told, _ = await asked.communicate()
    return next((word for word in told.decode().split() if word[:1].isdigit()), "")


async def _listening(profile: Path) -> str:
    """The address that the browser writes into its profile as soon as it listens there."""
    file = profile / "WebDriverBiDiServer.json"
    while True:
        try:
            told = orjson.loads(file.read_bytes())
            return f"ws://127.0.0.1:{int(told['ws_port'])}/session"
        except (OSError, ValueError):
            await asyncio.sleep(0.05)


def _environment(profile: Path, *, shown: bool) -> dict[str, str]:
    """It keeps nothing at home, and would rather crash than connect to anything but the gate."""
    return {
        **environment(profile, shown=shown),
        "HOME": str(profile),
        "XDG_CACHE_HOME": str(profile),
        "MOZ_CRASHREPORTER_DISABLE": "1",
        "MOZ_DISABLE_NONLOCAL_CONNECTIONS": "1",
    }


def _as_set(cookie: Cookie) -> dict[str, object]:
    told: dict[str, object] = {
        "name": cookie.name,
        "value": {"type": "string", "value": cookie.value},
        "domain": cookie.domain,
        "path": cookie.path,
        "secure": cookie.secure,
        "httpOnly": cookie.http_only,
        "sameSite": cookie.same_site.lower() or "default",
    }
    if cookie.expires is not None:
        told["expiry"] = int(cookie.expires)
    return told
