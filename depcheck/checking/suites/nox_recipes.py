"""The test sessions of nox: what they run and install, as literals."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from depcheck.checking.suites.suite_files import read_small_text
from depcheck.checking.suites.suite_recipe import SuiteRecipe, split_own_extras

_SESSION = re.compile(r"(?:unit_?)?tests?(?:_.*)?|pytest")
_RUNNERS = frozenset({"run", "run_always", "run_install"})
_SYNC = ("uv", "sync")
_INSTALL_COMMANDS = (
    ("pip", "install"),
    ("uv", "pip", "install"),
    ("python", "-m", "pip", "install"),
    ("python", "-m", "uv", "pip", "install"),
    _SYNC,
)
_REQUIREMENT_FLAGS = frozenset({"-r", "--requirement", "-c", "--constraint", "-e", "--editable"})
_GROUP_FLAGS, _EXTRA_FLAGS = frozenset({"--group", "--only-group"}), frozenset({"--extra"})
_OTHER_FLAGS_WITH_VALUE = frozenset({"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--python", "-p",
                                     "--target", "--prefix", "--upgrade-strategy", "--package"})  # fmt: skip
_Names = Mapping[str, Sequence[str]]


def find_nox_recipes(root: Path) -> Iterator[SuiteRecipe]:
    """Yield the recipe of each session that is named for tests."""
    try:
        module = ast.parse(read_small_text(root, "noxfile.py"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    names = dict(_read_constants(module))
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and _SESSION.fullmatch(node.name):
            yield _read_session(node, names)


def _read_session(session: ast.FunctionDef, names: _Names) -> SuiteRecipe:
    calls = [
        (call.func.attr, call, list(_list_words(call, names)))
        for call in ast.walk(session)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    ]
    flags = [flag for name, _, words in calls for flag in _to_install_flags(_to_pip_words(name, words))]
    requirements, extras = split_own_extras(line for kind, line in flags if kind == "line")
    folder = next((word for name, _, words in calls if name in {"chdir", "cd"} for word in words[:1]), "")
    return SuiteRecipe(
        commands=tuple(tuple(words) for name, _, words in calls if name == "run"),
        settings=tuple(pair for name, call, _ in calls if name == "run" for pair in _read_variables(call)),
        folder="" if folder.startswith(("/", "..")) else folder.strip("/"),
        requirements=requirements,
        extras=(*extras, *(value for kind, value in flags if kind == "extra")),
        groups=tuple(value for kind, value in flags if kind == "group"),
        label=f"the session {session.name} of noxfile.py",
    )


def _read_constants(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Yield what stands for texts, or for lists of them."""
    for node in module.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            yield node.targets[0].id, list(_list_texts(values))


def _list_texts(nodes: Sequence[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _list_words(call: ast.Call, names: _Names) -> Iterator[str]:
    """List the texts that a call is given, if readable.

    `*nox.project.dependency_groups(table, "test")` is told as pip's `--group=test`.
    """
    for argument in call.args:
        value = argument.value if isinstance(argument, ast.Starred) else argument
        if isinstance(value, ast.Name):
            yield from names.get(value.id, ())
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            if value.func.attr == "dependency_groups":
                yield from (f"--group={group}" for group in _list_texts(value.args))
        else:
            yield from _list_texts(value.elts if isinstance(value, ast.List | ast.Tuple) else [value])


def _to_pip_words(method: str, words: list[str]) -> list[str]:
    """Return what pip would be given by a call, nothing for others.

    `uv sync` installs the group `dev` unless it is told not to.
    """
    if method == "install":
        return words
    command = next((each for each in _INSTALL_COMMANDS if tuple(words[: len(each)]) == each), None)
    if method not in _RUNNERS or command is None:
        return []
    rest = words[len(command) :]
    narrowed = any(word.startswith(("--no-dev", "--no-default-groups", "--only-group")) for word in rest)
    return ["--group=dev", *rest] if command == _SYNC and not narrowed else rest


def _to_install_flags(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Read pip's arguments as pairs: a `line`, `extra` or `group`."""
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-"):
            yield "line", word
            continue
        flag, mark, value = word.partition("=")
        if flag in _REQUIREMENT_FLAGS | _GROUP_FLAGS | _EXTRA_FLAGS | _OTHER_FLAGS_WITH_VALUE and not mark:
            value = left.pop(0) if left else ""
        if flag in _REQUIREMENT_FLAGS:
            yield "line", f"{flag} {value}"
        elif flag in _GROUP_FLAGS:
            yield "group", value.rpartition(":")[2]
        elif flag in _EXTRA_FLAGS:
            yield "extra", value


def _read_variables(call: ast.Call) -> Iterator[tuple[str, str]]:
    """Yield the literal variables of `session.run(…, env={…})`."""
    for keyword in call.keywords:
        if keyword.arg == "env" and isinstance(keyword.value, ast.Dict):
            for name, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if isinstance(name, ast.Constant) and isinstance(value, ast.Constant):
                    yield str(name.value), str(value.value)
