"""The command `depcheck` as a process of its own, which `python -m depcheck` is as well."""

import gc
import os
import sys

from depcheck import cli
from depcheck.rings import handed_over, veil

COLLECT_AFTER = 100_000  # objects; most of what is made while we start stays, and a quiet night is little more


def main() -> int:
    """Run the command of this process's arguments, and give the exit status."""
    veil(sys.orig_argv, os.environ)
    gc.set_threshold(COLLECT_AFTER)
    status = cli.main(handed_over(sys.argv[1:]))
    gc.freeze()  # all goes with the process; to look through it for garbage once more takes a tenth of a quiet night
    return status


if __name__ == "__main__":
    raise SystemExit(main())
