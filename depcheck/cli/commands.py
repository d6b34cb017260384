"""The commands of the command line, each returning the exit status.

`cli/main.py` looks them up by name.
"""

import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from depcheck.cli.argument_parser import COMMANDS, MODE_FLAGS, as_argv, collect_given_options
from depcheck.cli.completion import COMPLETION_RENDERERS, list_flags
from depcheck.core.config.from_sources import (
    build_bisect_settings,
    build_check_settings,
    build_plan_options,
)
from depcheck.core.config.options import CHECK_OPTIONS
from depcheck.core.config.settings import PublishOptions, Settings
from depcheck.core.model.errors import DepcheckError
from depcheck.core.model.report import Report
from depcheck.core.settlement.job_matrix import plan_job_matrix
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.core.text.workflow_commands import neutralize_commands, neutralize_json_commands, to_inert_line
from depcheck.reporting.github_log import WorkflowReporter
from depcheck.reporting.terminal import TerminalReporter, create_console, print_outcomes
from depcheck.wiring import app
from depcheck.wiring.checker_process import filter_variables, run_checker_process
from depcheck.wiring.load_config import load_publish_options, load_settings

_LINE_CHARS = 2000


def check(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Check the repository, write the report and print the verdicts."""
    settings = load_settings(collect_given_options(arguments))
    with _make_reporter(arguments, environ) as reporter:
        try:
            report = app.check_repository(settings, reporter, environ)
        except DepcheckError as error:
            app.write_failure_report(settings, error, environ)
            raise
    _print_report(arguments, environ, report, settings)
    return report.exit_status


def bisect(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Check the repository between two dates and print the verdicts."""
    settings = build_bisect_settings(collect_given_options(arguments))
    with _make_reporter(arguments, environ) as reporter:
        try:
            report = app.bisect_repository(settings, reporter, environ)
        except DepcheckError as error:
            app.write_failure_report(settings.check, error, environ)
            raise
    _print_report(arguments, environ, report, settings.check)
    return report.exit_status


def publish(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Publish what the report proposes.

    The exit status is 3 if the forge refused something.
    """
    source = collect_given_options(arguments)
    return _publish_and_print(Path(build_check_settings(source).report), load_publish_options(source), environ)


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Check in a separate process that sees no token, then publish."""
    source = collect_given_options(arguments)
    settings, options = load_settings(source), load_publish_options(source)
    status = run_checker_process(
        [*_list_mode_flags(arguments), *as_argv(source, CHECK_OPTIONS)], filter_variables(environ, settings.env)
    )
    published = _publish_and_print(Path(settings.report), options, environ) if status in {0, 1, 3} else 0
    return status or published


def plan(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Print the job matrix as one line of JSON.

    Its `lockfiles` has one path a line, as the input `lockfile` takes it.
    """
    source = collect_given_options(arguments)
    options = build_plan_options(source)
    durations_s = app.read_durations(options.last)
    rows = plan_job_matrix(app.find_environments(load_settings(source), environ), durations_s, options.jobs)
    print(neutralize_json_commands(json.dumps({"include": rows})))
    return 0


def init(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Write the workflow and the configuration.

    With `--check`, write nothing and only print what a run now would find.
    """
    from depcheck.cli import init_write  # noqa: PLC0415  # of one command alone, as below
    from depcheck.cli.init_detect import inspect_repository  # noqa: PLC0415

    source = collect_given_options(arguments)
    settings = load_settings({name: source[name] for name in ("repo",) if name in source})
    repo = Path(settings.repo)
    environments = app.find_environments(settings, environ)
    found = inspect_repository(repo, environments)
    for line in found.to_lines():
        print(to_one_line(line, 400))
    if arguments.check:
        return _preview_run(settings, environ)
    init_write.refuse_without_work(repo, (spec.skip_reason for spec in environments))
    for path in init_write.write_init_files(repo, found, _ask_boot_command()):
        print(f"wrote {path}")
    print(init_write.PERMISSION_NOTICE)
    print("Commit both. The first run is at the time in the workflow, or now by hand under Actions.")
    return 0


def _ask_boot_command() -> str:
    """Ask how the program is started, if the terminal is interactive.

    This is the only question of `init`.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return ""
    return input("How is the program started that must stay up? (Enter for none) ").strip()


def _preview_run(settings: Settings, environ: Mapping[str, str]) -> int:
    """Check into a temporary folder and print what would be written."""
    from depcheck.cli import init_write  # noqa: PLC0415

    for path in init_write.get_init_paths(Path(settings.repo)):
        print(f"{path} {'exists and would stay as it is' if path.exists() else 'would be written'}")
    print("What a run now would find:", flush=True)
    with tempfile.TemporaryDirectory(prefix="depcheck-report-") as folder:
        with TerminalReporter(create_console(sys.stderr, environ)) as reporter:
            report = app.check_repository(replace(settings, report=Path(folder)), reporter, environ)
        print_outcomes(create_console(sys.stdout, environ), report.environments)
    return report.exit_status


def completion(arguments: Namespace, _environ: Mapping[str, str]) -> int:
    """Print the completion script of a shell."""
    table = {
        name: (summary, (*list_flags(options), *MODE_FLAGS.get(name, ())))
        for name, (summary, options, _) in COMMANDS.items()
    }
    print(COMPLETION_RENDERERS[arguments.shell](table), end="")
    return 0


def demo(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Replay the demo incident.

    The exit status is 0 if it was found as it happened.
    """
    from depcheck.cli import demo as incident  # noqa: PLC0415

    return incident.replay_incident(build_check_settings(collect_given_options(arguments)).report, environ)


def _publish_and_print(report: Path, options: PublishOptions, environ: Mapping[str, str]) -> int:
    done = app.publish_report_folder(report, options, environ)
    for line in "\n".join(done.lines).split("\n"):
        print(to_inert_line(line, _LINE_CHARS) if _is_in_workflow(environ) else line)
    for problem in done.problems:
        print(neutralize_commands(to_one_line(f"depcheck: {problem}", _LINE_CHARS)), file=sys.stderr)
    return 3 if done.problems else 0


def _list_mode_flags(arguments: Namespace) -> list[str]:
    return [f"--{mode}" for mode in ("json", "quiet") if getattr(arguments, mode)]


def _is_in_workflow(environ: Mapping[str, str]) -> bool:
    return environ.get("GITHUB_ACTIONS") == "true"


def _make_reporter(arguments: Namespace, environ: Mapping[str, str]) -> TerminalReporter | WorkflowReporter:
    if _is_in_workflow(environ) and not arguments.quiet:
        return WorkflowReporter(sys.stderr if arguments.json else sys.stdout)
    return TerminalReporter(create_console(sys.stderr, environ), quiet=arguments.quiet)


def _print_report(arguments: Namespace, environ: Mapping[str, str], report: Report, settings: Settings) -> None:
    if arguments.json:
        print(neutralize_json_commands(Path(settings.report, "report.json").read_text(encoding="utf-8")), end="")
    elif not _is_in_workflow(environ):
        print_outcomes(create_console(sys.stdout, environ), report.environments, quiet=arguments.quiet)
        if not arguments.quiet:
            print(f"The whole report: {settings.report / 'report.html'}")
