"""`python -m depcheck` is the command `depcheck`."""

import sys

from depcheck.cli import main
from depcheck.rings import handed_over

if __name__ == "__main__":
    raise SystemExit(main(handed_over(sys.argv[1:])))
