"""A history for copies that gives the repository's own version.

setuptools-scm, hatch-vcs, versioneer and their like ask git for a version. A copy holds no history, for credentials
stand in there; so it gets one of its own, with the same tags at the same distances.
"""

import re
from pathlib import Path

from depcheck.checking.sandbox.guest import Guest
from depcheck.core.text.version_history_stream import History, to_import_stream

TIMEOUT_S = 300.0
_SAFE = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}
# Only the copy's own files, no hooks, no filters, no templates; the tree is what the copy holds now.
_BEGIN = "git init --quiet --template= . && git add --all . && git write-tree >&3"
_END = "git fast-import --quiet --force && git symbolic-ref HEAD refs/heads/main && git reset --quiet"


def write_history(guest: Guest, folder: Path, history: History | None) -> bool:
    """Give the guest's copy in `folder` a history of its own.

    False where there is none, or git is missing.
    """
    if history is None:
        return False
    began = guest.run(["sh", "-c", _BEGIN], folder=folder, timeout_s=TIMEOUT_S, env=_SAFE)
    tree = began.answer.decode("ascii", "replace").strip()
    if not began.is_success or not re.fullmatch(r"[0-9a-f]{40,64}", tree):
        return False
    stream = to_import_stream(history, tree)
    return guest.run(["sh", "-c", _END], folder=folder, timeout_s=TIMEOUT_S, env=_SAFE, given=stream).is_success
