"""Workers on the machines of a Ray cluster: Ray says where, and carries orders and answers.

Each actor holds one :class:`bandeau.robot.crew.Worker`, so that time, memory and what it started
are bounded as they are on one machine. Leases stay in the queue, and reports go to a folder that
every machine sees. No cluster is started here.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bandeau import limits
from bandeau.audit.queue import Counts
from bandeau.robot.crew import CannotStart, Hand, Work, Worker, WorkerFailed

# Four workers of one core hide each other's waiting (docs/scale.md).
_CORES = 0.25


class _Place:
    """What an actor is made of."""

    def __init__(self, work: Work) -> None:
        self._worker = Worker(work)

    async def ready(self) -> None:
        """Answers once it is placed."""

    async def audit(self, address: str, out: str) -> str:
        if not Path(out).is_dir():
            raise CannotStart(f"{out} is not there on a machine of the cluster: all must see it")
        return (await self._worker.audit(address, Path(out))).written()

    async def close(self) -> None:
        await self._worker.close()


class RayHand:
    """A :class:`bandeau.robot.crew.Hand` somewhere in a cluster; placed anew when it is lost."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._place: Any = None

    async def audit(self, address: str, out: Path) -> Counts:
        """See :class:`Hand`. A machine that is lost is no fault of the site."""
        from ray.exceptions import RayError, RayTaskError

        try:
            place = await self._placed()
            return Counts.read(await place.audit.remote(address, str(out.absolute())))
        except RayTaskError as error:
            raise _own(error.cause) from None
        except RayError as error:
            self._given_up()
            raise CannotStart(f"Ray: {_told(error)}") from None
        except BaseException:
            self._given_up()
            raise

    async def close(self) -> None:
        """See :class:`Hand`."""
        from ray.exceptions import RayError

        if self._place is not None:
            with suppress(RayError, TimeoutError):
                async with asyncio.timeout(2 * limits.SURVEY_STOP_SECONDS):
                    await self._place.close.remote()
        self._given_up()

    async def _placed(self) -> Any:
        import ray
        from ray.exceptions import RayTaskError

        if self._place is None:
            actor = ray.remote(num_cpus=_CORES, scheduling_strategy="SPREAD")(_Place)
            self._place = actor.remote(self._work)
            try:
                async with asyncio.timeout(limits.SURVEY_PLACE_SECONDS):
                    await self._place.ready.remote()
            except RayTaskError as error:
                raise CannotStart(f"Ray: {_told(error.cause)}") from None
            except TimeoutError:
                told = f"no place for a worker within {limits.SURVEY_PLACE_SECONDS} seconds"
                raise CannotStart(f"Ray: {told}") from None
        return self._place

    def _given_up(self) -> None:
        """End the actor; its worker ends with it, and with that all it started."""
        import ray

        place, self._place = self._place, None
        if place is not None:
            ray.kill(place)


@contextmanager
def ray_hands(work: Work, count: int, address: str) -> Iterator[Sequence[Hand]]:
    """``count`` workers in the cluster at ``address``; raises :class:`CannotStart`."""
    try:
        import ray
    except ImportError:
        raise CannotStart("Ray is not installed: pip install 'bandeau[ray]'") from None
    _reached(address)
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        # It raises whatever it meets.
        raise CannotStart(f"Ray at {address}: {_told(error)}") from None
    try:
        yield [RayHand(work) for _ in range(count)]
    finally:
        ray.shutdown()


def _reached(address: str) -> None:
    """Whether anybody answers there, which Ray asks for minutes."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise CannotStart("--ray: HOST:PORT of a cluster that runs; none is started here")
    try:
        with socket.create_connection((host, int(port)), limits.SURVEY_STOP_SECONDS):
            pass
    except (OSError, OverflowError) as error:
        raise CannotStart(f"Ray at {address}: {error}") from None


def _told(error: Exception) -> str:
    """The first line: Ray's words go on for a page."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _own(cause: Exception) -> Exception:
    """What the worker raised, without Ray's account of where."""
    return cause if isinstance(cause, WorkerFailed | CannotStart) else WorkerFailed(f"Ray: {cause}")
