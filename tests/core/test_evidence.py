"""Evidence, failing tests and first lines as people read them."""

from datetime import UTC, datetime

import pytest

from depcheck.core.messages.bodies import render_issue_body
from depcheck.core.messages.causes.evidence import find_failing_line, find_own_lines, shorten_evidence
from depcheck.core.messages.causes.failing_tests import summarize_failing_ids
from depcheck.core.messages.run_stamp import RunStamp
from depcheck.core.model.checks import CheckKind, Failure, Outcome
from depcheck.core.model.report import CheckReport, ChecksReport, Culprit, EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.tool_output.api_errors import shorten_other_uses

FRAMES = "\n".join(
    f'  File "venv/lib/python3.12/site-packages/a/m{n}.py", line {n}, in f\n    g{n}()' for n in range(40)
)
RICH = """AssertionError:   raise CryptBackendError(self) │
│ ╭─────── locals ───────╮ │
│ │ secret = b'0123456789' │ │
│ ╰──────────────────────╯ │
│ /srv/site-packages/click/core.py:1022 in format_usage │
ValueError: password cannot be longer than 72 bytes
"""


def culprit(evidence, headline="ValueError: no"):
    return Culprit(("b",), (), {"b": "1"}, {"b": "2"}, headline, evidence)


def test_evidence_has_at_most_fifteen_lines_and_the_error_first():
    """Show the error, then the lines nearest to it."""
    lines = shorten_evidence(f"{FRAMES}\nValueError: no").splitlines()
    assert len(lines) == 15
    assert lines[0] == "ValueError: no"
    assert "m39.py" in lines[-2]


def test_boxes_of_a_terminal_are_taken_away():
    """Keep the places of a drawn traceback, not its frame or locals."""
    text = shorten_evidence(RICH, "ValueError: password cannot be longer than 72 bytes")
    assert not any("\u2500" <= letter <= "\u257f" for letter in text)
    assert "secret" not in text
    assert "core.py:1022 in format_usage" in text
    assert text.count("72 bytes") == 1


def test_the_repositorys_own_lines_are_found():
    """Leave out packages, the standard library and frozen modules."""
    text = f'  File "work/shop/reports.py", line 6, in run\n    resample("M")\n{FRAMES}\n  File "/usr/lib/python3.12/a.py", line 3, in b'
    assert find_own_lines(culprit(text)) == (("shop/reports.py", 6),)


@pytest.mark.parametrize(
    ("test", "place"),
    [
        ("tests.test_x.TestShop::test_y", "tests/test_x.py:15"),
        ("other::test_z", "shop/models.py:4"),  # no line in its own file
    ],
)
def test_a_failing_test_has_the_line_of_its_own_file(test, place):
    """Prefer the test's own file to what it calls."""
    text = "tests/test_x.py:15: \nshop/models.py:4: ValueError" if "test_x" in test else "shop/models.py:4: ValueError"
    assert find_failing_line(Failure(test, "ValueError", text)) == place


def test_modules_that_fail_are_counted_by_package():
    """Say that modules can no longer be imported, not that tests fail."""
    ids = ["flask.app", "flask.cli", "shop"]
    assert summarize_failing_ids(ids) == "3 modules can no longer be imported (flask: 2, shop: 1)"
    assert summarize_failing_ids(["tests.test_x::test_y"]) == "1 test newly fails"


def test_a_long_list_of_uses_is_cut_after_three():
    """Name three lines in a body, and how many more there are."""
    said = "a 2 removed x; a.py line 1 uses it."
    many = f"{said} It is also used at {', '.join(f'b/c.py line {n}' for n in range(1, 12))}"
    three = f"{said} It is also used at b/c.py line 1, b/c.py line 2, b/c.py line 3"
    assert shorten_other_uses(f"{many}.") == f"{three} and 8 more lines."
    assert shorten_other_uses(f"{many} and 4 more lines.") == f"{three} and 12 more lines."
    assert shorten_other_uses(f"{three}.") == f"{three}."


def test_many_failing_tests_are_told_by_their_files():
    """Say how many fail and in which files."""
    ids = [*(f"tests/test_api.py::test_{n}" for n in range(20)), *(f"tests/test_shop.py::test_{n}" for n in range(6))]
    assert summarize_failing_ids(ids) == "26 tests newly fail (tests/test_api.py: 20, tests/test_shop.py: 6)"
    places = dict.fromkeys(ids, "tests/test_api.py:7")
    check = CheckReport(CheckKind.TEST, "pytest", Outcome.FAIL, 1, "boom", failing=230, places=places, passed=3)
    found = EnvironmentReport(
        "r.txt", "3.12", Status.BASELINE_BROKEN, "It fails: boom", checks=ChecksReport((check,), (check,))
    )
    body = render_issue_body(found, RunStamp(datetime(2026, 11, 22, tzinfo=UTC), "c" * 40, "https://github.test/o/r"))
    assert "230 tests fail (tests/test_api.py: 20, tests/test_shop.py: 6)" in body
    assert f"(https://github.test/o/r/blob/{'c' * 40}/tests/test_api.py#L7)" in body
    assert "3 pass, 230 fail".replace(" ", "\u00a0") in body


def test_a_line_is_linked_where_commit_and_page_are_known():
    """Link lines of the repository, and only name them without a page."""
    run = RunStamp(datetime(2026, 1, 1, tzinfo=UTC), "a" * 40, "https://github.com/o/n", 7)
    assert run.link_line("shop/a.py", 6).endswith(f"(https://github.com/o/n/blob/{'a' * 40}/shop/a.py#L6)")
    assert run.run_url == "https://github.com/o/n/actions/runs/7"
    assert RunStamp(run.moment).link_line("shop/a.py", 6) == "<code>shop/a.py:6</code>"
