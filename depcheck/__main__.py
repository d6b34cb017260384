"""`python -m depcheck` is the command `depcheck`."""

from depcheck.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
