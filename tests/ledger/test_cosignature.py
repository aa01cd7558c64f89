"""Cosignatures: made here, read by an independent implementation, and every change refused."""

import base64

import ledger_drafts as drafts
import pytest
from tlog_scales import signing
from tlog_scales.tlog import Checkpoint as OtherCheckpoint

from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, Verifier
from bandeau.ledger.cosignature import Cosigner, WitnessKey, cosignatures, with_lines

COSIGNER = Cosigner("witness.test/w1", bytes(range(1, 33)))
TIME = 1_679_315_147
NOTE = drafts.signer().sign(300, bytes(range(32)))
CHECKPOINT = Verifier(drafts.signer().vkey).open(NOTE)
LINE = COSIGNER.cosign(CHECKPOINT.text, TIME)
KEY = WitnessKey(COSIGNER.vkey)


def test_a_cosigned_note_tells_who_and_when():
    note = with_lines(NOTE, [LINE, LINE])
    (found,) = cosignatures(note, [KEY])
    assert (found.witness, found.time, found.line) == ("witness.test/w1", TIME, LINE)
    assert with_lines(note, [LINE]) == note
    assert Verifier(drafts.signer().vkey).open(note) == CHECKPOINT


def test_another_implementation_verifies_what_we_sign():
    other = OtherCheckpoint(drafts.ORIGIN, 300, bytes(range(32)), [])
    name, key_id, packed = COSIGNER.vkey.split("+", 2)
    public = base64.b64decode(packed)[1:]
    vkey = signing.Vkey(name, int(key_id, 16), 4, public)
    signed = signing.NoteSignature.from_line(LINE.rstrip("\n"))
    signing.Ed25519CosignatureVerifier(vkey).verify_note(signed, other)
    assert other.serialize_body() == CHECKPOINT.text


def test_unknown_witnesses_are_ignored_and_known_ones_must_hold():
    stranger = Cosigner("witness.test/w2", bytes(32))
    note = with_lines(NOTE, [stranger.cosign(CHECKPOINT.text, TIME)])
    assert cosignatures(note, [KEY]) == []
    forged = LINE.replace(LINE.split()[2][20:24], "AAAA")
    with pytest.raises(CheckpointError, match="does not fit"):
        cosignatures(with_lines(NOTE, [forged]), [KEY])
    grown = Checkpoint(CHECKPOINT.origin, 301, CHECKPOINT.root)
    with pytest.raises(CheckpointError, match="does not fit"):
        cosignatures(with_lines(NOTE, [COSIGNER.cosign(grown.text, TIME)]), [KEY])


def test_no_changed_byte_of_a_cosigned_note_counts():
    note = with_lines(NOTE, [LINE])
    start = note.index(b"\xe2\x80\x94 witness")
    for at in range(len(note)):
        changed = note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]
        try:
            found = cosignatures(changed, [KEY])
        except CheckpointError:
            continue
        if found:
            # Only the log's own signature was changed, which its own key refuses.
            assert note.index(b"\n\n") < at < start
            with pytest.raises(CheckpointError):
                Verifier(drafts.signer().vkey).open(changed)


@pytest.mark.parametrize(
    "key",
    ["", "a+b", drafts.signer().vkey, COSIGNER.vkey[:-4] + "AAA=", "x" + COSIGNER.vkey],
)
def test_what_is_no_witness_key_is_refused(key):
    with pytest.raises(CheckpointError):
        WitnessKey(key)


def test_a_name_must_stand_in_a_note():
    with pytest.raises(CheckpointError):
        Cosigner("two words", bytes(32))
