"""Where the newspaper and the pretend third parties are reached."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Addresses:
    """Origins such as ``http://mouette.localhost:8010``, without a slash at the end.

    Every party needs a site of its own, or browsers would count its cookies as the paper's.
    """

    site: str
    mouette: str
    bulles: str
    regie: str
    sextant: str
    board: str

    @classmethod
    def on_loopback(cls, site_port: int, parties_port: int) -> Addresses:
        """Names under ``.localhost``, which browsers take to this machine without any DNS."""

        def origin(name: str) -> str:
            return f"http://{name}.localhost:{parties_port}"

        return cls(
            site=f"http://phare.localhost:{site_port}",
            mouette=origin("mouette"),
            bulles=origin("bulles"),
            regie=origin("regie-pistil"),
            sextant=origin("sextant"),
            board=origin("coulisses"),
        )


def host_of(origin: str) -> str:
    """The host name in ``origin``, without its port; raises ``ValueError`` where there is none."""
    host = urlsplit(origin).hostname
    if not host:
        raise ValueError(f"not an origin: {origin!r}")
    return host


def is_trustworthy(origin: str) -> bool:
    """Whether browsers accept ``Secure`` cookies there: TLS, or a name of this machine."""
    host = host_of(origin)
    loopback = host == "localhost" or host.endswith(".localhost") or host.startswith("127.")
    return urlsplit(origin).scheme == "https" or loopback
