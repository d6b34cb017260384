"""Results are read without trusting who wrote them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.checking.checks.running import junit_results
from depcheck.checking.checks.running.junit_results import UnreadableResultsError, parse_junit_cases

GOOD = b"""<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest">
<testcase classname="a.B" name="test_x[1]"/>
<testcase classname="a" name="test_y"><failure message="assert 0">text &lt;here&gt;</failure></testcase>
<testcase classname="" name="a.bad"><error message="collection failure">E   ImportError: no</error></testcase>
<testcase classname="a" name="test_s"><skipped message="why">because</skipped></testcase>
<testcase classname="a" name="test_z"><failure message="one"/><error message="two"/></testcase>
</testsuite></testsuites>"""


def test_cases_have_ids_and_problems() -> None:
    """Report a test's first problem, and skipped ones as neither.

    Neither passed nor failed.
    """
    cases = {case.id: case for case in parse_junit_cases(GOOD)}
    assert list(cases) == ["a.B::test_x[1]", "a::test_y", "a.bad", "a::test_s", "a::test_z"]
    assert cases["a::test_y"].problem == ("assert 0", "text <here>")
    assert cases["a::test_z"].problem == ("one", "")
    assert cases["a::test_s"].is_skipped


def test_colours_and_signs_of_plug_ins_are_left_out() -> None:
    """Drop what pytest writes for characters that XML has no room for."""
    content = b'<t><testcase name="a"><failure message="a#x00-b#x01 #x1B[31mc#x1B[0m #x2A"/></testcase></t>'
    assert parse_junit_cases(content)[0].problem == ("a-b c #x2A", "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<a>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        "<!DOCTYPE a><a/>".encode("utf-16"),
        b"\xff\xfe<",
    ],
)
def test_what_no_test_runner_writes_is_refused(content) -> None:
    """Entities, document types, other encodings, and what is cut off."""
    with pytest.raises(UnreadableResultsError):
        parse_junit_cases(content)


def test_memory_is_bounded(monkeypatch) -> None:
    """Cut texts above the limit and refuse too many tests."""
    monkeypatch.setattr(junit_results, "MOST_TEXT_CHARS", 10)
    long = b'<t><testcase name="a"><failure message="m">' + b"x" * 100_000 + b"</failure></testcase></t>"
    assert parse_junit_cases(long)[0].problem == ("m", "x" * 10)
    monkeypatch.setattr(junit_results, "MOST_CASES", 1)
    with pytest.raises(UnreadableResultsError):
        parse_junit_cases(b'<t><testcase name="a"/><testcase name="b"/></t>')


@given(st.binary() | st.binary().map(lambda noise: GOOD[:200] + noise + GOOD[200:]))
def test_no_input_raises_anything_else(content: bytes) -> None:
    """Read or refuse any input without another error."""
    with contextlib.suppress(UnreadableResultsError):
        parse_junit_cases(content)
