"""The base branch as it is now, and its files."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import unified_diff
from hashlib import sha1

from depcheck.core.model.errors import DepcheckError
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.report_json import ReportError
from depcheck.publishing.forge import Forge, TreeEntry
from depcheck.publishing.validate_lockfile import check_lockfile_content
from depcheck.publishing.validate_report import check_proposal_paths, find_path_problem
from depcheck.publishing.validate_table import check_change_table

_FILE_MODES = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file to commit.

    `previous_content` is None for a new file.
    """

    path: str
    mode: str
    content: bytes
    previous_content: bytes | None = None


def format_patch(puts: Iterable[FileChange]) -> str:
    """Format the changes as a patch for `git apply`."""
    return "".join(line for put in puts for line in _diff_file(put))


def _diff_file(put: FileChange) -> Iterator[str]:
    before = (put.previous_content or b"").decode().splitlines(keepends=True)
    after = put.content.decode().splitlines(keepends=True)
    old = "/dev/null" if put.previous_content is None else f"a/{put.path}"
    for line in unified_diff(before, after, old, f"b/{put.path}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


@dataclass(slots=True)
class BaseBranch:
    """The base branch.

    Its head and folders are read on first use, once.
    """

    forge: Forge
    name: str
    _head_commit: str = ""
    _folders: dict[tuple[str, str], dict[str, TreeEntry]] = field(default_factory=dict)

    @property
    def head_commit(self) -> str:
        """The hash of its head commit.

        Raises:
            DepcheckError: There is no such branch.
        """
        if not self._head_commit:
            found = self.forge.get_branch_commit(self.name)
            if found is None:
                message = f"The base branch {self.name!r} is not there"
                raise DepcheckError(f"{message}; run depcheck on a branch that exists, best the default one.")
            self._head_commit = found
        return self._head_commit

    def build_file_changes(self, environment: EnvironmentReport) -> tuple[FileChange, ...]:
        """Return the proposed files that differ from the head commit.

        Each is validated against it.

        Raises:
            ReportError: The report proposes what must not be published.
        """
        check_proposal_paths(environment)
        files = environment.proposal.files if environment.proposal else {}
        found = []
        for path, text in sorted(files.items()):
            entry = self._find_file(self.head_commit, path)
            before = self.forge.read_blob(entry.sha) if entry else None
            content = text.encode(errors="replace")  # what cannot be encoded is refused below
            sources = () if entry else self._find_existing_sources(path, environment)
            base = None if before is None else _decode_content(path, before)
            check_lockfile_content(path, base, text, sources)
            if base is not None and environment.proposal:
                check_change_table(path, base, text, environment.proposal.changes)
            if content != before:
                found.append(FileChange(path, entry.mode if entry else "100644", content, before))
        return tuple(found)

    def _find_existing_sources(self, path: str, environment: EnvironmentReport) -> tuple[str, ...]:
        """Return the sources of a new lockfile that exist on the branch.

        The lockfile must be in the folder of one of them, with a name that no file there has on any system.

        Raises:
            ReportError: It is not.
        """
        found = {source for lockfile in environment.lockfiles if lockfile.path == path for source in lockfile.sources}
        folder, _, name = path.rpartition("/")
        there = sorted(
            source for source in found if not find_path_problem(source) and self._find_file(self.head_commit, source)
        )
        if not name.endswith(".txt") or folder not in {source.rpartition("/")[0] for source in there}:
            raise ReportError(f"{path!r} is not on {self.name}, nor beside a source of it; nothing is published.")
        siblings = self._list_siblings(folder)
        if alike := next((each for each in siblings if _fold_name(each) == _fold_name(name)), ""):
            raise ReportError(f"{path!r} is {alike!r} on other systems; nothing is published.")
        return tuple(there)

    def _list_siblings(self, folder: str) -> dict[str, TreeEntry]:
        """Return the entries of `folder` by name.

        Its path is known to pass through folders only.
        """
        tree, parts = self.head_commit, [part for part in folder.split("/") if part]
        for depth, part in enumerate(parts):
            tree = self._load_folder(tree, "/".join(parts[:depth]))[part].sha
        return self._load_folder(tree, folder)

    def find_moved_lockfile(self, commit: str | None, environment: EnvironmentReport) -> str:
        """Return the first lockfile that changed since the checked `commit`.

        It differs between `commit` and the head. Empty if none does.
        """
        if commit is None or commit == self.head_commit:
            return ""
        paths = [lockfile.path for lockfile in environment.lockfiles]
        return next(
            (path for path in paths if self._get_sha(commit, path) != self._get_sha(self.head_commit, path)), ""
        )

    def has_equal_files(self, one: str, other: str, paths: Iterable[str]) -> bool:
        """Return True if two commits have the same content at `paths`."""
        return all(self._get_sha(one, path) == self._get_sha(other, path) for path in paths)

    def has_contents(self, commit: str, puts: Iterable[FileChange]) -> bool:
        """Return True if `commit` has these files."""
        return all(self._get_sha(commit, put.path) == _hash_blob(put.content) for put in puts)

    def read_texts(self, commit: str, paths: Iterable[str]) -> dict[str, str]:
        """Read the files that a commit has at `paths`."""
        entries = ((path, self._find_file(commit, path)) for path in paths)
        return {path: self.forge.read_blob(entry.sha).decode(errors="replace") for path, entry in entries if entry}

    def _get_sha(self, commit: str, path: str) -> str:
        entry = self._find_file(commit, path)
        return entry.sha if entry else ""

    def _find_file(self, commit: str, path: str) -> TreeEntry | None:
        """Return the regular file at `path`, or None.

        Raises:
            ReportError: The path leads through a file, or to a link or folder.
        """
        *folders, name = path.split("/")
        tree = commit
        for depth, folder in enumerate(folders):
            entry = self._load_folder(tree, "/".join(folders[:depth])).get(folder)
            if entry is None:
                return None
            if not entry.is_folder:
                raise ReportError(f"{path!r} passes through {folder!r}, which is no folder; nothing is published.")
            tree = entry.sha
        found = self._load_folder(tree, "/".join(folders)).get(name)
        if found is not None and found.mode not in _FILE_MODES:
            raise ReportError(f"{path!r} is no plain file on {self.name}, but a link or folder; nothing is published.")
        return found

    def _load_folder(self, tree: str, path: str) -> dict[str, TreeEntry]:
        if (tree, path) not in self._folders:
            self._folders[tree, path] = {entry.name: entry for entry in self.forge.list_tree(tree)}
        return self._folders[tree, path]


def _hash_blob(content: bytes) -> str:
    """Return the hash by which git names a file's content."""
    return sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()


def _fold_name(name: str) -> str:
    """Return a name without differences of case and Unicode form.

    Some file systems ignore both.
    """
    return unicodedata.normalize("NFKC", name.casefold())


def _decode_content(path: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ReportError(f"{path!r} on the base branch is not UTF-8; nothing is published.") from None
