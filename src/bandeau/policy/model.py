"""The policy: what a publisher declares, as frozen values.

Field names are those of the policy file (DESIGN section 2). Unknown keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from bandeau import limits

LANGUAGES = ("fr", "en", "de", "es", "it", "ru", "ar")


class Exemption(StrEnum):
    """Why a purpose needs no consent; the list is closed (rule M1)."""

    STRICTLY_NECESSARY = "strictly-necessary"
    AUDIENCE_MEASUREMENT = "audience-measurement"


class DataKind(StrEnum):
    """Kinds of personal data that a purpose may process (rule I10)."""

    IP = "ip"
    BROWSING = "browsing"
    USAGE = "usage"
    LOCATION = "location"
    SOCIAL_INTERACTIONS = "social-interactions"
    COMMENTS = "comments"


class Known(NamedTuple):
    """What the product assumes of a purpose that it has texts for (rules I9, I10)."""

    data: tuple[DataKind, ...]
    exemption: Exemption | None = None


KNOWN_PURPOSES: Mapping[str, Known] = MappingProxyType(
    {
        "functioning": Known((DataKind.IP,), Exemption.STRICTLY_NECESSARY),
        "audience": Known((DataKind.USAGE,), Exemption.AUDIENCE_MEASUREMENT),
        "social": Known(
            (DataKind.IP, DataKind.BROWSING, DataKind.SOCIAL_INTERACTIONS, DataKind.COMMENTS)
        ),
        "advertising": Known((DataKind.IP, DataKind.BROWSING, DataKind.LOCATION)),
        "advertising-generic": Known((DataKind.IP, DataKind.USAGE)),
        "advertising-geolocated": Known((DataKind.IP, DataKind.LOCATION)),
        "personalisation": Known((DataKind.BROWSING, DataKind.USAGE)),
        "statistics": Known((DataKind.IP, DataKind.BROWSING, DataKind.USAGE)),
    }
)


class Period(BaseModel):
    """A length of time in calendar months or in days, as written: ``6 months``, ``30 days``."""

    model_config = ConfigDict(frozen=True)

    count: int
    unit: str

    @property
    def days_at_most(self) -> int:
        """The longest this period can be, in days (rules, "Numbers that are real")."""
        return {"day": 1, "month": 31, "year": 366}[self.unit] * self.count

    @property
    def months(self) -> float:
        """Length in months; days count as 1/30 of one."""
        return self.count * {"day": 1 / 30, "month": 1, "year": 12}[self.unit]

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


_PERIOD = re.compile(r"(?P<count>[1-9]\d{0,3}) (?P<unit>day|month|year)s?")


def _period(value: object) -> Period:
    if isinstance(value, Period):
        return value
    found = _PERIOD.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError('write a number and a unit, such as "6 months" or "30 days"')
    period = Period(count=int(found["count"]), unit=found["unit"])
    if period.days_at_most > limits.POLICY_PERIOD_DAYS:
        raise ValueError(f"is over {limits.POLICY_PERIOD_DAYS} days; shorten it")
    return period


Duration = Annotated[Period, BeforeValidator(_period)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Text = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=limits.POLICY_TEXT_CHARACTERS,
        strip_whitespace=True,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$",
    ),
]
_LABEL = r"[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?"
_HOST = rf"{_LABEL}(\.{_LABEL})*"
Host = Annotated[str, StringConstraints(max_length=253, to_lower=True, pattern=f"^{_HOST}$")]
Domain = Annotated[str, StringConstraints(max_length=254, to_lower=True, pattern=rf"^\.?{_HOST}$")]
# A name goes into Set-Cookie as it stands, so nothing may end it early.
CookieName = Annotated[str, StringConstraints(pattern=r"^[!-:<>-~]+$", max_length=200)]
Path = Annotated[str, StringConstraints(pattern=r"^/[^;\x00-\x20\x7f]*$", max_length=500)]
OwnPath = Annotated[str, StringConstraints(pattern=r"^/[^;?#\\\x00-\x20\x7f]*$", max_length=500)]
Snippet = Annotated[
    str,
    StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=limits.POLICY_SNIPPET_CHARACTERS),
]
StorageKey = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$", max_length=2_000)]
Texts = dict[str, Text]
FileName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=500)]
# Only this very machine may be asked without TLS.
_ISSUER = r"^(https://[^\s<>\"?#]+|http://(localhost|127\.0\.0\.1)(:\d+)?(/[^\s<>\"?#]*)?)$"


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Address = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class Site(_Declared):
    """Who answers for the site, and where it runs."""

    name: Text
    controller: Text
    hosts: tuple[Host, ...] = Field(min_length=1, max_length=1_000)
    privacy_policy: Address
    languages: tuple[str, ...] = Field(default=("en",), min_length=1, max_length=30)


class ChoiceTerms(_Declared):
    """How long a choice lasts, its proof after that, and its cookie (rules C2, C5, L9)."""

    lifetime: Duration = Period(count=6, unit="month")
    proof: Duration = Period(count=5, unit="year")
    cookie: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")] = "eu-consent"


class Purpose(_Declared):
    """One thing that data is processed for. ``key`` is its name in the file."""

    key: Key
    exempt: Exemption | None = None
    data: tuple[DataKind, ...] = ()
    title: Texts = {}
    summary: Texts = {}
    detail: Texts = {}


class Moderation(StrEnum):
    """Whether what readers post is seen before or after a moderator has looked at it."""

    AFTER = "after"
    BEFORE = "before"


class Treatment(StrEnum):
    """What becomes of a comment that a rule notices."""

    HOLD = "hold"
    PUBLISH = "publish"


class Way(StrEnum):
    """How readers may show who they are before they comment."""

    NONE = "none"
    """By a name that they give; nobody checks it."""
    EMAIL = "email"
    """By a link that is sent to their address."""
    TOKEN = "token"  # noqa: S105 - a way, not a secret
    """By a token that the site's own accounts sign."""
    OIDC = "oidc"
    """At an OpenID Connect provider."""


class Asking(StrEnum):
    """When a browser has to work for a post."""

    NEVER = "never"
    ATTACK = "attack"
    ALWAYS = "always"


class WordSource(BaseModel):
    """Listed words: those written in the policy, or those of a ``file`` beside it."""

    model_config = ConfigDict(frozen=True)

    listed: tuple[str, ...] = ()
    file: str = ""


def _word_source(value: object) -> WordSource:
    match value:
        case WordSource():
            return value
        case str() if value.strip() and "\x00" not in value:
            return WordSource(file=value)
        case list() if all(isinstance(each, str) and each.strip() for each in value):
            if len(value) > limits.POLICY_WORDS:
                raise ValueError(f"has more than {limits.POLICY_WORDS} entries; remove some")
            return WordSource(listed=tuple(value))
    raise ValueError('write the name of a file, such as "words.txt", or a list of words')


class Section(_Declared):
    """Pages whose comments have rules of their own; ``path`` may hold ``*``."""

    path: OwnPath
    moderation: Moderation | None = None
    close_after: Duration | None = None


class Accounts(_Declared):
    """The site's own accounts: who signs tokens, for whom, and the ``keys`` in a file beside.

    ``page`` is where readers sign in there, and come back from with a token.
    """

    issuer: Text
    audience: Text
    keys: FileName
    page: OwnPath


class Provider(_Declared):
    """An OpenID Connect provider; ``secret`` is a file beside, where it asks for one."""

    issuer: Annotated[str, StringConstraints(pattern=_ISSUER, max_length=500)]
    client: Text
    name: Text
    secret: FileName | None = None


class Retention(_Declared):
    """How long what belongs to comments is kept, each for itself (rule L9).

    ``link`` is what ties a comment to its author: the ledger's record and the author's number.
    """

    link: Duration = Period(count=2, unit="year")
    held: Duration = Period(count=6, unit="month")
    refused: Duration = Period(count=6, unit="month")
    tombstones: Duration = Period(count=6, unit="month")
    log: Duration = Period(count=1, unit="year")


class Review(_Declared):
    """A service that is asked of each comment before it is shown; ``names`` sends its name too.

    ``fallback`` is what becomes of a comment where it does not answer.
    """

    url: Url
    fallback: Treatment = Treatment.HOLD
    names: bool = Field(default=False, strict=True)


class Feature(_Declared):
    """Something of the site that opens with a purpose (rules F2 to F5).

    ``sign_in`` says who may comment, ``token`` and ``oidc`` who vouches for them, ``reply_mail``
    whether replies may be told by mail; ``rules`` is where the
    site's own rules are read; all but these, ``purpose``, ``alternative`` and ``votes`` say how
    comments are moderated.
    """

    key: Key
    purpose: Key
    alternative: Texts = {}
    rules: Address | None = None
    sign_in: tuple[Way, ...] = Field(default=(Way.NONE,), min_length=1, max_length=len(Way))
    reply_mail: bool = Field(default=False, strict=True)
    challenge: Asking = Asking.NEVER
    attack: int = Field(default=30, strict=True, ge=1, le=limits.COMMENT_ATTACK_POSTS)
    token: Accounts | None = None
    oidc: Provider | None = None
    moderation: Moderation = Moderation.AFTER
    first: Treatment = Treatment.PUBLISH
    repeats: Treatment = Treatment.PUBLISH
    close_after: Duration | None = None
    links: int | None = Field(default=None, strict=True, ge=0, le=limits.COMMENT_TEXT_CHARACTERS)
    votes: bool = Field(default=False, strict=True)
    words: Annotated[WordSource, BeforeValidator(_word_source)] = WordSource()
    sections: tuple[Section, ...] = Field(default=(), max_length=limits.POLICY_SECTIONS)
    retention: Retention = Retention()
    review: Review | None = None

    @model_validator(mode="after")
    def _told(self) -> Feature:
        for way, told in ((Way.TOKEN, self.token), (Way.OIDC, self.oidc)):
            if way in self.sign_in and told is None:
                raise ValueError(f'sign_in lists "{way}"; say whose in [features.{self.key}.{way}]')
        return self

    @property
    def ways(self) -> tuple[Way, ...]:
        """How readers may sign in."""
        return tuple(way for way in self.sign_in if way is not Way.NONE)

    @property
    def anonymous(self) -> bool:
        """Whether a name alone is enough to comment."""
        return Way.NONE in self.sign_in

    @property
    def sends_mail(self) -> bool:
        """Whether something of it needs a mail server."""
        return self.reply_mail or Way.EMAIL in self.sign_in


class CookieRule(_Declared):
    """A cookie as declared: ``name`` may hold ``*`` anywhere; no ``domain`` means host-only."""

    name: CookieName
    domain: Domain | None = None
    path: Path = "/"
    max_age: Duration | None = None


class Tracker(_Declared):
    """What one vendor stores, reads, runs or is contacted for, under one purpose.

    ``paths`` lie on the publisher's own hosts; ``snippets`` are texts that inline scripts hold;
    ``notify`` is where the vendor is told of withdrawals.
    """

    vendor: Text
    purpose: Key
    hosts: tuple[Host, ...] = ()
    cookies: tuple[CookieRule, ...] = ()
    storage: tuple[StorageKey, ...] = ()
    paths: tuple[OwnPath, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    policy_url: Url | None = None
    notify: Url | None = None


class Policy(_Declared):
    """A whole policy file. Purposes and features keep the order of the file."""

    site: Site
    choice: ChoiceTerms = ChoiceTerms()
    purposes: tuple[Purpose, ...] = Field(default=(), max_length=limits.POLICY_PURPOSES)
    features: tuple[Feature, ...] = Field(default=(), max_length=limits.POLICY_PURPOSES)
    trackers: tuple[Tracker, ...] = Field(default=(), max_length=limits.POLICY_TRACKERS)

    def purpose(self, key: str) -> Purpose:
        """The purpose called ``key``; raises ``KeyError`` where none is."""
        for purpose in self.purposes:
            if purpose.key == key:
                return purpose
        raise KeyError(key)

    def feature(self, key: str) -> Feature | None:
        """The feature called ``key``, or ``None``."""
        return next((feature for feature in self.features if feature.key == key), None)

    @property
    def consent_purposes(self) -> tuple[Purpose, ...]:
        """Purposes that need consent, in the order of the file."""
        return tuple(purpose for purpose in self.purposes if purpose.exempt is None)

    def trackers_of(self, purpose: str) -> tuple[Tracker, ...]:
        """Trackers declared under ``purpose``, in the order of the file."""
        return tuple(tracker for tracker in self.trackers if tracker.purpose == purpose)
