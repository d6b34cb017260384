"""The action's process in the container. Everything is in `depcheck.action`."""

from depcheck.action import main
from depcheck.rings import close_mounts, seal

if __name__ == "__main__":
    seal()
    close_mounts()
    raise SystemExit(main())
