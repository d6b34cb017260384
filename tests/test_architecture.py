"""The house keeps its shape: floors, sizes, and who may do what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "depcheck").rglob("*.py"))
GUEST = ROOT / "depcheck" / "checking" / "guest"  # runs in the target's interpreter, apart from the house
MOST_LINES, MOST_FUNCTION_LINES = 300, 40


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def attributes(path: Path) -> set[str]:
    """`os.environ`, `sys.argv` and the like, as written."""
    tree = ast.parse(path.read_text())
    return {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def house() -> list[Path]:
    return [path for path in FILES if GUEST not in path.parents]


def importing(module: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in house() if module in imported(path)}


def test_imports_go_down_only():
    """Every import contract of pyproject.toml is kept, and every module has a floor."""
    tool = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short(path):
    """A file of more than 300 lines, or a function of more than 40, wants to be two things."""
    text = path.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    functions = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    long = [
        f"{n.name}: {n.end_lineno - n.lineno + 1}" for n in functions if n.end_lineno - n.lineno >= MOST_FUNCTION_LINES
    ]
    assert not long


def test_one_gate_starts_processes():
    """Only checking/sandbox/guest.py has `subprocess`; rings.py spawns the checker, the walls become the guest."""
    assert importing("subprocess") == {"depcheck/checking/sandbox/guest.py"}
    assert not importing("multiprocessing")
    spawning = {
        str(p.relative_to(ROOT)) for p in house() if {"os.posix_spawn", "os.system", "os.popen"} & attributes(p)
    }
    assert spawning == {"depcheck/wiring/checker_process.py"}


def test_one_gate_reads_what_hostile_code_wrote():
    """Only untrusted_files.py opens files without following links."""
    opening = {str(path.relative_to(ROOT)) for path in house() if "O_NOFOLLOW" in path.read_text()}
    assert opening == {"depcheck/untrusted_files.py"}


def test_only_the_edges_read_the_environment():
    """Arguments and environment enter through cli.py and action.py; everybody else is given them."""
    readers = {
        str(path.relative_to(ROOT)) for path in house() if {"os.environ", "os.getenv", "sys.argv"} & attributes(path)
    }
    edges = {"depcheck/cli/main.py", "depcheck/action.py"}
    own_process = {p for p in readers if p.endswith("__main__.py")}  # started as processes of their own
    assert readers - own_process == edges


def test_the_core_is_pure():
    """No clock, no chance, no files, no network, no processes: what core says depends on what it is given."""
    impure = {"os", "time", "random", "secrets", "subprocess", "socket", "requests", "tempfile", "shutil", "threading"}
    core = [path for path in house() if path.is_relative_to(ROOT / "depcheck" / "core")]
    assert not {(path.name, module) for path in core for module in imported(path) & impure}
    clocks = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today"}
    assert not {(path.name, name) for path in core for name in attributes(path) & clocks}


def test_words_that_say_nothing_are_not_used():
    """No file, class or function is called manager, helper, utils, data or info."""
    empty = ("manager", "helper", "utils", "data", "info")
    named = [(path.name, path.stem) for path in house()]
    for path in house():
        nodes = ast.walk(ast.parse(path.read_text()))
        named += [(path.name, n.name) for n in nodes if isinstance(n, ast.ClassDef | ast.FunctionDef)]
    words = {(file, name) for file, name in named for word in name.lower().strip("_").split("_") if word in empty}
    assert not words
