"""The action's process in the container. Everything is in `depcheck.action`."""

import os
import signal
import sys


def _start() -> int:
    from depcheck.wiring.checker_process import (  # noqa: PLC0415  # a run can be cancelled meanwhile
        close_mounts,
        forbid_process_inspection,
        restart_with_hidden_environ,
    )

    restart_with_hidden_environ(os.environ)
    forbid_process_inspection()
    close_mounts()
    # The image blocks it until here: nobody could answer it before, but a traceback.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    from depcheck.action import main  # noqa: PLC0415  # the process starts again before

    return main()


if __name__ == "__main__":
    try:
        status = _start()
    except KeyboardInterrupt:
        sys.stderr.write("depcheck: interrupted; nothing was checked.\n")
        status = 130
    raise SystemExit(status)
