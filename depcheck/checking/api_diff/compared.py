"""Two releases and the files of those that use them: what is there in the one, gone in the other, and missed."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import griffe

from depcheck.checking.api_diff.released import MOST_SOURCE_BYTES, Call, Released, named
from depcheck.checking.api_diff.uses import File, Use
from depcheck.core.explanation import Found, Missed, Sought

MOST_READ_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """A file that may use the releases, and how it is called; `line` is where the traceback stood, 0 for nowhere."""

    path: Path
    shown: str
    line: int = 0


@dataclass(slots=True)
class Compared:
    """`good` and `bad` are the releases, `places` the dependents' files in the order of suspicion."""

    good: Released
    bad: Released
    places: Sequence[Place]
    _read: int = 0
    _files: dict[Path, File] = field(default_factory=dict)

    def first(self, wanted: Sequence[Sought]) -> Found | None:
        """The first of `wanted` that both releases bear out, with a use; else the first without one."""
        without = None
        for each in wanted:
            found = _ASKED[each.kind](self, each)
            if found and found.line:
                return found
            without = without or found
        return without or next(self._imports(), None)

    def imported(self, modules: Sequence[str]) -> tuple[str, int] | None:
        """The first place that imports one of the top-level `modules`, with its line."""
        for module in modules:
            for place, file in self._open(module):
                if use := _nearest(place, file.imports(module)):
                    return place.shown, use.line
        return None

    def module(self, sought: Sought) -> Found | None:
        """A module that is gone."""
        if not self.good.has_module(sought.name) or self.bad.has_module(sought.name):
            return None
        for place, file in self._open(sought.name.rpartition(".")[2]):
            if use := _nearest(place, file.imports(sought.name)):
                return Found(Missed.MODULE, "", sought.name, place.shown, use.line)
        return Found(Missed.MODULE, "", sought.name)

    def name(self, sought: Sought) -> Found | None:
        """A name of a module that is gone, while the module is there."""
        dotted = f"{sought.owner}.{sought.name}"
        before, after = self.good.find(dotted), self.bad.find(dotted)
        refused = after is None or isinstance(after, str)  # the failure says that `__getattr__` does not give it
        if before is None or not refused or not self.bad.has_module(sought.owner):
            return None
        for place, file in self._open(sought.name):
            if use := _nearest(place, file.uses(dotted)):
                return Found(Missed.NAME, sought.owner, sought.name, place.shown, use.line)
        return Found(Missed.NAME, sought.owner, sought.name)

    def member(self, sought: Sought) -> Found | None:
        """An attribute of a class that is gone, read where the traceback stood."""
        for dotted, cls in list(self.good.classes(sought.owner))[:5]:
            now = self.bad.find(dotted)
            if self.good.member(cls, sought.name) is None or not isinstance(now, griffe.Class):
                continue
            if self.bad.member(now, sought.name) is not None:
                return None
            for place, file in self._open(sought.name):
                if place.line and (use := _at(place, file.reads(sought.name))):
                    return Found(Missed.MEMBER, dotted, sought.name, place.shown, use.line)
        return None

    def parameter(self, sought: Sought) -> Found | None:
        """A parameter that a call passes, taken by the one release and not by the other."""
        for place, file in self._open(sought.name):
            lost = [use for use in file.passes(sought.name) if self._lost(use.target, sought.name)]
            if use := _nearest(place, lost):
                return Found(Missed.PARAMETER, use.target, sought.name, place.shown, use.line)
        return None

    def override(self, sought: Sought) -> Found | None:
        """A parameter that a method got, while a subclass elsewhere still defines the method without."""
        for place, file in self._open(sought.owner):
            for use, defined in file.overrides(sought.owner, sought.name):
                if added := self._added(use.target, sought.name, defined):
                    return Found(Missed.OVERRIDE, f"{use.target}.{sought.name}", added, place.shown, use.line)
        return None

    def needed(self, sought: Sought) -> Found | None:
        """A parameter that must be given, and need not be before; a call does not."""
        for place, use, node, before, after in self._calls(sought.owner):
            passed = {keyword.arg for keyword in node.keywords}
            new = sought.name in after.needed - before.needed and sought.name not in passed
            if new:
                return Found(Missed.NEEDED, use.target, sought.name, place.shown, use.line)
        return None

    def places_taken(self, sought: Sought) -> Found | None:
        """A call that passes more arguments by place than are taken now, and not more than were taken before."""
        for place, use, node, before, after in self._calls(sought.owner):
            if after.places < len(node.args) <= before.places:
                return Found(Missed.PLACES, use.target, str(after.places), place.shown, use.line)
        return None

    def _calls(self, called: str) -> Iterator[tuple[Place, Use, ast.Call, Call, Call]]:
        """Calls of what the failure names, or on the traceback's lines, with what both releases take."""
        short = called.removesuffix(".__init__").rpartition(".")[2]
        for place, file in self._open("" if short == "__init__" else short):
            for use, node in file.calls():
                if use.target.rpartition(".")[2] != short and not use.line <= place.line <= use.last:
                    continue
                before, after = (release.takes(release.find(use.target)) for release in (self.good, self.bad))
                if before and after:
                    yield place, use, node, before, after

    def _imports(self) -> Iterator[Found]:
        """Names that the files of the traceback import on its very lines, and that are gone."""
        for place in self.places:
            file = self._file(place) if place.line else None
            for use in file.imported_at(place.line) if file else ():
                owner, _, name = use.target.rpartition(".")
                if owner and self._gone(use.target) and self.bad.has_module(owner):
                    yield Found(Missed.NAME, owner, name, place.shown, use.line)
                elif owner and self.good.has_module(owner) and not self.bad.has_module(owner):
                    yield Found(Missed.MODULE, "", owner, place.shown, use.line)

    def _gone(self, dotted: str) -> bool:
        return self.good.find(dotted) is not None and self.bad.find(dotted) is None

    def _lost(self, target: str, parameter: str) -> bool:
        before, after = self.good.find(target), self.bad.find(target)
        return (
            isinstance(after, griffe.Class | griffe.Function)
            and self.good.accepts(before, parameter)
            and not self.bad.accepts(after, parameter)
        )

    def _added(self, base: str, method: str, defined: ast.FunctionDef) -> str:
        before, after = (release.find(f"{base}.{method}") for release in (self.good, self.bad))
        if not isinstance(before, griffe.Function) or not isinstance(after, griffe.Function):
            return ""
        theirs = {each.arg for each in (*defined.args.posonlyargs, *defined.args.args, *defined.args.kwonlyargs)}
        new = [name for name in named(after) if name not in named(before) and name not in theirs]
        return "" if defined.args.vararg or not new else new[0]

    def _open(self, word: str) -> Iterator[tuple[Place, File]]:
        """The places whose text has `word`, parsed; until too much was read."""
        for place in self.places:
            if (file := self._file(place, word)) is not None:
                yield place, file

    def _file(self, place: Place, word: str = "") -> File | None:
        path = place.path
        if path in self._files:
            return self._files[path] if word in self._files[path].text else None
        if not path.is_file() or path.is_symlink() or path.stat().st_size > MOST_SOURCE_BYTES:
            return None
        self._read += path.stat().st_size
        if self._read > MOST_READ_BYTES:
            return None
        text = path.read_text(encoding="utf-8", errors="replace")
        if word not in text:
            return None
        self._files[path] = File(text)
        return self._files[path]


def _nearest(place: Place, uses: Iterator[Use] | Sequence[Use]) -> Use | None:
    """The use where the traceback stood, else the first."""
    found = sorted(uses, key=lambda use: use.line)
    return next((use for use in found if use.line <= place.line <= use.last), found[0] if found else None)


def _at(place: Place, uses: Iterator[Use]) -> Use | None:
    return next((use for use in uses if use.line <= place.line <= use.last), None)


_ASKED = {
    Missed.MODULE: Compared.module,
    Missed.NAME: Compared.name,
    Missed.MEMBER: Compared.member,
    Missed.PARAMETER: Compared.parameter,
    Missed.OVERRIDE: Compared.override,
    Missed.NEEDED: Compared.needed,
    Missed.PLACES: Compared.places_taken,
}
