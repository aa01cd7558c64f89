"""What a witness remembers survives it, and is never guessed."""

import pytest

from bandeau.ledger.checkpoint import Checkpoint
from bandeau.storage.witnessed import WitnessFolder, WitnessUnusable

NAME = "witness.test/w1"
FIRST = Checkpoint("log.test/a", 5, bytes(range(32)))


@pytest.fixture
def folder(tmp_path):
    made = WitnessFolder(tmp_path / "w", NAME)
    yield made
    made.close()


def test_the_latest_checkpoint_of_each_log_is_remembered(folder, tmp_path):
    other = Checkpoint("log.test/b", 7, bytes(32))
    assert folder.latest("log.test/a") is None
    folder.keep(FIRST)
    folder.keep(other)
    folder.keep(Checkpoint("log.test/a", 6, bytes(32)))
    folder.close()
    again = WitnessFolder(tmp_path / "w", NAME)
    assert again.latest("log.test/a").size == 6
    assert again.latest("log.test/b") == other
    assert again.cosigner.vkey == folder.cosigner.vkey
    again.close()


def test_one_process_at_a_time(folder, tmp_path):
    with pytest.raises(WitnessUnusable, match="another witness runs on it"):
        WitnessFolder(tmp_path / "w", NAME)


def test_a_damaged_memory_is_not_taken_for_none(folder, tmp_path):
    folder.keep(FIRST)
    (path,) = (tmp_path / "w").glob("*.latest")
    for damaged in (b"", b"\xff", b"log.test/a\n5\n", b"log.test/b\n5\n" + b"A" * 43 + b"=\n"):
        path.write_bytes(damaged)
        with pytest.raises(WitnessUnusable):
            folder.latest("log.test/a")


def refused(directory, name=NAME):
    with pytest.raises(WitnessUnusable) as told:
        WitnessFolder(directory, name)
    return str(told.value)


def test_keys_that_cannot_be_trusted(folder, tmp_path):
    folder.keep(FIRST)
    folder.close()
    directory = tmp_path / "w"
    assert "is the key of witness.test/w1" in refused(directory, "other.test")
    whole = (directory / "witness.json").read_bytes()
    (directory / "witness.json").chmod(0o644)
    assert "others can read it" in refused(directory)
    (directory / "witness.json").chmod(0o600)
    (directory / "witness.json").write_bytes(whole[:-20])
    assert "damaged" in refused(directory)
    (directory / "witness.json").unlink()
    assert "missing, though the witness has cosigned" in refused(directory)


def test_a_name_that_no_note_can_hold(tmp_path):
    assert "no spaces" in refused(tmp_path / "new", "two words")
    (tmp_path / "file").write_text("")
    assert "file" in refused(tmp_path / "file")
