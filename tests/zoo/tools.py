"""Consent tools from npm, served by the zoo from a cache that git ignores.

``.cache/npm`` holds what ``npm pack NAME@VERSION`` writes. A site whose tool is not there is left
out, aloud.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.zoo.texts import TEXTS

if TYPE_CHECKING:
    from tests.zoo.built import Built

CACHE = Path(__file__).parents[2] / ".cache" / "npm"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@dataclass(frozen=True)
class Asset:
    """A file of a tool."""

    data: bytes
    mime: str


@dataclass(frozen=True)
class Tool:
    """A consent tool: its package, the files that it asks for by path, and its set-up.

    ``script`` calls ``said(keys)`` with the purposes that are allowed, or ``said(null)`` while
    nothing is chosen, at the start and after each choice.
    """

    package: str
    files: tuple[str, ...]
    script: Callable[[Built, str, str], str]

    @property
    def here(self) -> bool:
        """Whether the package is in the cache."""
        return (CACHE / f"{self.package}.tgz").exists()

    def html(self, built: Built, language: str, reopen: str) -> str:
        """The mark-up and scripts of a page."""
        from tests.zoo.page import wipe

        rules = json.dumps(
            [[wired.told.purpose, sorted(wired.told.when)] for wired in built.trackers]
        )
        runs = ",".join(f"function(){{{wired.manner.js(wired)}}}" for wired in built.trackers)
        wiped = ",".join(
            f"{json.dumps(key)}:function(){{{body}}}" for key, body in wipe(built).items()
        )
        own = [
            name
            for wired in built.trackers
            if not wired.told.stays
            for name, domain in wired.manner.cookies(wired)
            if not domain
        ]
        return (
            f"<script>{_CLIENT % (rules, runs, wiped, json.dumps(own))}</script>"
            f"{self.script(built, language, reopen)}"
        )


# What is gone from the list of what is allowed is taken back, and the page loads again.
_CLIENT = """var said=(function(){var rules=%s,runs=[%s],wipe={%s},own=%s,ran={},last=null;
return function(keys){
if(last&&keys&&last.some(function(k){return keys.indexOf(k)<0})){
last.forEach(function(k){if(keys.indexOf(k)<0&&wipe[k])wipe[k]()});
own.forEach(function(n){document.cookie=n+'=;path=/;max-age=0;secure'});
setTimeout(function(){location.replace(location.pathname)},50);return}
last=keys;rules.forEach(function(r,n){
var mood=!keys?'undecided':keys.indexOf(r[0])>=0?'granted':keys.length?'partial':'refused';
if(r[1].indexOf(mood)>=0&&!ran[n]){ran[n]=1;runs[n]()}})}})();"""


def asset(tool: str, path: str) -> Asset | None:
    """The file of ``tool`` at ``path``, or ``None``."""
    known = TOOLS.get(tool)
    if known is None or not path.startswith("/lib/") or path[5:] not in known.files:
        return None
    return _read(known.package, path[5:])


@cache
def _read(package: str, name: str) -> Asset:
    with tarfile.open(CACHE / f"{package}.tgz") as packed:
        found = packed.extractfile(f"package/{name}")
        assert found is not None, name
        return Asset(found.read(), _TYPES[Path(name).suffix])


def _words(built: Built, language: str, key: str) -> str:
    return str(built.names.one(f"text {key}", TEXTS[language][key]))


def _purposes(built: Built, language: str) -> dict[str, tuple[str, str]]:
    named = TEXTS[language]["purposes"]
    return {key: named[key] for key in built.purposes}


def _vanilla(built: Built, language: str, reopen: str) -> str:
    words, purposes = TEXTS[language], _purposes(built, language)
    on = built.site.notice.preselected
    listing = " ".join(f"{title}: {summary}" for title, summary in purposes.values())
    sections = [{"title": words["always"], "linkedCategory": "needed"}] + [
        {"title": title, "description": summary, "linkedCategory": key}
        for key, (title, summary) in purposes.items()
    ]
    accept, refuse = _words(built, language, "accept"), _words(built, language, "refuse")
    config = {
        "cookie": {"name": built.choice, "expiresAfterDays": 182},
        "categories": {
            "needed": {"enabled": True, "readOnly": True},
            **{key: {"enabled": on} for key in purposes},
        },
        "guiOptions": {"consentModal": {"equalWeightButtons": True, "layout": "bar"}},
        "language": {
            "default": language,
            "translations": {
                language: {
                    "consentModal": {
                        "title": _words(built, language, "title"),
                        "description": f"{words['who'].format(site=built.title)} {listing} "
                        f"{words['data']} {words['consequence']} {words['withdraw']}",
                        "acceptAllBtn": accept,
                        "acceptNecessaryBtn": refuse,
                        "showPreferencesBtn": _words(built, language, "more"),
                        "footer": f'<a href="{built.policy_path}">{words["policy"]}</a>',
                    },
                    "preferencesModal": {
                        "title": _words(built, language, "more"),
                        "acceptAllBtn": accept,
                        "acceptNecessaryBtn": refuse,
                        "savePreferencesBtn": _words(built, language, "save"),
                        "closeIconLabel": words["close"],
                        "sections": sections,
                    },
                }
            },
        },
    }
    return (
        '<link rel="stylesheet" href="/lib/dist/cookieconsent.css">'
        '<script src="/lib/dist/cookieconsent.umd.js"></script><script>'
        "var heard=function(){said(CookieConsent.validConsent()?CookieConsent.getUserPreferences()"
        ".acceptedCategories.filter(function(k){return k!='needed'}):null)};"
        f"var config={json.dumps(config)};config.onConsent=config.onChange=heard;"
        "CookieConsent.run(config).then(function(){if(!CookieConsent.validConsent())said(null)});"
        f"document.getElementById('{reopen}').onclick=function(e){{e.preventDefault();"
        "CookieConsent.show(true)};</script>"
    )


def _klaro(built: Built, language: str, reopen: str) -> str:
    words, purposes = TEXTS[language], _purposes(built, language)
    texts = {
        "privacyPolicyUrl": built.policy_path,
        "consentNotice": {
            "title": _words(built, language, "title"),
            "description": f"{words['who'].format(site=built.title)} "
            + " ".join(f"{title}: {summary}" for title, summary in purposes.values())
            + f" {words['data']} {words['consequence']} {words['withdraw']}",
            "learnMore": _words(built, language, "more"),
        },
        "acceptAll": _words(built, language, "accept"),
        "ok": _words(built, language, "accept"),
        "decline": _words(built, language, "refuse"),
        "save": _words(built, language, "save"),
        **{key: {"title": title, "description": text} for key, (title, text) in purposes.items()},
    }
    config = {
        "version": 1,
        "elementID": built.word("id root"),
        "cookieName": built.choice,
        "cookieExpiresAfterDays": 182,
        "default": built.site.notice.preselected,
        "acceptAll": True,
        "lang": language,
        "translations": {language: texts},
        "services": [
            {"name": key, "purposes": [key], "title": purposes[key][0]} for key in purposes
        ],
    }
    return (
        f"<script>var klaroConfig={json.dumps(config)};</script>"
        '<script src="/lib/dist/klaro.js"></script><script>(function(){'
        "var m=klaro.getManager();function heard(){said(m.confirmed?Object.keys(m.consents)"
        ".filter(function(k){return m.consents[k]}):null)}"
        "m.watch({update:function(o,n){if(n==='saveConsents')heard()}});heard();"
        f"document.getElementById('{reopen}').onclick=function(e){{e.preventDefault();"
        "klaro.show(undefined,true)}})();</script>"
    )


def _tarteaucitron(built: Built, language: str, reopen: str) -> str:
    purposes = _purposes(built, language)
    kinds = {"advertising": "ads", "statistics": "analytic", "social": "social"}
    services = "".join(
        f"tarteaucitron.services[{json.dumps(key)}]={{key:{json.dumps(key)},"
        f"type:{json.dumps(kinds.get(key, 'other'))},name:{json.dumps(title)},needConsent:true,"
        f"cookies:[],js:function(){{setTimeout(heard,150)}},"
        f"fallback:function(){{setTimeout(heard,150)}}}};"
        f"(tarteaucitron.job=tarteaucitron.job||[]).push({json.dumps(key)});"
        for key, (title, _) in purposes.items()
    )
    config = {
        "privacyUrl": built.policy_path,
        "cookieName": built.choice,
        "orientation": "bottom",
        "serviceDefaultState": "wait",
        "highPrivacy": True,
        "DenyAllCta": True,
        "AcceptAllCta": True,
        "showIcon": False,
        "removeCredit": True,
        "useExternalCss": True,
        "useExternalJs": True,
        "googleConsentMode": False,
        "bingConsentMode": False,
        "pianoConsentMode": False,
    }
    keys = json.dumps(list(purposes))
    return (
        '<link rel="stylesheet" href="/lib/css/tarteaucitron.min.css">'
        f"<script>var tarteaucitronForceLanguage={json.dumps(language)};</script>"
        '<script src="/lib/tarteaucitron.min.js"></script>'
        f'<script src="/lib/lang/tarteaucitron.{language}.min.js"></script>'
        '<script src="/lib/tarteaucitron.services.min.js"></script><script>'
        f"var heard=function(){{var k={keys},s=tarteaucitron.state||{{}},c=document.cookie,"
        f"m=c.match(/(?:^|; ){built.choice}=([^;]*)/),v=m?decodeURIComponent(m[1]):'';"
        "var got=k.filter(function(i){return v.indexOf('!'+i+'=true')>=0});"
        "said(k.some(function(i){return v.indexOf('!'+i+'=wait')>=0})||!v?null:got)};"
        f"tarteaucitron.init({json.dumps(config)});{services}"
        "addEventListener('load',function(){setTimeout(heard,300)});"
        # It loads the page again by itself, at times before its service hears of anything.
        "addEventListener('pagehide',heard);"
        f"document.getElementById('{reopen}').onclick=function(e){{e.preventDefault();"
        "tarteaucitron.userInterface.openPanel()};</script>"
    )


def _orejime(built: Built, language: str, reopen: str) -> str:
    words, purposes = TEXTS[language], _purposes(built, language)
    config = {
        "privacyPolicyUrl": built.policy_path,
        "cookie": {"name": built.choice, "duration": 182},
        "purposes": [
            {"id": key, "title": title, "description": text, "cookies": [],
             "default": built.site.notice.preselected}
            for key, (title, text) in purposes.items()
        ],
        "translations": {
            "banner": {
                "title": _words(built, language, "title"),
                "description": f"{words['who'].format(site=built.title)} {{purposes}} "
                + " ".join(f"{title}: {text}" for title, text in purposes.values())
                + f" {words['consequence']} {words['withdraw']} {{privacyPolicy}}",
                "accept": _words(built, language, "accept"),
                "decline": _words(built, language, "refuse"),
                "configure": _words(built, language, "more"),
            }
        },
    }  # fmt: skip
    return (
        '<link rel="stylesheet" href="/lib/dist/orejime-standard.css">'
        f"<script>window.orejimeConfig={json.dumps(config)};</script>"
        f'<script src="/lib/dist/orejime-standard-{language}.js"></script><script>(function(){{'
        "function start(o){var m=o.manager;function heard(){var c=m.getAllConsents?"
        "m.getAllConsents():m.consents;"
        "said(m.isDirty()?null:Object.keys(c).filter(function(k){return c[k]}))}"
        "m.on('update',heard);m.on('dirty',heard);heard();"
        f"document.getElementById('{reopen}').onclick=function(e){{e.preventDefault();o.prompt()}}}}"
        "var t=setInterval(function(){if(window.orejime){clearInterval(t);start(window.orejime)}}"
        ",30)})();</script>"
    )


TOOLS: dict[str, Tool] = {
    "vanilla": Tool(
        "vanilla-cookieconsent-3.1.0",
        ("dist/cookieconsent.css", "dist/cookieconsent.umd.js"),
        _vanilla,
    ),
    "klaro": Tool("klaro-0.7.22", ("dist/klaro.js",), _klaro),
    "tarteaucitron": Tool(
        "tarteaucitronjs-1.34.0",
        (
            "css/tarteaucitron.min.css",
            "tarteaucitron.min.js",
            "tarteaucitron.services.min.js",
            "lang/tarteaucitron.en.min.js",
            "lang/tarteaucitron.fr.min.js",
        ),
        _tarteaucitron,
    ),
    "orejime": Tool(
        "orejime-3.2.1",
        (
            "dist/orejime-standard.css",
            "dist/orejime-standard-en.js",
            "dist/orejime-standard-fr.js",
            "dist/orejime-standard-de.js",
        ),
        _orejime,
    ),
}
