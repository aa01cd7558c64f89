"""What the words of a notice mean: the role of a control, the purpose of a switch, the subject.

The tables come in from files, one per language, and are all in force at once: a page may speak
another language than it says. A phrase matches a run of whole words; ``*`` stands for any ending
or beginning of a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bandeau.audit.shown import Role

_SIGNS = re.compile(r"[\W_]+")
_CROSS = re.compile(r"^[\s×✕✖✗❌xX⨯╳⤫]+$")
_LONGEST = 14
_SHORT = 8
# Where two roles match equally long, the one that says more: "no" before "ok", "save" before both.
_ROLES = {
    "save": Role.SAVE,
    "refuse": Role.REFUSE,
    "customise": Role.CUSTOMISE,
    "accept": Role.ACCEPT,
    "close": Role.CLOSE,
    "partners": Role.PARTNERS,
    "policy": Role.POLICY,
    "reopen": Role.REOPEN,
}
_DECIDING = (Role.ACCEPT, Role.REFUSE, Role.SAVE)


def bare(text: str) -> str:
    """Text as words are compared: without case, accents and signs, one space between words."""
    letters = unicodedata.normalize("NFKD", text.lower())
    kept = "".join(each for each in letters if not unicodedata.category(each).startswith("M"))
    return _SIGNS.sub(" ", kept).strip()


@dataclass(frozen=True, slots=True)
class _Phrase:
    words: tuple[str, ...]

    def at(self, tokens: list[str], start: int) -> bool:
        run = tokens[start : start + len(self.words)]
        return len(run) == len(self.words) and all(map(_same, self.words, run))


def _same(wanted: str, word: str) -> bool:
    if wanted.startswith("*"):
        return wanted.strip("*") in word
    return word.startswith(wanted[:-1]) if wanted.endswith("*") else word == wanted


def _phrase(text: str) -> _Phrase:
    words = text.split()
    return _Phrase(tuple(_keeping_stars(word) for word in words))


def _keeping_stars(word: str) -> str:
    core = bare(word.strip("*")).replace(" ", "")
    return f"{'*' * word.startswith('*')}{core}{'*' * word.endswith('*')}"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A control as far as its words go. ``leads`` is whether it opens another page, ``held``
    whether it is a button that stays pressed."""

    label: str
    name: str = ""
    toggle: bool = False
    leads: bool = False
    bandeau: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """Something that may ask for consent, as it was found: see :meth:`Wording.asks`.

    ``prose`` is its text without links and controls, ``fields`` counts places to type in,
    ``floats`` tells whether it lies above the page, ``bandeau`` is our own name for it.
    """

    text: str
    prose: str
    controls: tuple[Labelled, ...]
    floats: bool = True
    fields: int = 0
    bandeau: str = ""
    dialog: bool = False
    inside: bool = False


_OURS = {
    "accept-all": Role.ACCEPT,
    "refuse-all": Role.REFUSE,
    "customise": Role.CUSTOMISE,
    "save": Role.SAVE,
}


class Wording:
    """The words of all languages, made once from their tables."""

    def __init__(self, tables: Iterable[Mapping[str, Any]]) -> None:
        self._strong: list[_Phrase] = []
        self._weak: list[_Phrase] = []
        self._only: list[_Phrase] = []
        self._withdraw: list[_Phrase] = []
        self._purposes: dict[str, list[_Phrase]] = defaultdict(list)
        self._first: dict[str, list[tuple[Role, _Phrase]]] = defaultdict(list)
        self._starred: list[tuple[Role, _Phrase]] = []
        for table in tables:
            self._add(table)

    def _add(self, table: Mapping[str, Any]) -> None:
        self._strong += [_phrase(text) for text in table["strong"]]
        self._weak += [_phrase(text) for text in table["weak"]]
        self._only += [_phrase(text) for text in table["only"]]
        self._withdraw += [_phrase(text) for text in table["withdraw"]]
        for key, texts in table["purposes"].items():
            self._purposes[key] += [_phrase(text) for text in texts]
        for name, role in _ROLES.items():
            for phrase in map(_phrase, table[name]):
                if "*" in phrase.words[0]:
                    self._starred.append((role, phrase))
                else:
                    self._first[phrase.words[0]].append((role, phrase))

    @property
    def topic(self) -> str:
        """A pattern that finds the subject in bare words with a space at either end."""
        phrases = [*self._strong, *self._weak]
        return "|".join(sorted({_pattern(each) for each in phrases}))

    def role(self, control: Labelled) -> Role:
        """What a control of a notice does, by our own names, else by its words."""
        if control.bandeau in _OURS:
            return _OURS[control.bandeau]
        if control.toggle and not (control.held and self._for_all(control.label)):
            return Role.TOGGLE
        role = self._role(control.label)
        if role is Role.OTHER and control.name and control.name != control.label:
            role = self._role(control.name)
        if role is Role.REOPEN:
            return Role.CUSTOMISE
        return role

    def _for_all(self, label: str) -> bool:
        best = self._best(label)
        return best is not None and best[0] > 1 and best[1] in (Role.ACCEPT, Role.REFUSE)

    def says_no(self, control: Labelled) -> bool:
        """Whether a switch is the "no" of a pair."""
        return self.role(control) is Role.TOGGLE and self._role(control.label) is Role.REFUSE

    def leads_back(self, control: Labelled, *, afloat: bool, hint: str = "") -> bool:
        """Whether a control outside a notice leads back to the choices (rule W1).

        A small thing that floats over the page need only name the subject; ``hint`` are its id and
        classes, which count only there.
        """
        found = self._found(control.label) or self._found(control.name)
        most = max((long for long, _ in found), default=0)
        roles = {role for long, role in found if long == most}
        if Role.REOPEN in roles:
            return True
        named = f"{control.label} {control.name}"
        if Role.CUSTOMISE in roles and self.subject(named)[0]:
            return True
        if self.takes_back(control):
            return True
        return afloat and not control.leads and bool(self.subject(f"{named} {hint}")[0])

    def takes_back(self, control: Labelled) -> bool:
        """Whether a control says that it withdraws a consent, and opens no other page."""
        tokens = bare(control.label).split()
        said = _count(self._withdraw, tokens) and self.subject(control.label)[0]
        return bool(said) and len(tokens) <= _SHORT and not control.leads

    def _role(self, label: str) -> Role:
        if _CROSS.match(label):
            return Role.CLOSE
        best = self._best(label)
        role = best[1] if best else Role.OTHER
        if role in (Role.ACCEPT, Role.SAVE, Role.OTHER) and self._only_needed(label):
            return Role.REFUSE
        return role

    def _only_needed(self, label: str) -> bool:
        """Whether a label speaks of nothing but what is necessary, however it is put."""
        tokens = bare(label).split()
        named = {key for key, phrases in self._purposes.items() if _count(phrases, tokens)}
        short = len(tokens) <= _SHORT
        return short and bool(_count(self._only, tokens)) and named == {"functioning"}

    def _best(self, label: str) -> tuple[int, Role] | None:
        order = list(_ROLES.values())
        found = self._found(label)
        return max(found, key=lambda each: (each[0], -order.index(each[1])), default=None)

    def _found(self, label: str) -> list[tuple[int, Role]]:
        """The roles that phrases in a label stand for, each with how many words matched."""
        tokens = bare(label).split()
        found: list[tuple[int, Role]] = []
        for start, token in enumerate(tokens):
            for role, phrase in (*self._first.get(token, ()), *self._starred):
                long = len(phrase.words)
                if phrase.at(tokens, start) and _telling(long, start, len(tokens), role):
                    found.append((long, role))
        return found

    def subject(self, text: str) -> tuple[int, int]:
        """How many words of a text are of cookies and consent, and of privacy at large."""
        tokens = bare(text).split()
        return _count(self._strong, tokens), _count(self._weak, tokens)

    def purpose(self, label: str) -> str:
        """The key of the purpose that a switch stands for, empty where the words tell nothing."""
        tokens = bare(label).split()
        counts = {key: _count(phrases, tokens) for key, phrases in self._purposes.items()}
        best = max(counts, key=lambda key: counts[key], default="")
        return best if counts.get(best) else ""

    def asks(self, found: Asking, *, first: bool = True) -> bool:
        """Whether something asks for consent; without ``first`` it may be a later layer.

        A box that wants an address or a password, sells something or only names a policy does not.
        """
        if found.bandeau:
            return found.bandeau in ("notice", "infobar", *(() if first else ("panel",)))
        roles = [self.role(each) for each in found.controls]
        deciding = " ".join(
            f"{each.label} {each.name}"
            for each, role in zip(found.controls, roles, strict=True)
            if role in _DECIDING
        )
        strong, weak = self.subject(f"{found.prose} {deciding}")
        pair = Role.ACCEPT in roles and Role.REFUSE in roles
        both = pair or (Role.ACCEPT in roles and Role.CUSTOMISE in roles)
        # Ways to the settings and to take consent back, in a footer, are no question.
        answers = not {Role.ACCEPT, Role.SAVE, Role.TOGGLE}.isdisjoint(roles)
        speaks = answers or (found.floats and any(self.subject(found.prose)))
        if not speaks or (found.fields and not (both and strong)):
            return False
        if not first:
            told = self._purposes_told(found, roles)
            if not deciding:
                return told
            return strong + weak > 0 or (Role.TOGGLE in roles and (found.dialog or told))
        if not found.floats and (found.inside or len(found.text) > 6_000) and not both:
            return False
        asked = Role.ACCEPT in roles or Role.REFUSE in roles
        everything = any(
            role is Role.ACCEPT and self._for_all(each.label)
            for each, role in zip(found.controls, roles, strict=True)
        )
        enough = strong > 0 or (weak > 1 and (both or everything)) or (weak > 0 and pair)
        # Everything may be accepted, beside the policy: what else would that be of?
        alike = both and everything and not {Role.POLICY, Role.PARTNERS}.isdisjoint(roles)
        return asked and (enough or alike)

    def _purposes_told(self, found: Asking, roles: list[Role]) -> bool:
        """Whether switches that stand for purposes can be saved or left as they stand."""
        named = any(
            role is Role.TOGGLE and self.purpose(f"{each.label} {each.name}")
            for each, role in zip(found.controls, roles, strict=True)
        )
        return named and not {Role.SAVE, Role.CLOSE}.isdisjoint(roles)


def _telling(matched: int, start: int, tokens: int, role: Role) -> bool:
    """Whether a match says what the whole label does, and is not a word in passing."""
    if role in (Role.POLICY, Role.PARTNERS):
        return True
    if tokens > _LONGEST:
        return False
    return matched * 3 >= tokens or (start < 2 and matched * 6 >= tokens)


def _count(phrases: list[_Phrase], tokens: list[str]) -> int:
    return sum(any(each.at(tokens, start) for each in phrases) for start in range(len(tokens)))


def _pattern(phrase: _Phrase) -> str:
    words = []
    for word in phrase.words:
        core = re.escape(word.strip("*"))
        words.append(("[^ ]*" * word.startswith("*")) + core + ("[^ ]*" * word.endswith("*")))
    return f" {' '.join(words)} "
