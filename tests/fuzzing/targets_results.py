"""Readers of foreign code's output, JUnit XML and guests' channels."""

import json
import re

from judge import commands, controls
from packaging.utils import canonicalize_name
from packaging.version import Version
from target import Target, parts_of, text_of

from depcheck.checking.checks.importing.imports import ImportFindings, _record_answers
from depcheck.checking.checks.running.guest_answers import parse_guest_answers
from depcheck.checking.checks.running.junit_results import MOST_CASES, UnreadableResultsError, parse_junit_cases
from depcheck.checking.checks.tests import _evaluate_pytest, _evaluate_unittest
from depcheck.checking.explain import explainer
from depcheck.checking.sandbox.process_result import ProcessResult, build_result
from depcheck.core.model.checks import Failure, is_similar_headline
from depcheck.core.model.errors import DepcheckError
from depcheck.core.search import ranking
from depcheck.core.text.process_output import (
    EVIDENCE_CHARS,
    clean_text,
    compute_error_signature,
    extract_evidence,
    find_error_line,
    strip_scratch_folders,
)
from depcheck.core.text.terminal_safe import redact_secrets, to_one_line
from depcheck.core.text.workflow_commands import (
    format_output_assignment,
    format_workflow_command,
    to_inert_line,
    truncate_job_summary,
)
from depcheck.core.tool_output.api_errors import (
    MOST_FRAMES,
    MOST_SYMBOLS,
    ApiChangeKind,
    ReleaseStep,
    find_missing_symbols,
    parse_traceback_frames,
)
from depcheck.core.tool_output.compile_errors import has_metadata_traceback, is_network_failure, parse_compile_failure
from depcheck.core.tool_output.conflict_clauses import describe_conflict, parse_conflict_clauses
from depcheck.core.tool_output.install_errors import describe_blocked_install, parse_install_failure

RAN = ProcessResult(1, False, "said", 0.1)
STEP = ReleaseStep(
    canonicalize_name("six"), Version("1"), Version("2"), ((canonicalize_name("x-y"), frozenset({"x"})),)
)
BREAKS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _is_safe(failure: Failure) -> None:
    assert len(failure.id) <= 1000
    assert len(failure.headline) <= 300
    assert "\n" not in failure.headline
    assert len(failure.evidence) <= EVIDENCE_CHARS + 500
    assert not BREAKS.search(failure.id + failure.headline + failure.evidence.replace("\t", ""))


def output(content: bytes) -> None:
    """Turn output into clean text, one line, and a signature."""
    text = text_of(content)
    cleaned = clean_text(text)
    assert not BREAKS.search(cleaned.replace("\t", ""))
    assert clean_text(cleaned) == cleaned
    line = find_error_line(text)
    assert len(line) <= 300
    assert not controls(line)
    assert len(extract_evidence(text)) <= EVIDENCE_CHARS
    headline = cleaned[:300]
    assert compute_error_signature(compute_error_signature(headline)) == compute_error_signature(headline)
    strip_scratch_folders(cleaned)
    redact_secrets(cleaned)
    is_similar_headline(line, headline)


def tool_output(content: bytes) -> None:
    """Read an obstacle with a safe failure from tool output."""
    text = clean_text(text_of(content))
    for found in (
        parse_compile_failure(text, "six-1.0.tar.gz"),
        parse_compile_failure("", to_one_line(text)),
        parse_install_failure(text),
    ):
        _is_safe(found.failure)
        str(found.package), str(found.version)
    describe_blocked_install(text), is_network_failure(text), has_metadata_traceback(text)
    describe_conflict(parse_conflict_clauses(text))


def traceback(content: bytes) -> None:
    """Read bounded clues from a failure's evidence."""
    text = extract_evidence(text_of(content))
    failure = Failure("", to_one_line(text), text)
    assert len(find_missing_symbols(failure)) <= MOST_SYMBOLS
    assert len(parse_traceback_frames(failure)) <= MOST_FRAMES
    ranking.extract_clues([failure])


def junit(content: bytes) -> None:
    """Read tests from result files, or refuse them."""
    try:
        cases = parse_junit_cases(content)
    except UnreadableResultsError:
        return
    assert len(cases) <= MOST_CASES
    for failure in _evaluate_pytest(RAN, cases, (), 1.0).failures:
        _is_safe(failure)


def channel(content: bytes) -> None:
    """Accept only requested modules from a guest's channel.

    They pass or fail, in safe words.
    """
    told_words = parse_guest_answers(content)
    findings = ImportFindings()
    _record_answers(told_words, ["a", "b.c"], findings)
    assert findings.passed | findings.failed.keys() | set(findings.not_reached) == {"a", "b.c"}
    for failure in (*findings.failed.values(), *_evaluate_unittest(told_words, RAN, [], 1.0).failures):
        _is_safe(failure)


def launcher(content: bytes) -> None:
    """Report a launcher's broken answer, never as a pass."""
    try:
        ran = build_result(content, "program", "said", b"", 0.1)
    except DepcheckError:
        return
    if ran.is_success:
        answer = json.loads(content)
        assert answer["walls"] is not None
        assert answer["status"] == 0


def explained(content: bytes) -> None:
    """Turn a comparison's answer into one plain sentence, or nothing."""
    said = explainer._to_sentence(STEP, explainer._parse_answer(content))
    assert len(said) <= 500
    assert not controls(said)


def relayed(content: bytes) -> None:
    """Relay any text without a command, second line or output."""
    text, name, _ = parts_of(content, 3)
    assert not commands(to_inert_line(text))
    assert len(to_inert_line(text).splitlines()) == 1
    assert not controls(to_inert_line(text))
    assert all("##[" not in line and not line.startswith("::") for line in map(to_inert_line, text.splitlines()))
    annotation = format_workflow_command("error", text, {"file": name, "title": text[:50]})
    assert commands(annotation) in ([annotation], [])
    assert len(re.split("[\r\n]", annotation)) == 1
    whole = format_output_assignment("summary", to_one_line(text), "depcheck-0123456789abcdef")
    assert whole.count("\ndepcheck-0123456789abcdef\n") == 1
    assert len(truncate_job_summary(text[:100]).encode(errors="replace")) <= 1 << 20


_OUTPUT_WORDS = (
    "Traceback (most recent call last):\n", '  File "/x/site-packages/a/b.py", line 12, in <module>\n', "ModuleNotFoundError: No module named 'a.b'\n", "ImportError: cannot import name 'x' from 'y' (z)\n",
    "\x1b[31m", "\x1b]0;", "\x07", "\r", "\u2028", "##[error]", "::error::", "::set-output name=a::", "::stop-commands::x", "::add-mask::", "\n", "E   ", "error: ", "/tmp/depcheck-abcdefgh/",
    "/a", "\\a", "0x7f", "12:00:00", "2026-01-01", "pip-install-", "password=", "eyJ", "ghp_", "-----BEGIN RSA PRIVATE KEY-----", "://u:p@h", "localhost:1", "123e4567-e89b-12d3-a456-426614174000",
    "f() missing 1 required positional argument: 'x'", "A.f() takes 1 positional argument but", " has no attribute 'x'", "got an unexpected keyword argument 'x'", "\x9b", "\u202e", "\ufeff", "%0A",
)  # fmt: skip
_TOOL_WORDS = (
    "Failed to build `six==1.0`\n", "error: ", "  cause: ", "[stderr]\n", "hint: ", "ResolutionImpossible", "RequirementInformation(requirement=SpecifierRequirement('six>=1'), parent=None", "The user requested six>=1\n",
    "six 1.0 depends on x>=1\n", "No solution found when resolving", "Because a==1 depends on b>2 and you require b<1, we can conclude that ", "And because ", "No matching distribution found for six==", "[3 lines of output]\n",
    "\n  [end of output]", "Complete output (3 lines):\n", "----------------------------", "Ignoring version 1 of six since it has invalid metadata", "  six==1 (from x==1->-r a.in (line 1))\n", "Failed to build 'x' when", "you require x==1", "(", "[a]", "dns error",
)  # fmt: skip
_XML_WORDS = (
    '<?xml version="1.0" encoding="utf-8"?>', "<testsuites>", "<testsuite>", '<testcase classname="a.b" name="c">', '<failure message="m">', "</failure>", "</testcase>", "<skipped/>", "<error/>", "<!DOCTYPE a [", '<!ENTITY b "', "&b;", "<![CDATA[", "]]>", "&#x0;",
    "encoding='utf-16'", "<!ELEMENT", "%x;", "<a", "/>", "Traceback (most recent call last):\n", "collection failure",
)  # fmt: skip
_CHANNEL_WORDS = ('["start", "a"]\n', '["pass", "a"]\n', '["fail", "a", "E: x", "trace"]\n', '["ended", "b.c", "-11"]\n', '["done", "0"]\n', '"b.c"', "Timeout (0:01:00)", "[" * 8, "9" * 20, "true", "null", "\\u2028", "NaN", '["ended", "a", "x"]\n')  # fmt: skip
_LAUNCHER_WORDS = ('{"status": 0', ', "timed_out": false', ', "stayed_up": false', ', "walls": {}', ', "walls": null', ', "error": ""}', '{"found": {"kind": "module"', ', "owner": "a", "name": "b"', ', "path": "a/b.py", "line": 3}}', '{"imported": {"x-y": ["a.py", 1]}}', "Infinity", "NaN", "1e999", "[", "-1", "true")  # fmt: skip

TARGETS = (
    Target("output", output, _OUTPUT_WORDS),
    Target("tool-output", tool_output, _TOOL_WORDS),
    Target("traceback", traceback, _OUTPUT_WORDS),
    Target("junit", junit, _XML_WORDS),
    Target("channel", channel, _CHANNEL_WORDS, 1024),
    Target("launcher", launcher, _LAUNCHER_WORDS, 512),
    Target("explained", explained, (*_LAUNCHER_WORDS, *ApiChangeKind), 512),
    Target("relayed", relayed, (*_OUTPUT_WORDS, "\0"), 1024),
)
