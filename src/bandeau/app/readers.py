"""How readers are put together: signing in, sessions, and letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from joserfc.jwk import KeySet
from starlette.routing import BaseRoute

from bandeau import limits
from bandeau.features.comments.attempts import Attempts
from bandeau.features.comments.gate import FEATURE
from bandeau.features.comments.identity import IdentityError, Verifier, parse_key_set
from bandeau.features.comments.moderate import names_of_staff
from bandeau.policy.model import Feature, Policy, Way
from bandeau.settings import SettingsError
from bandeau.storage.comments.newsroom import Newsroom
from bandeau.storage.files import beside
from bandeau.web.accounts import Accounts
from bandeau.web.challenge import Challenge
from bandeau.web.comments import Guests
from bandeau.web.consents import Consents
from bandeau.web.context import Site
from bandeau.web.mailing import Mailing
from bandeau.web.openid import OpenId
from bandeau.web.pages import Pages
from bandeau.web.reader_desk import Entrance, ReaderDesk
from bandeau.web.replies import Replies
from bandeau.web.sessions import Sessions
from bandeau.web.visitor import Visitors

_NONE = Feature(key=FEATURE, purpose=FEATURE)


@dataclass(frozen=True, slots=True)
class Vouching:
    """What was read beside the policy of who vouches for readers."""

    keys: KeySet | None = None
    secret: str = field(default="", repr=False)

    @classmethod
    def read(cls, policy: Policy, path: Path) -> Vouching:
        """The files that the policy in ``path`` names.

        Raises :class:`SettingsError`, or ``OSError`` with a message for the publisher.
        """
        feature, keys, secret = policy.feature(FEATURE), None, ""
        if feature and feature.token:
            file = path.parent / feature.token.keys
            try:
                keys = parse_key_set(beside(file, limits.READER_KEYS_BYTES))
            except IdentityError as error:
                raise SettingsError(f"{file}: {error}") from error
        if feature and feature.oidc and feature.oidc.secret:
            data = beside(path.parent / feature.oidc.secret, limits.READER_KEYS_BYTES)
            secret = data.decode("utf-8", "replace").strip()
        return cls(keys, secret)


@dataclass(frozen=True, slots=True)
class Readers:
    """The readers of one site who show who they are, or want to be told of replies."""

    consents: Consents
    sessions: Sessions
    desk: ReaderDesk
    accounts: Accounts
    replies: Replies
    guests: Guests
    challenge: Challenge

    @classmethod
    def of(
        cls,
        site: Site,
        visitors: Visitors,
        pages: Pages,
        room: Newsroom,
        attempts: Attempts,
        vouching: Vouching,
    ) -> Readers:
        """Over what ``room`` keeps; ``vouching`` are the keys of who vouches for readers."""
        feature = site.policy.feature(FEATURE)
        consents = Consents(site, visitors, feature.purpose if feature else "")
        sessions = Sessions(site, room.readers, consents)
        mailing = Mailing(site, room.letters, attempts)
        posing = names_of_staff(site.policy.site.name)
        entrance = Entrance(room.readers, sessions, mailing, posing)
        desk = ReaderDesk(site, visitors, pages, entrance)
        replies = Replies(site, visitors, pages, room.letters, mailing)
        verifier, openid = _verifier(feature, vouching), _openid(site, feature, vouching)
        accounts = Accounts(site, desk, room.readers, sessions, verifier, openid)
        desk.elsewhere = accounts.address if openid else None
        challenge = Challenge(site, feature or _NONE, room.readers)
        watch = replies.watch if feature and feature.reply_mail else None
        guests = Guests(sessions.reader, watch, challenge.unproven)
        return cls(consents, sessions, desk, accounts, replies, guests, challenge)

    def routes(self) -> list[BaseRoute]:
        """Signing in, and the links of letters."""
        own = [*self.desk.routes(), *self.accounts.routes(), *self.replies.routes()]
        return [*own, *self.challenge.routes()]


def _verifier(feature: Feature | None, vouching: Vouching) -> Verifier | None:
    if feature is None or feature.token is None or vouching.keys is None:
        return None
    return Verifier(vouching.keys, feature.token.issuer, feature.token.audience)


def _openid(site: Site, feature: Feature | None, vouching: Vouching) -> OpenId | None:
    if feature is None or feature.oidc is None or Way.OIDC not in feature.sign_in:
        return None
    return OpenId(site, feature.oidc, vouching.secret)
