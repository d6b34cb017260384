"""Without either fenced folder the program is whole.

They speed compiles up, and nothing else knows them.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FENCES = {
    # folder: the modules of `wiring` that belong to it, and the name by which one other module of `wiring` adds it
    "resolution_cache": (("cache_shortcut.py",), "CacheShortcut", "run_context.py"),
    "checking/compile/proof": ((), "ProvingCompiler", "adapters.py"),
}
WHOLE_RUNS = ["tests/pipeline/test_unlocked.py", "tests/pipeline/test_trimmed.py", "tests/pipeline/test_layers.py"]


def take_out(house: Path, folder: str) -> None:
    """Delete a fenced folder, its import and line in `wiring`."""
    shutil.rmtree(house / "depcheck" / folder)
    modules, name, user = FENCES[folder]
    wiring = house / "depcheck" / "wiring"
    for module in modules:
        (wiring / module).unlink()
    lines = (wiring / user).read_text().splitlines(keepends=True)
    kept = [line for line in lines if name not in line]
    assert len(lines) - len(kept) == 2
    (wiring / user).write_text("".join(kept))


@pytest.fixture(params=FENCES)
def fenced(request, tmp_path) -> tuple[Path, str]:
    left = shutil.ignore_patterns(".*", "__pycache__", "depcheck-report", "site")
    house = shutil.copytree(ROOT, tmp_path / "house", ignore=left)
    take_out(house, request.param)
    return house, request.param


@pytest.mark.slow
def test_without_a_fenced_folder_types_are_right(fenced) -> None:
    """Only its line in `wiring` names it."""
    house, _ = fenced
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", house / ".mypy_cache"],
        cwd=house, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-3000:]


@pytest.mark.slow
def test_without_a_fenced_folder_whole_runs_pass(fenced) -> None:
    """Pass the tests that run the whole program, with every compile.

    Core is left out: it cannot import either folder, by contract.
    """
    house, _ = fenced
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow and not live", *WHOLE_RUNS],
        cwd=house, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-3000:]


@pytest.mark.parametrize("folder", FENCES)
def test_nothing_but_wiring_knows_a_fenced_folder(folder) -> None:
    """An import from anywhere else would grow roots through the fence."""
    dotted = re.compile(rf"depcheck\.{folder.replace('/', '[.]')}\b")
    house = ROOT / "depcheck"
    outside = [path for path in house.rglob("*.py") if not path.is_relative_to(house / folder)]
    users = {path.relative_to(house).as_posix() for path in outside if dotted.search(path.read_text())}
    modules, _, user = FENCES[folder]
    assert users == {f"wiring/{name}" for name in (modules or (user,))}
