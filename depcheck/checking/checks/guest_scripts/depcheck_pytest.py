"""A pytest plugin that writes JUnit XML and runs only wanted tests.

Loaded by pytest 3 to 9 in the target's environment. DEPCHECK_RESULTS is a folder; wanted.json in it, if
it exists, holds the ids to run (`classname::name`, or a module for one that could not be collected). A file started-PID
stays where pytest never came to its end.
"""

import json
import os
import shutil
from _pytest.junitxml import mangle_test_address

import pytest

FOLDER = os.environ.get("DEPCHECK_RESULTS", "")


def _get_results_path():
    return os.path.join(FOLDER, "junit-%d.xml" % os.getpid())


def _get_marker_path():
    return os.path.join(FOLDER, "started-%d" % os.getpid())


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    if FOLDER and not hasattr(config, "workerinput"):
        open(_get_marker_path(), "w").close()
        if not getattr(config.option, "xmlpath", None):
            config.option.xmlpath = _get_results_path()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    theirs = getattr(config.option, "xmlpath", None)
    if (
        FOLDER
        and theirs
        and theirs != _get_results_path()
        and os.path.exists(theirs)
        and not hasattr(config, "workerinput")
    ):
        shutil.copy(theirs, _get_results_path())
    if FOLDER and os.path.exists(_get_marker_path()):
        os.remove(_get_marker_path())


def _read_wanted_ids():
    try:
        with open(os.path.join(FOLDER, "wanted.json"), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    wanted = _read_wanted_ids()
    if not wanted:
        return
    tests = {name for name in wanted if "::" in name}
    modules = tuple(name for name in wanted if "::" not in name)
    kept, left = [], []
    for item in items:
        names = mangle_test_address(item.nodeid)
        place = ".".join(names[:-1])
        inside = any(place == module or place.startswith(module + ".") for module in modules)
        (kept if inside or place + "::" + names[-1] in tests else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept
