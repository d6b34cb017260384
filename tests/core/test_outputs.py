"""Process output becomes safe text, one headline, and a stable signature."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.text.process_output import (
    EVIDENCE_CHARS,
    clean_text,
    compute_error_signature,
    cut_middle,
    extract_evidence,
    extract_text_below_box,
    find_error_line,
    format_exit_status,
    is_crash_status,
    strip_import_statement,
)

HOSTILE = st.text(st.characters() | st.sampled_from("\x1b\r\n\x9b[]0;m\u202e\u2028Traceback:\x00"))


@given(HOSTILE)
def test_clean_text_has_no_controls_and_stays_clean(text: str) -> None:
    """Remove all controls, and change nothing the second time."""
    cleaned = clean_text(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]", cleaned)
    assert clean_text(cleaned) == cleaned


@given(HOSTILE)
def test_lines_and_evidence_are_bounded(text: str) -> None:
    """One line of at most 300 characters, and at most 16 KiB."""
    line = find_error_line(text * 50)
    assert "\n" not in line
    assert len(line) <= 300
    assert len(extract_evidence(text * 5000)) <= EVIDENCE_CHARS


@given(st.text(), st.integers(0, 50), st.integers(1, 50))
def test_a_cut_keeps_both_ends(text: str, head: int, tail: int) -> None:
    """Keep short texts whole, and both ends of long ones.

    With the number of characters between.
    """
    cut = cut_middle(text, head, tail)
    assert cut == text if len(text) <= head + tail else cut.startswith(text[:head]) and cut.endswith(text[-tail:])


def test_evidence_ends_with_the_end() -> None:
    """Keep the end of long output, in whole lines."""
    found = extract_evidence("\n".join(f"line {number}" for number in range(10_000)))
    assert found.endswith("line 9999")
    assert found.startswith("line ")


CHAINED = """noise
Traceback (most recent call last):
  File "a.py", line 1, in <module>
KeyError: 'first'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/x/flask/app.py", line 7, in <module>
    from werkzeug.urls import url_quote
ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (/x/werkzeug/urls.py)
done with error handling
"""
QUOTED = """  cause: Call failed
         [stderr]
         Traceback (most recent call last):
           File "setup.py", line 21, in get_version
             version_file = open(filename).read()
         FileNotFoundError: [Errno 2] No such file or directory: 'django_scarface/__init__.py'
"""
WORKER = """Traceback (most recent call last):
  File "/x/celery/worker/components.py", line 12, in <module>
    from kombu.async.timer import Timer
ModuleNotFoundError: No module named 'kombu.async'
"""


BRACKET = "[Traceback (most recent call last):\n  File 'x'\nImportError: no\n]\n"
PREFIXED = "web | Traceback (most recent call last):\nweb |   File 'x'\nweb | ImportError: no\nweb | bye\n"


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (BRACKET, "ImportError: no"),
        (PREFIXED, "ImportError: no"),
        (CHAINED, "ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (/x/werkzeug/urls.py)"),
        (QUOTED, "FileNotFoundError: [Errno 2] No such file or directory: 'django_scarface/__init__.py'"),
        (WORKER, "ModuleNotFoundError: No module named 'kombu.async' (from kombu.async.timer import Timer)"),
        ("E   ImportError: cannot import name 'x'\n=== short summary ===", "ImportError: cannot import name 'x'"),
        ("ok\nerror: no such command\nbye\n", "error: no such command"),
        ("ok\ncannot open it\nbye\n", "cannot open it"),
        ("one\ntwo\n\n", "two"),
        ("a\n=====\n", "a"),
        ("\n", ""),
    ],
)
def test_the_telling_line(output: str, line: str) -> None:
    """The last exception, else the last complaint, else the last words."""
    assert find_error_line(output) == line


def test_exit_statuses_are_told_as_a_shell_counts() -> None:
    """Give a crash the same sentence with and without a shell."""
    assert format_exit_status(-11) == format_exit_status(139) == "exit status 139 (segmentation fault)"
    assert format_exit_status(3) == "exit status 3"
    assert is_crash_status(-9)
    assert is_crash_status(139)
    assert not is_crash_status(1)
    assert not is_crash_status(127)


SAME = [
    ("<A at 0x7f3a>", "<A at 0xdead>"),
    ("/tmp/pytest-of-root/pytest-1/x.py failed", "/var/tmp/abc/x.py failed"),
    ("at 2024-05-01 10:11:12,123 it broke", "at 2025-12-31 01:02:03,9 it broke"),
    ("took 1.2 s", "took 15.75 s"),
    ("cannot connect to localhost:45321", "cannot connect to localhost:9"),
    ("id 123e4567-e89b-12d3-a456-426614174000", "id 00000000-e89b-12d3-a456-42661417ffff"),
    ("needs flask 2.2.5", "needs flask 2.3.0rc1"),
    ("a.py:12: error", "a.py:900: error"),
]
OTHER = [
    ("No module named 'kombu.async'", "No module named 'kombu.five'"),
    ("assert 302 == 200", "assert 500 == 200"),
    ("x.py failed", "y.py failed"),
    ("KeyError: 'a'", "ValueError: 'a'"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_differs_between_runs_is_masked(one: str, other: str) -> None:
    """Addresses, folders, times, ports, ids, versions and line numbers."""
    assert compute_error_signature(one) == compute_error_signature(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_tells_errors_apart_is_kept(one: str, other: str) -> None:
    """Names, numbers and kinds."""
    assert compute_error_signature(one) != compute_error_signature(other)


@given(st.text(max_size=200))
def test_a_signature_is_stable(text: str) -> None:
    """Masking twice is masking once."""
    assert compute_error_signature(compute_error_signature(text)) == compute_error_signature(text)


def test_the_statement_that_was_added_can_be_taken_away() -> None:
    """So that one error is one error, whichever import met it first."""
    assert strip_import_statement(find_error_line(WORKER)) == "ModuleNotFoundError: No module named 'kombu.async'"


def test_the_error_below_a_drawn_traceback_is_the_error() -> None:
    """Find the exception below a traceback that rich drew.

    Whole, or cut off at its beginning.
    """
    drawn = "  │ core.py:1022 in format_usage   │\n  ╰────────────╯\n  TypeError: takes 1 argument but 2 were\n  given\n\nassert 1 == 0"
    assert extract_text_below_box(drawn) == "TypeError: takes 1 argument but 2 were\n  given"


@pytest.mark.parametrize("text", ["", "no box", "╭──╮\n│ x │\n╰──╯\n", "╭──╮\n│ x │\n╰──╯"])
def test_text_with_nothing_below_a_box_stays(text: str) -> None:
    """Where no exception stands below, nothing is lost."""
    assert extract_text_below_box(text) == text
