"""Encode a report as `report.json`, and decode it.

A report that is decoded may have been written by others, so it is validated.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from depcheck.core.model.errors import DepcheckError
from depcheck.core.model.report import REPORT_SCHEMA, Report
from depcheck.core.text.process_output import clean_text
from depcheck.core.text.secret_values import make_secret_masker

REPORT_LIMIT_BYTES = 16 << 20


class ReportError(DepcheckError):
    """A report cannot be read, or proposes what must not be published."""


class _Envelope(msgspec.Struct):
    schema: int


def encode_report(report: Report) -> bytes:
    """Encode the report as indented JSON in UTF-8.

    It ends with a newline. Times in UTC end in Z.
    """
    try:
        compact = msgspec.json.encode(report)
    except UnicodeEncodeError:  # halves of surrogate pairs, from names of files that are no UTF-8
        compact = msgspec.json.encode(_remove_surrogates(msgspec.to_builtins(report)))
    return msgspec.json.format(compact, indent=1) + b"\n"


def decode_report(content: bytes) -> Report:
    """Decode the report in `content`.

    Unknown fields are ignored, as the contract lets them be added.

    Raises:
        ReportError: Too large, no JSON, another schema, a field of another type, a time without a zone.
    """
    if len(content) > REPORT_LIMIT_BYTES:
        message = f"The report has {len(content)} bytes, more than the {REPORT_LIMIT_BYTES} that are read"
        raise ReportError(f"{message}; check fewer environments in one run (`depcheck plan` splits them).")
    try:
        schema = msgspec.json.decode(content, type=_Envelope).schema
        if schema != REPORT_SCHEMA:
            message = f"The report has schema {schema}, and this depcheck reads schema {REPORT_SCHEMA}"
            raise ReportError(f"{message}; use the same version of depcheck to check and to publish.")
        report = msgspec.json.decode(content, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"The report is not one that depcheck wrote ({str(error)[:300]})"
        raise ReportError(f"{message}; run `depcheck check` again.") from None
    _require_time_zones(report)
    return report


def mask_report(report: Report, secrets: Iterable[str]) -> Report:
    """Mask secrets in all texts of the report but the proposed files."""
    masker = make_secret_masker(secrets)
    if masker.shape is None:
        return report
    return msgspec.convert(masker.mask_values(msgspec.to_builtins(report), frozenset({"files"})), Report)


def _require_time_zones(report: Report) -> None:
    for time in _collect_times(report):
        if time is not None and time.utcoffset() is None:
            message = f"The report holds the time {time.isoformat()} without a zone"
            raise ReportError(f"{message}; run `depcheck check` again.")


def _collect_times(report: Report) -> list[datetime | None]:
    changes = [
        change
        for environment in report.environments
        for change in (*environment.changes, *(environment.proposal.changes if environment.proposal else ()))
    ]
    waiting = [each for environment in report.environments for each in environment.waiting]
    culprits = [culprit for environment in report.environments for culprit in environment.culprits]
    return [
        report.started_at,
        report.finished_at,
        report.as_of,
        *(change.released_at for change in changes),
        *(culprit.since for culprit in culprits),
        *(time for each in waiting for time in (each.released_at, each.due_at)),
        *(each.released_at for environment in report.environments for each in environment.very_young),
    ]


def _remove_surrogates(value: Any) -> Any:  # noqa: ANN401  # JSON
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {_remove_surrogates(key): _remove_surrogates(each) for key, each in value.items()}
    return [_remove_surrogates(each) for each in value] if isinstance(value, list | tuple) else value
