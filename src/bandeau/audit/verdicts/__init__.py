"""Verdicts: each a function of what was seen and what is known, one small module for each group."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bandeau.audit.by_behaviour import ByBehaviour
from bandeau.audit.evidence import Evidence
from bandeau.audit.finding import Finding, Unchecked
from bandeau.audit.knowledge import Knowledge
from bandeau.audit.verdicts import (
    appearance,
    asking,
    catalogue,
    crossing,
    declared,
    hosts,
    lasting,
    own_signs,
    reaching,
    signals,
    trackers,
    travelling,
    wording,
)
from bandeau.audit.verdicts.audited import Audited
from bandeau.audit.verdicts.browsers import compared
from bandeau.audit.verdicts.telling import joined
from bandeau.audit.verdicts.unchecked import unchecked
from bandeau.policy.model import Policy
from bandeau.policy.words import Words

VERDICTS: tuple[Callable[[Audited], Iterator[Finding]], ...] = (
    trackers.contradictions,
    trackers.whatever_purpose,
    travelling.travels,
    travelling.fingerprints,
    declared.lifetimes,
    declared.labels,
    declared.unused,
    crossing.shared,
    hosts.cloaked,
    hosts.plain_third_parties,
    hosts.nosy,
    asking.missing,
    asking.ways_out,
    asking.preselected,
    asking.crowded,
    asking.forced,
    asking.everywhere,
    appearance.interference,
    wording.words,
    wording.readable,
    reaching.reached,
    lasting.kept,
    lasting.reopening,
    lasting.harder,
    lasting.detriment,
    lasting.vendors_told,
    signals.strings,
    signals.layers,
    signals.consent_mode,
    signals.consent_defaults,
    signals.privacy_control,
    own_signs.band,
    own_signs.comments,
    own_signs.alternative,
    own_signs.state,
)
"""Every verdict, in the order of the catalogue's parts."""


def judge(
    evidence: Evidence, knowledge: Knowledge, policy: Policy | None, words: Words
) -> tuple[tuple[Finding, ...], tuple[Unchecked, ...], tuple[str, ...]]:
    """What contradicts the visitor's choice, the worst first, and what could not be checked.

    Last the ids of the catalogue's verdicts that were reached.
    ``policy`` is that of ``knowledge``, or ``None``: then behaviour is judged where no list knows.
    ``words`` are the product's texts, which name the purposes in each language.
    """
    knows = knowledge if knowledge.declared else ByBehaviour(knowledge, evidence)
    audited = Audited(evidence, knows, policy, words)
    observed = [finding for verdict in VERDICTS for finding in verdict(audited)]
    found = tuple(compared(joined(observed), observed, evidence))
    gaps = tuple(dict.fromkeys(unchecked(audited)))
    return found, gaps, catalogue.reached(audited, gaps)
