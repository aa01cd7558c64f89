"""Debian's Firefox ESR over WebDriver BiDi: just what the tests ask of it."""

from __future__ import annotations

import copy
import itertools
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from websockets.sync.client import ClientConnection, connect

EXECUTABLE = "/usr/bin/firefox-esr"
_PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.allow_hijacking_localhost": True,
    "toolkit.telemetry.enabled": False,
    # Every name of a test is this machine.
    "network.dns.localDomains": "www.pub.test,ads.pub.test,silent.pub.test,tracker.test",
}


class Firefox:
    """One browser tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count()
        self.ask("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        # The first tab never has the focus, without which no key presses a button.
        self._page = self.ask("browsingContext.create", type="tab")["context"]
        self.ask("browsingContext.activate", context=self._page)

    def tab(self) -> Firefox:
        """Another tab of the same browser."""
        other = copy.copy(self)
        other._page = self.ask("browsingContext.create", type="tab")["context"]
        return other

    def ask(self, method: str, timeout: float = 120, **params: Any) -> Any:
        """One command and its answer; raises where the browser refuses it."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=timeout))
            if answer.get("id") == number:
                if "result" not in answer:
                    raise AssertionError(f"{method}: {answer}")
                return answer["result"]

    def open(self, url: str) -> None:
        self.ask("browsingContext.navigate", context=self._page, url=url, wait="complete")

    def open_tab(self, url: str) -> str:
        """Opens a tab that nothing waits for; its id."""
        opened = self.ask("browsingContext.create", timeout=90, type="tab")["context"]
        self.ask("browsingContext.navigate", timeout=90, context=opened, url=url, wait="none")
        return str(opened)

    def close(self, tab: str) -> None:
        self.ask("browsingContext.close", timeout=90, context=tab)

    def size(self, width: int, height: int) -> None:
        self.ask(
            "browsingContext.setViewport",
            context=self._page,
            viewport={"width": width, "height": height},
        )

    def run(self, function: str) -> Any:
        """The JSON value of a function's result (a promise is waited for)."""
        answer = self.ask(
            "script.callFunction",
            timeout=60,
            functionDeclaration=f"async () => JSON.stringify(await ({function})())",
            awaitPromise=True,
            target={"context": self._page},
        )
        assert answer["type"] == "success", answer
        value = answer["result"].get("value")
        return json.loads(value) if value is not None else None

    def press(self, *keys: str) -> None:
        """Press keys one after the other; ``Tab``, ``Enter``, ``Escape``, ``Space`` or a letter."""
        codes = {"Tab": "\ue004", "Enter": "\ue006", "Escape": "\ue00c", "Space": " "}
        actions = [
            {"type": kind, "value": codes.get(key, key)}
            for key in keys
            for kind in ("keyDown", "keyUp")
        ]
        source = {"type": "key", "id": "keys", "actions": actions}
        self.ask("input.performActions", context=self._page, actions=[source])

    def cookies(self) -> dict[str, str]:
        found = self.ask("storage.getCookies", partition={"type": "context", "context": self._page})
        return {cookie["name"]: cookie["value"]["value"] for cookie in found["cookies"]}


@contextmanager
def firefox(
    profile: Path, *, script: bool = True, proxies: Mapping[str, int] | None = None
) -> Iterator[Firefox]:
    """A browser with a fresh profile in ``profile``, ended by its process id.

    ``proxies`` maps hosts to loopback ports, which are asked as proxies are; a host that begins
    with a dot stands for all that end in it, and what is not named is not found.
    """
    profile.mkdir(parents=True, exist_ok=True)
    wanted = _PREFERENCES | ({} if script else {"javascript.enabled": False})
    if proxies is not None:
        wanted = wanted | {"network.proxy.type": 2, "network.proxy.autoconfig_url": _pac(proxies)}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(v)});" for name, v in wanted.items()]
    (profile / "user.js").write_text("\n".join(lines))
    command = [EXECUTABLE, "--headless", "--no-remote", "--profile", str(profile)]
    process = subprocess.Popen(
        [*command, "--remote-debugging-port", "0", "about:blank"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={"HOME": str(profile), "PATH": "/usr/bin:/bin", "MOZ_HEADLESS": "1"},
    )
    try:
        with connect(f"{_address(process)}/session", max_size=None) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        process.wait(30)
        if process.stderr:
            process.stderr.close()


def _pac(proxies: Mapping[str, int]) -> str:
    found = "".join(
        f"if (host === '{host}' || '{host}'[0] === '.' && host.endsWith('{host}'))"
        f" return 'PROXY 127.0.0.1:{port}';"
        for host, port in proxies.items()
    )
    script = f"function FindProxyForURL(url, host) {{ {found} return 'PROXY 127.0.0.1:1'; }}"
    return "data:application/x-ns-proxy-autoconfig," + quote(script)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"WebDriver BiDi listening on (ws://\S+)", line)
        if found:
            return found[1]
    raise AssertionError("Firefox did not open its WebDriver BiDi port")
