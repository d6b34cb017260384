"""Compare two releases: what was removed, and which dependent's file uses it."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import griffe

from depcheck.checking.explain.api_diff.all_uses import list_all_uses
from depcheck.checking.explain.api_diff.changed_calls import (
    describe_signatures,
    find_new_place,
    find_renamed_parameter,
    list_changed_defaults,
)
from depcheck.checking.explain.api_diff.dependent_files import DependentFile, DependentFileReader
from depcheck.checking.explain.api_diff.unpack import (
    CallSignature,
    ReleaseFiles,
    list_keyword_parameters,
)
from depcheck.checking.explain.api_diff.usage import ApiUse
from depcheck.core.tool_output.api_errors import ApiChange, ApiChangeKind, MissingSymbol


@dataclass(slots=True)
class ReleaseComparison:
    """The comparison of a `good` and a `bad` release.

    `dependent_files` are the dependents' files, the most suspicious first.
    """

    good: ReleaseFiles
    bad: ReleaseFiles
    dependent_files: Sequence[DependentFile]
    _reader: DependentFileReader = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to read the dependents' files."""
        self._reader = DependentFileReader(self.dependent_files)

    def find_first(self, wanted: Sequence[MissingSymbol]) -> ApiChange | None:
        """Find the first of `wanted` that both releases confirm, with a use.

        If none has a use, what the traceback's lines use and the bad release lacks, then the first without a use.
        """
        without = None
        for each in wanted:
            found = _FINDERS[each.kind](self, each)
            if found and found.line:
                return self._add_detail(found)
            without = without or found
        others = (self._find_removed_imports(), self._find_refused_names(wanted), self._find_changed_calls())
        found = next(others[0], None) or without or next(others[1], None) or next(others[2], None)
        return self._add_detail(found) if found else None

    def _add_detail(self, found: ApiChange) -> ApiChange:
        """Add both signatures, or where the name is now."""
        detail = found.detail
        if found.kind in {ApiChangeKind.PARAMETER, ApiChangeKind.NEEDED, ApiChangeKind.PLACES}:
            detail = describe_signatures(self.good, self.bad, found.owner)
            new = find_renamed_parameter(self.good, self.bad, found.owner, found.name)
            detail = f"it is called {new} now: {detail}" if new and found.kind is ApiChangeKind.PARAMETER else detail
        elif found.kind is ApiChangeKind.NAME and (
            place := find_new_place(self.good, self.bad, found.owner, found.name)
        ):
            detail = f"it is in {place} now"
        return replace(found, detail=detail)

    def list_other_uses(self, found: ApiChange) -> list[tuple[str, int]]:
        """List the other lines that use what was found."""
        return list_all_uses(self._reader, found)

    def find_first_import(self, modules: Sequence[str]) -> tuple[str, int] | None:
        """Find the first file and line that imports one of `modules`.

        `modules` are top-level names.
        """
        for module in modules:
            for place, file in self._reader.iterate_files(module):
                if use := _choose_nearest_use(place, file.find_imports(module)):
                    return place.display_path, use.line
        return None

    def find_definition(self, words: Sequence[str]) -> tuple[str, int, str] | None:
        """Find what `words` name in a file of the repository, no test.

        Its file, line and name.
        """
        for place in self.dependent_files:
            if place.is_own and (file := self._reader.parse_file(place)) and (found := file.find_definition(words)):
                return place.display_path, *found
        return None

    def find_removed_module(self, sought: MissingSymbol) -> ApiChange | None:
        """Find a removed module."""
        if not self.good.has_module(sought.name) or self.bad.has_module(sought.name):
            return None
        for place, file in self._reader.iterate_files(sought.name.rpartition(".")[2]):
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
        for place, file in self._reader.iterate_files(sought.name):
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
            for place, file in self._reader.iterate_files(sought.name):
                if place.traceback_line and (use := _find_use_at_line(place, file.find_attribute_reads(sought.name))):
                    return ApiChange(ApiChangeKind.MEMBER, dotted, sought.name, place.display_path, use.line)
        return None

    def find_removed_parameter(self, sought: MissingSymbol) -> ApiChange | None:
        """Find a call that passes a removed parameter.

        Only the good release takes it.
        """
        for place, file in self._reader.iterate_files(sought.name):
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
        for place, file in self._reader.iterate_files(sought.owner):
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
        for place, file in self._reader.iterate_files("" if short == "__init__" else short):
            for use, node in file.find_calls():
                if use.target.rpartition(".")[2] != short and not use.line <= place.traceback_line <= use.last_line:
                    continue
                before, after = (
                    release.get_signature(release.find_object(use.target)) for release in (self.good, self.bad)
                )
                if before and after:
                    yield place, use, node, before, after

    def _find_removed_imports(self) -> Iterator[ApiChange]:
        """Yield removed names that the traceback's lines import or read."""
        for place in self.dependent_files:
            file = self._reader.parse_file(place) if place.traceback_line else None
            for use in file.find_uses_at(place.traceback_line) if file else ():
                owner, _, name = use.target.rpartition(".")
                if owner and self._is_removed(use.target) and self.bad.has_module(owner):
                    yield ApiChange(ApiChangeKind.NAME, owner, name, place.display_path, use.line)
                elif owner and self.good.has_module(owner) and not self.bad.has_module(owner):
                    yield ApiChange(ApiChangeKind.MODULE, "", owner, place.display_path, use.line)

    def _find_refused_names(self, wanted: Sequence[MissingSymbol]) -> Iterator[ApiChange]:
        """Yield names that the error itself says are missing, with their use.

        Of modules of the release, where no source shows what the good one had: it may be compiled.
        """
        for each in wanted:
            known = self.bad.find_object(f"{each.owner}.{each.name}")
            if each.kind is not ApiChangeKind.NAME or known is not None or not self.bad.has_module(each.owner):
                continue
            for place, file in self._reader.iterate_files(each.name):
                use = _find_use_at_line(place, file.find_uses(f"{each.owner}.{each.name}"))
                if use:
                    yield ApiChange(ApiChangeKind.REFUSED, each.owner, each.name, place.display_path, use.line)

    def _find_changed_calls(self) -> Iterator[ApiChange]:
        """Yield calls on the traceback's lines whose defaults or signature changed."""
        for place in self.dependent_files:
            file = self._reader.parse_file(place) if place.traceback_line else None
            for use, node in file.find_calls() if file else ():
                if not use.line <= place.traceback_line <= use.last_line:
                    continue
                passed = {keyword.arg for keyword in node.keywords}
                for name, old, new in list_changed_defaults(self.good, self.bad, use.target):
                    if name not in passed:
                        detail = f"was {old}, is {new}"
                        yield ApiChange(ApiChangeKind.DEFAULT, use.target, name, place.display_path, use.line, detail)
                if detail := describe_signatures(self.good, self.bad, use.target):
                    yield ApiChange(ApiChangeKind.SIGNATURE, use.target, "", place.display_path, use.line, detail)

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
