"""What one browser showed and another did not, where a site was visited with both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bandeau.audit.evidence import Evidence, Phase
from bandeau.audit.finding import Finding


def compared(
    findings: Iterable[Finding], observed: Iterable[Finding], evidence: Evidence
) -> Iterator[Finding]:
    """``findings``, each with a word on the browsers where not all of them showed it.

    ``observed`` are those that they were joined from, with all places. Only browsers that reached
    a state in which it was found are counted.
    """
    visited: defaultdict[Phase, set[str]] = defaultdict(set)
    for run in evidence.runs:
        for seen in run.phases:
            visited[seen.phase].add(run.setting.browser)
    shown: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    phases: defaultdict[tuple[str, str], set[Phase]] = defaultdict(set)
    for each in observed:
        shown[each.id, each.subject] |= {where.setting.browser for where in each.where}
        phases[each.id, each.subject] |= {where.phase for where in each.where}
    for finding in findings:
        key = (finding.id, finding.subject)
        looked = {name for phase in phases[key] for name in visited[phase]}
        yield _with_word(finding, shown[key], looked - shown[key])


def _with_word(finding: Finding, shown: set[str], others: set[str]) -> Finding:
    if not shown or not others:
        return finding
    seen, unseen = (_named(each) for each in (shown, others))
    less = ", which tells less" if "firefox" in others else ""
    word = f"Seen in {seen}, and not in {unseen}{less}."
    return replace(finding, detail=f"{finding.detail} {word}".strip())


def _named(browsers: set[str]) -> str:
    return " and ".join(sorted(each.capitalize() for each in browsers))
