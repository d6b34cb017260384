"""The GitHub Action: read INPUT_* variables, check, publish, and write outputs.

It also writes groups, annotations and the job summary. First of all it removes the token from the
environment. The checker runs in a separate process that never had the token
(`wiring/checker_process.py`).
"""

import os
import sys
import time
import traceback
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from depcheck.cli.argument_parser import as_argv, from_action_inputs
from depcheck.core.config.options import CHECK_OPTIONS, LOCATION_OPTIONS
from depcheck.core.config.publish_options import PUBLISH_OPTIONS
from depcheck.core.config.settings import PublishOptions, Settings
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.messages.summary import (
    find_worst_status,
    format_summary_line,
    render_published_section,
    render_report_markdown,
)
from depcheck.core.model.errors import DepcheckError, LockfileError, UsageError
from depcheck.core.model.report import Report
from depcheck.core.model.report_json import mask_report
from depcheck.core.text.secret_values import find_secret_values, list_secret_forms
from depcheck.core.text.workflow_commands import format_workflow_command, to_inert_line
from depcheck.publishing.validate_report import read_untrusted_report
from depcheck.reporting.folder import transfer_ownership
from depcheck.reporting.github_log import build_annotations, write_job_summary, write_step_outputs
from depcheck.wiring import app
from depcheck.wiring.checker_process import filter_variables, run_checker_process
from depcheck.wiring.load_config import load_publish_options, load_settings
from depcheck.wiring.run_context import get_cache_folder
from depcheck.wiring.sealed_imports import import_all, refuse_changed_files

if TYPE_CHECKING:  # imported before packages run, by `import_all`
    from depcheck.publishing.publish import PublishResult

_COMMANDS = ("run", "check", "publish")
_RED_STATUSES = {"unjudged": {1, 3}, "broken": {1}, "new": {1, 3}, "never": set[int]()}
_CHECKED_STATUSES = {0, 1, 3}
_BUG_STATUS = 70
# What publishing needs, imported before anything of a package runs; what a library imports later is held to its time.
_PUBLISHING = ("depcheck.publishing.publish", "depcheck.publishing.github.event_context", "github", "requests", "idna")
_INTERRUPTED_STATUS = 130
_LOCKFILE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class ActionInputs:
    """The inputs of the workflow step.

    `checker_words` is the checker's command line.
    """

    command: str
    fail_on: str
    settings: Settings
    options: PublishOptions
    checker_words: tuple[str, ...]


def main(environ: MutableMapping[str, str] | None = None) -> int:
    """Run the action in `environ` and return the exit status.

    `environ` is this process's own by default; the token is removed from it.
    """
    environ = os.environ if environ is None else environ
    token = environ.pop("INPUT_TOKEN", "") or environ.get("GITHUB_TOKEN", "")
    environ.pop("GITHUB_TOKEN", None)
    secrets = _find_secrets(environ)
    forms = {form for secret in secrets for form in list_secret_forms(secret)}
    for form in (*sorted(secrets), *sorted(forms - secrets)):
        _print_line(format_workflow_command("add-mask", form))
    try:
        return _run_command(_read_inputs(environ), token, environ)
    except DepcheckError as error:
        _print_line(format_workflow_command("error", str(error), {"title": "depcheck"}))
        return error.exit_status
    except KeyboardInterrupt:
        _print_line("depcheck: interrupted; the report is not whole.")
        return _INTERRUPTED_STATUS
    except Exception as error:  # noqa: BLE001  # the last line of defence: never a bare traceback
        for line in "".join(traceback.format_exception(error)).splitlines():
            _print_line(to_inert_line(line))
        _print_line(
            format_workflow_command(
                "error", f"{type(error).__name__}: {error}. This is a bug of ours; please report it."
            )
        )
        return _BUG_STATUS


def _find_secrets(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the passwords of indexes and the secrets for checks.

    Tokens are not included: the runner or the App's own step masks them.
    """
    return find_secret_values(environ, environ.get("INPUT_ENV", "").split())


def _read_inputs(environ: Mapping[str, str]) -> ActionInputs:
    source = from_action_inputs(environ, CHECK_OPTIONS)
    return ActionInputs(
        command=_read_choice("command", _COMMANDS, environ),
        fail_on=_read_choice("fail-on", tuple(_RED_STATUSES), environ),
        settings=load_settings(source),
        options=load_publish_options(from_action_inputs(environ, (*LOCATION_OPTIONS, *PUBLISH_OPTIONS))),
        checker_words=tuple(as_argv(source, CHECK_OPTIONS)),
    )


def _read_choice(name: str, allowed_values: tuple[str, ...], environ: Mapping[str, str]) -> str:
    value = environ.get(f"INPUT_{name.upper()}", "").strip() or allowed_values[0]
    if value not in allowed_values:
        raise UsageError(f"the input `{name}` is {value!r}; give one of {', '.join(allowed_values)}.")
    return value


def _run_command(inputs: ActionInputs, token: str, environ: Mapping[str, str]) -> int:
    import_all(() if inputs.command == "check" else _PUBLISHING)
    refuse_changed_files(time.time())
    status = 0
    if inputs.command != "publish":
        status = run_checker_process(inputs.checker_words, filter_variables(environ, inputs.settings.env))
        for folder in (Path(inputs.settings.report), get_cache_folder(environ)):  # the runner keeps both
            transfer_ownership(folder, Path(inputs.settings.repo), Path(environ.get("HOME", "/")))
        if status not in _CHECKED_STATUSES:
            return status
    report = read_untrusted_report(Path(inputs.settings.report), environ.get("GITHUB_REPOSITORY", ""))
    report = mask_report(report, {token, *_find_secrets(environ)})
    _write_outputs(to_action_outputs(report, inputs.settings), environ)  # first: publishing depends on the forge
    if inputs.command != "publish":
        _show_report(report, inputs.settings, environ)
    status = status or report.exit_status
    if inputs.command == "check":
        return _get_step_status(inputs.fail_on, status, failed=False)
    done = _publish_report(inputs, token, environ)
    if inputs.fail_on == "new":
        news = tuple(each for each in report.environments if each.name not in done.known)
        status = replace(report, environments=news).exit_status if news else 0
    return _get_step_status(inputs.fail_on, status, failed=bool(done.problems))


def _write_outputs(outputs: Mapping[str, str], environ: Mapping[str, str]) -> None:
    if path := environ.get("GITHUB_OUTPUT"):
        write_step_outputs(Path(path), outputs)


def _append_summary(markdown: str, environ: Mapping[str, str]) -> None:
    if path := environ.get("GITHUB_STEP_SUMMARY"):
        write_job_summary(Path(path), markdown)


def to_action_outputs(report: Report, settings: Settings) -> dict[str, str]:
    """Return the action's outputs that come from the report.

    The outputs of publishing are not included.
    """
    return {
        "status": find_worst_status(report),
        "drift": str(any(environment.changes for environment in report.environments)).lower(),
        "broken": str(report.exit_status == 1).lower(),
        "report": str(settings.report / "report.json"),
        "summary": format_summary_line(report),
    }


def _get_step_status(fail_on: str, status: int, *, failed: bool) -> int:
    """Return the exit status of the step.

    0 for a status that `fail-on` does not name. 3 if publishing failed, unless `fail-on` is `never`.
    """
    if status in _RED_STATUSES[fail_on]:
        return status
    return 3 if failed and fail_on != "never" else 0


def _show_report(report: Report, settings: Settings, environ: Mapping[str, str]) -> None:
    for line in build_annotations(report, _find_pin_lines(report, Path(settings.repo)), PurePosixPath(settings.repo)):
        _print_line(line)
    _append_summary(render_report_markdown(report), environ)


def _find_pin_lines(report: Report, repo: Path) -> dict[tuple[str, str], int]:
    """Return the line of every pin, by lockfile and package.

    Lockfiles that cannot be read are left out.
    """
    found: dict[tuple[str, str], int] = {}
    for path in {lockfile.path for environment in report.environments for lockfile in environment.lockfiles}:
        try:
            with (repo / path).open("rb") as file:
                parsed = parse_lockfile(file.read(_LOCKFILE_BYTES).decode())
        except (OSError, UnicodeDecodeError, LockfileError):
            continue  # nothing but the line of an annotation is lost
        found.update({(path, entry.pin.name): entry.line for entry in parsed.entries})
    return found


def _publish_report(inputs: ActionInputs, token: str, environ: Mapping[str, str]) -> "PublishResult":
    """Publish, print what was done, complete outputs and summary.

    A forge that could not be used at all is a problem of the result.
    """
    from depcheck.publishing.publish import PublishResult  # noqa: PLC0415  # `import_all` has it

    try:
        folder = Path(inputs.settings.report)
        done = app.publish_report_folder(folder, inputs.options, {**environ, "GITHUB_TOKEN": token})
    except UsageError:
        raise
    except DepcheckError as error:
        done = PublishResult(problems=(str(error),))
    else:
        _write_outputs(_to_publish_outputs(done), environ)
    _print_line(format_workflow_command("group", "What would be published" if inputs.options.dry_run else "Published"))
    for line in "\n".join(done.lines).splitlines():
        _print_line(to_inert_line(line))
    _print_line(format_workflow_command("endgroup", ""))
    for problem in done.problems:
        _print_line(format_workflow_command("error", problem, {"title": "depcheck could not publish"}))
    if not inputs.options.dry_run:
        _append_summary(render_published_section(done.lines, done.problems), environ)
    return done


def _to_publish_outputs(done: "PublishResult") -> dict[str, str]:
    return {
        "pull-request-number": str(done.pull_request_number or ""),
        "pull-request-url": done.pull_request_url,
        "issue-number": str(done.issue_number or ""),
        "issue-url": done.issue_url,
    }


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
