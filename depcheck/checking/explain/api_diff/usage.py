"""Find where a dependent's file uses what a release defines.

By its syntax tree, or by its import lines alone if it cannot be parsed.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

NameTargets = Mapping[str, Sequence[str]]
Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True, slots=True)
class ApiUse:
    """A use of a dotted path, with its first and last line.

    The path is as this file names it.
    """

    line: int
    last_line: int
    target: str


class SourceFile:
    """One source file.

    `tree` is None if this interpreter cannot parse it: it may be of an older Python.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.tree: ast.Module | None = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.tree = None
        self.names: NameTargets = _map_imported_names(self.tree) if self.tree else {}

    def find_imports(self, module: str) -> Iterator[ApiUse]:
        """Find import statements that need `module`, or a module below it."""
        for use in self._list_imports():
            if use.target == module or use.target.startswith(f"{module}."):
                yield use

    def find_uses(self, dotted: str) -> Iterator[ApiUse]:
        """Find where the name `dotted` is imported or read as an attribute."""
        yield from (use for use in self._list_imports() if use.target == dotted)
        for node in self._walk_nodes(ast.Attribute):
            if dotted in self._resolve_targets(node):
                yield _build_use(node, dotted)

    def find_uses_at(self, line: int) -> Iterator[ApiUse]:
        """Find what that line imports, and what it reads of imported names."""
        yield from (use for use in self._list_imports() if use.line <= line <= use.last_line)
        for node in self._walk_nodes(ast.Attribute):
            if node.lineno <= line <= (node.end_lineno or node.lineno):
                yield from (_build_use(node, target) for target in self._resolve_targets(node))

    def find_definition(self, words: Sequence[str]) -> tuple[int, str] | None:
        """Find a class, or a member of it, that `words` name.

        Its line and name. The first word that fits decides.
        """
        classes = {node.name: node for node in self._walk_nodes(ast.ClassDef)}
        node = next((classes[word] for word in words if word in classes), None)
        if node is None:
            return None
        members = {name: line for line, name in _list_members(node)}
        name = next((word for word in words if word in members), "")
        return (members[name], f"{node.name}.{name}") if name else (node.lineno, node.name)

    def find_calls_passing(self, parameter: str) -> Iterator[ApiUse]:
        """Find calls of imported objects that pass `parameter` by name.

        The target is what is called.
        """
        for node in self._walk_nodes(ast.Call):
            if any(keyword.arg == parameter for keyword in node.keywords):
                yield from (_build_use(node, target) for target in self._resolve_targets(node.func))

    def find_calls(self) -> Iterator[tuple[ApiUse, ast.Call]]:
        """Find calls of imported objects without unpacked arguments.

        The target is what is called.
        """
        for node in self._walk_nodes(ast.Call):
            unpacked = any(isinstance(each, ast.Starred) for each in node.args)
            if not unpacked and all(keyword.arg for keyword in node.keywords):
                yield from ((_build_use(node, target), node) for target in self._resolve_targets(node.func))

    def find_attribute_reads(self, attribute: str) -> Iterator[ApiUse]:
        """Find reads of an attribute of that name, on any object."""
        for node in self._walk_nodes(ast.Attribute):
            if node.attr == attribute and isinstance(node.ctx, ast.Load):
                yield _build_use(node, attribute)

    def find_overrides(self, cls: str, method: str) -> Iterator[tuple[ApiUse, ast.FunctionDef]]:
        """Find definitions of `method` in a class `cls`.

        The targets are the dotted paths of the class's bases.
        """
        for node in self._walk_nodes(ast.ClassDef):
            if node.name != cls:
                continue
            defined = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == method]
            for target in (target for base in node.bases for target in self._resolve_targets(base)):
                yield from ((_build_use(each, target), each) for each in defined)

    def _walk_nodes(self, kind: type[Node]) -> Iterator[Node]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kind)) if self.tree else iter(())

    def _list_imports(self) -> Iterator[ApiUse]:
        if self.tree is None:
            yield from _scan_import_lines(self.text)
            return
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (_build_use(node, each.name) for each in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield from (_build_use(node, f"{node.module}.{each.name}") for each in node.names)

    def _resolve_targets(self, node: ast.expr) -> Iterator[str]:
        """Resolve the dotted paths that an expression may refer to."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            for target in self.names.get(node.id, ()):
                yield ".".join((target, *reversed(attributes)))


_IMPORT_LINE = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+([^#\n]+)|import[ \t]+([\w.]+))", re.MULTILINE
)


def _scan_import_lines(text: str) -> Iterator[ApiUse]:
    for match in _IMPORT_LINE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match[3]:
            yield ApiUse(line, line, match[3])
        elif not match[1].startswith("."):
            yield ApiUse(line, line, match[1])
            names = (re.match(r"[\s(]*(\w+)", part) for part in match[2].split(","))
            yield from (ApiUse(line, line, f"{match[1]}.{name[1]}") for name in names if name)


def _map_imported_names(tree: ast.Module) -> NameTargets:
    """Map each imported name to the paths it may refer to.

    Imports in any scope count.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.partition(".")[0]
                found[each.asname or top].append(each.name if each.asname else top)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            for each in node.names:
                found[each.asname or each.name].append(f"{node.module}.{each.name}")
    return found


def _list_members(node: ast.ClassDef) -> Iterator[tuple[int, str]]:
    for each in node.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            yield each.lineno, each.name
        for target in [each.target] if isinstance(each, ast.AnnAssign) else getattr(each, "targets", []):
            if isinstance(target, ast.Name):
                yield each.lineno, target.id


def _build_use(node: ast.stmt | ast.expr, target: str) -> ApiUse:
    return ApiUse(node.lineno, node.end_lineno or node.lineno, target)
