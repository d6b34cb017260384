"""`python -m depcheck` is the command `depcheck`."""

import os
import sys

from depcheck.cli import main
from depcheck.rings import handed_over, veil

if __name__ == "__main__":
    veil(sys.orig_argv, os.environ)
    raise SystemExit(main(handed_over(sys.argv[1:])))
