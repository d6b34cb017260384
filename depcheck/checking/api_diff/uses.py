"""Where a file of a dependent uses what a release defines: by its syntax tree, or by its import lines alone."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Names = Mapping[str, Sequence[str]]
Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True, slots=True)
class Use:
    """A use: its lines, first and last, and the dotted path that it uses, as this file names it."""

    line: int
    last: int
    target: str


class File:
    """One source file. `tree` is None where this interpreter cannot parse it: it may be of an older Python."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.tree: ast.Module | None = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.tree = None
        self.names: Names = _names(self.tree) if self.tree else {}

    def imports(self, module: str) -> Iterator[Use]:
        """Import statements that need `module`, or a module below it."""
        for use in self._imported():
            if use.target == module or use.target.startswith(f"{module}."):
                yield use

    def uses(self, dotted: str) -> Iterator[Use]:
        """Where the name `dotted` is imported, or read as an attribute of what was imported."""
        yield from (use for use in self._imported() if use.target == dotted)
        for node in self._walk(ast.Attribute):
            if dotted in self._targets(node):
                yield _use(node, dotted)

    def imported_at(self, line: int) -> Iterator[Use]:
        """What the import statement on that line imports."""
        return (use for use in self._imported() if use.line <= line <= use.last)

    def passes(self, parameter: str) -> Iterator[Use]:
        """Calls of something imported that pass `parameter` by name; the target is what is called."""
        for node in self._walk(ast.Call):
            if any(keyword.arg == parameter for keyword in node.keywords):
                yield from (_use(node, target) for target in self._targets(node.func))

    def calls(self) -> Iterator[tuple[Use, ast.Call]]:
        """Calls of something imported, without unpacked arguments; the target is what is called."""
        for node in self._walk(ast.Call):
            unpacked = any(isinstance(each, ast.Starred) for each in node.args)
            if not unpacked and all(keyword.arg for keyword in node.keywords):
                yield from ((_use(node, target), node) for target in self._targets(node.func))

    def reads(self, attribute: str) -> Iterator[Use]:
        """Statements that read an attribute of that name, of whatever object."""
        for node in self._walk(ast.Attribute):
            if node.attr == attribute and isinstance(node.ctx, ast.Load):
                yield _use(node, attribute)

    def overrides(self, cls: str, method: str) -> Iterator[tuple[Use, ast.FunctionDef]]:
        """Definitions of `method` in a class `cls`; each with the dotted paths of the class's bases as target."""
        for node in self._walk(ast.ClassDef):
            if node.name != cls:
                continue
            defined = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == method]
            for target in (target for base in node.bases for target in self._targets(base)):
                yield from ((_use(each, target), each) for each in defined)

    def _walk(self, kind: type[Node]) -> Iterator[Node]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kind)) if self.tree else iter(())

    def _imported(self) -> Iterator[Use]:
        if self.tree is None:
            yield from _import_lines(self.text)
            return
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (_use(node, each.name) for each in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield from (_use(node, f"{node.module}.{each.name}") for each in node.names)

    def _targets(self, node: ast.expr) -> Iterator[str]:
        """The dotted paths that an expression may stand for, by this file's imports."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            for target in self.names.get(node.id, ()):
                yield ".".join((target, *reversed(attributes)))


_LINE = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+([^#\n]+)|import[ \t]+([\w.]+))", re.MULTILINE)


def _import_lines(text: str) -> Iterator[Use]:
    for match in _LINE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match[3]:
            yield Use(line, line, match[3])
        elif not match[1].startswith("."):
            yield Use(line, line, match[1])
            names = (re.match(r"[\s(]*(\w+)", part) for part in match[2].split(","))
            yield from (Use(line, line, f"{match[1]}.{name[1]}") for name in names if name)


def _names(tree: ast.Module) -> Names:
    """What each name that an import binds may stand for, in any scope."""
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


def _use(node: ast.stmt | ast.expr, target: str) -> Use:
    return Use(node.lineno, node.end_lineno or node.lineno, target)
