"""The `depcheck` command: parse arguments, run a command, return its exit status."""

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from depcheck.cli.argument_parser import build_parser
from depcheck.core.model.errors import DepcheckError

BUG_STATUS = 70
_INTERRUPTED_STATUS = 130
_DEFAULT_REPORT = "depcheck-report"


def main(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Run one command and return the exit status.

    `environ` is this process's own by default.
    """
    arguments = Namespace()
    try:
        build_parser().parse_args(argv, arguments)
        status = _load_command(arguments)(arguments, os.environ if environ is None else environ)
        sys.stdout.flush()
    except DepcheckError as error:
        _print_error(f"depcheck: {error}")
        return error.exit_status
    except KeyboardInterrupt:
        _print_error("depcheck: interrupted; what the report says is right, but not complete.")
        return _INTERRUPTED_STATUS
    except BrokenPipeError:
        # Whoever read our output has gone. Python would complain once more when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001  # the last line of defence: never a traceback for a person
        return _report_bug(error, Path(getattr(arguments, "report", _DEFAULT_REPORT)))
    return status


def _load_command(arguments: Namespace) -> Callable[[Namespace, Mapping[str, str]], int]:
    # Imported on demand, so that `--help` and a wrong option answer at once.
    from depcheck.cli import commands  # noqa: PLC0415

    chosen: Callable[[Namespace, Mapping[str, str]], int] = getattr(commands, arguments.command)
    return chosen


def _report_bug(error: Exception, report: Path) -> int:
    """Write the traceback to a file and print one sentence."""
    trace = "".join(traceback.format_exception(error))
    where = report / "traceback.txt"
    try:
        report.mkdir(parents=True, exist_ok=True)
        where.write_text(trace, encoding="utf-8")
        kept = f"please report it with {where}"
    except OSError as unwritable:
        kept = f"its traceback could not be kept ({unwritable})"
    _print_error(f"depcheck: {type(error).__name__}: {error}. This is a bug of ours; {kept}.")
    return BUG_STATUS


def _print_error(sentence: str) -> None:
    from depcheck.core.text.terminal_safe import to_one_line  # noqa: PLC0415
    from depcheck.core.text.workflow_commands import neutralize_commands  # noqa: PLC0415

    print(neutralize_commands(to_one_line(sentence, 2000)), file=sys.stderr)
