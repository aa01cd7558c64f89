"""Time stamps of an authority over checkpoints (RFC 3161): this root existed at that time.

What is stamped is a checkpoint's text, the first three lines of every note that holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from bandeau import limits

REQUEST_TYPE = "application/timestamp-query"
_NAME_CHARACTERS = 200


class TimestampError(ValueError):
    """A token that proves nothing. The message says why."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A token that holds: the ``authority`` that signed it, at ``time`` in Unix milliseconds."""

    token: bytes
    time: int
    authority: str


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

    See :func:`stamp_of`.
    """
    return stamp_of(token, text, roots).time


def stamp_of(token: bytes, text: str, roots: Sequence[x509.Certificate]) -> Stamp:
    """What ``token`` says of a checkpoint's ``text``.

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
        time = int(response.tst_info.gen_time.timestamp() * 1000)
        return Stamp(token, time, _authority(response))
    except VerificationError as error:
        raise TimestampError(str(error)) from error
    except (ValueError, TypeError) as error:
        raise TimestampError(f"not a time-stamp response: {error}") from error


def _authority(response: TimeStampResponse) -> str:
    """The name in the certificate that signed, else that of its issuer."""
    (signer, *_) = response.signed_data.signer_infos
    held = [x509.load_der_x509_certificate(bytes(der)) for der in response.signed_data.certificates]
    signed = (signer.issuer, signer.serial_number)
    subjects = [each.subject for each in held if (each.issuer, each.serial_number) == signed]
    name = (subjects or [signer.issuer])[0]
    common = [str(each.value) for each in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return " ".join((common or [name.rfc4514_string()])[0].split())[:_NAME_CHARACTERS]
