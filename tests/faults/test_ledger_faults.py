"""Every write of the ledger fails once, before it persists and after: nothing is lost or twice."""

import asyncio
import itertools

import apsw
import ledger_drafts as drafts
import pytest

from bandeau.ledger.receipt import verify_receipt
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.sqlite.ledger import SqliteLedger, verify_file
from bandeau.storage.sqlite.ledger_file import open_writer

VKEY = drafts.signer().vkey
OLD, NEW = range(3), range(3, 9)


class Fuse:
    """Blows at the ``at``-th step from when it is armed."""

    def __init__(self):
        self.left, self.after, self.blown = None, False, False

    def arm(self, at, after):
        self.left, self.after, self.blown = at, after, False

    def step(self, work, failure):
        if self.left is None:
            return work()
        self.left -= 1
        if self.left >= 0:
            return work()
        self.left, self.blown = None, True
        if self.after:
            work()
        raise failure


class Fused(apsw.Connection):
    """A connection whose statements pass through a fuse."""

    fuse: Fuse

    def execute(self, *args, **kwargs):
        return self.fuse.step(lambda: super(Fused, self).execute(*args, **kwargs), apsw.IOError())

    def executemany(self, *args, **kwargs):
        return self.fuse.step(
            lambda: super(Fused, self).executemany(*args, **kwargs), apsw.IOError()
        )


class FusedVfs(apsw.VFS):
    """A disk whose writes and syncs pass through a fuse."""

    def __init__(self, name, fuse):
        self.fuse = fuse
        super().__init__(name, base="")

    def xOpen(self, name, flags):
        return FusedFile(name, flags, self.fuse)


class FusedFile(apsw.VFSFile):
    def __init__(self, name, flags, fuse):
        self.fuse = fuse
        super().__init__("", name, flags)

    def xWrite(self, data, offset):
        self.fuse.step(lambda: super(FusedFile, self).xWrite(data, offset), apsw.IOError())

    def xSync(self, flags):
        self.fuse.step(lambda: super(FusedFile, self).xSync(flags), apsw.IOError())

    def xTruncate(self, size):
        self.fuse.step(lambda: super(FusedFile, self).xTruncate(size), apsw.FullError())


def statements(fuse):
    def connect(path):
        db = Fused(str(path))
        db.fuse = fuse
        db.set_busy_timeout(5_000)
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "full")
        return db

    return connect


_names = itertools.count()


def disk(fuse):
    vfs = FusedVfs(f"fused-{next(_names)}", fuse)

    def connect(path):
        assert vfs
        db = apsw.Connection(str(path), vfs=vfs.vfs_name)
        db.set_busy_timeout(5_000)
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "full")
        return db

    vfs.vfs_name = f"fused-{next(_names) - 1}"
    return connect


async def append(ledger, numbers):
    waiting = [ledger.append(drafts.choice(n, f"visitor {n % 4}")) for n in numbers]
    return await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize("after", [False, True], ids=["not persisted", "persisted"])
@pytest.mark.parametrize("layer", [statements, disk])
def test_a_failed_write_is_told_and_the_next_batch_recovers(tmp_path, layer, after):
    for at in range(200):
        directory = tmp_path / str(at)
        directory.mkdir()
        fuse = Fuse()
        ledger = SqliteLedger(directory, drafts.signer(), connect=layer(fuse))
        asyncio.run(append(ledger, OLD))
        fuse.arm(at, after)
        first = asyncio.run(append(ledger, NEW))
        blown = fuse.blown
        told = [answer for answer in first if isinstance(answer, BaseException)]
        assert all(isinstance(answer, LedgerUnavailable) for answer in told)
        fuse.arm(10_000, False)
        again = asyncio.run(append(ledger, NEW))
        for before, receipt in zip(first, again, strict=True):
            verify_receipt(receipt.as_json(), VKEY)
            assert isinstance(before, LedgerUnavailable) or before == receipt
        ledger.close()
        outcome = verify_file(directory, VKEY)
        assert (outcome.records, outcome.findings) == (len(OLD) + len(NEW), ())
        if not blown:
            break
        if layer is statements and at < 8:
            assert told
    assert at > 5
    assert not blown


def test_a_failed_erasure_is_whole_or_not_at_all(tmp_path):
    for at in range(200):
        directory = tmp_path / str(at)
        directory.mkdir()
        fuse = Fuse()
        ledger = SqliteLedger(directory, drafts.signer(), connect=statements(fuse))

        async def work(ledger=ledger, fuse=fuse, at=at):
            await append(ledger, OLD)
            fuse.arm(at, False)
            draft = drafts.erasure(50, drafts.record_id(1))
            told = await asyncio.gather(ledger.append(draft), return_exceptions=True)
            fuse.arm(10_000, False)
            await ledger.append(draft)
            return told[0], await ledger.find(drafts.record_id(1))

        told, stored = asyncio.run(work())
        assert stored.erased
        ledger.close()
        assert verify_file(directory, VKEY).findings == ()
        if not isinstance(told, LedgerUnavailable):
            break
    assert at > 5


def test_a_full_disk_is_told_and_left_behind(tmp_path):
    room = [30]

    def connect(path):
        db = open_writer(path)
        db.pragma("max_page_count", room[0])
        return db

    ledger = SqliteLedger(tmp_path, drafts.signer(), connect=connect)
    kept = []
    for n in range(300):
        answer = asyncio.run(append(ledger, [n]))[0]
        if isinstance(answer, LedgerUnavailable):
            break
        kept.append(answer)
    assert "full" in str(answer)
    assert 0 < len(kept) < 300
    assert verify_file(tmp_path, VKEY).records == len(kept)
    room[0] = 10_000
    assert asyncio.run(append(ledger, [n]))[0].index == len(kept)
    ledger.close()
    assert verify_file(tmp_path, VKEY).findings == ()


def test_a_locked_file_is_told(tmp_path):
    def connect(path):
        db = open_writer(path)
        db.set_busy_timeout(20)
        return db

    ledger = SqliteLedger(tmp_path, drafts.signer(), connect=connect)
    other = open_writer(tmp_path / "ledger.sqlite")
    other.execute("BEGIN IMMEDIATE")
    assert isinstance(asyncio.run(append(ledger, [1]))[0], LedgerUnavailable)
    other.execute("ROLLBACK")
    other.close()
    assert asyncio.run(append(ledger, [1]))[0].index == 0
    ledger.close()
