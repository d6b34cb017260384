"""Read what a module imports from its text, without running it."""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from depcheck.core.import_graph.static_conditions import evaluate_condition

_DOTTED = re.compile(r"""(?<![\w"'])["'](\.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?::[A-Za-z_][\w.]*)?["']""")
_LINE = re.compile(
    r"^([ \t]*)(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+\(?[ \t]*([\w, \t*]*)|import[ \t]+([\w., \t]+))", re.MULTILINE
)
_IMPORT_WORD = re.compile(r"\bimport\b")
_NEXT_STATEMENT = re.compile(r"^(?![\s#)\]}'\"]|(?:except|else|elif|finally)\b)", re.MULTILINE)
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_SUPPRESSES = frozenset({"suppress", "contextlib.suppress"})


@dataclass(frozen=True, slots=True)
class ModuleImports:
    """One module's imports, as dotted names that may end in attributes.

    `strong` is imported whenever the module is. `weak` is imported on some paths only: in functions, under conditions,
    or where an ImportError is caught. `strings` are texts in quotes that look like a module's name.
    """

    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    strings: frozenset[str] = frozenset()


def read_imports(text: str, module: str, python: tuple[int, ...], *, is_package: bool) -> ModuleImports:
    """Return the imports of `module`, with source `text`, for `python`.

    `python` is the interpreter's version.

    What this interpreter's parser refuses is read line by line: unindented imports are strong.
    """
    package = module if is_package else module.rpartition(".")[0]
    found = _Found(package, python)
    statements = _parse_imports(text)
    if statements is None:
        found.read_lines(text)
    else:
        found.read(statements, strong=True)
    strings = {_from_here(name, package) if name.startswith(".") else name for name in _DOTTED.findall(text)}
    return ModuleImports(frozenset(found.strong), frozenset(found.weak - found.strong), frozenset(strings - {""}))


def _parse_imports(text: str) -> list[ast.stmt] | None:
    """Parse a module's text up to the end of its last import.

    Parsing takes most of the time, and most modules import at their top. What would be cut within a string or a
    bracket cannot be parsed, so it is not mistaken: then all is parsed.
    """
    last = _find_last_import(text)
    if last is None:
        return []
    after = _NEXT_STATEMENT.search(text, last)
    return (parse_statements(text[: after.start()]) if after else None) or parse_statements(text)


def _find_last_import(text: str) -> int | None:
    """Return where the last word `import` ends, or None without one."""
    place = text.rfind("import")
    while place >= 0:
        if found := _IMPORT_WORD.match(text, place):
            return found.end()
        place = text.rfind("import", 0, place)
    return None


def parse_statements(text: str) -> list[ast.stmt] | None:
    """Parse the text of a module.

    None where this interpreter's parser refuses it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says of odd escapes is for the text's authors
        try:
            return ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


class _Found:
    """The imports found so far in one module of `package`."""

    def __init__(self, package: str, python: tuple[int, ...]) -> None:
        self._package, self._python = package, python
        self.strong: set[str] = set()
        self.weak: set[str] = set()

    def read(self, body: Iterable[ast.stmt], *, strong: bool) -> None:
        for statement in body:
            match statement:
                case ast.Import() | ast.ImportFrom():
                    (self.strong if strong else self.weak).update(self._names(statement))
                case ast.If():
                    self._read_branches(statement, strong=strong)
                case ast.Try() | ast.TryStar():
                    self._read_attempt(statement, strong=strong)
                case ast.With():
                    self.read(statement.body, strong=strong and not _is_suppressing(statement))
                case ast.ClassDef():
                    self.read(statement.body, strong=strong)
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.For() | ast.While() | ast.AsyncWith():
                    self.read(statement.body, strong=False)
                    self.read(getattr(statement, "orelse", ()), strong=False)
                case ast.Match():
                    for case in statement.cases:
                        self.read(case.body, strong=False)

    def read_lines(self, text: str) -> None:
        for indent, origin, names, plain in _LINE.findall(text):
            found = {f"{self._absolute(origin)}.{name.split()[0]}" for name in names.split(",") if name.split()}
            if origin and not found:
                found = {self._absolute(origin)}
            found |= {name.split()[0] for name in plain.split(",") if name.split()}
            (self.weak if indent else self.strong).update(name.strip(".*") for name in found)

    def _read_branches(self, statement: ast.If, *, strong: bool) -> None:
        holds = evaluate_condition(statement.test, self._python)
        self.read(statement.body, strong=strong and holds is True)
        self.read(statement.orelse, strong=strong and holds is False)

    def _read_attempt(self, statement: ast.Try | ast.TryStar, *, strong: bool) -> None:
        catching = [handler for handler in statement.handlers if _is_catching_import_errors(handler)]
        forgiving = any(not _is_raising(handler.body) for handler in catching)
        self.read(statement.body, strong=strong and not forgiving)
        for handler in statement.handlers:
            self.read(handler.body, strong=False)
        self.read(statement.orelse, strong=strong and not forgiving)
        self.read(statement.finalbody, strong=strong)

    def _names(self, statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
            return
        origin = self._absolute("." * statement.level + (statement.module or ""))
        for alias in statement.names:
            yield origin if alias.name == "*" else f"{origin}.{alias.name}"

    def _absolute(self, origin: str) -> str:
        return _from_here(origin, self._package) if origin.startswith(".") else origin


def _from_here(origin: str, package: str) -> str:
    """Resolve a relative name such as `..base` in `package`."""
    level = len(origin) - len(origin.lstrip("."))
    parts = package.split(".") if package else []
    above = parts[: len(parts) - level + 1]
    return ".".join([*above, origin.lstrip(".")]).strip(".")


def _is_catching_import_errors(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(kind) in _IMPORT_ERRORS for kind in kinds)


def _is_raising(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ast.Raise)


def _is_suppressing(statement: ast.With) -> bool:
    calls = (item.context_expr for item in statement.items)
    return any(isinstance(call, ast.Call) and ast.unparse(call.func) in _SUPPRESSES for call in calls)
