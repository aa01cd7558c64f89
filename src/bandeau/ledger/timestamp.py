"""Time stamps of an authority over checkpoints (RFC 3161): this root existed at that time.

What is stamped is a checkpoint's text, the first three lines of every note that holds it.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from bandeau import limits

REQUEST_TYPE = "application/timestamp-query"


class TimestampError(ValueError):
    """A token that proves nothing. The message says why."""


def timestamp_request(text: str) -> bytes:
    """The query for a token over a checkpoint's ``text``: its SHA-256, nothing else.

    Without a nonce: an older token over the same text proves as much.
    """
    builder = TimestampRequestBuilder().data(text.encode()).hash_algorithm(HashAlgorithm.SHA256)
    query = builder.nonce(nonce=False).cert_request(cert_request=True).build()
    return bytes(query.as_bytes())


def read_roots(pem: bytes) -> list[x509.Certificate]:
    """The certificates that are trusted to stamp; raises :class:`TimestampError` for none."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise TimestampError(f"not certificates in PEM: {error}") from error


def stamped_at(token: bytes, text: str, roots: Sequence[x509.Certificate]) -> int:
    """The time that ``token`` gives to a checkpoint's ``text``, in Unix milliseconds.

    The signature must lead to one of ``roots``, as they were valid at that time. Raises
    :class:`TimestampError`.
    """
    if len(token) > limits.TIMESTAMP_BYTES:
        raise TimestampError(f"longer than {limits.TIMESTAMP_BYTES} bytes")
    builder = VerifierBuilder()
    for root in dict.fromkeys(roots):
        builder = builder.add_root_certificate(root)
    try:
        response = decode_timestamp_response(token)
        builder.build().verify_message(response, text.encode())
        return int(response.tst_info.gen_time.timestamp() * 1000)
    except VerificationError as error:
        raise TimestampError(str(error)) from error
    except (ValueError, TypeError) as error:
        raise TimestampError(f"not a time-stamp response: {error}") from error
