"""Which of the publisher's other hosts may hold cookies that the host asked for cannot end."""

from __future__ import annotations

from bandeau.policy.match import SiteHosts, suffixes
from bandeau.policy.model import CookieRule, Policy


def siblings(policy: Policy, host: str) -> tuple[str, ...]:
    """Hosts of the same site as ``host`` that can hold a cookie which only they can end (W5).

    They are asked from a page of ``host``, which browsers allow within one registrable domain:
    the last two labels stand for it, which asks a host too many rather than one too few.
    """
    asking = {purpose.key for purpose in policy.consent_purposes}
    gated = [rule for each in policy.trackers if each.purpose in asking for rule in each.cookies]
    site = SiteHosts(policy.site.hosts)
    domains = (rule.domain.removeprefix(".") for rule in gated if rule.domain)
    candidates = dict.fromkeys((*policy.site.hosts, *filter(site.cover, domains)))
    return tuple(
        other
        for other in candidates
        if other != host
        and _same_site(other, host)
        and any(_holds(other, rule) and not _ends(host, rule) for rule in gated)
    )


def _same_site(one: str, other: str) -> bool:
    labels = one.split(".")
    return not labels[-1].isdigit() and len(labels) > 1 and labels[-2:] == other.split(".")[-2:]


def _holds(host: str, rule: CookieRule) -> bool:
    return rule.domain is None or rule.domain.removeprefix(".") in suffixes(host)


def _ends(host: str, rule: CookieRule) -> bool:
    """Whether an answer of ``host`` can end the cookie wherever it is."""
    return rule.domain is not None and rule.domain.removeprefix(".") in suffixes(host)
