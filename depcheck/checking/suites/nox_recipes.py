"""The test sessions of nox: what they run and install, as literals."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from depcheck.checking.suites.suite_files import read_small_text
from depcheck.checking.suites.suite_recipe import SuiteRecipe, split_own_extras

_SESSION = re.compile(r"(?:unit_?)?tests?(?:_.*)?|pytest")
_INSTALLERS = frozenset({"install", "run_install"})
_FLAGS_WITH_VALUE = frozenset({"-r", "--requirement", "-c", "--constraint", "-e", "--editable"})


def find_nox_recipes(root: Path) -> Iterator[SuiteRecipe]:
    """Yield the recipe of each session that is named for tests."""
    try:
        module = ast.parse(read_small_text(root, "noxfile.py"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and _SESSION.fullmatch(node.name):
            yield _read_session(node)


def _read_session(session: ast.FunctionDef) -> SuiteRecipe:
    calls = [
        (call.func.attr, call)
        for call in ast.walk(session)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    ]
    installs = [line for name, call in calls if name in _INSTALLERS for line in _to_requirement_lines(_words(call))]
    requirements, extras = split_own_extras(installs)
    folder = next((word for name, call in calls if name in {"chdir", "cd"} for word in _words(call)[:1]), "")
    return SuiteRecipe(
        commands=tuple(tuple(_words(call)) for name, call in calls if name == "run"),
        settings=tuple(pair for name, call in calls if name == "run" for pair in _read_variables(call)),
        folder="" if folder.startswith(("/", "..")) else folder.strip("/"),
        requirements=requirements,
        extras=extras,
        label=f"the session {session.name} of noxfile.py",
    )


def _words(call: ast.Call) -> list[str]:
    return [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def _to_requirement_lines(words: list[str]) -> Iterator[str]:
    """Write the arguments of `session.install` as lines of a requirements file."""
    left = list(words)
    while left:
        word = left.pop(0)
        if word in _FLAGS_WITH_VALUE and left:
            yield f"{word} {left.pop(0)}"
        elif not word.startswith("-"):
            yield word


def _read_variables(call: ast.Call) -> Iterator[tuple[str, str]]:
    """Yield the literal variables of `session.run(…, env={…})`."""
    for keyword in call.keywords:
        if keyword.arg == "env" and isinstance(keyword.value, ast.Dict):
            for name, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if isinstance(name, ast.Constant) and isinstance(value, ast.Constant):
                    yield str(name.value), str(value.value)
