"""The entry point of `python -m depcheck` and of the `depcheck` script."""

import gc
import os
import sys

_INTERRUPTED_STATUS = 130
GC_THRESHOLD = 100_000  # objects; most of what is made while we start stays, and a quiet night is little more


def main() -> int:
    """Run the command in this process's arguments and return the exit status."""
    try:
        return _start()
    except KeyboardInterrupt:  # in the first moments, while modules are imported
        sys.stderr.write("depcheck: interrupted; nothing was checked.\n")
        return _INTERRUPTED_STATUS


def _start() -> int:
    from depcheck.cli import main as cli  # noqa: PLC0415  # it takes a moment, as below
    from depcheck.wiring.checker_process import read_handed_arguments, restart_without_credentials  # noqa: PLC0415

    restart_without_credentials(sys.orig_argv, os.environ)
    gc.set_threshold(GC_THRESHOLD)
    status = cli.main(read_handed_arguments(sys.argv[1:]))
    gc.freeze()  # all goes with the process; to look through it for garbage once more takes a tenth of a quiet night
    return status


if __name__ == "__main__":
    raise SystemExit(main())
