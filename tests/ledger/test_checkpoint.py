"""Checkpoints against C2SP signed-note and tlog-checkpoint."""

import pytest

from bandeau import limits
from bandeau.ledger.checkpoint import (
    Checkpoint,
    CheckpointError,
    Signer,
    Verifier,
    decode,
    encode,
    parse_text,
    split_note,
)

SIGNER = Signer("log.quotidien.test/choices", bytes(range(32)))
NOTE = SIGNER.sign(7, b"\x07" * 32)

# The published vector of Go's sumdb/note package.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
)


def test_what_is_signed_is_read_back():
    assert Verifier(SIGNER.vkey).open(NOTE) == Checkpoint(
        "log.quotidien.test/choices", 7, b"\x07" * 32
    )
    assert NOTE.startswith(b"log.quotidien.test/choices\n7\nBwcHBw")


def test_the_vector_of_another_implementation():
    verifier = Verifier(GO_KEY)
    with pytest.raises(CheckpointError, match=r"not origin, size and root|not a number"):
        verifier.open(GO_NOTE.encode())  # The signature held; the text is no checkpoint.
    with pytest.raises(CheckpointError, match="does not fit"):
        verifier.open(GO_NOTE.replace("problem", "Problem").encode())
    # Its secret, from the same vector, signs as it does.
    seed = decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
    assert Signer("PeterNeumann", seed).vkey == GO_KEY


def test_signatures_of_others_are_ignored():
    other = Signer("witness.test", bytes(32))
    line = other.sign(7, b"\x07" * 32).decode().split("\n\n")[1]
    assert Verifier(SIGNER.vkey).open(NOTE + line.encode()).size == 7
    cosigned = (
        b"\xe2\x80\x94 log.quotidien.test/choices " + encode(b"\0\0\0\0" + bytes(72)).encode()
    )
    assert Verifier(SIGNER.vkey).open(NOTE + cosigned + b"\n").size == 7
    with pytest.raises(CheckpointError, match="no signature by this key"):
        Verifier(other.vkey).open(NOTE)


def test_every_single_changed_byte_is_refused():
    verifier = Verifier(SIGNER.vkey)
    for place in range(len(NOTE)):
        for bit in (1, 0x20, 0x80):
            changed = NOTE[:place] + bytes([NOTE[place] ^ bit]) + NOTE[place + 1 :]
            with pytest.raises(CheckpointError):
                verifier.open(changed)
        with pytest.raises(CheckpointError):
            verifier.open(NOTE[:place])


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\n", "a\n01\n" + encode(bytes(32)) + "\n", "a\n-1\n" + encode(bytes(32)) + "\n",
     "a\n٣\n" + encode(bytes(32)) + "\n", "a\n1\n" + encode(bytes(31)) + "\n",
     "\n1\n" + encode(bytes(32)) + "\n", "a\n1\n" + encode(bytes(32)) + "\nextension\n",
     "a\n1\n" + encode(bytes(32))],
)  # fmt: skip
def test_texts_that_are_no_checkpoint(text):
    with pytest.raises(CheckpointError):
        parse_text(text)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\n\n",
        b"a\n",
        b"a\n\n",
        b"a\n\nb\n",
        "a\n\n— a\n".encode(),
        "a\r\n\n— a AAAA\n".encode(),
        "a\n\n— a AAAA\n".encode(),
        "a\n\n— a+b AAAAAAAA\n".encode(),
        b"\xff" + "\n\n— a AAAAAAAA\n".encode(),
        b"a\n\n- a AAAAAAAA\n",
        "a\n\n— a AAAA AAA\n".encode(),
        b"a" * (limits.CHECKPOINT_BYTES + 1),
        ("a\n\n" + "— a AAAAAAAA\n" * 65).encode(),
    ],
)
def test_bytes_that_are_no_note(note):
    with pytest.raises(CheckpointError):
        split_note(note)


@pytest.mark.parametrize(
    "vkey",
    ["", "a", "a+b", "a b+00000000+AAAA", SIGNER.vkey.replace("+", "-"), SIGNER.vkey + "x",
     SIGNER.vkey.replace("quotidien", "quotidian"), "a+00000000+" + encode(b"\x02" + bytes(32)),
     "a+00000000+" + encode(b"\x01" + bytes(31)), "a+00000000+" + encode(b"\x01" + bytes(32))],
)  # fmt: skip
def test_strings_that_are_no_key(vkey):
    with pytest.raises(CheckpointError):
        Verifier(vkey)


def test_an_origin_has_no_space_and_no_plus():
    for origin in ("", "a b", "a+b", "a\nb"):
        with pytest.raises(CheckpointError):
            Signer(origin, bytes(32))
