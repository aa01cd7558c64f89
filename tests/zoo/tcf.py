"""The TC strings of sites that speak TCF 2.3, and the stub and CMP that answer for them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

VENDORS = (91, 755)
PURPOSES = (1, 2, 3, 4, 7, 9, 10)
LEGITIMATE = (7, 9, 10)
CMP_ID = 31
_DAY = 86_400
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def tc_string(
    granted: bool,
    now: float,
    legitimate: bool = False,
    disclosed: bool = True,
    language: str = "EN",
) -> str:
    """A string of policy version 5; with consent to all, or to nothing."""
    day = int(now // _DAY * _DAY * 10)
    purposes = PURPOSES if granted else ()
    vendors = VENDORS if granted else ()
    claimed = legitimate or granted
    bits = (
        _number(2, 6) + _number(day, 36) + _number(day, 36) + _number(CMP_ID, 12) + _number(1, 12)
        + _number(1, 6) + _letters(language) + _number(180, 12) + _number(5, 6) + "10"
        + _number(0, 12) + _set(purposes, 24) + _set(LEGITIMATE if claimed else (), 24)
        + "0" + _letters("FR") + _vendors(vendors) + _vendors(VENDORS if claimed else ())
        + _number(0, 12)
    )  # fmt: skip
    tail = _number(1, 3) + _vendors(VENDORS)
    return ".".join([_packed(bits), *([_packed(tail)] if disclosed else [])])


def _number(value: int, width: int) -> str:
    return format(value, f"0{width}b")


def _letters(word: str) -> str:
    return "".join(_number(_LETTERS.index(letter), 6) for letter in word)


def _set(members: Iterable[int], width: int) -> str:
    held = set(members)
    return "".join(str(int(number in held)) for number in range(1, width + 1))


def _vendors(members: Iterable[int]) -> str:
    held = tuple(members)
    most = max(held, default=0)
    return _number(most, 16) + "0" + _set(held, most)


def _packed(bits: str) -> str:
    padded = bits + "0" * (-len(bits) % 8)
    data = int(padded, 2).to_bytes(len(padded) // 8, "big")
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


_STUB = """(function(){
var D=%(data)s,S=%(status)s,L={},n=0;
function data(s){var d=JSON.parse(JSON.stringify(D));d.eventStatus=s;return d}
window.__tcfapi=function(c,v,f,a){
if(c==='ping'){f({gdprApplies:true,cmpLoaded:true,cmpStatus:'loaded',displayStatus:%(display)s,
apiVersion:'2.2',cmpVersion:1,cmpId:%(cmp)d,gvlVersion:180,tcfPolicyVersion:5},true);return}
if(c==='getTCData'){f(data(S),true);return}
if(c==='addEventListener'){n++;L[n]=f;var d=data(S);d.listenerId=n;f(d,true);return}
if(c==='removeEventListener'){var h=!!L[a];delete L[a];f(h);return}
f(null,false)};
var i=document.createElement('iframe');i.name='__tcfapiLocator';i.style.display='none';
i.title='TCF';document.body.appendChild(i);
})();"""


def stub(string: str, granted: bool, legitimate: bool, asking: bool, disclosed: bool) -> str:
    """The script that answers ``__tcfapi``."""

    def marks(members: Iterable[int], on: bool) -> dict[str, bool]:
        return {str(member): on for member in members}

    claimed = legitimate or granted
    data = {
        "tcString": string,
        "tcfPolicyVersion": 5,
        "cmpId": CMP_ID,
        "cmpVersion": 1,
        "gdprApplies": True,
        "cmpStatus": "loaded",
        "isServiceSpecific": True,
        "useNonStandardTexts": False,
        "publisherCC": "FR",
        "purposeOneTreatment": False,
        "purpose": {
            "consents": marks(PURPOSES, granted),
            "legitimateInterests": marks(LEGITIMATE, claimed),
        },
        "vendor": {
            "consents": marks(VENDORS, granted),
            "legitimateInterests": marks(VENDORS, claimed),
            "disclosedVendors": marks(VENDORS, disclosed),
        },
        "specialFeatureOptins": {},
    }
    return _STUB % {
        "data": json.dumps(data),
        "status": json.dumps("cmpuishown" if asking else "tcloaded"),
        "display": json.dumps("visible" if asking else "hidden"),
        "cmp": CMP_ID,
    }
