"""One server for one data folder: a lock that the operating system drops with its process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

NAME = "serve.lock"
_PID_BYTES = 20


class FolderInUse(OSError):
    """Another server has the folder. The message says which one, and what to do."""


class FolderLock:
    """Holds ``folder`` until ``close``, or until the process ends, whatever ends it.

    The file stays, since removing it would let two servers lock two files of one name; only the
    lock on it counts. Raises :class:`FolderInUse`, or ``OSError`` where the folder is not usable.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / NAME
        self._handle: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = os.pread(self._handle, _PID_BYTES, 0).decode(errors="replace").strip()
            self.close()
            raise FolderInUse(
                f"{folder}: another server uses this folder (process {holder or 'unknown'});"
                " stop it, or give this one a folder of its own with --data"
            ) from None
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let the next server have the folder."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
