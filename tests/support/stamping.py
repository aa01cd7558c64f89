"""A time-stamping authority on loopback: OpenSSL's own, behind a small application."""

from __future__ import annotations

import subprocess
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

CONFIG = """\
[req]
distinguished_name = name
prompt = no
[name]
CN = Zeitstempel Test
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[stamping]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = tsa_config
[tsa_config]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class Authority:
    """An authority with its keys in ``directory``; ``app`` answers queries."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir()
        (directory / "config").write_text(CONFIG)
        (directory / "serial").write_text("01\n")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self._openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem",
                      "-days", "30", "-config", "config", "-extensions", "ca")  # fmt: skip
        self._openssl("req", *key, "-keyout", "tsa.key", "-out", "tsa.csr", "-config", "config",
                      "-subj", "/CN=Stempel")  # fmt: skip
        self._openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                      "-CAcreateserial", "-out", "tsa.pem", "-days", "30",
                      "-extfile", "config", "-extensions", "stamping")  # fmt: skip
        self.root = directory / "ca.pem"
        self.app = Starlette(routes=[Route("/", self.answer, methods=["POST"])])

    async def answer(self, request: Request) -> Response:
        """One query, answered by ``openssl ts -reply``."""
        assert request.headers["content-type"] == "application/timestamp-query"
        return Response(self.stamp(await request.body()), media_type="application/timestamp-reply")

    def stamp(self, query: bytes) -> bytes:
        """A response to ``query``."""
        (self._directory / "query").write_bytes(query)
        self._openssl("ts", "-reply", "-config", "config", "-queryfile", "query", "-out", "reply")
        return (self._directory / "reply").read_bytes()

    def verify(self, text: bytes, token: bytes) -> None:
        """Raises where OpenSSL does not accept the token."""
        (self._directory / "data").write_bytes(text)
        (self._directory / "token").write_bytes(token)
        self._openssl("ts", "-verify", "-data", "data", "-in", "token", "-CAfile", "ca.pem")

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self._directory, check=True, capture_output=True)
