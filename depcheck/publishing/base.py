"""The base branch as it stands now: what may be changed on it, and whether it moved since the check."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import unified_diff

from depcheck.core.errors import DepcheckError
from depcheck.core.report import EnvironmentReport
from depcheck.core.report_json import ReportError
from depcheck.publishing import shapes
from depcheck.publishing.contents import check_content
from depcheck.publishing.github import Forge
from depcheck.publishing.validation import check_paths, odd

_FILE_MODES = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True)
class Put:
    """A file to commit."""

    path: str
    mode: str
    content: bytes
    before: bytes | None = None


def patch(puts: Iterable[Put]) -> str:
    """The change as `git apply` takes it."""
    return "".join(line for put in puts for line in _diff(put))


def _diff(put: Put) -> Iterator[str]:
    before = (put.before or b"").decode().splitlines(keepends=True)
    after = put.content.decode().splitlines(keepends=True)
    old = "/dev/null" if put.before is None else f"a/{put.path}"
    for line in unified_diff(before, after, old, f"b/{put.path}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


@dataclass(slots=True)
class Base:
    """The base branch; its head and folders are read when they are needed, once."""

    forge: Forge
    branch: str
    _head: str = ""
    _folders: dict[tuple[str, str], dict[str, shapes.TreeEntry]] = field(default_factory=dict)

    @property
    def commit(self) -> str:
        """Its head.

        Raises:
            DepcheckError: There is no such branch.
        """
        if not self._head:
            found = self.forge.branch(self.branch)
            if found is None:
                message = f"The base branch {self.branch!r} is not there"
                raise DepcheckError(f"{message}; run depcheck on a branch that exists, best the default one.")
            self._head = found
        return self._head

    def puts(self, environment: EnvironmentReport) -> tuple[Put, ...]:
        """The proposed files that differ from this commit, each validated against it.

        Raises:
            ReportError: The report proposes what must not be published.
        """
        check_paths(environment)
        files = environment.proposal.files if environment.proposal else {}
        found = []
        for path, text in sorted(files.items()):
            entry = self._entry(self.commit, path)
            before = self.forge.blob(entry.sha) if entry else None
            content = text.encode(errors="replace")  # what cannot be encoded is refused below
            sources = () if entry else self._sources(path, environment)
            check_content(path, None if before is None else _text(path, before), text, sources)
            if content != before:
                found.append(Put(path, entry.mode if entry else "100644", content, before))
        return tuple(found)

    def _sources(self, path: str, environment: EnvironmentReport) -> tuple[str, ...]:
        """The sources of a lockfile that is new: it may stand beside one of them, in a place that no file has."""
        found = {source for lockfile in environment.lockfiles if lockfile.path == path for source in lockfile.sources}
        folder, _, name = path.rpartition("/")
        there = sorted(source for source in found if not odd(source) and self._entry(self.commit, source))
        if not name.endswith(".txt") or folder not in {source.rpartition("/")[0] for source in there}:
            raise ReportError(f"{path!r} is not on {self.branch}, nor beside a source of it; nothing is published.")
        siblings = self._siblings(folder)
        if alike := next((each for each in siblings if _folded(each) == _folded(name)), ""):
            raise ReportError(f"{path!r} is {alike!r} on other systems; nothing is published.")
        return tuple(there)

    def _siblings(self, folder: str) -> dict[str, shapes.TreeEntry]:
        """What stands in `folder`, whose path is known to pass through folders only."""
        tree, parts = self.commit, [part for part in folder.split("/") if part]
        for depth, part in enumerate(parts):
            tree = self._folder(tree, "/".join(parts[:depth]))[part].sha
        return self._folder(tree, folder)

    def moved_since(self, commit: str | None, environment: EnvironmentReport) -> str:
        """The lockfile that differs between `commit`, where it was checked, and this one; or empty."""
        if commit is None or commit == self.commit:
            return ""
        paths = [lockfile.path for lockfile in environment.lockfiles]
        return next((path for path in paths if self._sha(commit, path) != self._sha(self.commit, path)), "")

    def _sha(self, commit: str, path: str) -> str:
        entry = self._entry(commit, path)
        return entry.sha if entry else ""

    def _entry(self, commit: str, path: str) -> shapes.TreeEntry | None:
        """The regular file at `path`, or None for none."""
        *folders, name = path.split("/")
        tree = commit
        for depth, folder in enumerate(folders):
            entry = self._folder(tree, "/".join(folders[:depth])).get(folder)
            if entry is None:
                return None
            if entry.type != "tree":
                raise ReportError(f"{path!r} passes through {folder!r}, which is no folder; nothing is published.")
            tree = entry.sha
        found = self._folder(tree, "/".join(folders)).get(name)
        if found is not None and found.mode not in _FILE_MODES:
            raise ReportError(
                f"{path!r} is no plain file on {self.branch}, but a link or folder; nothing is published."
            )
        return found

    def _folder(self, tree: str, path: str) -> dict[str, shapes.TreeEntry]:
        if (tree, path) not in self._folders:
            self._folders[tree, path] = {entry.path: entry for entry in self.forge.tree(tree)}
        return self._folders[tree, path]


def _folded(name: str) -> str:
    """A name as systems see it that tell neither case nor forms apart."""
    return unicodedata.normalize("NFKC", name.casefold())


def _text(path: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ReportError(f"{path!r} on the base branch is not UTF-8; nothing is published.") from None
