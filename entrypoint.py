"""The action's process in the container. Everything is in `depcheck.action`."""

import os

from depcheck.rings import close_mounts, seal, shed

if __name__ == "__main__":
    shed(os.environ)
    seal()
    close_mounts()
    from depcheck.action import main  # it takes a moment, and `shed` starts again

    raise SystemExit(main())
