"""A proof as files: what a lawyer reads, and what a program checks, from one dossier (rule L1)."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace

from markupsafe import Markup

from bandeau.choice.model import Answer, Source, Standing
from bandeau.ledger.checkpoint import Verifier
from bandeau.ledger.dossier import Dossier, Exhibit
from bandeau.ledger.openssl import detached
from bandeau.ledger.publication import NOTICE, PLACEHOLDER, POLICY
from bandeau.ledger.record import Kind
from bandeau.ledger.tlog_proof import tlog_proof
from bandeau.policy.check import load
from bandeau.policy.model import Policy
from bandeau.policy.parse import PolicyError
from bandeau.policy.words import Words, direction
from bandeau.web.notice import Templates
from bandeau.web.proof_anchors import anchor_checks, anchor_facts, anchor_files, moment
from bandeau.web.static import script, style
from bandeau.web.view import PurposeView, Say, isolated, listed, view_of

CHECKS = (
    ("check_key", ""),
    ("check_receipt", "bandeau receipt verify receipt.json --key key.txt"),
    ("check_script", "python3 check.py"),
    (
        "check_signature",
        "openssl pkeyutl -verify -pubin -inkey signature/key.pem -rawin"
        " -in signature/text -sigfile signature/signature",
    ),
)
LIMITS = ("limit_person", "limit_server", "limit_screen", "limit_key", "limit_time")
PICTURES = ("desktop", "mobile", "panel_desktop", "panel_mobile")
_FILES = (
    ("record.json", "file_record"),
    ("receipt.json", "file_receipt"),
    ("proof.tlog-proof", "file_proof"),
    ("checkpoint.txt", "file_checkpoint"),
    ("key.txt", "file_key"),
    ("policy.toml", "file_policy"),
    ("terms.json", "file_terms"),
    ("shown/", "file_shown"),
    ("log/", "file_log"),
    ("signature/", "file_signature"),
    ("anchors/", "file_anchors"),
    ("check.py", "file_check"),
)
_WIDTH = 78


def proof_files(dossier: Dossier, words: Words) -> dict[str, bytes]:
    """Every file of the proof by its path; ``index.html`` is the one to open first."""
    receipt = dossier.choice.receipt
    files = {
        "record.json": receipt.record,
        "receipt.json": _json(dossier.choice),
        "proof.tlog-proof": tlog_proof(receipt),
        "checkpoint.txt": receipt.checkpoint,
        "key.txt": receipt.key.encode() + b"\n",
        "check.py": script("check.py").encode() + b"\n",
    }
    for name, data in detached(receipt.checkpoint, receipt.key).items():
        files[f"signature/{name}"] = data
    if dossier.anchored:
        latest = Verifier(receipt.key).open(receipt.checkpoint)
        files |= anchor_files(dossier.anchored, latest, receipt.key)
    if dossier.terms:
        files["terms.json"] = dossier.terms.record.terms.encode()
        files["log/terms.json"] = _json(dossier.terms)
    for title, exhibit in (("shown", dossier.served), ("pictures", dossier.pictures)):
        if exhibit:
            files[f"log/{title}.json"] = _json(exhibit)
            files |= {_place(name): data for name, data in exhibit.files.items()}
    telling = _Telling(dossier, words)
    present = tuple(files)
    files["README.txt"] = telling.readme(present)
    return {"index.html": telling.page(present), **files}


def _place(name: str) -> str:
    return name if name == POLICY else f"shown/{name}"


def _json(exhibit: Exhibit) -> bytes:
    return json.dumps(exhibit.receipt.as_json(), ensure_ascii=False, indent=1).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class _Fact:
    """One line of the facts; ``code`` where the value is no word of a language."""

    name: str
    value: str
    code: bool = False


class _Telling:
    """One dossier in the language of its record, and in English."""

    def __init__(self, dossier: Dossier, words: Words) -> None:
        self._dossier = dossier
        self._words = words
        self._record = dossier.choice.record
        self._lang = self._record.lang if self._record.lang in words.languages else "en"
        self._policy = _read(dossier.policy, words)

    def page(self, present: tuple[str, ...]) -> bytes:
        """``index.html``: no script, nothing loaded from anywhere else."""
        lang, record = self._lang, self._record
        say = self._say(lang)
        html = Templates().plain(
            "proof.html",
            say=say,
            lang=lang,
            dir=direction(lang),
            style=Markup(style("proof.css")),  # noqa: S704 - our own style sheet, from the package
            item=record.kind is Kind.ITEM,
            title=self._title(say),
            site=self._name(lang),
            facts=list(self._facts(say, lang)),
            record=record,
            host=isolated(lang, record.host),
            vendor=isolated(lang, record.vendor),
            purposes=self._purposes(lang),
            withdrawn=self._withdrawn(lang),
            listed=lambda names: listed(lang, names),
            notice=self._text(NOTICE),
            placeholder=self._text(PLACEHOLDER).split("\n")[1:],
            pictures=[name for name in PICTURES if f"shown/{_picture(name)}" in present],
            picture_of=_picture,
            logged=self._logged(say),
            taken=self._taken(say),
            checks=list(self._checks(say, lang)),
            limits=LIMITS,
            missing=list(self._missing(say)),
            files=_listed(present),
        )
        return html.encode()

    def readme(self, present: tuple[str, ...]) -> bytes:
        """``README.txt``: how to check it, in plain words, and once more in English."""
        langs = dict.fromkeys((self._lang, "en"))
        return "\n\n\n".join(self._plain(lang, present) for lang in langs).encode() + b"\n"

    def _plain(self, lang: str, present: tuple[str, ...]) -> str:
        say = self._say(lang)
        facts = "\n".join(f"{fact.name}: {fact.value}" for fact in self._facts(say, lang))
        purposes = "\n".join(f"{p.title}: {_answer(say, p)}" for p in self._purposes(lang))
        checks = [
            _wrapped(f"{number}. {text}") + (f"\n\n   {command}" if command else "")
            for number, (text, command) in enumerate(self._checks(say, lang), 1)
        ]
        files = "\n".join(f"{name}: {say('proof.' + key)}" for name, key in _listed(present))
        missing = [_wrapped(f"- {text}") for text in self._missing(say)]
        parts = [
            self._title(say).upper(),
            _wrapped(say("proof.intro", site=self._name(lang))),
            f"{facts}\n\n{say('proof.answered')}\n{purposes}",
            say("proof.check").upper(),
            *checks,
            say("proof.limits").upper(),
            "\n".join(_wrapped(f"- {say('proof.' + key)}") for key in LIMITS),
            *([say("proof.missing").upper(), "\n".join(missing)] if missing else []),
            say("proof.files").upper(),
            files,
        ]
        return "\n\n".join(parts)

    def _say(self, lang: str) -> Say:
        return lambda key, **values: self._words.say(lang, key, **values)

    def _title(self, say: Say) -> str:
        return say("proof.title_item" if self._record.kind is Kind.ITEM else "proof.title")

    def _name(self, lang: str) -> str:
        return isolated(lang, self._policy.site.name if self._policy else self._record.site)

    def _facts(self, say: Say, lang: str) -> Iterator[_Fact]:
        record = self._record
        yield _Fact(say("receipt.number"), record.id, code=True)
        yield _Fact(say("receipt.date"), moment(record.time))
        if self._dossier.anchored:
            told = anchor_facts(say, lang, self._dossier.anchored)
            yield from (_Fact(name, value) for name, value in told)
        yield _Fact(say("proof.site"), record.site, code=True)
        if self._policy:
            yield _Fact(say("proof.controller"), isolated(lang, self._policy.site.controller))
        yield _Fact(say("proof.visitor"), record.subject, code=True)
        yield _Fact(say("proof.mechanism"), self._via(lang))
        shown_in = self._words.languages.get(record.lang, {}).get("language.name", record.lang)
        yield _Fact(say("proof.language"), shown_in)
        if record.expires:
            yield _Fact(say("proof.expires"), moment(record.expires * 1000)[:10])
        yield _Fact(say("proof.signal"), say("proof.yes" if record.gpc else "proof.no"))

    def _checks(self, say: Say, lang: str) -> Iterator[tuple[str, str]]:
        """How to check it, each in words and with the command that does, if one does."""
        yield from ((say(f"proof.{key}"), command) for key, command in CHECKS)
        if self._dossier.anchored:
            index = self._dossier.choice.receipt.index
            yield from anchor_checks(say, lang, self._dossier.anchored, index)
        yield say("proof.check_others"), ""

    def _via(self, lang: str) -> str:
        """In words; a mechanism of a later Bandeau by its own name."""
        key = f"proof.via_{self._record.mechanism}"
        known = self._words.has(lang, key)
        return self._words.say(lang, key) if known else self._record.mechanism

    def _purposes(self, lang: str) -> tuple[PurposeView, ...]:
        """What was asked, with the answers; a purpose that no policy describes keeps its key."""
        record = self._record
        answers = {record.purpose: True} if record.kind is Kind.ITEM else dict(record.purposes)
        told: dict[str, PurposeView] = {}
        if self._policy:
            known = {p.key: Answer.UNDECIDED for p in self._policy.consent_purposes}
            standing = Standing(known, frozenset(), Source.NONE)
            view = view_of(self._policy, self._words, standing, lang)
            told = {purpose.key: purpose for purpose in view.asked}
        blank = PurposeView("", "", "", "", "", "", "", (), ())
        return tuple(
            replace(
                told.get(key, replace(blank, key=key, title=key)), state="on" if granted else "off"
            )
            for key, granted in answers.items()
        )

    def _withdrawn(self, lang: str) -> str:
        titles = {purpose.key: purpose.title for purpose in self._purposes(lang)}
        return listed(lang, tuple(titles.get(key, key) for key in self._record.withdrawn))

    def _text(self, name: str) -> str:
        return (self._dossier.file(name) or b"").decode("utf-8", "replace")

    def _logged(self, say: Say) -> str:
        served = self._dossier.served
        key = "proof.logged_late" if self._dossier.late else "proof.logged"
        return _entered(say, key, served) if served else ""

    def _taken(self, say: Say) -> str:
        pictures = self._dossier.pictures
        return _entered(say, "proof.taken", pictures) if pictures else ""

    def _missing(self, say: Say) -> Iterator[str]:
        dossier = self._dossier
        item = self._record.kind is Kind.ITEM
        for gone, key in (
            (dossier.terms is None, "missing_terms"),
            (dossier.served is None, "missing_served"),
            (dossier.pictures is None and not item, "missing_pictures"),
            (dossier.anchored is None, "missing_anchors"),
        ):
            if gone:
                yield say(f"proof.{key}")
        for name in dossier.lost:
            yield say("proof.missing_file", name=name)


def _read(data: bytes | None, words: Words) -> Policy | None:
    """The policy of the time, unless this version of Bandeau reads it otherwise."""
    try:
        return load(data, words)[0] if data else None
    except PolicyError:
        return None


def _entered(say: Say, key: str, exhibit: Exhibit) -> str:
    return say(key, index=exhibit.receipt.index, date=moment(exhibit.record.time))


def _answer(say: Say, purpose: PurposeView) -> str:
    return say(f"panel.state_{purpose.state}")


def _picture(name: str) -> str:
    return name.replace("_", "-") + ".png"


def _listed(present: tuple[str, ...]) -> list[tuple[str, str]]:
    """The files that are there, with the key of what each is."""
    return [(name, key) for name, key in _FILES if any(path.startswith(name) for path in present)]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, subsequent_indent="   ", break_long_words=False)
