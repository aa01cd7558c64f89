"""kill -9 of a witness under load: what it cosigned it remembers, and a fork is never signed."""

import os
import signal
import subprocess
import sys
import textwrap

import ledger_drafts as drafts
import pytest

from bandeau.ledger.checkpoint import Verifier
from bandeau.storage.witnessed import WitnessFolder

SCRIPT = textwrap.dedent("""
    import os, sys
    from pathlib import Path
    import ledger_drafts as drafts
    from bandeau.ledger.checkpoint import Verifier
    from bandeau.ledger.commitment import leaf_hash
    from bandeau.ledger.retrace import Growing
    from bandeau.ledger.tree import Prover
    from bandeau.ledger.witness import Request, Witness
    from bandeau.storage.witnessed import WitnessFolder

    folder = WitnessFolder(Path(sys.argv[1]), "witness.test/w1")
    log = drafts.signer()
    witness = Witness(folder.cosigner, [Verifier(log.vkey)])
    latest = folder.latest(log.origin)
    tree, hashes = Growing(), []
    def grow(size):
        while tree.size < size:
            hashes.append(leaf_hash(b"%d" % tree.size))
            tree.extend([hashes[-1]])
    def node(height, position):
        part = Growing()
        for leaf in hashes[position << height:(position + 1) << height]:
            part.extend([leaf])
        return part.root()
    size = latest.size if latest else 0
    grow(size)
    assert latest is None or tree.root() == latest.root
    while True:
        grow(size + 1)
        proof = Prover(size + 1, node).consistency(size) if size else ()
        request = Request(size, proof, log.sign(size + 1, tree.root()))
        verdict = witness.judge(request, folder.latest(log.origin), 1)
        assert verdict.status == 200, verdict
        folder.keep(verdict.keep)
        size += 1
        os.write(1, b"%d\\n" % size)
""")


@pytest.mark.slow
def test_what_was_cosigned_is_remembered(tmp_path):
    for turn in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, tmp_path],
            env={"PYTHONPATH": ":".join(sys.path)},
            stdout=subprocess.PIPE,
        )
        told = b""
        while told.count(b"\n") < 2 + turn:
            part = os.read(process.stdout.fileno(), 65_536)
            assert part, "the witness ended by itself"
            told += part
        process.send_signal(signal.SIGKILL)
        told += process.stdout.read()
        process.stdout.close()
        assert process.wait(30) == -signal.SIGKILL
        signed = int(told.split(b"\n")[-2])
        folder = WitnessFolder(tmp_path, "witness.test/w1")
        # It may have remembered one more than it came to answer, never one less.
        assert folder.latest(drafts.ORIGIN).size in (signed, signed + 1)
        assert Verifier(drafts.signer().vkey).name == drafts.ORIGIN
        folder.close()
