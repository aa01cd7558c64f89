"""A browser of sorts, and the site that it visits."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from publisher import Seen

BROWSER = {
    "accept": "text/html,application/xhtml+xml",
    "accept-language": "fr-FR,fr;q=0.9",
    "host": "www.quotidien.test",
}


@dataclass
class Shell:
    """A site behind one shell, and what reached it; ``server`` is the web server in front."""

    url: str
    seen: Seen
    server: str = ""
    kind: str = ""

    def visitor(self, **headers: str) -> Visitor:
        return Visitor(self, headers)


class Visitor:
    """A browser of sorts: keeps cookies by name and path, sends what a browser would."""

    def __init__(self, shell: Shell, headers: dict[str, str]) -> None:
        self.shell = shell
        self.headers = BROWSER | headers
        self.jar: dict[tuple[str, str], str] = {}

    def send(self, method: str, path: str, **more: object) -> httpx.Response:
        cookies = "; ".join(
            f"{name}={value}" for (name, where), value in self.jar.items() if path.startswith(where)
        )
        extra = more.pop("headers", {})
        assert isinstance(extra, dict)
        headers = self.headers | ({"cookie": cookies} if cookies else {}) | extra
        with httpx.Client(base_url=self.shell.url, timeout=20) as client:
            answer = client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]
        for line in answer.headers.get_list("set-cookie"):
            self._keep(line)
        return answer

    def get(self, path: str, **more: object) -> httpx.Response:
        return self.send("GET", path, **more)

    def choose(self, action: str, *purposes: str, **fields: str) -> httpx.Response:
        data = {"action": action, "purpose": list(purposes), **fields}
        return self.send(
            "POST", "/.bandeau/choice", data=data, headers={"sec-fetch-site": "same-origin"}
        )

    def state(self) -> dict[str, object]:
        found = self.get("/.bandeau/choice").json()
        assert isinstance(found, dict)
        return found

    def _keep(self, line: str) -> None:
        pair, *attributes = line.split(";")
        name, _, value = pair.partition("=")
        named = dict(a.strip().partition("=")[::2] for a in attributes)
        key = (name.strip(), named.get("Path", "/"))
        if named.get("Max-Age") == "0":
            self.jar.pop(key, None)
        else:
            self.jar[key] = value
