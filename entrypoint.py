"""The action's process in the container. Everything is in `depcheck.action`."""

from depcheck.action import main
from depcheck.rings import seal

if __name__ == "__main__":
    seal()
    raise SystemExit(main())
