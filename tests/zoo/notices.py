"""The notices that sites of the zoo make by hand: mark-up, style and script."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from tests.zoo.built import Built
from tests.zoo.texts import RIGHT_TO_LEFT, TEXTS

PALETTES = (
    ("#ffffff", "#1c1c1c", "#1f3a5f", "#ffffff"),
    ("#f4f1ea", "#222222", "#5a2a27", "#ffffff"),
    ("#202733", "#f5f5f5", "#f2e8c9", "#1a1a1a"),
    ("#eef3f7", "#17202a", "#274b3f", "#ffffff"),
)
_FONTS = ("sans-serif", "serif", "Arial, sans-serif", "Georgia, serif")

_SCRIPT = """
(function(){
var B=document.getElementById(%(root)s),R=B,K=%(second)s?document.getElementById(%(second)s):null;
if(%(shadow)s){R=B.attachShadow({mode:'open'});
R.appendChild(document.getElementById(%(template)s).content.cloneNode(true))}
function q(i){return R.querySelector('#'+i)}
var P=%(purposes)s,L=%(later)s,W=%(wipe)s,ran={};
function show(){if(%(modal)s){if(!B.open)B.showModal()}else B.hidden=false;room()}
function hide(){if(%(modal)s)B.close();else B.hidden=true;if(K)K.hidden=true;
q(%(panel)s).hidden=true;q(%(first)s).hidden=false;room()}
function room(){if(%(framed)s){parent.postMessage({n:%(root)s,
h:R.querySelector('div').getBoundingClientRect().height},'*');return}
var h=B.hidden||%(modal)s||%(hides)s?0:R.querySelector('div')
.getBoundingClientRect().height;
document.body.style.paddingBottom=h+'px';document.documentElement.style.scrollPaddingBottom=h+'px'}
function choose(a,g){if(%(framed)s){parent.postMessage({n:%(root)s,a:a,p:g},'*');return}
P.forEach(function(p){if(g.indexOf(p)<0&&W[p])W[p]()});
return fetch(%(choose)s,{method:'POST',headers:{'content-type':'application/json'},
body:JSON.stringify({a:a,p:g})}).then(function(){
if(%(reloads)s){location.replace(location.pathname+location.search);return}
hide();g.forEach(function(p){if(L[p]&&!ran[p]){ran[p]=1;L[p]()}})})}
function on(i,f){var e=q(i);if(e)e.addEventListener('click',function(v){v.preventDefault();f()})}
function shown(){return P.filter(function(p,n){return q(%(box)s+n).checked})}
%(extra)s
on(%(accept)s,function(){choose('accept',P)});on(%(accept)s+'2',function(){choose('accept',P)});
on(%(accept)s+'3',function(){choose('accept',P)});
on(%(refuse)s,function(){choose('refuse',[])});on(%(refuse)s+'3',function(){choose('refuse',[])});
on(%(save)s,function(){choose('save',shown())});on(%(close)s,function(){choose('close',%(closing)s)});
on(%(more)s,function(){q(%(first)s).hidden=true;q(%(panel)s).hidden=false;room()});
if(K)K.querySelector('button').addEventListener('click',function(){choose('accept',P)});
var A=document.getElementById(%(away)s);
if(A)A.addEventListener('click',function(v){v.preventDefault();choose('refuse',[])});
var O=document.getElementById(%(reopen)s);
if(O)O.addEventListener('click',function(v){v.preventDefault();show();
var F=q(%(first)s).querySelector('button');if(F)F.focus()});
addEventListener('resize',room);
if(%(asking)s)show();
})();
"""


class OwnNotice:
    """A notice in one page: ``language`` of its words, ``granted`` what stands chosen."""

    def __init__(self, built: Built, language: str, asking: bool, granted: frozenset[str]) -> None:
        self._built, self._told = built, built.site.notice
        self._language = language
        self._words: dict[str, Any] = TEXTS[language]
        self._asking = asking
        self._granted = granted

    def id(self, part: str) -> str:
        """The id of a part."""
        return self._built.word(f"id {part}")

    def html(self, later: dict[str, str], wipe: dict[str, str], reopen: str, extra: str) -> str:
        """All of it; ``later`` and ``wipe`` are scripts by purpose, ``extra`` is run within."""
        inside = f"<style>{self._style()}</style>{self._box()}"
        root = self.id("root")
        if self._told.box == "dialog":
            whole = f'<dialog id="{root}" {self._named()}>{inside}</dialog>'
        elif self._told.box == "shadow":
            whole = (
                f'<div id="{root}" hidden></div>'
                f'<template id="{self.id("template")}">{inside}</template>'
            )
        else:
            whole = f'<div id="{root}" hidden>{inside}</div>'
        script = _SCRIPT % self._values(later, wipe, reopen, extra)
        return f"{whole}{self._second()}{self._away()}<script>{script}</script>"

    def _named(self) -> str:
        direction = "rtl" if self._language in RIGHT_TO_LEFT else "ltr"
        label = escape(self._one("title"))
        return f'aria-label="{label}" lang="{self._language}" dir="{direction}"'

    def _one(self, key: str) -> str:
        return str(self._built.names.one(f"text {key}", self._words[key]))

    def _values(
        self, later: dict[str, str], wipe: dict[str, str], reopen: str, extra: str
    ) -> dict[str, str]:
        told = self._told
        ids = ("root", "template", "panel", "first", "box", "accept", "refuse", "save", "close")
        return {
            **{part: json.dumps(self.id(part)) for part in (*ids, "more", "away")},
            "second": json.dumps(self.id("second") if told.second else ""),
            "reopen": json.dumps(reopen),
            "shadow": json.dumps(told.box == "shadow"),
            "modal": json.dumps(told.box == "dialog"),
            "framed": json.dumps(told.box == "frame"),
            "hides": json.dumps(told.hides_focus),
            "purposes": json.dumps(self._built.purposes),
            "later": _functions(later),
            "wipe": _functions(wipe),
            "choose": json.dumps(self._built.choose_path),
            "reloads": json.dumps(told.reloads),
            "closing": "P" if told.close == "consents" else "[]",
            "asking": json.dumps(self._asking),
            "extra": extra,
        }

    def _style(self) -> str:
        ground, ink, fill, text = self._built.names.one("palette", PALETTES)
        font = self._built.names.one("font", _FONTS)
        box, row, act = (self._built.word(f"class {part}") for part in ("box", "row", "act"))
        told, phone = self._told, ""
        tall = "none" if told.box == "frame" else "80vh"
        fixed = "" if told.box == "dialog" else "position:fixed;left:0;right:0;bottom:0;z-index:99;"
        fixed += "min-width:760px;" if told.wide else ""
        if told.phone_only_accept:
            phone = f"#{self.id('refuse')}{{display:none}}"
        return f"""
.{box}{{{fixed}box-sizing:border-box;padding:12px 16px;background:{ground};color:{ink};
font:15px/1.35 {font};border-top:1px solid {ink};max-height:{tall};overflow:auto}}
.{box} h2{{font-size:17px;margin:0 0 6px}}.{box} p,.{box} ul{{margin:4px 0}}
.{box} a{{color:{ink}}}.{box} label{{display:block;margin:6px 0}}
.{row}{{display:grid;grid-template-columns:repeat(3,1fr);gap:10px;margin-top:14px}}
.{act}{{font:bold 15px/1.2 {font};min-height:44px;padding:6px;border:1px solid {fill};
border-radius:4px;background:{fill};color:{text};cursor:pointer}}
.{box} [hidden]{{display:none}}
@media(max-width:600px){{.{row}{{grid-template-columns:1fr;gap:8px}}
.{box}{{font-size:14px;padding:10px}}{phone}}}
#{self.id("accept")}{{{told.accept_style}}}
#{self.id("refuse")}{{{told.refuse_style}}}"""

    def _box(self) -> str:
        built, told, words = self._built, self._told, self._words
        box, row = built.word("class box"), built.word("class row")
        return (
            f'<div class="{box}" role="region" {self._named()}>{self._cross()}'
            f'<div id="{self.id("first")}"><h2>{escape(self._one("title"))}</h2>{self._text()}'
            f'<div class="{row}">{self._controls()}</div></div>'
            f'<div id="{self.id("panel")}" hidden><h2>{escape(self._one("more"))}</h2>'
            f"<p>{escape(words['always'])}</p>{self._switches()}"
            f'<div class="{row}">{self._button("save", self._one("save"))}'
            + (self._button("refuse3", self._one("refuse")) if told.refuse != "none" else "")
            + f"{self._button('accept3', self._one('accept'))}</div></div></div>"
        )

    def _cross(self) -> str:
        if not self._told.close:
            return ""
        label = escape(self._words["close"])
        return (
            f'<button id="{self.id("close")}" aria-label="{label}" style="float:inline-end;'
            'min-width:32px;min-height:32px;font-size:18px">×</button>'
        )

    def _text(self) -> str:
        words, told = self._words, self._told
        site = escape(self._built.title)
        if not told.tells:
            return f"<p>{words['vague'].format(site=site)}</p>{self._links()}"
        purposes = "".join(
            f"<li><b>{escape(title)}</b>: {escape(summary)}</li>"
            for title, summary in (words["purposes"][key] for key in self._built.purposes)
        )
        closing = f" {words['closing']}" if told.close == "refuses" else ""
        plead = f"<p>{words['plead']}</p>" if told.pleads else ""
        link = ""
        if told.refuse == "link":
            link = f' <a id="{self.id("refuse")}" href="#">{escape(self._one("refuse"))}</a>'
        return (
            f"<p>{words['who'].format(site=site)}</p>{plead}<ul>{purposes}</ul>"
            f"<p>{words['data']} {words['consequence']} {words['withdraw']}{closing}{link}</p>"
            f"{self._links()}"
        )

    def _links(self) -> str:
        path = self._built.policy_path
        count = len({wired.vendor for wired in self._built.trackers})
        partners = self._words["partners"].format(count=count)
        return (
            f'<p><a href="{path}">{self._words["policy"]}</a> · '
            f'<a href="{path}#{self._built.word("id partners")}">{partners}</a></p>'
        )

    def _controls(self) -> str:
        told = self._told
        refuse = self._words["softly"] if told.softly else self._one("refuse")
        accept = self._button("accept", self._one("accept"))
        found = [accept]
        if told.refuse == "button":
            rest = ' tabindex="-1"' if told.no_tab else ""
            found.append(self._button("refuse", refuse, rest))
        if told.accept_twice:
            found.append(self._button("accept2", self._one("accept")))
        if told.more == "button":
            found.append(self._button("more", self._one("more")))
        return "".join(found)

    def _button(self, part: str, label: str, rest: str = "") -> str:
        base, digit = (part[:-1], part[-1]) if part[-1].isdigit() else (part, "")
        act = self._built.word("class act")
        return (
            f'<button type="button" id="{self.id(base)}{digit}" class="{act}"{rest}>'
            f"{escape(label)}</button>"
        )

    def _switches(self) -> str:
        text = ""
        for number, key in enumerate(self._built.purposes):
            title, summary = self._words["purposes"][key]
            on = (self._told.preselected and self._asking) or key in self._granted
            text += (
                f'<label><input type="checkbox" id="{self.id("box")}{number}"'
                f"{' checked' if on else ''}> <b>{escape(title)}</b>: {escape(summary)}</label>"
            )
        return text

    def _second(self) -> str:
        if not self._told.second:
            return ""
        hidden = "" if self._asking else " hidden"
        return (
            f'<div id="{self.id("second")}" role="dialog" aria-label="{self._words["second"]}"'
            f"{hidden} "
            'style="position:fixed;top:20px;right:20px;width:260px;padding:16px;background:#fff;'
            'color:#111;border:2px solid #111;z-index:98;font:15px sans-serif">'
            f"<p>{self._words['second']}</p>"
            f'<button style="font:15px sans-serif;min-height:40px">{self._words["second_accept"]}'
            "</button></div>"
        )

    def _away(self) -> str:
        if not self._told.away or not self._asking:
            return ""
        return (
            f'<a id="{self.id("away")}" href="#" style="position:absolute;top:2px;left:4px;'
            f'font:11px sans-serif;color:#777">{escape(self._one("refuse"))}</a>'
        )


def _functions(bodies: dict[str, str]) -> str:
    inside = ",".join(f"{json.dumps(key)}:function(){{{body}}}" for key, body in bodies.items())
    return "{" + inside + "}"
