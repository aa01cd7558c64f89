"""To which tracker a host, a cookie, a storage key, an own path or an inline script belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from bandeau.policy.glob import Globs
from bandeau.policy.model import CookieRule, Policy, Tracker
from bandeau.policy.paths import canonical, patterns_of
from bandeau.policy.snippets import Snippets

HOST_CHARACTERS = 253
OUR_PATHS = "/.bandeau/"

_KEPT_ANSWERS = 4_096
_KEPT_NAME_CHARACTERS = 200


class Matcher:
    """A policy made ready to be asked, in a time that does not grow with its trackers.

    The policy is taken to have passed ``check``: where two trackers of one purpose claim the
    same thing, the first in the file answers.
    """

    def __init__(self, policy: Policy) -> None:
        self._site = SiteHosts(policy.site.hosts)
        self._hosts: dict[str, Tracker] = {}
        for tracker in policy.trackers:
            for host in tracker.hosts:
                self._hosts.setdefault(host, tracker)
        self._cookies = Globs(
            (rule.name, (tracker, rule))
            for tracker in policy.trackers
            for rule in tracker.cookies
            if self._site.receive(rule)
        )
        self._storage = Globs(
            (key, (key, tracker)) for tracker in policy.trackers for key in tracker.storage
        )
        self._paths = Globs(
            (pattern, tracker)
            for tracker in policy.trackers
            for path in tracker.paths
            for pattern in patterns_of(path)
        )
        self.snippets = Snippets(
            (snippet, (snippet, tracker))
            for tracker in policy.trackers
            for snippet in tracker.snippets
        )
        self.has_paths = any(tracker.paths for tracker in policy.trackers)
        # Visitors send the same few names again and again; long ones are not worth keeping.
        self._kept_cookie = lru_cache(_KEPT_ANSWERS)(self._cookies.all)
        self._trackers = policy.trackers
        self.site_hosts = policy.site.hosts

    def owns(self, host: str) -> bool:
        """Whether the publisher runs ``host``: one of ``site.hosts`` or a subdomain of one."""
        return self._site.cover(host)

    def host(self, host: str) -> Tracker | None:
        """The tracker that declares ``host`` or the nearest domain above it.

        ``host`` is a bare host name, in any case, with or without a final dot.
        """
        for each in suffixes(host):
            if each in self._hosts:
                return self._hosts[each]
        return None

    def cookie(self, name: str) -> tuple[tuple[Tracker, CookieRule], ...]:
        """Every declaration for the site's hosts that ``name`` fits, in file order.

        Cookies of other domains are left out: the same name on a vendor's own domain is another
        cookie, and says nothing about this one. All that is returned has one purpose.
        """
        if len(name) <= _KEPT_NAME_CHARACTERS:
            return self._kept_cookie(name)
        return self._cookies.all(name)

    def storage(self, key: str) -> Tracker | None:
        """The tracker that declares the storage key: exactly, else by its longest pattern."""
        found = self._storage.exact(key) or self._storage.all(key)
        if not found:
            return None
        return max(found, key=lambda each: len(each[0]))[1]

    def path(self, path: str) -> tuple[Tracker, ...]:
        """Every tracker that declares ``path`` of the publisher's own hosts, in any spelling.

        None for what is the publisher's own, which the paths under ``/.bandeau/`` always are.
        """
        if not self.has_paths:
            return ()
        settled = canonical(path)
        return () if settled.startswith(OUR_PATHS) else self._paths.all(settled)

    def hosts_allowed(self, allowed: Callable[[Tracker], bool]) -> tuple[str, ...]:
        """Hosts of the trackers that ``allowed`` lets pass, each once, in file order.

        The site's own hosts are not among them unless a tracker declares them.
        """
        hosts = (host for tracker in self._trackers if allowed(tracker) for host in tracker.hosts)
        return tuple(dict.fromkeys(hosts))


class SiteHosts:
    """The hosts that the publisher runs, each standing for its subdomains too."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(hosts)
        self._above = {domain: host for host in self._hosts for domain in suffixes(host)}

    def cover(self, host: str) -> bool:
        """Whether ``host`` is one of them or a subdomain of one."""
        return any(each in self._hosts for each in suffixes(host))

    def related(self, host: str) -> str | None:
        """The site's host that is, or lies above or below, ``host``."""
        over = next((each for each in suffixes(host) if each in self._hosts), None)
        return over or self._above.get(host)

    def receive(self, rule: CookieRule) -> bool:
        """Whether a browser could send the cookie to one of them; host-only cookies count."""
        return rule.domain is None or self.related(rule.domain.removeprefix(".")) is not None


def suffixes(host: str) -> Iterator[str]:
    """``host`` in lower case and each domain above it, nearest first; none for an over-long one."""
    name = host.lower().removesuffix(".")
    if len(name) > HOST_CHARACTERS:
        return
    while name:
        yield name
        name = name.partition(".")[2]
