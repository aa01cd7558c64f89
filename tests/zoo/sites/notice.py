"""How the notice asks: its controls, its words, its place."""

from __future__ import annotations

from tests.zoo.site import Notice, Site, Tracker
from tests.zoo.sites.families import HARD_TO_REFUSE, UNEQUAL, pairs

_SIZE = "font-size:11px;min-height:26px;height:26px;width:60%"
_PALE = "background:#ececec;color:#444;border-color:#ececec"
_FAINT = "background:#8a8a8a;color:#b5b5b5;border-color:#8a8a8a"


def _site(
    name: str, why: str, expects: str, notice: Notice, tolerates: tuple[str, ...] = (),
    **more: object,
) -> Site:  # fmt: skip
    return Site(
        name, why, expects=(expects,), tolerates=tolerates, trackers=(Tracker("pixel"),),
        notice=notice, **more  # type: ignore[arg-type]
    )  # fmt: skip


NOTICE = pairs(
    _site("no-refusal", "accept only", "V2|B1|B2", Notice(refuse="none", more="none"),
          (*HARD_TO_REFUSE, "W1", "V18"), proof="!refuse"),
    _site("refusal-behind", "refuse on the second layer", "B1|B2|V2", Notice(refuse="panel"),
          (*HARD_TO_REFUSE, *UNEQUAL), language="fr", proof="!refuse"),
    _site("refusal-link", "refuse as a link in the text", "B3|V8", Notice(refuse="link"),
          UNEQUAL, language="de", proof="refuse.tagName === 'A'"),
    _site("refusal-away", "refuse as a grey link outside the frame", "B3|B1|V8|B4",
          Notice(refuse="panel", away=True), (*HARD_TO_REFUSE, *UNEQUAL), proof="!refuse"),
    _site("refusal-small", "refuse smaller than accept", "V8|B4", Notice(refuse_style=_SIZE),
          UNEQUAL, proof="refuse.offsetHeight < accept.offsetHeight"),
    _site("refusal-pale", "refuse in pale grey, accept in colour", "V8|B4",
          Notice(refuse_style=_PALE), UNEQUAL, language="fr", proof=(
              "getComputedStyle(refuse).backgroundColor !== "
              "getComputedStyle(accept).backgroundColor")),
    _site("refusal-thin", "refuse in thin letters", "V8|B4",
          Notice(refuse_style="font-weight:300"), UNEQUAL,
          proof="getComputedStyle(refuse).fontWeight !== getComputedStyle(accept).fontWeight"),
    _site("faint", "both hard to read", "B5|A2", Notice(refuse_style=_FAINT, accept_style=_FAINT),
          UNEQUAL, proof="getComputedStyle(refuse).color === 'rgb(181, 181, 181)'"),
    _site("green-red", "accept green, refuse red", "B14",
          Notice(accept_style="background:#2e7d32;color:#fff", refuse_style="background:#c62828;"
                 "color:#fff"), UNEQUAL, language="ar",
          proof="getComputedStyle(refuse).backgroundColor === 'rgb(198, 40, 40)'"),
    _site("accept-twice", "accept is offered twice", "B6", Notice(accept_twice=True), UNEQUAL,
          proof="accept.parentElement.children.length === 4"),
    _site("softly", "refuse is called 'decline non-essential purposes'", "B7",
          Notice(softly=True), proof="refuse.textContent.includes('non-essential')"),
    _site("two-dialogs", "a second pop-up collects acceptance", "B15", Notice(second=True),
          ("B6", "V2", "B1"), proof="document.querySelector('[role=dialog]')"),
    _site("wall", "nothing on the page can be used before an answer", "V9|R5",
          Notice(wall=True), ("B13", "T9"), proof="document.querySelector('[role=presentation]')"),
    _site("purposes-untold", "the notice names no purpose", "V7|B16|I1", Notice(tells=False),
          ("V7", "B16", "I1", "I4", "I7"), proof="!root.querySelector('li')"),
    _site("other-tongue", "a French page asks in English", "B17", Notice(language="en"),
          language="fr", proof="root.querySelector('[lang=en]')"),
    _site("phone-accept-only", "on a phone nothing refuses", "B17|V2|B1",
          Notice(phone_only_accept=True), HARD_TO_REFUSE, proof=(
              "document.body.innerHTML.includes('display:none}}')"
          )),
    _site("policy-covered", "the notice covers the privacy policy", "I12",
          Notice(covers_policy=True), ("V9",)),
    _site("policy-missing", "the privacy policy does not exist", "I12", Notice(),
          policy_missing=True),
    _site("pleading", "the notice says that one must accept", "B13", Notice(pleads=True)),
    _site("focus-hidden", "a high bar lies over what Tab reaches", "A5",
          Notice(hides_focus=True), ("V9",)),
    _site("too-wide", "the bar is wider than a small window", "A9", Notice(wide=True)),
    _site("no-tab", "refuse is not reached by keyboard", "A3|A4|B1", Notice(no_tab=True),
          ("A3", "A4", "B1", "B3"), proof="refuse.tabIndex === -1"),
)  # fmt: skip
