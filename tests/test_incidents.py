"""Real incidents from the live index repeat history's verdict."""

import os
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from replay import INCIDENTS, every, replay

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.story]

HANDFUL = (
    "click82-typer-help",
    "scarface-broken-sdist",
    "flask2-flask-script",
    "websockets14-extra-headers",
    "baseline-time-bomb",
)
CHOSEN = every() if os.environ.get("DEPCHECK_ALL_INCIDENTS") == "1" else HANDFUL


def interpreter_here(python: str) -> bool:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    here = python == f"{sys.version_info.major}.{sys.version_info.minor}"
    return here or bool(shutil.which(f"python{python}") or list(root.glob(f"versions/{python}.*/bin/python")))


@pytest.mark.parametrize("name", CHOSEN)
def test_history_repeats_itself(name):
    """Match status, culprits, releases, error and proposal of history."""
    file = INCIDENTS / name / "incident.toml"
    if not file.exists():
        pytest.skip(f"{file} is not here; DEPCHECK_INCIDENTS names the folder of incidents")
    python = tomllib.loads(file.read_text())["python"]
    if not interpreter_here(python):
        pytest.skip(f"there is no Python {python} on this machine")
    done = replay(name)
    assert not done.differences
