"""A mail server on loopback: keeps what it is handed, answers what it is asked to."""

from __future__ import annotations

import email
import email.policy
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from queue import Queue
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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


def certified(folder: Path) -> ssl.SSLContext:
    """The server's side of TLS, by a certificate of its own in ``folder / "mail.pem"``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.fromtimestamp(time.time(), UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    none = serialization.NoEncryption()
    kept = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none
    ) + made.public_bytes(serialization.Encoding.PEM)
    (folder / "mail.pem").write_bytes(kept)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "mail.pem")
    return context
