"""A site whose readers sign in by mail and are told of replies, with its mail server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from mail_server import Mailbox, links_of, mailbox
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell, Visitor

from bandeau.app import Bandeau

COMMENTS = "/.bandeau/comments"
SIGN_IN = f"{COMMENTS}/sign-in"
OWN = {"sec-fetch-site": "same-origin"}
JSON = {"accept": "application/json", **OWN}
FEATURE = '[features.comments]\npurpose = "social"\n'
LISTED = 'languages = ["fr", "en", "de", "es", "it", "ru", "ar"]'


@dataclass
class LettersSite:
    """The site, its mail server, and where its data are."""

    shell: Shell
    box: Mailbox
    app: Bandeau
    data: Path

    def reader(self) -> Visitor:
        """A visitor who allowed comments."""
        visitor = self.shell.visitor()
        visitor.choose("accept_all")
        return visitor


def policy_with(keys: str, more: str = "") -> str:
    text = re.sub("alternative = .*\n", "", re.sub("languages = .*", LISTED, POLICY))
    assert FEATURE in text
    return text.replace(FEATURE, FEATURE + keys) + more


@contextmanager
def letters_site(
    folder: Path, keys: str = 'sign_in = ["none", "email"]\nreply_mail = true\n', more: str = ""
) -> Iterator[LettersSite]:
    (folder / "policy.toml").write_text(policy_with(keys, more), "utf-8")
    with ExitStack() as stack:
        box = stack.enter_context(mailbox())
        data = folder / "data"
        app = Bandeau(publisher(Seen()), policy=folder / "policy.toml", data=data, mail=box.url)
        stack.callback(app.close)
        url = stack.enter_context(serving(app)).url
        yield LettersSite(Shell(url, Seen()), box, app, data)


def path_of(link: str) -> str:
    """A link of a letter as a path on the server that the test runs."""
    parts = urlsplit(link)
    assert parts.hostname in ("www.quotidien.test", "127.0.0.1"), link
    return f"{parts.path}?{parts.query}"


def ask(reader: Visitor, address: str, **query: str) -> httpx.Response:
    params = {"return": "/article", "lang": "en", **query}
    return reader.send("POST", SIGN_IN, params=params, data={"email": address}, headers=OWN)


def sign_in(site: LettersSite, reader: Visitor, address: str, name: str = "Zoé") -> httpx.Response:
    assert ask(reader, address).status_code == 200
    path = path_of(links_of(site.box.next())[0])
    return reader.send("POST", path, data={"name": name}, headers=OWN)


def post(reader: Visitor, text: str = "Bonjour", **more: Any) -> httpx.Response:
    fields = {"page": "/article", "name": "Zed", "text": text, **more}
    return reader.send("POST", COMMENTS, json=fields, headers=JSON)
