"""The modules of one release, visited by griffe one by one as they are asked for."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import griffe

MOST_SOURCE_BYTES = 2 << 20
MOST_VISITED, MOST_STEPS = 300, 200
_DOTTED = re.compile(r"\w+(?:\.\w+)*")


@dataclass(frozen=True, slots=True)
class Call:
    """How many arguments a callable takes by place, and which parameters it must be given."""

    places: int
    needed: frozenset[str]


@dataclass(slots=True)
class Released:
    """A release's files, unpacked below `root`. Paths are dotted: `scipy.linalg.triu`."""

    root: Path
    _visited: dict[str, griffe.Module | None] = field(default_factory=dict)
    _steps: int = 0

    def has_module(self, dotted: str) -> bool:
        """Whether the release has a module of that name: a file, a compiled one, or a folder with such files in it.

        Folders where only bytecode was left behind are none.
        """
        if not _DOTTED.fullmatch(dotted):
            return False
        place = self.root.joinpath(*dotted.split("."))
        if self.file(dotted) is not None or any(place.parent.glob(f"{place.name}.*so")):
            return True
        return place.is_dir() and any(path.suffix in {".py", ".so"} for path in place.rglob("*"))

    def file(self, dotted: str) -> Path | None:
        """The source file of a module."""
        place = self.root.joinpath(*dotted.split("."))
        for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if path.is_file() and not path.is_symlink():
                return path
        return None

    def find(self, dotted: str) -> Any:  # noqa: ANN401  # griffe's objects, a string for what `__getattr__` gives
        """What `dotted` names: a griffe object, the name itself where a module's `__getattr__` may know it, or None.

        Aliases and `import *` are followed within the release; a name bound to something outside of it is
        there, and is the griffe alias.
        """
        self._steps = 0
        return self._find(dotted)

    def classes(self, name: str) -> Iterator[tuple[str, Any]]:
        """The classes of that name in files of the release that mention one, with their dotted paths."""
        wanted = re.compile(rf"^\s*class {re.escape(name)}\b".encode(), re.MULTILINE)
        for path in sorted(self.root.rglob("*.py"))[:5000]:
            if path.is_symlink() or path.stat().st_size > MOST_SOURCE_BYTES or not wanted.search(path.read_bytes()):
                continue
            parts = path.relative_to(self.root).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found = self.find(f"{module}.{name}")
            if isinstance(found, griffe.Class):
                yield f"{module}.{name}", found

    def member(self, cls: griffe.Class, name: str) -> Any:  # noqa: ANN401  # as `find`
        """A member of a class, its own or one that it inherits within the release; None where there is none."""
        self._steps = 0
        return self._member(cls, name)

    def accepts(self, thing: Any, parameter: str) -> bool:  # noqa: ANN401  # as `find`
        """Whether calling `thing` may pass `parameter` by name, as far as the release's own signatures say."""
        return any(parameter in names for names, _ in self._signatures(thing))

    def takes(self, thing: Any) -> Call | None:  # noqa: ANN401  # as `find`
        """What a call of `thing` must and may pass; None where its own signature does not say."""
        maker = self._member(thing, "__init__") if isinstance(thing, griffe.Class) else thing
        if not isinstance(maker, griffe.Function):
            return None
        kinds = griffe.ParameterKind
        given = list(maker.parameters)[1 if isinstance(thing, griffe.Class) else 0 :]
        if any(each.kind is kinds.var_positional for each in given):
            return None
        by_place = [each for each in given if each.kind in {kinds.positional_only, kinds.positional_or_keyword}]
        needed = frozenset(each.name for each in given if each.default is None and each.kind is not kinds.var_keyword)
        return Call(len(by_place), needed)

    def _signatures(self, thing: Any) -> Iterator[tuple[list[str], bool]]:  # noqa: ANN401
        """Parameter names of a callable and of those that its `**keywords` go to: a class's bases."""
        if isinstance(thing, griffe.Function):
            yield named(thing), True
        if not isinstance(thing, griffe.Class):
            return
        for maker in ("__init__", "__new__"):
            own = thing.members.get(maker)
            if isinstance(own, griffe.Function):
                yield named(own), True
                if not any(p.kind is griffe.ParameterKind.var_keyword for p in own.parameters):
                    return
        if thing.has_labels("dataclass"):
            yield [name for name, each in thing.members.items() if each.is_attribute], True
        for base in self._bases(thing):
            yield from self._signatures(base)

    def _bases(self, cls: griffe.Class) -> Iterator[Any]:
        for base in cls.bases[:20]:
            self._steps += 1
            if self._steps < MOST_STEPS and not isinstance(base, str):
                found = self._find(base.canonical_path)
                if isinstance(found, griffe.Class) and found is not cls:
                    yield found

    def _member(self, cls: griffe.Class, name: str) -> Any:  # noqa: ANN401
        if name in cls.members:
            return cls.members[name]
        return next((found for base in self._bases(cls) if (found := self._member(base, name)) is not None), None)

    def _find(self, dotted: str) -> Any:  # noqa: ANN401
        self._steps += 1
        parts = dotted.split(".")
        for length in range(len(parts), 0, -1):
            module = ".".join(parts[:length])
            if self._steps < MOST_STEPS and self.has_module(module):
                return self._within(module, parts[length:])
        return None

    def _within(self, dotted: str, names: list[str]) -> Any:  # noqa: ANN401
        module = self._module(dotted)
        if not names or module is None:
            return module
        found = self._name(module, names[0])
        for name in names[1:]:
            found = self._member(found, name) if isinstance(found, griffe.Class) else None
        return found

    def _name(self, module: griffe.Module, name: str) -> Any:  # noqa: ANN401
        own = module.members.get(name)
        if isinstance(own, griffe.Alias):
            inside = self._find(own.target_path) if own.target_path != f"{module.path}.{name}" else None
            return own if inside is None and not self._readable(own.target_path) else inside
        if own is not None:
            return self._renamed(module, own)
        for star in [each for each in module.members.values() if isinstance(each, griffe.Alias) and each.wildcard]:
            found = self._find(f"{star.target_path}.{name}") if self._exports(star.target_path, name) else None
            if found is not None:
                return found
        return name if name in _given(module) else None

    def _exports(self, dotted: str, name: str) -> bool:
        """Whether `import *` from a module brings a name that it has; an `__all__` that is computed may."""
        module = self._module(dotted) if self.has_module(dotted) else None
        listed = module.exports if module else None
        if listed is None:
            return not name.startswith("_")
        return name in listed or not all(isinstance(each, str) for each in listed)

    def _readable(self, dotted: str) -> bool:
        """Whether the release has the source of the module that a name comes from: then no name means no name."""
        return self.file(dotted.rpartition(".")[0]) is not None

    def _renamed(self, module: griffe.Module, own: Any) -> Any:  # noqa: ANN401
        """`connect = Connect` is the class."""
        value = getattr(own, "value", None)
        if isinstance(value, griffe.ExprName | griffe.ExprAttribute) and value.canonical_path != own.path:
            self._steps += 1
            found = self._find(value.canonical_path) if value.canonical_path.startswith(module.path) else None
            return own if found is None else found
        return own

    def _module(self, dotted: str) -> griffe.Module | None:
        if dotted not in self._visited and len(self._visited) < MOST_VISITED:
            self._visited[dotted] = self._visit(dotted)
        return self._visited.get(dotted)

    def _visit(self, dotted: str) -> griffe.Module | None:
        path = self.file(dotted)
        if path is None or path.stat().st_size > MOST_SOURCE_BYTES:
            return None
        parent = None
        *above, name = dotted.split(".")
        for part in above:
            inner = griffe.Module(part, filepath=Path("__init__.py"), parent=parent)
            parent = inner
        try:
            code = path.read_text(encoding="utf-8", errors="replace")
            return griffe.visit(name, filepath=path, code=code, parent=parent)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def named(function: griffe.Function) -> list[str]:
    """The parameters that can be passed by name."""
    kinds = {griffe.ParameterKind.positional_or_keyword, griffe.ParameterKind.keyword_only}
    return [parameter.name for parameter in function.parameters if parameter.kind in kinds]


def _given(module: griffe.Module) -> frozenset[str]:
    """The names that a module with a `__getattr__` spells out somewhere: it may give them, or refuse them."""
    path = module.filepath
    if "__getattr__" not in module.members or not isinstance(path, Path):
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
    constants = (each.value for each in ast.walk(tree) if isinstance(each, ast.Constant))
    return frozenset(each for each in constants if isinstance(each, str) and each.isidentifier())
