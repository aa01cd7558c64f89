"""The fragment as bytes on the wire: what it says, how small it is, what it never holds."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notice_site import KEYS, POLICY, chosen, undecided

from bandeau.choice.model import Answer, Choice, Source, Standing
from bandeau.policy.model import LANGUAGES, Policy, Tracker
from bandeau.policy.terms import vendor_key
from bandeau.storage.files import read_words
from bandeau.web.notice import Notice

SCRIPT_BYTES = 2_810
FILTERED = re.compile(r'(?:class|id|src|href)="[^"]*(?:cookie|consent|banner|gdpr)[^"]*"', re.I)
STYLES = re.compile(r"<style>(.*?)</style>", re.S)
SCRIPTS = re.compile(r"<script>(.*?)</script>", re.S)


@pytest.fixture(scope="module")
def notice() -> Notice:
    return Notice(POLICY, read_words())


def told(notice: Notice, standing: Standing, lang: str = "en", path: str = "/story") -> str:
    return notice.fragment(standing, lang, path).decode()


def section(html: str, name: str) -> str:
    """The part of the fragment from ``data-bandeau=name`` to the next part."""
    start = html.index(f'data-bandeau="{name}"')
    ends = [html.find(mark, start) for mark in ('data-bandeau="band"', "</template>")]
    return html[start : min(end for end in ends if end > start)]


def test_the_notice_tells_all_that_the_rules_ask_before_a_choice(notice: Notice) -> None:
    first = section(told(notice, undecided()), "notice")
    assert "Le Quotidien SAS, 1 rue du Port, Nantes" in first
    for title in ("Social networks", "Personalised advertising", "Advertising by location"):
        assert f"<h3>{title}</h3>" in first
    assert "IP address, browsing data, interactions with social networks" in first
    assert "Accepting social networks also opens: comments." in first
    assert "these stay locked: comments" in first
    assert "Write to c@quotidien.test." in first
    assert "Change my choices" in first
    assert 'href="/vie-privee"' in first
    assert 'href="/.bandeau/privacy?lang=en"' in first
    assert "3 partners" in first


@pytest.mark.parametrize(
    ("address", "path", "covered"),
    [
        ("/vie-privee", "/vie-privee", False),
        ("/vie-privee", "/vie-privee/?lang=en", False),
        ("/vie priv%C3%A9e", "/vie%20priv%C3%A9e", False),
        ("https://www.quotidien.test/vie-privee", "/vie-privee", False),
        ("/vie-privee", "/vie-privee-2", True),
        ("https://elsewhere.test/vie-privee", "/vie-privee", True),
        ("/", "/", True),
        ("https://www.quotidien.test", "/", True),
    ],
)
def test_the_privacy_policy_is_read_before_a_choice(address: str, path: str, covered: bool) -> None:
    site = POLICY.site.model_copy(update={"privacy_policy": address})
    page = told(
        Notice(POLICY.model_copy(update={"site": site}), read_words()), undecided(), path=path
    )
    assert ('data-bandeau="notice"' in page) is covered
    assert 'data-bandeau="band"' in page and 'popovertarget="panel"' in page


def test_the_three_controls_are_of_one_kind_and_in_one_form(notice: Notice) -> None:
    first = section(told(notice, undecided()), "notice")
    assert first.count("<form") == 1
    assert 'method="post" action="/.bandeau/choice"' in first
    buttons = re.findall(r"<button (.*?)>", first)
    assert [re.search(r'data-bandeau="(.*?)"', b)[1] for b in buttons] == [  # type: ignore[index]
        "accept-all",
        "refuse-all",
        "customise",
    ]
    assert all('class="act"' in button for button in buttons)
    assert 'type="button" popovertarget="panel"' in buttons[2]


def test_nothing_is_on_beforehand(notice: Notice) -> None:
    html = told(notice, undecided())
    assert html.count("data-bandeau-purpose=") == len(KEYS)
    assert " checked" not in html
    assert 'data-state="undecided"' in html


def test_the_panel_shows_what_stands_and_offers_no_switch_for_exempt_purposes(
    notice: Notice,
) -> None:
    html = told(notice, chosen("social"))
    checked = re.findall(r'data-bandeau-purpose="([a-z-]+)"[^>]* checked', html)
    assert checked == ["social"]
    assert 'data-bandeau-purpose="functioning"' not in html
    assert html.count("Always on") == 2
    assert 'href="/.bandeau/record?lang=en"' in html
    for action in ("accept-all", "refuse-all", "save"):
        assert f'data-bandeau="{action}"' in html


@pytest.mark.parametrize(
    ("standing", "state", "words"),
    [
        (chosen(*KEYS), "allowed", "Trackers and profiling allowed"),
        (chosen(), "refused", "Trackers and profiling refused"),
        (chosen("social"), "mixed", "Partly allowed: 1 of 4 purposes"),
        (undecided(), "undecided", "No choice made yet: trackers are off"),
        (
            Standing(dict.fromkeys(KEYS, Answer.REFUSED), frozenset(), Source.SIGNAL),
            "refused",
            "Refused by your browser’s signal",
        ),
    ],
)
def test_the_band_states_in_words_and_icon(
    notice: Notice, standing: Standing, state: str, words: str
) -> None:
    html = told(notice, standing)
    whole = html[html.index('data-bandeau="band"') : html.index('<span role="status"')]
    assert f'data-state="{state}"' in whole
    assert words in whole
    assert "<svg" in whole
    assert whole.count("<button") == 1, "one neutral control, never a lone accept (rule B14)"
    assert ('data-bandeau="notice"' in html) is (state == "undecided")


def test_the_mixed_band_is_split_in_proportion(notice: Notice) -> None:
    html = told(notice, chosen("social", "advertising", "personalisation"))
    assert html.count('<i class="on">') == 3
    assert html.count('<i class="off">') == 1


def test_what_is_new_since_a_choice_is_named(notice: Notice) -> None:
    answers = dict.fromkeys(KEYS, Answer.GRANTED) | {"personalisation": Answer.UNDECIDED}
    added = frozenset({("social", vendor_key("Telegram"))})
    choice = Choice("older", {"social": True}, "0190-older", 1)
    first = section(told(notice, Standing(answers, added, Source.CHOICE, choice)), "notice")
    assert "Something new since your last choice: Personalised content, Telegram." in first


def test_a_band_is_never_all_green_while_something_new_is_off(notice: Notice) -> None:
    added = frozenset({("social", vendor_key("Telegram"))})
    choice = Choice("older", dict.fromkeys(KEYS, True), "0190-older", 1)
    granted = dict.fromkeys(KEYS, Answer.GRANTED)
    html = told(notice, Standing(granted, added, Source.CHOICE, choice))
    assert "Allowed, except what is new" in html
    assert html.count('<i class="off">') == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_publisher_without_partners_stands_alone(lang: str) -> None:
    words = read_words()
    alone = Notice(POLICY.model_copy(update={"trackers": ()}), words)
    nobody = words.say(lang, "notice.partners_none")
    terms = told(alone, undecided(), lang).split('class="terms"')[1].split("</p>")[0]
    assert "Le Quotidien" in terms
    assert nobody not in terms


def test_the_result_is_announced_in_a_live_region(notice: Notice) -> None:
    html = told(notice, chosen())
    assert 'role="status" data-say="Your choice is recorded' in html
    assert 'role="status" data-say=""' in told(notice, undecided())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_marks_itself_and_its_direction(notice: Notice, lang: str) -> None:
    html = told(notice, undecided(), lang)
    direction = "rtl" if lang == "ar" else "ltr"
    assert f'data-bandeau="root" lang="{lang}" dir="{direction}"' in html
    assert f'name="lang" value="{lang}"' in html


def test_names_are_neutral_and_nothing_is_inline_that_a_strict_policy_refuses(
    notice: Notice,
) -> None:
    html = told(notice, undecided())
    assert not FILTERED.search(html)
    assert not re.search(r"\sstyle=", html)
    assert not re.search(r"\son[a-z]+=", html)


@pytest.mark.parametrize("standing", [undecided(), chosen(), chosen("social"), chosen(*KEYS)])
def test_every_inline_style_and_script_has_its_hash(notice: Notice, standing: Standing) -> None:
    html = told(notice, standing) + notice.head(standing).decode()
    for pattern, hashes in ((STYLES, notice.style_hashes), (SCRIPTS, notice.script_hashes)):
        found = pattern.findall(html)
        assert found
        for text in found:
            digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in hashes


def compressed(html: str) -> int:
    return len(brotli.compress(html.encode(), quality=11))


@pytest.mark.parametrize(("purposes", "limit"), [(4, 3_000), (6, 3_100)])
def test_the_fragment_is_small(purposes: int, limit: int) -> None:
    """DESIGN section 7: notice, band, panel and styles; exempt purposes count."""
    policy = POLICY.model_copy(update={"purposes": POLICY.purposes[:purposes]})
    keys = [purpose.key for purpose in policy.consent_purposes]
    nothing = Standing(dict.fromkeys(keys, Answer.UNDECIDED), frozenset(), Source.NONE)
    html = told(Notice(policy, read_words()), nothing)
    (script,) = SCRIPTS.findall(html)
    assert compressed(html.replace(script, "")) <= limit


def test_the_scripts_are_small(notice: Notice) -> None:
    (script,) = SCRIPTS.findall(told(notice, undecided()))
    (guard,) = SCRIPTS.findall(notice.head(undecided()).decode())
    assert compressed(script + guard) <= SCRIPT_BYTES


def test_the_version_is_the_hash_of_what_is_shown(notice: Notice) -> None:
    shown = notice.shown("en")
    assert notice.version("en") == hashlib.sha256(shown).hexdigest()
    assert notice.version("en") != notice.version("fr")
    sent = told(notice, undecided())
    assert f'name="notice" value="{notice.version("en")[:16]}"' in sent
    for token in ("RETURN-QUERY", "RETURN", "VERSION", "RECORD", "HOSTS"):
        shown = shown.replace(f"%BANDEAU-{token}%".encode(), b"")
    assert b"%BANDEAU-" not in shown + sent.encode()


def test_a_new_partner_changes_the_version(notice: Notice) -> None:
    more = Tracker(vendor="Newcomer", purpose="social", hosts=("newcomer.example",))
    changed = POLICY.model_copy(update={"trackers": (*POLICY.trackers, more)})
    assert Notice(changed, read_words()).version("en") != notice.version("en")


@given(path=st.text(max_size=80))
def test_a_return_path_stays_inside_its_attribute(notice: Notice, path: str) -> None:
    plain = notice.fragment(undecided(), "en", "/")
    html = notice.fragment(undecided(), "en", f'/"><script>{path}')
    assert html.count(b"<script") == plain.count(b"<script")
    assert html.count(b'"') == plain.count(b'"')


def test_a_return_path_over_the_limit_becomes_the_front_page(notice: Notice) -> None:
    assert 'name="return" value="/"' in told(notice, undecided(), path="/" + "a" * 5_000)


def test_a_token_in_a_path_is_text(notice: Notice) -> None:
    assert 'value="/%BANDEAU-RECORD%"' in told(notice, chosen(), path="/%BANDEAU-RECORD%")


def test_a_publishers_text_is_escaped() -> None:
    site = POLICY.site.model_copy(update={"controller": "A <b>& Sons\n</script>"})
    html = told(Notice(POLICY.model_copy(update={"site": site}), read_words()), undecided())
    assert "A &lt;b&gt;&amp; Sons &lt;/script&gt;" in html


def test_only_what_the_choice_allows_may_stay(notice: Notice) -> None:
    def allowed(standing: Standing) -> dict[str, list[str]]:
        head = notice.head(standing).decode()
        block = re.search(r'<script type="application/json">(.*?)</script>', head)
        assert block is not None
        kept: dict[str, list[str]] = json.loads(block[1])
        return kept

    assert allowed(undecided())["storage"] == []
    assert "_ea*" not in allowed(undecided())["cookies"]
    assert {"session", "eu-consent"} <= set(allowed(undecided())["cookies"])
    assert allowed(chosen("advertising"))["storage"] == ["ea:*"]
    assert "_ea*" in allowed(chosen("advertising"))["cookies"]


def technical_only() -> Policy:
    return POLICY.model_copy(
        update={"purposes": POLICY.purposes[:2], "features": (), "trackers": ()}
    )


def test_a_site_without_consent_purposes_gets_a_plain_bar_with_one_button() -> None:
    notice = Notice(technical_only(), read_words())
    bar = told(notice, Standing({}, frozenset(), Source.NONE))
    assert 'data-bandeau="infobar"' in bar
    assert 'value="dismiss"' in bar
    assert bar.count("<button") == 1
    assert 'data-bandeau="band"' not in bar
    assert "technical trackers only" in bar
    closed = notice.fragment(Standing({}, frozenset(), Source.NONE), "en", "/", notice=False)
    assert b"<button" not in closed
