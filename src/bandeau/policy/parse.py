"""From the bytes of a policy file to a :class:`Policy`, or to the faults that prevent one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from pydantic import ValidationError

from bandeau import limits
from bandeau.policy.fault import Fault, Path, PolicyError, path_text
from bandeau.policy.lines import BOM, Lines, lines_of
from bandeau.policy.model import KNOWN_PURPOSES, Policy
from bandeau.policy.schema_faults import schema_faults

__all__ = ["Fault", "PolicyError", "parse"]

_REASON_CHARACTERS = 200
_KEYED = ("purposes", "features")
_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def parse(data: bytes, lines: Lines | None = None) -> Policy:
    """The policy in ``data``: TOML 1.0 in UTF-8, with or without BOM, LF or CRLF.

    ``lines`` are its places, where the caller has them.

    Raises :class:`PolicyError` and nothing else, whatever the bytes. Rules between parts are
    those of :func:`bandeau.policy.check.check`.
    """
    text = _decode(data)
    lines = lines or lines_of(data)
    tree = _read(text, lines)
    entries = {table: _entries(tree, table, lines) for table in _KEYED if table in tree}
    _refuse_own_keys(entries, lines)
    shaped = {**tree, **{table: _listed(table, held) for table, held in entries.items()}}
    try:
        return Policy.model_validate(shaped)
    except ValidationError as error:
        names = {table: tuple(held) for table, held in entries.items()}
        raise PolicyError(schema_faults(error, names, lines)) from None


def _decode(data: bytes) -> str:
    if len(data) > limits.POLICY_BYTES:
        raise _refused(1, f"larger than {limits.POLICY_BYTES} bytes; split the site or shorten it")
    try:
        return data.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(line, "not UTF-8; save the file in UTF-8") from None


def _read(text: str, lines: Lines) -> dict[str, object]:
    too_deep = f"nested deeper than {limits.POLICY_DEPTH} levels; a policy needs no more than 5"
    if lines.too_deep is not None:
        raise _refused(lines.too_deep, too_deep)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _refused(lines.broken or 1, too_deep) from None
    except ValueError as error:
        raise _not_toml(str(error), text, lines) from None


def _not_toml(said: str, text: str, lines: Lines) -> PolicyError:
    if lines.twice is not None:
        path, first, second = lines.twice
        message = f"written twice, first on line {first}; keep one of the two"
        return _refused(second, message, path)
    place = _PLACE.search(said)
    reason = " ".join((said[: place.start()] if place else said)[:_REASON_CHARACTERS].split())
    if place and place["line"]:
        message = f"not TOML at column {place['column']}: {reason}; correct this line"
        return _refused(int(place["line"]), message)
    end = text.count("\n", 0, len(text.rstrip())) + 1
    return _refused(
        lines.broken or end, f"not TOML: {reason}; look for an unclosed quote or bracket"
    )


def _entries(tree: Mapping[str, object], table: str, lines: Lines) -> Mapping[str, object]:
    held = tree[table]
    if isinstance(held, dict):
        return held
    message = f"must be tables by name; write [{table}.NAME] for each"
    raise PolicyError([lines.fault((table,), "schema", message)])


def _refuse_own_keys(entries: Mapping[str, Mapping[str, object]], lines: Lines) -> None:
    """``key`` is a field of the model, but in the file it is the table's own name."""
    paths: list[Path] = [
        (table, name, "key")
        for table, held in entries.items()
        for name, entry in held.items()
        if isinstance(entry, dict) and "key" in entry
    ]
    message = "unknown key; the name stands in the table's header, so remove this line"
    if paths:
        raise PolicyError(lines.fault(path, "schema", message) for path in paths)


def _listed(table: str, held: Mapping[str, object]) -> list[object]:
    return [
        {**_assumed(table, name), **entry, "key": name} if isinstance(entry, dict) else entry
        for name, entry in held.items()
    ]


def _assumed(table: str, name: str) -> dict[str, object]:
    """Data that a known purpose processes when the file does not say (rule I10)."""
    known = KNOWN_PURPOSES.get(name) if table == "purposes" else None
    return {"data": known.data} if known else {}


def _refused(line: int, message: str, path: Path = ()) -> PolicyError:
    return PolicyError([Fault(line, path_text(path), "toml", message)])
