"""A mail server on loopback: keeps what it is handed, answers what it is asked to."""

from __future__ import annotations

import email
import email.policy
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from queue import Queue
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD = "letters", "p@ss/word"


class Mailbox:
    """``answers`` are the next answers to recipients, then 250; ``came`` has every message."""

    def __init__(self) -> None:
        self.came: Queue[EmailMessage] = Queue()
        self.answers: Queue[str] = Queue()
        self.encrypted: list[bool] = []
        self.url = ""

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, _: Any
    ) -> str:
        answer = "250 OK" if self.answers.empty() else self.answers.get()
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.encrypted.append(session.ssl is not None)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        assert message["to"] == envelope.rcpt_tos[0]
        self.came.put(message)
        return "250 OK"

    def next(self) -> EmailMessage:
        return self.came.get(timeout=30)


def text_of(message: EmailMessage) -> str:
    assert message.get_content_type() == "text/plain"
    return str(message.get_content())


def links_of(message: EmailMessage) -> list[str]:
    return re.findall(r"https?://\S+", text_of(message))


class _AnyPort(Controller):
    """One that knows which port it was given."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@contextmanager
def mailbox(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """A server that listens on ``port``, any free one by default; with ``tls`` by STARTTLS only."""
    box = Mailbox()
    options: dict[str, Any] = {"tls_context": tls, "require_starttls": True} if tls else {}
    if tls:
        options |= {"auth_required": True, "authenticator": _known}
    controller = _AnyPort(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        box.url = f"smtp://127.0.0.1:{controller.port}?from=letters@quotidien.test"
        yield box
    finally:
        controller.stop()


def _known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))
