"""What a survey was asked to do: its name, its terms, its workers and where they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict

from bandeau.audit.queue import Terms, survey_of
from bandeau.robot.crew import Hand, Work, Worker
from bandeau.robot.ray_crew import ray_hands


class Asked(TypedDict):
    """The options of ``bandeau survey``: times in seconds, ``memory`` in megabytes.

    Those of ``OUTCOME`` decide what is found.
    """

    workers: int
    ray: str | None
    politeness: float
    site_seconds: float
    memory: int
    recycle: int
    pages: int
    idle: float
    quick: bool
    allow_private: bool
    resolve: str
    auditor: str


OUTCOME = ("pages", "idle", "quick", "allow_private", "resolve")


@dataclass(frozen=True, slots=True)
class Plan:
    """A survey that can run. ``name`` is the same where the outcome would be."""

    name: str
    terms: Terms
    work: Work
    workers: int
    ray: str | None

    @classmethod
    def of(cls, policy: bytes | None, asked: Asked) -> Plan:
        """By a policy file that holds, or none. The auditor gets its text as ``policy``."""
        options = {name: value for name, value in asked.items() if name in OUTCOME}
        name = survey_of(policy, {**options, "auditor": asked["auditor"]})
        text = None if policy is None else policy.decode()
        work = Work(
            asked["auditor"],
            {**options, "policy": text, "memory": asked["memory"]},
            seconds=asked["site_seconds"],
            megabytes=asked["memory"],
            sites=asked["recycle"],
        )
        terms = Terms(pause=int(asked["politeness"] * 1_000))
        return cls(name, terms, work, asked["workers"], asked["ray"])

    @contextmanager
    def hands(self) -> Iterator[Sequence[Hand]]:
        """Its workers, not yet started. Raises :class:`bandeau.robot.crew.CannotStart`."""
        if self.ray is None:
            yield [Worker(self.work) for _ in range(self.workers)]
        else:
            with ray_hands(self.work, self.workers, self.ray) as hands:
                yield hands
