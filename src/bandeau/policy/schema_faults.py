"""What pydantic refuses, said in the words of the policy file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bandeau import limits
from bandeau.policy.fault import Fault, Path, quoted
from bandeau.policy.lines import Lines
from bandeau.policy.model import (
    Accounts,
    ChoiceTerms,
    CookieRule,
    DataKind,
    Exemption,
    Feature,
    Moderation,
    Policy,
    Provider,
    Purpose,
    Retention,
    Review,
    Section,
    Site,
    Tracker,
    Treatment,
    Way,
)

# By the names on the way to a table, list positions and names of purposes left out.
_MODELS: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Policy,
    ("site",): Site,
    ("choice",): ChoiceTerms,
    ("purposes",): Purpose,
    ("features",): Feature,
    ("features", "sections"): Section,
    ("features", "token"): Accounts,
    ("features", "oidc"): Provider,
    ("features", "retention"): Retention,
    ("features", "review"): Review,
    ("trackers",): Tracker,
    ("trackers", "cookies"): CookieRule,
}

_RULES = {
    "controller": "I5",
    "privacy_policy": "I12",
    "data": "I10",
    "exempt": "M1",
    "title": "I1",
    "summary": "I1",
    "hosts": "P7",
}
_CHOICES = {
    "data": DataKind,
    "exempt": Exemption,
    "moderation": Moderation,
    "first": Treatment,
    "repeats": Treatment,
    "sign_in": Way,
    "fallback": Treatment,
}
_LEGAL = frozenset({"missing", "enum", "string_too_short", "too_short"})

_FORMS = {
    "hosts": 'the host name alone, such as "ads.example": no scheme, path, port or *, '
    "since it stands for its subdomains; other scripts in their xn-- form",
    "domain": 'a host name with or without a leading dot, such as ".example.org"',
    "path": 'a path such as "/": no host, ? or #',
    "name": "a cookie name in plain ASCII without space, = or ;",
    "paths": 'a path on your own hosts, such as "/metrics/collect" or "/gtm/*": no host, ? or #',
    "snippets": "a text that the vendor's inline script contains, such as \"fbq('init'\", in plain "
    "ASCII on one line",
    "policy_url": 'an address such as "https://vendor.example/privacy"',
    "notify": 'an address such as "https://vendor.example/consent-withdrawn"',
    "issuer": 'an address such as "https://id.example", as the provider writes it',
    "url": 'an address such as "https://review.example/comments"',
    "cookie": "letters, digits, - and _ only, at most 60",
    "key": "a lower-case letter, then lower-case letters, digits and -, at most 40",
    "purpose": "the name of one of the [purposes.NAME] tables",
}

_SAYS: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    "missing": lambda _: "is missing; add it",
    "string_type": lambda _: "must be a text; write it in quotes",
    "tuple_type": lambda _: 'must be a list; write it as ["…", "…"]',
    "dict_type": lambda _: 'must be texts by language; write { en = "…" }',
    "model_type": lambda _: "must be a table of keys and values",
    "model_attributes_type": lambda _: "must be a table of keys and values",
    "string_too_short": lambda _: "is empty; write it, or remove the key",
    "too_short": lambda _: "is empty; list at least one",
    "bool_type": lambda _: "must be true or false, without quotes",
    "int_type": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number, without quotes",
    "greater_than_equal": lambda ctx: f"must be {ctx['ge']} or more",
    "less_than_equal": lambda ctx: f"must be {ctx['le']} or less",
    "string_too_long": lambda ctx: f"is over {ctx['max_length']} characters; shorten it",
    "too_long": lambda ctx: f"has more than {ctx['max_length']} entries; remove some",
    "value_error": lambda ctx: str(ctx["error"]),
}


def schema_faults(
    error: ValidationError, names: Mapping[str, tuple[str, ...]], lines: Lines
) -> list[Fault]:
    """The first ``limits.POLICY_FAULTS`` of what pydantic found, as faults.

    ``names`` are the names of purposes and features in file order.
    """
    found = error.errors(include_url=False)
    # A list whose entries were all refused is then called too short: that is no news.
    news = [each for each in found if each["type"] != "too_short" or not each["input"]]
    return [_fault(each, names, lines) for each in news[: limits.POLICY_FAULTS]]


def _fault(error: ErrorDetails, names: Mapping[str, tuple[str, ...]], lines: Lines) -> Fault:
    path = _path(error["loc"], names)
    field = next((str(part) for part in reversed(error["loc"]) if isinstance(part, str)), "")
    rule = _rule(error["loc"]) if error["type"] in _LEGAL else "schema"
    return lines.fault(path, rule, _message(error, path, field))


def _rule(loc: Path) -> str:
    return next((_RULES[str(part)] for part in reversed(loc) if part in _RULES), "schema")


def _path(loc: Path, names: Mapping[str, tuple[str, ...]]) -> Path:
    match loc:
        case (str(table), int(index), "key") if table in names:
            return (table, names[table][index])
        case (str(table), int(index), *rest) if table in names:
            return (table, names[table][index], *rest)
    return loc


def _message(error: ErrorDetails, path: Path, field: str) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "enum":
        values = [each.value for each in _CHOICES[field]]
        return f"{quoted(error['input'])} is not known; use {_listed(values)}"
    if kind == "string_pattern_mismatch":
        form = _FORMS.get(field, "a text without control characters")
        return f"{quoted(error['input'])} does not fit; write {form}"
    say = _SAYS.get(kind)
    return say(error.get("ctx", {})) if say else f"{error['msg']}; correct it"


def _unknown_key(path: Path) -> str:
    model = _MODELS[_tables(path[:-1])]
    keys = [name for name in model.model_fields if name != "key"]
    close = get_close_matches(str(path[-1])[:80], keys, n=1)
    advice = f"did you mean {close[0]}?" if close else f"known here: {', '.join(keys)}"
    return f"unknown key; {advice}"


def _tables(path: Path) -> tuple[str, ...]:
    if path[:1] in (("purposes",), ("features",)):
        path = (path[0], *path[2:])
    return tuple(part for part in path if isinstance(part, str))


def _listed(values: list[str]) -> str:
    return f"{', '.join(values[:-1])} or {values[-1]}"
