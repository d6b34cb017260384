"""The package keeps its shape: layers, sizes, and who may do what."""

import ast
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "depcheck").rglob("*.py"))
GUEST = (
    ROOT / "depcheck" / "checking" / "checks" / "guest_scripts"
)  # runs in the target's interpreter, apart from the house
MOST_LINES, MOST_FUNCTION_LINES, MOST_FILES = 300, 40, 13


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def attributes(path: Path) -> set[str]:
    """Return `os.environ`, `sys.argv` and the like, as written."""
    tree = ast.parse(path.read_text())
    return {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def imported_folders(path: Path) -> set[str]:
    """Return the folders of the package whose modules a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "depcheck":
            target = Path(*node.module.split("."))
            found.add(str(target if (ROOT / target).is_dir() else target.parent))
    return found


def house() -> list[Path]:
    return [path for path in FILES if GUEST not in path.parents]


def importing(module: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in house() if module in imported(path)}


def test_imports_go_down_only():
    """Keep every import contract of pyproject.toml, with a layer for each module."""
    tool = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short(path):
    """Refuse files above 300 lines and functions above 40."""
    text = path.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    functions = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    long = [
        f"{n.name}: {n.end_lineno - n.lineno + 1}" for n in functions if n.end_lineno - n.lineno >= MOST_FUNCTION_LINES
    ]
    assert not long


def test_no_folder_grows_too_large():
    """Keep at most 13 modules in a folder, and aim for less."""
    folders = Counter(path.parent for path in FILES if path.name != "__init__.py")
    assert not {str(folder.relative_to(ROOT)): count for folder, count in folders.items() if count > MOST_FILES}


def test_no_two_folders_import_each_other():
    """Refuse circles between folders, also over a third one.

    The package's root is left out, and a folder may use what the folder around it shares.
    """
    graph = {str(folder): set() for folder in {path.parent.relative_to(ROOT) for path in house()}}
    for path in house():
        own = str(path.parent.relative_to(ROOT))
        around = {own, *map(str, Path(own).parents)}
        graph[own] |= imported_folders(path) - around if own != "depcheck" else set()
    TopologicalSorter(graph).prepare()  # a CycleError names the circle


def test_one_gate_starts_processes():
    """Start processes from the guest's module alone, the checker from its own."""
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
    """Let arguments and environment enter through cli and action alone."""
    readers = {
        str(path.relative_to(ROOT)) for path in house() if {"os.environ", "os.getenv", "sys.argv"} & attributes(path)
    }
    edges = {"depcheck/cli/main.py", "depcheck/action.py"}
    own_process = {p for p in readers if p.endswith("__main__.py")}  # started as processes of their own
    assert readers - own_process == edges


def test_the_core_is_pure():
    """Keep clock, chance, files, network and processes out of core."""
    impure = {"os", "time", "random", "secrets", "subprocess", "socket", "requests", "tempfile", "shutil", "threading"}
    core = [path for path in house() if path.is_relative_to(ROOT / "depcheck" / "core")]
    assert not {(path.name, module) for path in core for module in imported(path) & impure}
    clocks = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today"}
    assert not {(path.name, name) for path in core for name in attributes(path) & clocks}


def test_words_that_say_nothing_are_not_used():
    """Call no file, class or function manager, helper, utils, data or info."""
    empty = ("manager", "helper", "utils", "data", "info")
    named = [(path.name, path.stem) for path in house()]
    for path in house():
        nodes = ast.walk(ast.parse(path.read_text()))
        named += [(path.name, n.name) for n in nodes if isinstance(n, ast.ClassDef | ast.FunctionDef)]
    words = {(file, name) for file, name in named for word in name.lower().strip("_").split("_") if word in empty}
    assert not words


def test_types_are_told_and_not_asserted():
    """Refuse `cast` and `__getattr__` proxies.

    What a value is stands in its type.
    """
    loose = []
    for path in house():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "typing":
                loose += [f"{path.name}: cast" for name in node.names if name.name == "cast"]
            if isinstance(node, ast.FunctionDef) and node.name in {"__getattr__", "__getattribute__"}:
                loose.append(f"{path.name}: {node.name}")
    assert not loose
