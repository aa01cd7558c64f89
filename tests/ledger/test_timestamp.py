"""Time stamps: made by OpenSSL, verified here, and every change refused."""

import shutil
import time

import pytest
from stamping import Authority

from bandeau import limits
from bandeau.ledger.timestamp import (
    TimestampError,
    read_roots,
    stamp_of,
    stamped_at,
    timestamp_request,
)

TEXT = "www.quotidien.test/log\n300\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tsa") / "keys")


@pytest.fixture(scope="module")
def roots(authority):
    return read_roots(authority.root.read_bytes())


@pytest.fixture(scope="module")
def token(authority):
    return authority.stamp(timestamp_request(TEXT))


def test_a_token_says_when(authority, roots, token):
    assert abs(stamped_at(token, TEXT, roots) - time.time() * 1000) < 600_000
    authority.verify(TEXT.encode(), token)


def test_a_token_says_who_stamped(roots, token):
    stamp = stamp_of(token, TEXT, roots)
    assert (stamp.authority, stamp.token) == ("Stempel", token)


def test_a_token_is_for_one_text(roots, token):
    with pytest.raises(TimestampError):
        stamped_at(token, TEXT.replace("300", "301"), roots)


def test_a_token_of_another_authority_is_refused(roots, token, tmp_path):
    other = Authority(tmp_path / "other")
    with pytest.raises(TimestampError):
        stamped_at(token, TEXT, read_roots(other.root.read_bytes()))
    with pytest.raises(TimestampError):
        stamped_at(other.stamp(timestamp_request(TEXT)), TEXT, roots)


def test_no_changed_byte_of_a_token_gives_another_time(roots, token):
    right = stamped_at(token, TEXT, roots)
    for at in range(0, len(token), 3):
        changed = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
        try:
            assert stamped_at(changed, TEXT, roots) == right
        except TimestampError:
            continue


def test_what_is_no_token_or_certificate_is_refused(roots, token):
    for data in (b"", b"nonsense", token[:-10], token * 200, bytes(limits.TIMESTAMP_BYTES + 1)):
        with pytest.raises(TimestampError):
            stamped_at(data, TEXT, roots)
    with pytest.raises(TimestampError):
        stamped_at(token, TEXT, [])
    for data in (b"", b"nonsense"):
        with pytest.raises(TimestampError):
            read_roots(data)
