"""Keys: made once, for their owner only, refused when anything is odd."""

import json
import os
import subprocess
import sys

import pytest

from bandeau.ledger.checkpoint import Verifier
from bandeau.storage.keys import COOKIE_KEYS, KeysError, load, load_or_create, rotate_cookie_key

pytestmark = pytest.mark.slow

ORIGIN = "www.quotidien.test/log"


def mode(path):
    return path.stat().st_mode & 0o777


def test_the_first_start_makes_them_for_the_owner_only(tmp_path):
    umask = os.umask(0)
    try:
        keys = load_or_create(tmp_path / "new" / "data", ORIGIN)
    finally:
        os.umask(umask)
    directory = tmp_path / "new" / "data"
    assert mode(directory) == 0o700
    assert mode(directory / "keys.json") == 0o600
    assert mode(directory / "ledger.vkey") == 0o644
    assert sorted(path.name for path in directory.iterdir()) == ["keys.json", "ledger.vkey"]
    assert Verifier((directory / "ledger.vkey").read_text()).name == ORIGIN
    assert len({keys.subject, keys.log, *keys.cookie}) == 3
    assert {len(key) for key in (keys.subject, keys.log, *keys.cookie)} == {32}


def test_later_starts_get_the_same_and_the_origin_stays(tmp_path):
    first = load_or_create(tmp_path, ORIGIN)
    (tmp_path / "ledger.vkey").unlink()
    assert load_or_create(tmp_path, "another.test/log") == first == load(tmp_path)
    assert (tmp_path / "ledger.vkey").read_text() == first.signer.vkey + "\n"


def test_randomness_is_what_is_given(tmp_path):
    numbers = iter(range(1, 9))
    keys = load_or_create(tmp_path, ORIGIN, lambda size: bytes([next(numbers)]) * size)
    assert (keys.cookie, keys.subject, keys.log) == ((b"\1" * 32,), b"\2" * 32, b"\3" * 32)


def test_secrets_are_not_in_their_repr(tmp_path):
    keys = load_or_create(tmp_path, ORIGIN)
    assert keys.subject.hex() not in repr(keys)
    assert repr(keys.subject) not in repr(keys)


def test_processes_that_start_at_once_share_them(tmp_path):
    script = (
        "import sys; from pathlib import Path; from bandeau.storage.keys import load_or_create;"
        "print(load_or_create(Path(sys.argv[1]), sys.argv[2]).signer.vkey)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, tmp_path / "data", ORIGIN], stdout=subprocess.PIPE
        )
        for _ in range(6)
    ]
    printed = {process.communicate(timeout=60)[0] for process in started}
    assert len(printed) == 1
    assert printed.pop().decode().strip() == load(tmp_path / "data").signer.vkey
    names = sorted(path.name for path in (tmp_path / "data").iterdir())
    assert names == ["keys.json", "ledger.vkey"]


def test_a_cookie_key_is_added_and_old_ones_still_verify(tmp_path):
    first = load_or_create(tmp_path, ORIGIN)
    turned = rotate_cookie_key(tmp_path)
    assert turned.cookie[:-1] == first.cookie
    assert (turned.subject, turned.log) == (first.subject, first.log)
    assert load(tmp_path) == turned
    assert mode(tmp_path / "keys.json") == 0o600
    for _ in range(COOKIE_KEYS):
        turned = rotate_cookie_key(tmp_path)
    assert len(turned.cookie) == COOKIE_KEYS
    assert first.cookie[0] not in turned.cookie


@pytest.mark.parametrize("bits", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_keys_that_others_can_read_are_refused(tmp_path, bits):
    load_or_create(tmp_path, ORIGIN)
    (tmp_path / "keys.json").chmod(bits)
    with pytest.raises(KeysError, match="chmod 600"):
        load_or_create(tmp_path, ORIGIN)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda _: b"{",
        lambda _: b"[]",
        lambda _: b"\xff",
        lambda _: b"[" * 60_000,
        lambda fields: {**fields, "more": 1},
        lambda fields: {**fields, "cookie": []},
        lambda fields: {**fields, "cookie": "ab"},
        lambda fields: {**fields, "cookie": ["zz"]},
        lambda fields: {**fields, "subject": "ab"},
        lambda fields: {**fields, "log": None},
        lambda fields: {**fields, "origin": "a b"},
        lambda fields: {"log": fields["log"]},
    ],
)
def test_damaged_keys_are_refused_and_left_alone(tmp_path, change):
    load_or_create(tmp_path, ORIGIN)
    path = tmp_path / "keys.json"
    changed = change(json.loads(path.read_bytes()))
    path.write_bytes(changed if isinstance(changed, bytes) else json.dumps(changed).encode())
    before = path.read_bytes()
    for work in (lambda: load_or_create(tmp_path, ORIGIN), lambda: rotate_cookie_key(tmp_path)):
        with pytest.raises(KeysError, match="damaged"):
            work()
    assert path.read_bytes() == before


def test_places_that_cannot_hold_keys(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(KeysError, match="file"):
        load_or_create(tmp_path / "file" / "data", ORIGIN)
    with pytest.raises(KeysError, match="first starts"):
        load(tmp_path)
    with pytest.raises(KeysError, match="origin"):
        load_or_create(tmp_path, "not an origin")
    assert not (tmp_path / "keys.json").exists()


def test_lost_keys_are_not_silently_replaced(tmp_path):
    load_or_create(tmp_path, "a.test")
    public = (tmp_path / "ledger.vkey").read_bytes()
    (tmp_path / "keys.json").unlink()
    with pytest.raises(KeysError, match="restore"):
        load_or_create(tmp_path, "a.test")
    assert (tmp_path / "ledger.vkey").read_bytes() == public
