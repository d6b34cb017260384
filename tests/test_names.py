"""Names and docstrings of the code follow the rules in CONTRIBUTING.md."""

import ast
from collections import defaultdict
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = sorted(path for path in (ROOT / "depcheck").rglob("*.py") if "guest_scripts" not in path.parts)
FOLDERS = ("depcheck", "tests", "scripts", "benchmarks")
EVERY_FILE = sorted(
    path
    for path in chain.from_iterable((ROOT / folder).rglob("*") for folder in FOLDERS)
    if (path.suffix == ".py" or (path.suffix == "" and path.is_file() and path.read_bytes()[:15] == b"#!/usr/bin/env "))
    and not {"guest_scripts", "hostile", "__pycache__"} & set(path.parts)
    and (path.suffix == ".py" or b"python" in path.read_bytes()[:30])
)
VERBS = frozenset((ROOT / "tests" / "verbs.txt").read_text().split())
CONVENTIONAL_FILES = {"__init__.py", "__main__.py"}
MOST_WORDS = 12
NOUNS = {
    "main": "entry points",
    "completion": "a command, called as it is typed",
    "demo": "a command, called as it is typed",
    "error": "argparse calls it",
    "cert_verify": "requests calls it",
    "rebuild_auth": "requests calls it",
    "server_bind": "http.server calls it",
    "version_string": "http.server calls it",
    "readable": "io calls it",
    "seekable": "io calls it",
    "readinto": "io calls it",
}
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def list_public_functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return public functions and methods, without properties."""
    bodies = [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    return [
        node
        for node in chain.from_iterable(bodies)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]


def list_summaries(path: Path) -> list[str]:
    """Return the first line of each docstring of a file."""
    kinds = (ast.Module, *Definition.__args__)
    texts = [ast.get_docstring(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]
    return [text.splitlines()[0] for text in texts if text]


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_functions_begin_with_a_verb(path):
    """Begin public functions with a verb of the list."""
    functions = list_public_functions(ast.parse(path.read_text()))
    wrong = [each.name for each in functions if each.name.split("_")[0] not in VERBS and each.name not in NOUNS]
    assert not wrong, "begin it with a verb, or add a missing verb to tests/verbs.txt"


def test_no_public_name_stands_in_two_modules():
    """Give each public top-level function and class a name of its own."""
    places = defaultdict(list)
    for path in PACKAGE:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, Definition) and not node.name.startswith("_") and node.name != "main":
                places[node.name].append(str(path.relative_to(ROOT)))
    assert not {name: found for name, found in places.items() if len(found) > 1}


def test_no_file_name_stands_twice():
    """Give each module a file name of its own."""
    places = defaultdict(list)
    for path in PACKAGE:
        if path.name not in CONVENTIONAL_FILES:
            places[path.name].append(str(path.parent.relative_to(ROOT)))
    assert not {name: found for name, found in places.items() if len(found) > 1}


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_begin_with_one_short_sentence(path):
    """Keep first lines of docstrings to twelve words, without a semicolon."""
    long = [line for line in list_summaries(path) if len(line.split()) > MOST_WORDS or ";" in line]
    assert not long
