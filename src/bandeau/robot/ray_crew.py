"""Workers in the actors of a Ray cluster: Ray starts and restarts them, and carries their words.

Each actor holds one :class:`bandeau.robot.crew.Worker`, so that time, memory and what it started
are bounded as they are on one machine. Leases stay in the queue. ``out`` is a folder that every
machine sees. Without ``RAY_ADDRESS`` a cluster of this machine alone is started, on loopback, and
ended with all its files; nothing is reported to anybody.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bandeau.audit.queue import Counts
from bandeau.robot.crew import CannotStart, Hand, Work, Worker, WorkerFailed

_RESTARTS = 4
_STORE_BYTES = 80_000_000
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}


class _Place:
    """What an actor is made of: a worker, and the folder made anew where a task is repeated."""

    def __init__(self, work: Work) -> None:
        self._worker = Worker(work)

    async def audit(self, address: str, out: str) -> str:
        folder = Path(out)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return (await self._worker.audit(address, folder)).written()

    async def close(self) -> None:
        await self._worker.close()


class RayHand:
    """A :class:`bandeau.robot.crew.Hand` somewhere in a cluster."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    async def audit(self, address: str, out: Path) -> Counts:
        """See :class:`Hand`."""
        import ray

        asked = self._actor.audit.remote(address, str(out))
        try:
            return Counts.read(await asked)
        except asyncio.CancelledError:
            ray.cancel(asked)
            raise
        except ray.exceptions.RayTaskError as error:
            raise _own(error) from None
        except ray.exceptions.RayError as error:
            raise WorkerFailed(f"Ray: {error}") from None

    async def close(self) -> None:
        """See :class:`Hand`."""
        import ray

        with suppress(ray.exceptions.RayError):
            await self._actor.close.remote()


@contextmanager
def ray_hands(work: Work, count: int) -> Iterator[Sequence[Hand]]:
    """``count`` actors, each with a worker. Raises :class:`CannotStart`."""
    # Read when Ray is imported. A cluster of ours answers to nobody else on this machine, and
    # without a token in the environment Ray would leave one in the home folder.
    os.environ.update(_QUIET)
    if not os.environ.get("RAY_ADDRESS"):
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    try:
        import ray
    except ImportError:
        raise CannotStart("Ray is not installed: pip install 'bandeau[ray]'") from None
    folder = tempfile.mkdtemp(prefix="bandeau-ray-")
    try:
        _begin(ray, folder, count)
        actors = ray.remote(max_restarts=_RESTARTS, max_task_retries=_RESTARTS)(_Place)
        yield [RayHand(actors.options(num_cpus=1).remote(work)) for _ in range(count)]
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _begin(ray: Any, folder: str, count: int) -> None:
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False)
        return
    try:
        ray.init(
            address="local",
            num_cpus=count,
            include_dashboard=False,
            object_store_memory=_STORE_BYTES,
            log_to_driver=False,
            logging_level="error",
            _node_ip_address="127.0.0.1",
            _temp_dir=folder,
        )
    except Exception as error:
        raise CannotStart(f"Ray: {error}") from error


def _own(error: Any) -> Exception:
    """What the worker raised, without Ray's account of where."""
    cause = error.cause
    return cause if isinstance(cause, WorkerFailed | CannotStart) else WorkerFailed(f"Ray: {cause}")
