"""Load the modules of one release with griffe, each on request."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import griffe

MOST_SOURCE_BYTES = 2 << 20
MOST_MODULES, MOST_STEPS = 300, 200
_DOTTED_NAME = re.compile(r"\w+(?:\.\w+)*")


@dataclass(frozen=True, slots=True)
class CallSignature:
    """The number of positional arguments and the required parameters of a callable."""

    positional_count: int
    required_names: frozenset[str]


@dataclass(slots=True)
class ReleaseFiles:
    """The files of a release, unpacked below `root`.

    Paths are dotted: `scipy.linalg.triu`.
    """

    root: Path
    _modules: dict[str, griffe.Module | None] = field(default_factory=dict)
    _step_count: int = 0

    def has_module(self, dotted: str) -> bool:
        """Return True if the release has a module of that name.

        A source file, a compiled one, or a folder with such files in it. A folder with nothing but left-over
        bytecode does not count.
        """
        if not _DOTTED_NAME.fullmatch(dotted):
            return False
        place = self.root.joinpath(*dotted.split("."))
        if self.find_source(dotted) is not None or any(place.parent.glob(f"{place.name}.*so")):
            return True
        return place.is_dir() and any(path.suffix in {".py", ".so"} for path in place.rglob("*"))

    def find_source(self, dotted: str) -> Path | None:
        """Find the source file of a module."""
        place = self.root.joinpath(*dotted.split("."))
        for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if path.is_file() and not path.is_symlink():
                return path
        return None

    def find_object(self, dotted: str) -> Any:  # noqa: ANN401  # griffe's objects, a string for what `__getattr__` gives
        """Find what `dotted` names in the release.

        Returns a griffe object, the name itself if a module's `__getattr__` may know it, or None. Aliases and
        `import *` are followed within the release. A name bound to something outside of it exists, and is
        returned as the griffe alias.
        """
        self._step_count = 0
        return self._resolve_path(dotted)

    def find_classes(self, name: str) -> Iterator[tuple[str, Any]]:
        """Find the classes of that name, with their dotted paths.

        Searches only files of the release that define such a class.
        """
        wanted = re.compile(rf"^\s*class {re.escape(name)}\b".encode(), re.MULTILINE)
        for path in sorted(self.root.rglob("*.py"))[:5000]:
            if path.is_symlink() or path.stat().st_size > MOST_SOURCE_BYTES or not wanted.search(path.read_bytes()):
                continue
            parts = path.relative_to(self.root).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found = self.find_object(f"{module}.{name}")
            if isinstance(found, griffe.Class):
                yield f"{module}.{name}", found

    def list_defining_modules(self, top: str, name: str) -> Iterator[str]:
        """List the public modules below `top` that define `name`."""
        wanted = re.compile(
            rf"^(?:class|def|async def) {re.escape(name)}\b|^{re.escape(name)}\b[^=\n]*=".encode(), re.MULTILINE
        )
        for path in sorted((self.root / top).rglob("*.py"))[:5000]:
            if path.is_symlink() or path.stat().st_size > MOST_SOURCE_BYTES or not wanted.search(path.read_bytes()):
                continue
            parts = path.relative_to(self.root).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            if not any(part.startswith("_") or part in {"tests", "test", "testing"} for part in parts):
                yield ".".join(parts)

    def find_member(self, cls: griffe.Class, name: str) -> Any:  # noqa: ANN401  # as `find`
        """Find a member of a class, its own or an inherited one.

        Only bases within the release are followed. None if there is no such member.
        """
        self._step_count = 0
        return self._look_up_member(cls, name)

    def accepts_parameter(self, thing: Any, parameter: str) -> bool:  # noqa: ANN401  # as `find`
        """Return True if a call of `thing` may pass `parameter` by name.

        As far as the release's own signatures tell.
        """
        return any(parameter in names for names, _ in self._list_parameter_names(thing))

    def get_signature(self, thing: Any) -> CallSignature | None:  # noqa: ANN401  # as `find`
        """Return what a call of `thing` must and may pass.

        None if its own signature does not tell.
        """
        maker = self._look_up_member(thing, "__init__") if isinstance(thing, griffe.Class) else thing
        if not isinstance(maker, griffe.Function):
            return None
        kinds = griffe.ParameterKind
        given = list(maker.parameters)[1 if isinstance(thing, griffe.Class) else 0 :]
        if any(each.kind is kinds.var_positional for each in given):
            return None
        by_place = [each for each in given if each.kind in {kinds.positional_only, kinds.positional_or_keyword}]
        needed = frozenset(each.name for each in given if each.default is None and each.kind is not kinds.var_keyword)
        return CallSignature(len(by_place), needed)

    def _list_parameter_names(self, thing: Any) -> Iterator[tuple[list[str], bool]]:  # noqa: ANN401
        """Yield the parameter names of a callable.

        Also of those that its `**keywords` are passed to: a class's bases.
        """
        if isinstance(thing, griffe.Function):
            yield list_keyword_parameters(thing), True
        if not isinstance(thing, griffe.Class):
            return
        for maker in ("__init__", "__new__"):
            own = thing.members.get(maker)
            if isinstance(own, griffe.Function):
                yield list_keyword_parameters(own), True
                if not any(p.kind is griffe.ParameterKind.var_keyword for p in own.parameters):
                    return
        if thing.has_labels("dataclass"):
            yield [name for name, each in thing.members.items() if each.is_attribute], True
        for base in self._find_bases(thing):
            yield from self._list_parameter_names(base)

    def _find_bases(self, cls: griffe.Class) -> Iterator[Any]:
        for base in cls.bases[:20]:
            self._step_count += 1
            if self._step_count < MOST_STEPS and not isinstance(base, str):
                found = self._resolve_path(base.canonical_path)
                if isinstance(found, griffe.Class) and found is not cls:
                    yield found

    def _look_up_member(self, cls: griffe.Class, name: str) -> Any:  # noqa: ANN401
        if name in cls.members:
            return cls.members[name]
        return next(
            (found for base in self._find_bases(cls) if (found := self._look_up_member(base, name)) is not None), None
        )

    def _resolve_path(self, dotted: str) -> Any:  # noqa: ANN401
        self._step_count += 1
        parts = dotted.split(".")
        for length in range(len(parts), 0, -1):
            module = ".".join(parts[:length])
            if self._step_count < MOST_STEPS and self.has_module(module):
                return self._resolve_in_module(module, parts[length:])
        return None

    def _resolve_in_module(self, dotted: str, names: list[str]) -> Any:  # noqa: ANN401
        module = self._get_module(dotted)
        if not names or module is None:
            return module
        found = self._resolve_name(module, names[0])
        for name in names[1:]:
            found = self._look_up_member(found, name) if isinstance(found, griffe.Class) else None
        return found

    def _resolve_name(self, module: griffe.Module, name: str) -> Any:  # noqa: ANN401
        own = module.members.get(name)
        if isinstance(own, griffe.Alias):
            inside = self._resolve_path(own.target_path) if own.target_path != f"{module.path}.{name}" else None
            return own if inside is None and not self._has_source_of(own.target_path) else inside
        if own is not None:
            return self._follow_assignment(module, own)
        for star in [each for each in module.members.values() if isinstance(each, griffe.Alias) and each.wildcard]:
            found = (
                self._resolve_path(f"{star.target_path}.{name}") if self._is_exported(star.target_path, name) else None
            )
            if found is not None:
                return found
        return name if name in _find_dynamic_names(module) else None

    def _is_exported(self, dotted: str, name: str) -> bool:
        """Return True if `import *` from a module includes this name.

        The module must have the name. A computed `__all__` may bring any name.
        """
        module = self._get_module(dotted) if self.has_module(dotted) else None
        listed = module.exports if module else None
        if listed is None:
            return not name.startswith("_")
        return name in listed or not all(isinstance(each, str) for each in listed)

    def _has_source_of(self, dotted: str) -> bool:
        """Return True if the release has the source of the name's module.

        Then a name that is not found does not exist.
        """
        return self.find_source(dotted.rpartition(".")[0]) is not None

    def _follow_assignment(self, module: griffe.Module, own: Any) -> Any:  # noqa: ANN401
        """Follow an assignment of a name: `connect = Connect` is the class."""
        value = getattr(own, "value", None)
        if isinstance(value, griffe.ExprName | griffe.ExprAttribute) and value.canonical_path != own.path:
            self._step_count += 1
            found = self._resolve_path(value.canonical_path) if value.canonical_path.startswith(module.path) else None
            return own if found is None else found
        return own

    def _get_module(self, dotted: str) -> griffe.Module | None:
        if dotted not in self._modules and len(self._modules) < MOST_MODULES:
            self._modules[dotted] = self._load_module(dotted)
        return self._modules.get(dotted)

    def _load_module(self, dotted: str) -> griffe.Module | None:
        path = self.find_source(dotted)
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


def list_keyword_parameters(function: griffe.Function) -> list[str]:
    """List the parameters that can be passed by name."""
    kinds = {griffe.ParameterKind.positional_or_keyword, griffe.ParameterKind.keyword_only}
    return [parameter.name for parameter in function.parameters if parameter.kind in kinds]


def _find_dynamic_names(module: griffe.Module) -> frozenset[str]:
    """Find the names that a module with a `__getattr__` mentions as strings.

    The function may return them, or refuse them.
    """
    path = module.filepath
    if "__getattr__" not in module.members or not isinstance(path, Path):
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
    constants = (each.value for each in ast.walk(tree) if isinstance(each, ast.Constant))
    return frozenset(each for each in constants if isinstance(each, str) and each.isidentifier())
