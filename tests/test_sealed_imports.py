"""What the action's process imports is what was there when it began."""

import importlib
import importlib.util
import os
import py_compile
import sys
import time
from pathlib import Path

import pytest

from depcheck.wiring.sealed_imports import UnchangedFilesOnly


@pytest.fixture
def path(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_file_that_came_later_is_not_imported(path, monkeypatch) -> None:
    """Refuse modules written after the process began.

    Also with an old modification time.
    """
    monkeypatch.setattr(sys, "meta_path", [UnchangedFilesOnly(time.time() - 60), *sys.meta_path])
    (path / "zz_planted.py").write_text("loot = 1\n")
    os.utime(path / "zz_planted.py", (0, 0))
    with pytest.raises(ImportError, match="changed while this process ran"):
        importlib.import_module("zz_planted")


def test_a_file_that_was_there_is_imported(path, monkeypatch) -> None:
    """A module that is older than the process is imported."""
    (path / "zz_known.py").write_text("value = 1\n")
    monkeypatch.setattr(sys, "meta_path", [UnchangedFilesOnly(time.time() + 60), *sys.meta_path])
    assert importlib.import_module("zz_known").value == 1


def test_bytecode_that_came_later_is_not_read(path, monkeypatch) -> None:
    """Read the source, where another run may have compiled it."""
    known, other = path / "zz_compiled.py", path / "zz_other.py"
    known.write_text("value = 1\n")
    other.write_text("value = 2\n")
    os.utime(other, (known.stat().st_atime, known.stat().st_mtime))
    bytecode = Path(importlib.util.cache_from_source(str(known)))
    began = known.stat().st_ctime
    while not (bytecode.exists() and bytecode.stat().st_ctime > began):
        py_compile.compile(str(other), str(bytecode), str(known))
    monkeypatch.setattr(sys, "meta_path", [UnchangedFilesOnly(began), *sys.meta_path])
    assert importlib.import_module("zz_compiled").value == 1
