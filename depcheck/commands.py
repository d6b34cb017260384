"""What each command does, once its arguments are read. Each gives the exit status."""

import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from depcheck import app
from depcheck.arguments import COMMANDS, MODES, as_argv, given
from depcheck.configuration import settled
from depcheck.core.completion import SHELLS, flags
from depcheck.core.config import bisect_settings, check_settings, plan_options, publish_options
from depcheck.core.errors import DepcheckError
from depcheck.core.options import CHECK
from depcheck.core.plain import one_line
from depcheck.core.planning import matrix
from depcheck.core.report import Report
from depcheck.core.settings import PublishOptions, Settings
from depcheck.core.workflow_commands import inert, unheard, unheard_json
from depcheck.reporting.terminal import TerminalReporter, print_outcome, screen
from depcheck.reporting.workflow import WorkflowReporter
from depcheck.rings import allowed, check_apart

_LINE_CHARS = 2000


def check(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Judge, write the report, print the verdicts."""
    settings = settled(given(arguments))
    with _reporter(arguments, environ) as reporter:
        try:
            report = app.check(settings, reporter, environ)
        except DepcheckError as error:
            app.write_failure(settings, error, environ)
            raise
    _show(arguments, environ, report, settings)
    return report.exit_status


def bisect(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """The same for a question between two dates."""
    settings = bisect_settings(given(arguments))
    with _reporter(arguments, environ) as reporter:
        try:
            report = app.bisect(settings, reporter, environ)
        except DepcheckError as error:
            app.write_failure(settings.check, error, environ)
            raise
    _show(arguments, environ, report, settings.check)
    return report.exit_status


def publish(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Settle what the report proposes with the forge; 3 where something was refused."""
    source = given(arguments)
    return _publish(Path(check_settings(source).report), publish_options(source), environ)


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """`check` as a process of its own that sees no token, then `publish`."""
    source = given(arguments)
    settings, options = settled(source), publish_options(source)
    status = check_apart([*_modes(arguments), *as_argv(source, CHECK)], allowed(environ, settings.env))
    published = _publish(Path(settings.report), options, environ) if status in {0, 1, 3} else 0
    return status or published


def plan(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Print the matrix on one line; `lockfiles` has one path a line, as the input `lockfile` takes it."""
    source = given(arguments)
    options = plan_options(source)
    durations_s = app.durations(options.last)
    rows = matrix(app.environments(settled(source), environ), durations_s, options.jobs)
    print(unheard_json(json.dumps({"include": rows})))
    return 0


def init(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Write the workflow and the configuration; with `--check` nothing but what tonight's run would find."""
    from depcheck.scaffold import files  # noqa: PLC0415  # of one command alone, as below
    from depcheck.scaffold.look import look  # noqa: PLC0415

    source = given(arguments)
    settings = settled({name: source[name] for name in ("repo",) if name in source})
    repo = Path(settings.repo)
    found = look(repo, app.environments(settings, environ))
    for line in found.lines():
        print(one_line(line, 400))
    if arguments.check:
        return _tonight(settings, environ)
    for path in files.write(repo, found, _asked_for_boot()):
        print(f"wrote {path}")
    print("Commit both; the first run is tonight, or now by hand under Actions.")
    return 0


def _asked_for_boot() -> str:
    """The only question, where somebody is there to answer it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return ""
    return input("How is the program started that must stay up? (Enter for none) ").strip()


def _tonight(settings: Settings, environ: Mapping[str, str]) -> int:
    """Judge into a folder that is thrown away, and say what would be written."""
    from depcheck.scaffold import files  # noqa: PLC0415

    for path in files.paths(Path(settings.repo)):
        print(f"{path} {'exists and would stay as it is' if path.exists() else 'would be written'}")
    print("What a run tonight would find:", flush=True)
    with tempfile.TemporaryDirectory(prefix="depcheck-report-") as folder:
        with TerminalReporter(screen(sys.stderr, environ)) as reporter:
            report = app.check(replace(settings, report=Path(folder)), reporter, environ)
        print_outcome(screen(sys.stdout, environ), report.environments)
    return report.exit_status


def completion(arguments: Namespace, _environ: Mapping[str, str]) -> int:
    """Print the script."""
    table = {
        name: (summary, (*flags(options), *MODES.get(name, ()))) for name, (summary, options, _) in COMMANDS.items()
    }
    print(SHELLS[arguments.shell](table), end="")
    return 0


def demo(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Replay the incident; 0 when it was found as history has it."""
    from depcheck import demo as incident  # noqa: PLC0415

    return incident.replay(check_settings(given(arguments)).report, environ)


def _publish(report: Path, options: PublishOptions, environ: Mapping[str, str]) -> int:
    done = app.publish(report, options, environ)
    for line in "\n".join(done.lines).split("\n"):
        print(inert(line, _LINE_CHARS) if _in_workflow(environ) else line)
    for problem in done.problems:
        print(unheard(one_line(f"depcheck: {problem}", _LINE_CHARS)), file=sys.stderr)
    return 3 if done.problems else 0


def _modes(arguments: Namespace) -> list[str]:
    return [f"--{mode}" for mode in ("json", "quiet") if getattr(arguments, mode)]


def _in_workflow(environ: Mapping[str, str]) -> bool:
    return environ.get("GITHUB_ACTIONS") == "true"


def _reporter(arguments: Namespace, environ: Mapping[str, str]) -> TerminalReporter | WorkflowReporter:
    if _in_workflow(environ) and not arguments.quiet:
        return WorkflowReporter(sys.stderr if arguments.json else sys.stdout)
    return TerminalReporter(screen(sys.stderr, environ), quiet=arguments.quiet)


def _show(arguments: Namespace, environ: Mapping[str, str], report: Report, settings: Settings) -> None:
    if arguments.json:
        print(unheard_json(Path(settings.report, "report.json").read_text(encoding="utf-8")), end="")
    elif not _in_workflow(environ):
        print_outcome(screen(sys.stdout, environ), report.environments, quiet=arguments.quiet)
        if not arguments.quiet:
            print(f"The whole report: {settings.report}")
