"""The pytest plug-in that reports passed tests, and how it loads."""

import json
from collections.abc import Sequence

from depcheck.checking.checks.running.command_context import CheckContext
from depcheck.checking.checks.running.compiled_code import GUEST_SCRIPTS
from depcheck.checking.environments.environment import VirtualEnvironment
from depcheck.checking.sandbox.launcher.tree_removal import remove_tree

PATH_FILE = "depcheck_pytest.pth"


def prepare_plugin(room: CheckContext, wanted: Sequence[str]) -> dict[str, str]:
    """Prepare the results folder, and return the variables for pytest.

    `wanted` are the ids to run, empty for all. The plug-in is an entry point of the environment as well: a command
    that sets PYTHONPATH or PYTEST_ADDOPTS itself loads it all the same.
    """
    results = room.results_folder
    if results.exists():
        remove_tree(results)
    results.mkdir()
    (results / "wanted.json").write_text(json.dumps(wanted))
    room.guest.take_ownership(results)
    expose_plugin(room.environment)
    return {"PYTEST_ADDOPTS": "-p depcheck_pytest", "PYTHONPATH": str(GUEST_SCRIPTS), "DEPCHECK_RESULTS": str(results)}


def expose_plugin(environment: VirtualEnvironment) -> None:
    """Put the plug-in's folder at the end of an environment's path.

    Only in an environment of ours: one that is a link to another is left as it is.
    """
    if (environment.folder / "venv").is_symlink():
        return
    for folder in environment.site_packages:
        if not (folder / PATH_FILE).exists():
            (folder / PATH_FILE).write_text(f"{GUEST_SCRIPTS}\n")
