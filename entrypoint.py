"""The action's process in the container. Everything is in `depcheck.action`."""

from depcheck.action import main

if __name__ == "__main__":
    raise SystemExit(main())
