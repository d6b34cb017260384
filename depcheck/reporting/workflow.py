"""What GitHub Actions shows: groups and annotations in the log, outputs, the job summary."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from secrets import token_hex
from types import TracebackType
from typing import Self, TextIO

from depcheck.core import cautions
from depcheck.core.checks import CheckResult
from depcheck.core.environments import EnvironmentSpec
from depcheck.core.plain import one_line
from depcheck.core.report import Culprit, EnvironmentReport, Report, Status
from depcheck.core.workflow_commands import (
    ANNOTATIONS_LIMIT,
    assignment,
    command,
    fitting_summary,
    inert,
)
from depcheck.reporting import sentences
from depcheck.reporting.telling import Telling

_LEVELS = {0: "notice", 1: "error", 3: "warning"}


class WorkflowReporter:
    """A reporter for the log of a step: one group per environment, foreign text made inert."""

    def __init__(self, log: TextIO) -> None:
        self._log = log
        self._open = False
        self._telling = Telling()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def environment(self, spec: EnvironmentSpec) -> None:
        """Open a group."""
        self._close()
        self._telling = Telling()
        self._write(command("group", sentences.title(spec)))
        self._open = True

    def stage(self, text: str) -> None:
        """One line."""
        self._write(inert(text))

    def checked(self, label: str, result: CheckResult) -> None:
        """One line."""
        self._write(inert(self._telling.checked(label, result).text))

    def judged(self, report: EnvironmentReport) -> None:
        """Close the group, so that the verdict stays visible."""
        self._close()
        for line in sentences.outcome(report):
            self._write(inert(line))

    def _close(self) -> None:
        if self._open:
            self._write(command("endgroup", ""))
        self._open = False

    def _write(self, line: str) -> None:
        self._log.write(f"{line}\n")
        self._log.flush()


def annotations(report: Report, lines: Mapping[tuple[str, str], int], repo: PurePosixPath) -> tuple[str, ...]:
    """Workflow commands, at most ten a level: an annotation at each culprit's pin, else at the lockfile.

    `lines` gives the line of a pin by (lockfile, package), where it is known; `repo` leads from the workspace to the
    repository.
    """
    found: list[str] = []
    levels: Counter[str] = Counter()
    for environment in report.environments:
        level = _LEVELS[environment.status.exit_status]
        quiet = environment.status is Status.QUIET
        said = [(level, *remark) for remark in ([] if quiet else _remarks(environment, lines))]
        for level, text, properties in (*said, *_cautions(environment, lines)):
            levels[level] += 1
            if levels[level] <= ANNOTATIONS_LIMIT:
                properties["file"] = str(repo / properties["file"]) if properties["file"] else ""
                found.append(command(level, text, properties))
    return tuple(found)


def _remarks(environment: EnvironmentReport, lines: Mapping[tuple[str, str], int]) -> list[tuple[str, dict[str, str]]]:
    # What was skipped bears the lockfile's path as its name; where nothing was judged at all, that is a dot.
    path = environment.lockfiles[0].path if environment.lockfiles else environment.name
    path = "" if path == "." else path
    title = f"depcheck: {environment.status}"
    remarks = []
    for culprit in environment.culprits:
        names = (*culprit.packages, *_askers(environment, culprit), *culprit.companions)
        places = [(file.path, package) for package in names for file in environment.lockfiles]
        place = next((place for place in places if place in lines), (path, ""))
        line = str(lines[place]) if place in lines else ""
        remarks.append((sentences.culprit(culprit), {"file": place[0], "line": line, "title": title}))
    return remarks or [(sentences.verdict(environment), {"file": path, "title": title})]


def _askers(environment: EnvironmentReport, culprit: Culprit) -> tuple[str, ...]:
    """Who asks for a culprit, the nearest first: what is new tonight has no pin of its own to point at."""
    return tuple(
        name for change in environment.changes if change.name in culprit.packages for name in reversed(change.via)
    )


def _cautions(
    environment: EnvironmentReport, lines: Mapping[tuple[str, str], int]
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """A warning at every committed pin that is vulnerable or withdrawn, quiet nights included."""
    for package, text in cautions.sentences(environment):
        path = next((file.path for file in environment.lockfiles if (file.path, package) in lines), "")
        line = str(lines.get((path, package), ""))
        yield "warning", one_line(text, 500), {"file": path, "line": line, "title": "depcheck: caution"}


def write_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    """Append `outputs` to the file that GITHUB_OUTPUT names."""
    with path.open("a", encoding="utf-8", newline="\n") as file:
        for name, value in outputs.items():
            file.write(assignment(name, value, f"depcheck-{token_hex(16)}"))


def write_summary(path: Path, markdown: str) -> None:
    """Append `markdown` to the file that GITHUB_STEP_SUMMARY names, cut to what the runner takes."""
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(fitting_summary(markdown))
