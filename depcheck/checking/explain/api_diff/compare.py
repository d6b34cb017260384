"""Compare two releases: what was removed, and which dependent's file uses it."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import griffe

from depcheck.checking.explain.api_diff.unpack import (
    MOST_SOURCE_BYTES,
    CallSignature,
    ReleaseFiles,
    list_keyword_parameters,
)
from depcheck.checking.explain.api_diff.usage import ApiUse, SourceFile
from depcheck.core.tool_output.api_errors import ApiChange, ApiChangeKind, MissingSymbol

MOST_READ_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class DependentFile:
    """A file that may use the releases.

    `display_path` is the path for people. `traceback_line` is the line that the traceback names, or 0.
    """

    path: Path
    display_path: str
    traceback_line: int = 0


@dataclass(slots=True)
class ReleaseComparison:
    """The comparison of a `good` and a `bad` release.

    `dependent_files` are the dependents' files, the most suspicious first.
    """

    good: ReleaseFiles
    bad: ReleaseFiles
    dependent_files: Sequence[DependentFile]
    _bytes_read: int = 0
    _parsed_files: dict[Path, SourceFile] = field(default_factory=dict)

    def find_first(self, wanted: Sequence[MissingSymbol]) -> ApiChange | None:
        """Find the first of `wanted` that both releases confirm, with a use.

        If none has a use, the first without one.
        """
        without = None
        for each in wanted:
            found = _FINDERS[each.kind](self, each)
            if found and found.line:
                return found
            without = without or found
        return without or next(self._find_removed_imports(), None)

    def find_first_import(self, modules: Sequence[str]) -> tuple[str, int] | None:
        """Find the first file and line that imports one of `modules`.

        `modules` are top-level names.
        """
        for module in modules:
            for place, file in self._iterate_files(module):
                if use := _choose_nearest_use(place, file.find_imports(module)):
                    return place.display_path, use.line
        return None

    def find_removed_module(self, sought: MissingSymbol) -> ApiChange | None:
        """Find a removed module."""
        if not self.good.has_module(sought.name) or self.bad.has_module(sought.name):
            return None
        for place, file in self._iterate_files(sought.name.rpartition(".")[2]):
            if use := _choose_nearest_use(place, file.find_imports(sought.name)):
                return ApiChange(ApiChangeKind.MODULE, "", sought.name, place.display_path, use.line)
        return ApiChange(ApiChangeKind.MODULE, "", sought.name)

    def find_removed_name(self, sought: MissingSymbol) -> ApiChange | None:
        """Find a name that was removed from a module that still exists."""
        dotted = f"{sought.owner}.{sought.name}"
        before, after = self.good.find_object(dotted), self.bad.find_object(dotted)
        refused = after is None or isinstance(after, str)  # the failure says that `__getattr__` does not give it
        if before is None or not refused or not self.bad.has_module(sought.owner):
            return None
        for place, file in self._iterate_files(sought.name):
            if use := _choose_nearest_use(place, file.find_uses(dotted)):
                return ApiChange(ApiChangeKind.NAME, sought.owner, sought.name, place.display_path, use.line)
        return ApiChange(ApiChangeKind.NAME, sought.owner, sought.name)

    def find_removed_member(self, sought: MissingSymbol) -> ApiChange | None:
        """Find a removed attribute of a class, read at the traceback's line."""
        for dotted, cls in list(self.good.find_classes(sought.owner))[:5]:
            now = self.bad.find_object(dotted)
            if self.good.find_member(cls, sought.name) is None or not isinstance(now, griffe.Class):
                continue
            if self.bad.find_member(now, sought.name) is not None:
                return None
            for place, file in self._iterate_files(sought.name):
                if place.traceback_line and (use := _find_use_at_line(place, file.find_attribute_reads(sought.name))):
                    return ApiChange(ApiChangeKind.MEMBER, dotted, sought.name, place.display_path, use.line)
        return None

    def find_removed_parameter(self, sought: MissingSymbol) -> ApiChange | None:
        """Find a call that passes a removed parameter.

        Only the good release takes it.
        """
        for place, file in self._iterate_files(sought.name):
            lost = [
                use
                for use in file.find_calls_passing(sought.name)
                if self._is_parameter_removed(use.target, sought.name)
            ]
            if use := _choose_nearest_use(place, lost):
                return ApiChange(ApiChangeKind.PARAMETER, use.target, sought.name, place.display_path, use.line)
        return None

    def find_outdated_override(self, sought: MissingSymbol) -> ApiChange | None:
        """Find a parameter that was added to an overridden method.

        A subclass in another file still defines the method without it.
        """
        for place, file in self._iterate_files(sought.owner):
            for use, defined in file.find_overrides(sought.owner, sought.name):
                if added := self._find_added_parameter(use.target, sought.name, defined):
                    return ApiChange(
                        ApiChangeKind.OVERRIDE, f"{use.target}.{sought.name}", added, place.display_path, use.line
                    )
        return None

    def find_new_required_parameter(self, sought: MissingSymbol) -> ApiChange | None:
        """Find a call without a parameter that has become required."""
        for place, use, node, before, after in self._find_failing_calls(sought.owner):
            passed = {keyword.arg for keyword in node.keywords}
            new = sought.name in after.required_names - before.required_names and sought.name not in passed
            if new:
                return ApiChange(ApiChangeKind.NEEDED, use.target, sought.name, place.display_path, use.line)
        return None

    def find_extra_positional(self, sought: MissingSymbol) -> ApiChange | None:
        """Find a call with more positional arguments than are taken now.

        The good release must still take as many.
        """
        for place, use, node, before, after in self._find_failing_calls(sought.owner):
            if after.positional_count < len(node.args) <= before.positional_count:
                return ApiChange(
                    ApiChangeKind.PLACES, use.target, str(after.positional_count), place.display_path, use.line
                )
        return None

    def _find_failing_calls(
        self, called: str
    ) -> Iterator[tuple[DependentFile, ApiUse, ast.Call, CallSignature, CallSignature]]:
        """Yield the calls that may have failed, with both releases' signatures.

        Calls of what the failure names, or on the traceback's lines.
        """
        short = called.removesuffix(".__init__").rpartition(".")[2]
        for place, file in self._iterate_files("" if short == "__init__" else short):
            for use, node in file.find_calls():
                if use.target.rpartition(".")[2] != short and not use.line <= place.traceback_line <= use.last_line:
                    continue
                before, after = (
                    release.get_signature(release.find_object(use.target)) for release in (self.good, self.bad)
                )
                if before and after:
                    yield place, use, node, before, after

    def _find_removed_imports(self) -> Iterator[ApiChange]:
        """Yield removed names that are imported on the traceback's lines."""
        for place in self.dependent_files:
            file = self._parse_file(place) if place.traceback_line else None
            for use in file.find_imports_at(place.traceback_line) if file else ():
                owner, _, name = use.target.rpartition(".")
                if owner and self._is_removed(use.target) and self.bad.has_module(owner):
                    yield ApiChange(ApiChangeKind.NAME, owner, name, place.display_path, use.line)
                elif owner and self.good.has_module(owner) and not self.bad.has_module(owner):
                    yield ApiChange(ApiChangeKind.MODULE, "", owner, place.display_path, use.line)

    def _is_removed(self, dotted: str) -> bool:
        return self.good.find_object(dotted) is not None and self.bad.find_object(dotted) is None

    def _is_parameter_removed(self, target: str, parameter: str) -> bool:
        before, after = self.good.find_object(target), self.bad.find_object(target)
        return (
            isinstance(after, griffe.Class | griffe.Function)
            and self.good.accepts_parameter(before, parameter)
            and not self.bad.accepts_parameter(after, parameter)
        )

    def _find_added_parameter(self, base: str, method: str, defined: ast.FunctionDef) -> str:
        before, after = (release.find_object(f"{base}.{method}") for release in (self.good, self.bad))
        if not isinstance(before, griffe.Function) or not isinstance(after, griffe.Function):
            return ""
        theirs = {each.arg for each in (*defined.args.posonlyargs, *defined.args.args, *defined.args.kwonlyargs)}
        new = [
            name
            for name in list_keyword_parameters(after)
            if name not in list_keyword_parameters(before) and name not in theirs
        ]
        return "" if defined.args.vararg or not new else new[0]

    def _iterate_files(self, word: str) -> Iterator[tuple[DependentFile, SourceFile]]:
        """Yield the parsed files whose text holds `word`.

        Stops after MOST_READ_BYTES bytes.
        """
        for place in self.dependent_files:
            if (file := self._parse_file(place, word)) is not None:
                yield place, file

    def _parse_file(self, place: DependentFile, word: str = "") -> SourceFile | None:
        path = place.path
        if path in self._parsed_files:
            return self._parsed_files[path] if word in self._parsed_files[path].text else None
        if not path.is_file() or path.is_symlink() or path.stat().st_size > MOST_SOURCE_BYTES:
            return None
        self._bytes_read += path.stat().st_size
        if self._bytes_read > MOST_READ_BYTES:
            return None
        text = path.read_text(encoding="utf-8", errors="replace")
        if word not in text:
            return None
        self._parsed_files[path] = SourceFile(text)
        return self._parsed_files[path]


def _choose_nearest_use(place: DependentFile, uses: Iterator[ApiUse] | Sequence[ApiUse]) -> ApiUse | None:
    """Choose the use at the traceback's line, else the first one."""
    found = sorted(uses, key=lambda use: use.line)
    return next(
        (use for use in found if use.line <= place.traceback_line <= use.last_line), found[0] if found else None
    )


def _find_use_at_line(place: DependentFile, uses: Iterator[ApiUse]) -> ApiUse | None:
    return next((use for use in uses if use.line <= place.traceback_line <= use.last_line), None)


_FINDERS = {
    ApiChangeKind.MODULE: ReleaseComparison.find_removed_module,
    ApiChangeKind.NAME: ReleaseComparison.find_removed_name,
    ApiChangeKind.MEMBER: ReleaseComparison.find_removed_member,
    ApiChangeKind.PARAMETER: ReleaseComparison.find_removed_parameter,
    ApiChangeKind.OVERRIDE: ReleaseComparison.find_outdated_override,
    ApiChangeKind.NEEDED: ReleaseComparison.find_new_required_parameter,
    ApiChangeKind.PLACES: ReleaseComparison.find_extra_positional,
}
