"""Find what a project's settings and commands name."""

import ast
import re
import shlex
from collections.abc import Iterator, Mapping

from depcheck.core.import_graph.import_statements import ModuleImports, parse_statements, read_imports
from depcheck.core.import_graph.reachable import Roots

_APPS = re.compile(r"^\w*_?(?:APPS|MIDDLEWARE|MIDDLEWARE_CLASSES)$")
_IMPORTED_BY_SETUP = ("apps", "models", "admin")
_FOUND_LATER = ("urls", "views", "signals", "templatetags", "management.commands", "wagtail_hooks")
_SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE['"]?\s*[,=]\s*['"]?([A-Za-z_][\w.]*)""")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


def read_django_roots(text: str) -> Roots:
    """Return the modules that INSTALLED_APPS and MIDDLEWARE of a settings file name."""
    if "APPS" not in text and "MIDDLEWARE" not in text:
        return Roots()
    named = {name for statement in parse_statements(text) or () for name in _read_assigned_names(statement)}
    bases = {re.sub(r"\.apps(?:\.\w+)?$", "", name) for name in named}
    return Roots(
        frozenset(named | {f"{base}.{part}" for base in bases for part in _IMPORTED_BY_SETUP}),
        frozenset(f"{base}.{part}" for base in bases for part in _FOUND_LATER),
    )


def find_django_settings(texts: Mapping[str, str]) -> str:
    """Return the settings module that a project's files name, by path.

    Empty where none does.

    manage.py is asked first, then what configures pytest, then the rest in order.
    """
    configures_pytest = {"pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini"}
    for path in sorted(texts, key=lambda path: (not path.endswith("manage.py"), path not in configures_pytest, path)):
        if match := _SETTINGS.search(texts[path]):
            return match[1]
    return ""


def find_command_roots(command: str, scripts: Mapping[str, str]) -> Roots:
    """Return the modules that a command starts.

    `scripts` are console scripts with their modules.
    """
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    strong, weak = set[str](), set[str]()
    for before, word in zip(["", *words], words, strict=False):
        name = word.rpartition("/")[2]
        if name in scripts:
            strong.add(scripts[name])
        elif before == "-m" and _DOTTED.fullmatch(word):
            strong |= {word, f"{word}.__main__"}
        elif before == "-c":
            strong |= read_imports(word, "", (3, 11), is_package=False).strong
        elif _DOTTED.fullmatch(word.partition(":")[0]):
            weak.add(word.partition(":")[0])
    return Roots(frozenset(strong), frozenset(weak))


def join_roots(*roots: Roots) -> Roots:
    """Return all roots as one."""
    strong = frozenset().union(*(each.strong for each in roots))
    return Roots(strong, frozenset().union(*(each.weak for each in roots)))


def to_roots(imports: ModuleImports) -> Roots:
    """Return what a file of the project imports as roots."""
    return Roots(imports.strong, imports.weak | imports.strings)


def _read_assigned_names(statement: ast.stmt) -> Iterator[str]:
    """Yield the texts in a list of apps or middleware.

    However it is put together.
    """
    match statement:
        case ast.Assign(targets=targets, value=value):
            names = targets
        case ast.AugAssign(target=name, value=value) | ast.AnnAssign(target=name, value=ast.expr() as value):
            names = [name]
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=name)) as value):  # INSTALLED_APPS.append("…")
            names = [name]
        case ast.If() | ast.Try():
            for inner in statement.body:
                yield from _read_assigned_names(inner)
            return
        case _:
            return
    if any(isinstance(name, ast.Name) and _APPS.match(name.id) for name in names):
        for node in ast.walk(value):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.fullmatch(node.value):
                yield node.value
