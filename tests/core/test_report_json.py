"""`report.json` is written one way and read with distrust."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.model.report import EnvironmentReport, ProposalReport, Report, Tool
from depcheck.core.model.report_json import REPORT_LIMIT_BYTES, ReportError, decode_report, encode_report
from depcheck.core.model.status import Status

NIGHT = datetime(2026, 11, 22, 3, 17, tzinfo=UTC)
ENVIRONMENT = EnvironmentReport("requirements.txt", "3.12", Status.QUIET, "Nothing changed.")
REPORT = Report(Tool("depcheck", "1"), NIGHT, NIGHT, None, "owner/name", "0" * 40, {}, (ENVIRONMENT,))


@given(st.text(), st.sampled_from(Status), st.dictionaries(st.text(), st.text()))
def test_a_report_comes_back_as_it_was(reason, status, files):
    """Law: decode(encode(report)) == report for any text."""
    proposal = ProposalReport((), (), verified=True, files=files)
    report = replace(REPORT, environments=(replace(ENVIRONMENT, reason=reason, status=status, proposal=proposal),))
    assert decode_report(encode_report(report)) == report


def test_times_end_in_z():
    """Times are written in UTC with Z, schema 1 beside them."""
    written = json.loads(encode_report(REPORT))
    assert (written["started_at"], written["schema"]) == ("2026-11-22T03:17:00Z", 1)


def test_a_name_that_is_no_text_does_not_stop_the_report():
    """Leave out surrogates in file names instead of failing.

    Names that are no UTF-8 have them.
    """
    odd = replace(REPORT, environments=(replace(ENVIRONMENT, name="caf\udce9.txt"),))
    assert decode_report(encode_report(odd)).environments[0].name == "caf.txt"


def test_unknown_fields_are_passed_over():
    """Fields may be added without a new schema number."""
    document = json.loads(encode_report(REPORT))
    assert decode_report(json.dumps({**document, "later": {"x": [1]}}).encode()) == REPORT


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "depcheck wrote"),
        (b"\xff\xfe", "depcheck wrote"),
        (b"[]", "depcheck wrote"),
        (b"<html>", "depcheck wrote"),
        (b'{"schema": 2}', "schema 2"),
        (b'{"schema": 1}', "depcheck wrote"),
        (b'{"schema": 1, "x": ' + b"[" * 1_000_000, "depcheck wrote"),
        (b" " * (REPORT_LIMIT_BYTES + 1), "bytes"),
        (encode_report(REPORT).replace(b'"quiet"', b'"fine"'), "depcheck wrote"),
        (encode_report(REPORT).replace(b'03:17:00Z"', b'03:17:00"'), "without a zone"),
    ],
)
def test_what_is_no_report_is_refused_in_words(content, says):
    """Refuse unusable content with a ReportError that says what to do."""
    with pytest.raises(ReportError, match=says) as caught:
        decode_report(content)
    assert "depcheck" in str(caught.value)


def test_another_zone_is_the_same_moment():
    """A time that came with another zone stays that moment."""
    report = replace(REPORT, started_at=NIGHT.astimezone(timezone(timedelta(hours=2))))
    assert decode_report(encode_report(report)).started_at == NIGHT


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(content):
    """Any bytes are a report or a ReportError."""
    with pytest.raises(ReportError):
        decode_report(content)
