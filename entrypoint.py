"""The action's process in the container. Everything is in `depcheck.action`."""

import os

from depcheck.wiring.checker_process import close_mounts, forbid_process_inspection, restart_with_hidden_environ

if __name__ == "__main__":
    restart_with_hidden_environ(os.environ)
    forbid_process_inspection()
    close_mounts()
    from depcheck.action import main  # it takes a moment, and `shed` starts again

    raise SystemExit(main())
