"""The action: INPUT_* and the runner's files in; groups, annotations, outputs and the job summary out.

The first thing that happens is that the token leaves the environment. The checker is a process of its own, which
never had it (`depcheck.rings`).
"""

import os
import sys
import time
import traceback
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from depcheck import app
from depcheck.arguments import as_argv, from_inputs
from depcheck.configuration import settled
from depcheck.core.config import publish_options
from depcheck.core.errors import DepcheckError, LockfileError, UsageError
from depcheck.core.lockfile import parse_lockfile
from depcheck.core.options import CHECK, PUBLISH
from depcheck.core.report import Report
from depcheck.core.settings import PublishOptions, Settings
from depcheck.core.summary import summary, summary_line, worst
from depcheck.core.workflow_commands import command, inert
from depcheck.index.upstream import userinfo
from depcheck.publishing.validation import read_report
from depcheck.reporting.folder import hand_over
from depcheck.reporting.workflow import annotations, write_outputs, write_summary
from depcheck.rings import allowed, check_apart
from depcheck.sealed_imports import import_all, refuse_changed_files
from depcheck.workshop import cache_folder

_COMMANDS = ("run", "check", "publish")
_FAIL_ON = {"unjudged": {1, 3}, "broken": {1}, "never": set[int]()}
_JUDGED = {0, 1, 3}
_BUG_STATUS = 70
# What publishing needs, imported before anything of a package runs; what a library imports later is held to its time.
_PUBLISHING = ("depcheck.publishing.publisher", "depcheck.publishing.place", "github", "requests", "idna")
_INTERRUPTED_STATUS = 130
_LOCKFILE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the workflow asked for. `words` is the checker's command line."""

    command: str
    fail_on: str
    settings: Settings
    options: PublishOptions
    words: tuple[str, ...]


def main(environ: MutableMapping[str, str] | None = None) -> int:
    """Run the action in `environ` (this process's own), from which the token is taken, and give the exit status."""
    environ = os.environ if environ is None else environ
    token = environ.pop("INPUT_TOKEN", "") or environ.get("GITHUB_TOKEN", "")
    environ.pop("GITHUB_TOKEN", None)
    for secret in sorted(_secrets(environ)):
        _say(command("add-mask", secret))
    try:
        return _run(_inputs(environ), token, environ)
    except DepcheckError as error:
        _say(command("error", str(error), {"title": "depcheck"}))
        return error.exit_status
    except KeyboardInterrupt:
        _say("depcheck: interrupted; the report is not whole.")
        return _INTERRUPTED_STATUS
    except Exception as error:  # noqa: BLE001  # the last line of defence: never a bare traceback
        for line in "".join(traceback.format_exception(error)).splitlines():
            _say(inert(line))
        _say(command("error", f"{type(error).__name__}: {error}. This is a bug of ours; please report it."))
        return _BUG_STATUS


def _secrets(environ: Mapping[str, str]) -> frozenset[str]:
    """Passwords that stand in index URLs. Tokens are masked by whoever made them: the runner, or an App's step."""
    urls = [word for name, value in environ.items() if "INDEX" in name for word in value.split()]
    known = [userinfo(url) for url in urls if "://" in url]
    return frozenset(each.password for each in known if each and each.password)


def _inputs(environ: Mapping[str, str]) -> Inputs:
    source = from_inputs(environ, CHECK)
    return Inputs(
        command=_one_of("command", _COMMANDS, environ),
        fail_on=_one_of("fail-on", tuple(_FAIL_ON), environ),
        settings=settled(source),
        options=publish_options(from_inputs(environ, PUBLISH)),
        words=tuple(as_argv(source, CHECK)),
    )


def _one_of(name: str, allowed_values: tuple[str, ...], environ: Mapping[str, str]) -> str:
    value = environ.get(f"INPUT_{name.upper()}", "").strip() or allowed_values[0]
    if value not in allowed_values:
        raise UsageError(f"the input `{name}` is {value!r}; give one of {', '.join(allowed_values)}.")
    return value


def _run(inputs: Inputs, token: str, environ: Mapping[str, str]) -> int:
    import_all(_PUBLISHING)
    refuse_changed_files(time.time())
    status = 0
    if inputs.command != "publish":
        status = check_apart(inputs.words, allowed(environ, inputs.settings.env))
        for folder in (Path(inputs.settings.report), cache_folder(environ)):  # the runner keeps both
            hand_over(folder, Path(inputs.settings.repo))
        if status not in _JUDGED:
            return status
    report = read_report(Path(inputs.settings.report), environ.get("GITHUB_REPOSITORY", ""))
    if inputs.command != "publish":
        _tell(report, inputs.settings, environ)
    outputs, problems = ({}, False) if inputs.command == "check" else _publish(inputs, token, environ)
    if path := environ.get("GITHUB_OUTPUT"):
        write_outputs(Path(path), {**findings(report, inputs.settings), **outputs})
    return _red(inputs.fail_on, status, failed=problems)


def findings(report: Report, settings: Settings) -> dict[str, str]:
    """The outputs that the report gives, without those of publishing."""
    return {
        "status": worst(report),
        "drift": str(any(environment.changes for environment in report.environments)).lower(),
        "broken": str(report.exit_status == 1).lower(),
        "report": str(settings.report / "report.json"),
        "summary": summary_line(report),
    }


def _red(fail_on: str, status: int, *, failed: bool) -> int:
    """The step's own status: what `fail-on` lets pass is green; that we could not publish is red unless `never`."""
    if status in _FAIL_ON[fail_on]:
        return status
    return 3 if failed and fail_on != "never" else 0


def _tell(report: Report, settings: Settings, environ: Mapping[str, str]) -> None:
    for line in annotations(report, _lines(report, Path(settings.repo)), PurePosixPath(settings.repo)):
        _say(line)
    if path := environ.get("GITHUB_STEP_SUMMARY"):
        write_summary(Path(path), summary(report))


def _lines(report: Report, repo: Path) -> dict[tuple[str, str], int]:
    """The line of every pin, by lockfile and package, where the lockfile can be read."""
    found: dict[tuple[str, str], int] = {}
    for path in {lockfile.path for environment in report.environments for lockfile in environment.lockfiles}:
        try:
            with (repo / path).open("rb") as file:
                parsed = parse_lockfile(file.read(_LOCKFILE_BYTES).decode())
        except (OSError, UnicodeDecodeError, LockfileError):
            continue  # nothing but the line of an annotation is lost
        found.update({(path, entry.pin.name): entry.line for entry in parsed.entries})
    return found


def _publish(inputs: Inputs, token: str, environ: Mapping[str, str]) -> tuple[dict[str, str], bool]:
    """Publish, say what was done, and give the outputs and whether something was refused."""
    done = app.publish(Path(inputs.settings.report), inputs.options, {**environ, "GITHUB_TOKEN": token})
    _say(command("group", "What would be published" if inputs.options.dry_run else "Published"))
    for line in "\n".join(done.lines).splitlines():
        _say(inert(line))
    _say(command("endgroup", ""))
    for problem in done.problems:
        _say(command("error", problem, {"title": "depcheck could not publish"}))
    outputs = {
        "pull-request-number": str(done.pull_request_number or ""),
        "pull-request-url": done.pull_request_url,
        "issue-number": str(done.issue_number or ""),
        "issue-url": done.issue_url,
    }
    return outputs, bool(done.problems)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
