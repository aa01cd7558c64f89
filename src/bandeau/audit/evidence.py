"""What a browser was seen to do, without judgement: the facts that verdicts are drawn from.

Times are seconds since the run began, lengths are CSS pixels, sizes are bytes. Addresses are as
the browser wrote them. Every list is cut at the limits in :mod:`bandeau.limits`, and what was cut
is told in :attr:`Evidence.gaps`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bandeau.audit.shown import Choosing, ConsentMode, Notice, Reach, Tcf, Visit
from bandeau.audit.urls import split_of


class Phase(StrEnum):
    """What the visitor had done when it was seen (the regulator's own order, rules section 3)."""

    ARRIVED = "arrived"
    """Nothing: the first page, and waiting."""
    IGNORED = "ignored"
    """Nothing: more pages, scrolled, the notice left alone (rule B11)."""
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    """Accepted before, then refused again (rules W4 to W6)."""
    REFUSED = "refused"
    ONLY = "only"
    """One purpose accepted, the others refused; :attr:`Seen.purpose` says which (rule C9)."""
    CLOSED = "closed"
    """The notice closed by its cross or by Escape (V5)."""
    SAVED = "saved"
    """The second layer saved as it was shown (V6)."""
    SEEDED = "seeded"
    """Nothing, on a terminal that holds trackers from an earlier acceptance (rule R2, V23)."""
    BESIDE = "beside"
    """On another site, which the same terminal went to after the audited one (rule M6)."""


class Device(StrEnum):
    """The size of the window and what it tells of itself."""

    DESKTOP = "desktop"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Setting:
    """What kind of terminal a run had. ``language`` is a tag such as ``fr``, or the default."""

    device: Device = Device.DESKTOP
    language: str | None = None
    third_party_cookies: bool = True
    signal: bool = False
    """Whether it said Global Privacy Control."""
    browser: str = "chromium"


@dataclass(frozen=True, slots=True)
class Place:
    """One line of a script: ``function`` may be empty, ``line`` counts from 1."""

    url: str
    line: int
    column: int = 0
    function: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """What led to something: ``kind`` is ``parser``, ``script``, ``redirect``, ``preload`` …

    ``stack`` goes from the innermost call outwards and on through asynchronous parents; ``url`` is
    the script or document that is to blame, empty where it is not known.
    """

    kind: str
    url: str = ""
    stack: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A cookie in a request; ``blocked`` says why the browser held it back, else empty."""

    name: str
    value: str
    domain: str
    path: str = "/"
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request, or an attempt at one.

    ``kind`` is the browser's word in lower case (``document``, ``script``, ``image``, ``ping``,
    ``websocket`` …); ``page`` the top document's address, ``frame`` that of the document it was
    made in. ``status`` is 0 without an answer; ``failure`` says why. ``body`` is the start of what
    was sent, ``redirected_from`` the ``id`` of the request whose answer led here.
    """

    id: str
    at: float
    url: str
    method: str
    kind: str
    page: str
    frame: str
    cause: Cause
    cookies: tuple[Sent, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    redirected_from: str | None = None
    status: int = 0
    mime: str = ""
    address: str = ""
    answer_headers: tuple[tuple[str, str], ...] = ()
    size: int = 0
    took: float = 0.0
    failure: str = ""


class Means(StrEnum):
    """By what something came onto the terminal."""

    HEADER = "header"
    SCRIPT = "script"


class Kind(StrEnum):
    """Where on the terminal something is kept."""

    COOKIE = "cookie"
    LOCAL = "local storage"
    SESSION = "session storage"
    INDEXED = "indexed database"
    CACHE = "cache storage"
    WORKER = "service worker"


@dataclass(frozen=True, slots=True)
class Write:
    """Something written: a cookie's ``name`` and ``domain`` (with a dot unless host-only), or a key
    and the ``domain`` of its origin. ``lifetime`` is in seconds, ``None`` for a session.

    ``request`` is the id of the request whose answer carried it. ``blocked`` says why the browser
    did not keep it: an attempt is evidence too.
    """

    at: float
    kind: Kind
    means: Means
    name: str
    value: str
    domain: str
    path: str = "/"
    page: str = ""
    frame: str = ""
    lifetime: float | None = None
    cause: Cause = Cause("")
    request: str | None = None
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """Something read off the terminal by script.

    ``api`` is the word of the platform: ``document.cookie``, ``cookieStore.get``,
    ``Storage.getItem``, ``indexedDB.open``, ``caches.match``, ``canvas.toDataURL``,
    ``AudioContext``, ``WebGL.getParameter``, ``measureText``, ``userAgentData`` … ; ``detail`` the
    key or argument; ``times`` how often (counted up to the recorder's cap, told by ``capped``).
    """

    at: float
    api: str
    detail: str
    page: str
    frame: str
    cause: Cause
    times: int = 1
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie on the terminal. ``expires`` is in seconds since 1970, ``None`` for a session;
    ``domain`` starts with a dot unless it is host-only; ``partition`` is the top site or empty."""

    name: str
    value: str
    domain: str
    path: str
    expires: float | None
    secure: bool
    http_only: bool
    same_site: str = ""
    partition: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """Something else kept on the terminal, by the ``origin`` that keeps it; ``value`` is its start.

    ``partition`` is the top site where the origin is kept apart for it, else empty.
    """

    kind: Kind
    origin: str
    key: str
    value: str = ""
    partition: str = ""

    @property
    def name(self) -> str:
        """What it is called: a service worker by its script's path, all else by its key."""
        if self.kind is not Kind.WORKER:
            return self.key
        return split_of(self.value).path or self.key


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was seen in one phase of a run; cookies and what is stored are those at its end.

    ``notice`` is what stood there as the phase began, ``panel`` its second layer if it was opened.
    ``state`` is what the site itself says of the choice (``/.bandeau/choice``, a TC string, a known
    tool's record), as text.
    """

    phase: Phase
    began: float
    ended: float
    visits: tuple[Visit, ...]
    requests: tuple[Request, ...]
    writes: tuple[Write, ...]
    reads: tuple[Read, ...]
    cookies: tuple[Cookie, ...]
    stored: tuple[Stored, ...]
    purpose: str | None = None
    choosing: Choosing | None = None
    notice: Notice | None = None
    panel: Notice | None = None
    tcf: Tcf | None = None
    state: str = ""
    purposes: tuple[tuple[str, bool], ...] = ()
    """What the site's own state says of each purpose, where it says so."""
    mode: ConsentMode | None = None
    reach: Reach | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One fresh profile, and its phases in their order. ``number`` counts runs from 0."""

    number: int
    setting: Setting
    phases: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class HostSeen:
    """A host, where it led, and its canonical name where that is another (rule P7)."""

    host: str
    addresses: tuple[str, ...] = ()
    canonical: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be seen or done: ``about`` is a phase, rule id or limit."""

    about: str
    why: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that an audit saw. ``started`` is in milliseconds since 1970.

    ``beside`` are runs that end on another site: what they show is held against that site's
    visitors' choices nowhere, only the two sites against each other (rule M6).
    """

    address: str
    started: int
    browser: str
    runs: tuple[Run, ...]
    hosts: tuple[HostSeen, ...] = ()
    gaps: tuple[Gap, ...] = ()
    beside: tuple[Run, ...] = ()

    @property
    def all_runs(self) -> tuple[Run, ...]:
        """Every fresh profile, in the order of its number."""
        return self.runs + self.beside
