"""``report.json``: all of a report, to be read again strictly, so that verdicts can be redrawn.

Every value stands under the name of its field; what is in the file is all there is.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bandeau import limits
from bandeau.audit.evidence import Evidence
from bandeau.audit.finding import Finding, Source, Unchecked
from bandeau.audit.matrix import Thing
from bandeau.audit.report import File, Report

FORMAT: Literal["bandeau-audit"] = "bandeau-audit"
VERSION: Literal[1] = 1
_FAULTS = 5


class ReportError(ValueError):
    """Bytes that are no report, or a report too long to be one. The message says where and why."""


class _Document(BaseModel):
    """What an audit saw and found (``bandeau audit``)."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        str_max_length=limits.AUDIT_VALUE_CHARACTERS,
        title="Report of an audit",
    )
    format: Literal["bandeau-audit"]
    version: Literal[1]
    program: str
    summary: tuple[str, ...]
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    checked: tuple[str, ...]
    things: tuple[Thing, ...]
    sources: tuple[Source, ...]
    policy: str
    options: tuple[tuple[str, str], ...]
    files: tuple[File, ...]
    redacted: bool
    evidence: Evidence


def report_bytes(report: Report) -> bytes:
    """``report.json``, the same bytes for the same report; raises :class:`ReportError`.

    ``report`` is as :func:`bandeau.audit.report.report_of` makes it: its texts fit into UTF-8.
    """
    told = {field.name: getattr(report, field.name) for field in fields(Report)}
    document = _Document.model_construct(format=FORMAT, version=VERSION, **told)
    data = document.model_dump_json(indent=1).encode() + b"\n"
    if len(data) > limits.AUDIT_REPORT_BYTES:
        raise ReportError(
            f"the report would be {len(data)} bytes long, more than {limits.AUDIT_REPORT_BYTES};"
            " look at fewer pages or states at once"
        )
    return data


def read_report(data: bytes) -> Report:
    """The report in ``data``; raises :class:`ReportError` for anything that is not exactly one."""
    if len(data) > limits.AUDIT_REPORT_BYTES:
        raise ReportError(f"longer than {limits.AUDIT_REPORT_BYTES} bytes")
    try:
        document = _Document.model_validate_json(data)
    except ValidationError as error:
        raise ReportError(_told(error)) from None
    return Report(**{field.name: getattr(document, field.name) for field in fields(Report)})


def report_schema() -> dict[str, object]:
    """The form of ``report.json`` as a JSON Schema (draft 2020-12), as JSON values."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_Document.model_json_schema(),
    }


def _told(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if any(fault["loc"] in (("format",), ("version",)) for fault in faults):
        return f"not a report of this form: {FORMAT}, version {VERSION}"
    told = [f"{_place(fault['loc'])}: {fault['msg']}" for fault in faults[:_FAULTS]]
    more = [f"and {len(faults) - _FAULTS} more"] if len(faults) > _FAULTS else []
    return "; ".join([*told, *more])


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part)[:80] for part in location) or "the file"
