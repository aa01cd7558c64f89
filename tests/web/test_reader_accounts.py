"""Readers of the paper's own accounts: by a signed token, and at an OpenID Connect provider."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwk, jwt
from letters_site import OWN, SIGN_IN, LettersSite, letters_site, policy_with, post
from provider import CLIENT, SECRET, Provider, keys_of, provider
from publisher import Seen, publisher
from visitor import Visitor

from bandeau.app import Bandeau
from bandeau.features.comments.identity import IdentityError, parse_key_set, unseal_fields
from bandeau.policy.model import LANGUAGES
from bandeau.policy.parse import PolicyError
from bandeau.settings import SettingsError
from bandeau.storage.files import read_words

pytestmark = pytest.mark.slow

WORDS = read_words()
ISSUER, AUDIENCE = "https://quotidien.test", "comments"
KEYS = jwk.KeySet([jwk.OKPKey.generate_key("Ed25519", {"kid": "a"}), *keys_of("b").keys])
ACCOUNTS = f"""
[features.comments.token]
issuer = "{ISSUER}"
audience = "{AUDIENCE}"
keys = "readers.json"
page = "/login"
"""


def say(key: str, lang: str = "en", **values: object) -> str:
    return WORDS.say(lang, key, **values)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LettersSite]:
    folder = tmp_path_factory.mktemp("tokens")
    (folder / "readers.json").write_text(json.dumps(KEYS.as_dict(private=False)))
    with letters_site(folder, 'sign_in = ["token"]\n', ACCOUNTS) as made:
        yield made


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    told = {"iss": ISSUER, "aud": AUDIENCE, "sub": "42", "name": "Ada Byron", "iat": now}
    told |= {
        "exp": now + 60,
        "jti": base64.b64encode(str(time.perf_counter_ns()).encode()).decode(),
    }
    return {name: value for name, value in (told | changes).items() if value is not None}


def signed(key: Any = KEYS.keys[0], alg: str = "Ed25519", **changes: Any) -> str:
    return jwt.encode({"alg": alg, "kid": key.kid}, claims(**changes), key, algorithms=[alg])


def enter(reader: Visitor, token: str, **more: Any) -> httpx.Response:
    path = f"{SIGN_IN}/token?return=/article&lang=en"
    return reader.send("POST", path, data={"token": token}, headers=OWN, **more)


def test_a_token_signs_in_once(site: LettersSite) -> None:
    reader, token = site.reader(), signed()
    answer = enter(reader, token)
    assert (answer.status_code, answer.headers["location"]) == (303, "/article")
    assert "HttpOnly; SameSite=Lax" in answer.headers["set-cookie"]
    assert post(reader).json()["comment"]["name"] == "Ada Byron"
    assert enter(site.reader(), token).status_code == 403
    other = site.reader()
    assert enter(other, signed(KEYS.keys[1], "ES256", name="Changed")).status_code == 303
    assert post(other).json()["comment"]["name"] == "Ada Byron"
    reader.choose("refuse_all")
    reader.choose("accept_all")
    assert post(reader).json()["error"]["reason"] == "sign-in"


FOREIGN = jwk.OKPKey.generate_key("Ed25519", {"kid": "a"})


def unsigned() -> str:
    parts = [json.dumps({"alg": "none"}), json.dumps(claims())]
    return (
        ".".join([base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts]) + "."
    )


def confused() -> str:
    parts = [json.dumps({"alg": "HS256", "kid": "b"}).encode(), json.dumps(claims()).encode()]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    public = KEYS.keys[1].as_pem(private=False)
    mark = base64.urlsafe_b64encode(hmac.digest(public, text, "sha256")).rstrip(b"=")
    return (text + b"." + mark).decode()


@pytest.mark.filterwarnings("ignore")  # the library warns of what a forger does here
@pytest.mark.parametrize(
    "made",
    [
        lambda: "",
        lambda: "x.y.z",
        lambda: "a" * 9_000,
        unsigned,
        confused,
        lambda: signed(FOREIGN),
        lambda: signed()[:-8] + "AAAAAAAA",
        lambda: signed(iss="https://evil.test"),
        lambda: signed(aud="elsewhere"),
        lambda: signed(aud=None),
        lambda: signed(exp=int(time.time()) - 60),
        lambda: signed(exp=None),
        lambda: signed(exp=int(time.time()) + 400),
        lambda: signed(iat=int(time.time()) + 400, exp=int(time.time()) + 500),
        lambda: signed(iat=None),
        lambda: signed(jti=None),
        lambda: signed(sub=None),
        lambda: signed(sub=""),
        lambda: signed(sub=7),
        lambda: signed(sub="x" * 501),
        lambda: signed(jti=["x"]),
    ],
)
def test_what_proves_nothing_signs_nobody_in(site: LettersSite, made: Any) -> None:
    reader = site.reader()
    answer = enter(reader, made())
    assert answer.status_code == 403
    assert say("signin.error_failed") in answer.text
    assert "set-cookie" not in answer.headers


def test_a_token_from_another_site_or_without_consent_is_refused(site: LettersSite) -> None:
    path, fields = f"{SIGN_IN}/token", {"token": signed()}
    cross = {"sec-fetch-site": "cross-site"}
    assert site.reader().send("POST", path, data=fields, headers=cross).status_code == 403
    undecided = site.shell.visitor()
    assert undecided.send("POST", path, data=fields, headers=OWN).status_code == 403
    assert enter(site.reader(), fields["token"]).status_code == 303


@pytest.mark.parametrize("name", ["Ada  BYRON", "Rédaction", "", None, "x" * 81])
def test_a_name_that_cannot_be_used_is_asked_for(site: LettersSite, name: str | None) -> None:
    enter(site.reader(), signed())
    reader, subject = site.reader(), f"asked-{len(name or '?')}-{name is None}"
    answer = enter(reader, signed(sub=subject, name=name))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{SIGN_IN}/link?token=")
    assert "set-cookie" not in answer.headers
    assert say("signin.name_rule") in reader.get(answer.headers["location"]).text
    chosen = {"name": f"Reader {subject}"}
    done = reader.send("POST", answer.headers["location"], data=chosen, headers=OWN)
    assert (done.status_code, done.headers["location"]) == (303, "/article")
    assert post(reader).json()["comment"]["name"] == " ".join(chosen["name"].split())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_way_to_the_papers_accounts_is_shown(site: LettersSite, lang: str) -> None:
    page = site.reader().get(f"{SIGN_IN}?return=/article&lang={lang}").text
    assert 'href="/login?return=/article"' in page
    isolated = "\u2068Le Quotidien\u2069" if lang == "ar" else "Le Quotidien"
    assert say("signin.account", lang, site=isolated) in page


def test_keys_come_as_a_set_or_in_pem_and_never_mixed() -> None:
    public = KEYS.as_dict(private=False)
    assert len(parse_key_set(json.dumps(public).encode()).keys) == 2
    for key in KEYS.keys:
        assert len(parse_key_set(key.as_pem(private=False)).keys) == 1
    secret = {"kty": "oct", "k": base64.urlsafe_b64encode(b"s" * 32).decode().rstrip("=")}
    assert len(parse_key_set(json.dumps(secret).encode()).keys) == 1
    short = {"kty": "oct", "k": "c2hvcnQ"}
    mixed = {"keys": [*public["keys"], secret]}
    for bad in (b"", b"{}", b"[]", b"\xff", b'{"keys": []}', b"-----BEGIN X-----", b"[" * 50_000):
        with pytest.raises(IdentityError):
            parse_key_set(bad)
    for bad_keys, why in ((short, "weak|secret"), (mixed, "secrets beside")):
        with pytest.raises(IdentityError, match=why):
            parse_key_set(json.dumps(bad_keys).encode())


@pytest.mark.parametrize(
    ("keys", "more", "error"),
    [
        ('sign_in = ["token"]\n', "", PolicyError),
        ('sign_in = ["oidc"]\n', "", PolicyError),
        ('sign_in = ["letter"]\n', "", PolicyError),
        ("sign_in = []\n", "", PolicyError),
        ('sign_in = ["token"]\n', ACCOUNTS.replace("readers.json", "none.json"), OSError),
        ('sign_in = ["token"]\n', ACCOUNTS.replace("readers.json", "policy.toml"), SettingsError),
        (
            'sign_in = ["oidc"]\n',
            '[features.comments.oidc]\nissuer = "http://id.test"\nclient = "c"\nname = "n"\n',
            PolicyError,
        ),
    ],
)
def test_a_policy_that_cannot_hold_does_not_start(
    tmp_path: Path, keys: str, more: str, error: type[Exception]
) -> None:
    (tmp_path / "policy.toml").write_text(policy_with(keys, more), "utf-8")
    with pytest.raises(error):
        Bandeau(publisher(Seen()), policy=tmp_path / "policy.toml", data=tmp_path / "data")


# OpenID Connect.


@pytest.fixture
def openid(tmp_path: Path) -> Iterator[tuple[LettersSite, Provider]]:
    with provider() as made:
        (tmp_path / "oidc.secret").write_text(SECRET + "\n")
        told = (
            f'issuer = "{made.url}"\nclient = "{CLIENT}"\nname = "Port"\nsecret = "oidc.secret"\n'
        )
        more = f"\n[features.comments.oidc]\n{told}"
        with letters_site(tmp_path, 'sign_in = ["oidc"]\n', more) as site:
            yield site, made


def address_of(reader: Visitor) -> str:
    page = reader.get(f"{SIGN_IN}?return=/article&lang=en").text
    found = re.search(r'href="(http://127[^"]+/authorize[^"]+)"', page)
    assert found, page
    assert say("signin.provider", name="Port") in page
    return unescape(found[1])


def way_back(address: str) -> str:
    """What the provider sends the browser back to, as a path on the server of the test."""
    answer = httpx.get(address)
    assert answer.status_code == 303, answer.text
    back = urlsplit(answer.headers["location"])
    assert back.hostname == "www.quotidien.test"
    return f"{back.path}?{back.query}"


def test_a_provider_signs_in(openid: tuple[LettersSite, Provider]) -> None:
    site, made = openid
    reader = site.reader()
    address = address_of(reader)
    back = way_back(address)
    answer = reader.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/article")
    assert post(reader).json()["comment"]["name"] == "Ada Byron"
    assert reader.get(back).status_code == 403
    again = site.reader()
    assert again.get(way_back(address_of(again))).status_code == 303
    assert made.asked.count("discovery") == 1
    state = parse_qs(urlsplit(address).query)["state"][0]
    assert unseal_fields(b"\0" * 32, state) is None
    assert "user-1" not in "".join(map(str, made.codes))


def test_what_comes_back_is_held_to_what_was_asked(openid: tuple[LettersSite, Provider]) -> None:
    site, _ = openid
    reader, other = site.reader(), site.reader()
    back = way_back(address_of(reader))
    assert other.get(back).status_code == 403
    asked = parse_qs(urlsplit(back).query)
    for changed in ({"state": ["x"]}, {"state": [""]}, {"code": ["guess"]}, {"code": [""]}):
        query = urlencode({key: value[0] for key, value in (asked | changed).items()})
        answer = reader.get(f"{SIGN_IN}/oidc?{query}&lang=en")
        assert answer.status_code == 403
        assert say("signin.error_failed") in answer.text
        assert "set-cookie" not in answer.headers
    # The state was used up by the code that was guessed.
    assert reader.get(back).status_code == 403
    assert site.reader().get(f"{SIGN_IN}/oidc?error=access_denied&state=x").status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "other"},
        {"aud": "other"},
        {"aud": [CLIENT, "other"]},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"iss": "https://other.test"},
        {"exp": 1},
        {"sub": ""},
    ],
)
def test_an_id_token_for_something_else_signs_nobody_in(
    openid: tuple[LettersSite, Provider], changes: dict[str, Any]
) -> None:
    site, made = openid
    made.claims = changes
    reader = site.reader()
    answer = reader.get(way_back(address_of(reader)))
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_keys_that_were_turned_are_fetched_again(openid: tuple[LettersSite, Provider]) -> None:
    site, made = openid
    first, second = site.reader(), site.reader()
    assert first.get(way_back(address_of(first))).status_code == 303
    made.keys = keys_of("k2")
    assert second.get(way_back(address_of(second))).status_code == 303
    assert made.asked.count("keys") == 2


@pytest.mark.parametrize("fault", ["down", "issuer", "scheme"])
def test_a_provider_that_does_not_answer_is_said(
    openid: tuple[LettersSite, Provider], fault: str
) -> None:
    site, made = openid
    made.down = fault == "down"
    wrong = {"issuer": {"issuer": "http://127.0.0.1:1"}, "scheme": {"jwks_uri": "file:///x"}}
    made.document = wrong.get(fault, {})
    reader = site.reader()
    for _ in range(3):
        page = reader.get(f"{SIGN_IN}?lang=en")
        assert page.status_code == 200
        assert say("signin.error_provider") in page.text
    assert made.asked == ["discovery"]
