"""Who is asking: whose cookies count, for how long, and under which policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from ledger_drafts import counting, signer
from publisher import POLICY

from bandeau.choice.decide import Action, decide, expiry
from bandeau.choice.model import Answer, Choice, Source, Standing
from bandeau.choice.token import Seal, Ticket
from bandeau.enforcement.rules import Rules
from bandeau.ledger.draft import Draft
from bandeau.ledger.record import subject_of, uuid7
from bandeau.policy.check import load
from bandeau.policy.terms import canonical, digest, terms_of
from bandeau.storage.files import read_words
from bandeau.storage.memory import MemoryLedger
from bandeau.web.context import Site
from bandeau.web.visitor import Sent, Visitors, accepted_languages

pytestmark = pytest.mark.anyio

WORDS = read_words()
MADE = int(datetime(2030, 8, 31, 12, tzinfo=UTC).timestamp())
DAY = 86_400
KEY, NEXT_KEY = b"k" * 32, b"n" * 32


@dataclass
class House:
    """A site whose clock, policy and keys a test may change; the ledger stays."""

    ledger: MemoryLedger = field(default_factory=lambda: MemoryLedger(signer()))
    text: str = POLICY
    keys: Sequence[bytes] = (KEY,)
    now: int = MADE

    def __post_init__(self) -> None:
        self.random = counting()

    def site(self) -> Site:
        policy, _ = load(self.text.encode(), WORDS)
        terms = terms_of(policy)
        return Site(
            policy=policy,
            terms=terms,
            terms_digest=digest(terms),
            words=WORDS,
            rules=Rules(policy),
            seal=Seal(self.keys, policy.site.hosts[0]),
            subject_key=b"subject",
            ledger=self.ledger,
            now=lambda: float(self.now),
            random=self.random,
        )

    async def choose(self, visitor: bytes, action: Action, *purposes: str) -> dict[str, str]:
        """Both cookies of a choice, by name, as the desk would set them."""
        site = self.site()
        time = self.now * 1000
        answers = decide(action, site.terms, purposes, {})
        await site.ledger.append(
            Draft.policy(
                site="www.quotidien.test",
                time=time,
                digest=site.terms_digest,
                terms=canonical(site.terms),
            )
        )
        record_id = uuid7(time, self.random(10))
        await site.ledger.append(
            Draft.choice(
                id=record_id,
                site="www.quotidien.test",
                subject=subject_of(b"subject", visitor),
                time=time,
                action=action.value,
                mechanism="api",
                purposes=answers,
                policy=site.terms_digest,
                notice="0" * 64,
                lang="fr",
                layout="bar",
                gpc=False,
                expires=expiry(self.now, site.policy.choice.lifetime),
            )
        )
        choice = Choice(site.terms_digest, answers, record_id, self.now)
        return {
            "eu-consent": site.seal.write_choice(choice),
            "eu-consent-receipt": site.seal.write_receipt(Ticket(visitor, record_id)),
        }

    async def standing(self, *lines: bytes) -> Standing:
        headers = [(b"cookie", line) for line in lines]
        return await Visitors(self.site()).standing(Sent.of(headers))


def jar(cookies: dict[str, str]) -> bytes:
    return "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()


async def accepted(house: House) -> bytes:
    cookies = await house.choose(b"a" * 16, Action.ACCEPT_ALL)
    return f"eu-consent={cookies['eu-consent']}".encode()


async def test_a_choice_is_read_wherever_it_stands_in_the_jar() -> None:
    house = House()
    line = await accepted(house)
    many = b"; ".join(b"c%d=%d" % (n, n) for n in range(200))
    for lines in [
        (line,),
        (b"a=1; " + line + b" ;b=2",),
        (b";;;=; " + line + b";;=;",),
        (b"a=1", line, b"b=2"),
        (line, many),
        (b'q="a b"; nul=\xff\xe9; ' + line,),
        (line + b"; xeu-consent=1; eu-consent2=1; EU-CONSENT=1",),
    ]:
        assert (await house.standing(*lines)).decided, lines


async def test_whatever_could_be_another_cookie_is_undecided() -> None:
    house = House()
    line = await accepted(house)
    name, _, value = line.partition(b"=")
    for lines in [
        (line, line),
        (line + b"; eu-consent=",),
        (line + b"; eu-consent =x",),
        (name.upper() + b"=" + value,),
        (name + b'="' + value + b'"',),
        (name + b"=" + value[:-1],),
        (name + b"=" + value + b"x",),
        (name + b"=" + value.replace(b".11~", b".10~"),),
        (line.replace(b"1.", b"2.", 1),),
        (line + b"\x00",),
        (line + b"; pad=" + b"x" * 17_000,),
        (b"pad=" + b"x" * 9_000, line, b"pad=" + b"y" * 9_000),
    ]:
        standing = await house.standing(*lines)
        assert standing.source is Source.NONE, lines
        assert not any(standing.grants(key) for key in standing.answers)


async def test_one_header_is_held_to_the_ledger_and_the_clock_each_time() -> None:
    house = House()
    visitors = Visitors(house.site())
    sent = Sent.of([(b"cookie", b"a=1; " + await accepted(house))])
    for _ in range(2):
        assert (await visitors.standing(sent)).decided
    later = Sent.of([(b"cookie", await accepted(house))])
    assert not (await visitors.standing(sent)).decided
    assert (await visitors.standing(later)).decided
    house.now += 366 * DAY
    assert not (await visitors.standing(later)).decided


async def test_a_cookie_of_another_site_or_key_is_undecided() -> None:
    house = House()
    line = await accepted(house)
    other = replace(house, text=POLICY.replace('"www.quotidien.test", ', ""))
    assert not (await other.standing(line)).decided
    assert not (await replace(house, keys=(NEXT_KEY,)).standing(line)).decided


async def test_a_cookie_outlives_the_rotation_of_keys() -> None:
    house = House()
    line = await accepted(house)
    rotated = replace(house, keys=(KEY, NEXT_KEY))
    assert (await rotated.standing(line)).decided
    again = await rotated.choose(b"b" * 16, Action.ACCEPT_ALL)
    assert (await replace(house, keys=(NEXT_KEY,)).standing(jar(again))).decided


@pytest.mark.parametrize(
    ("moment", "decided"),
    [
        (datetime(2031, 2, 27, 12, tzinfo=UTC), True),
        (datetime(2031, 2, 28, 11, 59, 59, tzinfo=UTC), True),
        (datetime(2031, 2, 28, 12, tzinfo=UTC), False),
        (datetime(2031, 3, 1, 12, tzinfo=UTC), False),
    ],
)
async def test_a_choice_ends_after_six_calendar_months(moment: datetime, decided: bool) -> None:
    house = House()
    line = await accepted(house)
    later = replace(house, now=int(moment.timestamp()))
    assert (await later.standing(line)).decided is decided


async def test_a_vendor_added_later_stays_denied_and_the_others_keep_what_they_had() -> None:
    house = House()
    line = await accepted(house)
    added = """
[[trackers]]
vendor = "New Ads"
purpose = "advertising"
hosts = ["sub.ads.test"]
"""
    grown = replace(house, text=POLICY + added)
    standing = await grown.standing(line)
    policy = grown.site().policy
    assert not standing.decided
    allowed = {t.vendor for t in policy.trackers if standing.allows(policy, t)}
    assert allowed == {"Telegram", "Le Quotidien", "Example Ads"}


async def test_a_purpose_added_later_is_undecided_alone() -> None:
    house = House()
    line = await accepted(house)
    standing = await replace(house, text=POLICY + "\n[purposes.personalisation]\n").standing(line)
    assert standing.answers["personalisation"] is Answer.UNDECIDED
    assert standing.grants("social")


async def test_a_receipt_of_someone_else_proves_nothing() -> None:
    house = House()
    one = await house.choose(b"a" * 16, Action.ACCEPT_ALL)
    two = await house.choose(b"b" * 16, Action.REFUSE_ALL)
    visitors = Visitors(house.site())
    for mixed in (
        one | {"eu-consent-receipt": two["eu-consent-receipt"]},
        two | {"eu-consent-receipt": one["eu-consent-receipt"]},
        one | {"eu-consent-receipt": "x"},
        {"eu-consent-receipt": one["eu-consent-receipt"]},
    ):
        proof = await visitors.proof(Sent.of([(b"cookie", jar(mixed))]))
        assert not proof.current
    assert (await visitors.proof(Sent.of([(b"cookie", jar(one))]))).current


async def test_what_came_before_a_withdrawal_is_worth_nothing() -> None:
    house = House()
    before = await house.choose(b"a" * 16, Action.ACCEPT_ALL)
    after = await house.choose(b"a" * 16, Action.REFUSE_ALL)
    assert (await house.standing(jar(before))).source is Source.NONE
    assert (await house.standing(jar(after))).decided
    crossed = after | {"eu-consent": before["eu-consent"]}
    proof = await Visitors(house.site()).proof(Sent.of([(b"cookie", jar(crossed))]))
    assert not proof.current


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (b"fr-FR,fr;q=0.9, en;q=0.8", ("fr-FR", "fr", "en")),
        (b"en;q=0.1, de", ("de", "en")),
        (b"en;q=nan, de;q=x, fr;q=0, it;q=-1, ru", ("ru",)),
        (b"\xff\x00,;;;q=,,", ("\xff\x00",)),
        (b"x," * 9_000, ("x",) * 10),
    ],
)
async def test_languages_are_read_best_first(header: bytes, tags: tuple[str, ...]) -> None:
    assert accepted_languages(header) == tags
