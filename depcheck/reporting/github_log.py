"""Output for GitHub Actions: log groups, annotations, outputs, job summary."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import Self, TextIO

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.messages import advisory_sections
from depcheck.core.model.checks import CheckResult
from depcheck.core.model.report import Culprit, EnvironmentReport, Report
from depcheck.core.model.status import Status
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.core.text.workflow_commands import (
    ANNOTATIONS_LIMIT,
    format_output_assignment,
    format_workflow_command,
    to_inert_line,
    truncate_job_summary,
)
from depcheck.reporting import sentences
from depcheck.reporting.sentences import CheckLineFormatter

_ANNOTATION_LEVELS = {0: "notice", 1: "error", 3: "warning"}


class WorkflowReporter:
    """A reporter for the step log, with one group per environment.

    Foreign text is made inert, so that it cannot contain workflow commands.
    """

    def __init__(self, log: TextIO) -> None:
        self._log = log
        self._is_group_open = False
        self._formatter = CheckLineFormatter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._close_group()

    def start_environment(self, spec: EnvironmentSpec) -> None:
        """Open a group for the environment."""
        self._close_group()
        self._formatter = CheckLineFormatter()
        self._write_line(format_workflow_command("group", sentences.format_environment_title(spec)))
        self._is_group_open = True

    def start_stage(self, text: str) -> None:
        """Write one line for the stage."""
        self._write_line(to_inert_line(text))

    def start_check(self, label: str, text: str) -> None:
        """Write nothing: the log has a line for each result."""

    def report_check(self, label: str, result: CheckResult) -> None:
        """Write one line for the check."""
        self._write_line(to_inert_line(self._formatter.format_check(label, result).text))

    def finish_environment(self, report: EnvironmentReport) -> None:
        """Close the group and write the outcome, so that it stays visible."""
        self._close_group()
        for line in sentences.format_outcome_lines(report):
            self._write_line(to_inert_line(line))

    def _close_group(self) -> None:
        if self._is_group_open:
            self._write_line(format_workflow_command("endgroup", ""))
        self._is_group_open = False

    def _write_line(self, line: str) -> None:
        self._log.write(f"{line}\n")
        self._log.flush()


def build_annotations(report: Report, lines: Mapping[tuple[str, str], int], repo: PurePosixPath) -> tuple[str, ...]:
    """Build workflow commands that annotate each culprit's pin.

    A culprit without a pin is annotated at the lockfile. There are at most ten commands a level. `lines` gives
    the line of a pin by (lockfile, package), if it is known. `repo` is the path from the workspace to the
    repository.
    """
    found: list[str] = []
    levels: Counter[str] = Counter()
    for environment in report.environments:
        level = _ANNOTATION_LEVELS[environment.status.exit_status]
        quiet = environment.status is Status.QUIET
        said = [(level, *remark) for remark in ([] if quiet else _build_verdict_annotations(environment, lines))]
        for level, text, properties in (*said, *_build_caution_annotations(environment, lines)):
            levels[level] += 1
            if levels[level] <= ANNOTATIONS_LIMIT:
                properties["file"] = str(repo / properties["file"]) if properties["file"] else ""
                found.append(format_workflow_command(level, text, properties))
    return tuple(found)


def _build_verdict_annotations(
    environment: EnvironmentReport, lines: Mapping[tuple[str, str], int]
) -> list[tuple[str, dict[str, str]]]:
    # What was skipped bears the lockfile's path as its name; where nothing was judged at all, that is a dot.
    path = environment.lockfiles[0].path if environment.lockfiles else environment.name
    path = "" if path == "." else path
    title = f"depcheck: {environment.status}"
    remarks = []
    for culprit in environment.culprits:
        names = (*culprit.packages, *_find_requirers(environment, culprit), *culprit.companions)
        places = [(file.path, package) for package in names for file in environment.lockfiles]
        place = next((place for place in places if place in lines), (path, ""))
        line = str(lines[place]) if place in lines else ""
        remarks.append((sentences.format_culprit_line(culprit), {"file": place[0], "line": line, "title": title}))
    return remarks or [(sentences.format_verdict_line(environment), {"file": path, "title": title})]


def _find_requirers(environment: EnvironmentReport, culprit: Culprit) -> tuple[str, ...]:
    """Return the packages that require a culprit, nearest first.

    A package that the upgrade adds has no pin of its own to annotate.
    """
    return tuple(
        name for change in environment.changes if change.name in culprit.packages for name in reversed(change.via)
    )


def _build_caution_annotations(
    environment: EnvironmentReport, lines: Mapping[tuple[str, str], int]
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield a warning for each committed pin that is vulnerable or withdrawn.

    This includes runs without changes.
    """
    for package, text in advisory_sections.format_pin_warnings(environment):
        path = next((file.path for file in environment.lockfiles if (file.path, package) in lines), "")
        line = str(lines.get((path, package), ""))
        yield "warning", to_one_line(text, 500), {"file": path, "line": line, "title": "depcheck: caution"}


def write_step_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    """Append `outputs` to the file that GITHUB_OUTPUT names."""
    with path.open("a", encoding="utf-8", newline="\n") as file:
        for name, value in outputs.items():
            file.write(format_output_assignment(name, value, f"depcheck-{token_hex(16)}"))


def write_job_summary(path: Path, markdown: str) -> None:
    """Append `markdown` to the file that GITHUB_STEP_SUMMARY names.

    It is cut to the size that the runner accepts.
    """
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(truncate_job_summary(markdown))
