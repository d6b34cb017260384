"""Folders of killed runs go at the next start, and nobody else's."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from depcheck.wiring.run_folders import HOLDER, LEAST_AGE_S, open_run_folder


@pytest.fixture
def left_over(tmp_path: Path) -> Path:
    """Return the folder of a run that was killed long ago."""
    text = (
        "import os, sys\nfrom pathlib import Path\nfrom depcheck.wiring.run_folders import open_run_folder\n"
        "with open_run_folder(Path(sys.argv[1])) as room:\n    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", text, tmp_path], check=False)
    (room,) = tmp_path.glob("depcheck-*")
    (room / "venv").mkdir()
    os.utime(room / HOLDER, (0, 0))
    return room


def test_the_folder_of_a_killed_run_goes_at_the_next_start(left_over) -> None:
    """Remove an old folder that no run holds."""
    with open_run_folder(left_over.parent) as room:
        assert room.is_dir()
        assert not left_over.exists()
    assert not room.exists()


def test_what_is_held_young_or_not_ours_stays(left_over, tmp_path) -> None:
    """Keep folders of living runs, new ones, links and those of others."""
    (tmp_path / "depcheck-report").mkdir()
    (tmp_path / "depcheck-link").symlink_to(left_over)
    (tmp_path / "depcheck-young").mkdir()
    (tmp_path / "depcheck-young" / HOLDER).touch()
    with (left_over / HOLDER).open() as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with open_run_folder(tmp_path):
            kept = {path.name for path in tmp_path.glob("depcheck-*")}
    assert kept >= {left_over.name, "depcheck-report", "depcheck-link", "depcheck-young"}
    assert LEAST_AGE_S > 0
