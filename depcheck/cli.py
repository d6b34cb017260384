"""The command `depcheck`: argv and environment become settings, results become output and an exit status."""

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from depcheck.arguments import parser
from depcheck.core.errors import DepcheckError

BUG_STATUS = 70
_INTERRUPTED_STATUS = 130
_DEFAULT_REPORT = "depcheck-report"


def main(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Run one command and give the exit status; `environ` is this process's own unless another is given."""
    arguments = Namespace()
    try:
        parser().parse_args(argv, arguments)
        status = _command(arguments)(arguments, os.environ if environ is None else environ)
        sys.stdout.flush()
    except DepcheckError as error:
        _complain(f"depcheck: {error}")
        return error.exit_status
    except KeyboardInterrupt:
        _complain("depcheck: interrupted; nothing that stands in the report is wrong, but it is not whole.")
        return _INTERRUPTED_STATUS
    except BrokenPipeError:
        # Whoever read our output has gone. Python would complain once more when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001  # the last line of defence: never a traceback for a person
        return _bug(error, Path(getattr(arguments, "report", _DEFAULT_REPORT)))
    return status


def _command(arguments: Namespace) -> Callable[[Namespace, Mapping[str, str]], int]:
    # Imported on demand, so that `--help` and a wrong option answer at once.
    from depcheck import commands  # noqa: PLC0415

    chosen: Callable[[Namespace, Mapping[str, str]], int] = getattr(commands, arguments.command)
    return chosen


def _bug(error: Exception, report: Path) -> int:
    """Keep the traceback in a file, say one sentence."""
    trace = "".join(traceback.format_exception(error))
    where = report / "traceback.txt"
    try:
        report.mkdir(parents=True, exist_ok=True)
        where.write_text(trace, encoding="utf-8")
        kept = f"please report it with {where}"
    except OSError as unwritable:
        kept = f"its traceback could not be kept ({unwritable})"
    _complain(f"depcheck: {type(error).__name__}: {error}. This is a bug of ours; {kept}.")
    return BUG_STATUS


def _complain(sentence: str) -> None:
    from depcheck.core.plain import one_line  # noqa: PLC0415
    from depcheck.core.workflow_commands import unheard  # noqa: PLC0415

    print(unheard(one_line(sentence, 2000)), file=sys.stderr)
