"""Environments and lockfiles to judge: sources, compile options, interpreter."""

import posixpath
from dataclasses import dataclass, field
from datetime import datetime

from packaging.utils import NormalizedName

from depcheck.core.lockfiles.index_choice import IndexChoice
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.options.inferred_options import find_omitted_packages
from depcheck.core.model.report import LockfileReport
from depcheck.core.targets.pythons import PythonGuess
from depcheck.core.text.version_history_stream import History


@dataclass(frozen=True, slots=True)
class LockfileSpec:
    """A committed lockfile and how it is compiled.

    Paths are POSIX and relative to the repository. `folder` is the working directory of the command.
    `command` is the header's command for people; `options` are the checked arguments to give to the compiler,
    without sources, output and upgrade options; `upgrade_options` are to be given when upgrading only.
    `direct` are the packages that the sources name. `committed_at` is when the lockfile was last committed,
    if known. `loose` says that nothing is locked: `lockfile` is empty, `path` is what a compile would write,
    and `committed_at` tells of the source. `indexes` are those that the command and the
    files name; `find_links` are folders of the repository with distributions; `remote_files`
    are requirements files that the sources name by URL. `trimmed_packages` are those whose lines people take out after
    a compile.
    `written` are sources that stand in the header instead of a file, each with its text; `included` says that
    what the `-r` lines of the lockfile bring stands in those files alone (pip-compile-multi).
    `unpinned` are the requirements of a loose source that name no single release.
    `told_python` is the interpreter that the header tells; `python` is the one to compile with, where that is not
    the environment's. `root` is the address of the repository's folder where it was compiled, as its local references
    name it (`file:///home/me/project`), or empty.
    """

    path: str
    sources: tuple[str, ...]
    folder: str
    compiler: str  # as its format names it
    compiler_version: str | None
    command: str
    options: tuple[str, ...]
    lockfile: Lockfile
    layers: tuple[str, ...] = ()  # lockfiles that this one is constrained by or includes
    committed_at: datetime | None = None
    is_unlocked: bool = False
    direct_names: frozenset[NormalizedName] = frozenset()
    upgrade_options: tuple[str, ...] = ()
    indexes: IndexChoice = field(default_factory=IndexChoice)
    find_links: tuple[str, ...] = ()
    remote_files: tuple[str, ...] = ()
    trimmed_packages: frozenset[NormalizedName] = frozenset()
    inline_sources: tuple[tuple[str, str], ...] = ()
    omits_included_pins: bool = False
    unpinned_requirements: tuple[str, ...] = ()
    header_python: str = ""
    python: str = ""
    root: str = ""

    @property
    def index_urls(self) -> tuple[str, ...]:
        """The addresses of the indexes that are named, the default first."""
        return self.indexes.addresses

    @property
    def layer_labels(self) -> frozenset[str]:
        """Names of included lockfiles in this lockfile's annotations: `-r base.txt`."""
        return frozenset(f"-r {posixpath.relpath(layer, self.folder or '.')}" for layer in self.layers)


@dataclass(frozen=True, slots=True)
class LooseNeeds:
    """Requirements that no lockfile pins, and what states them."""

    lines: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """One interpreter and the lockfiles that are installed together, lower layers first.

    `skipped` is the reason why it cannot be judged, or empty. `project` says whether the repository itself has a build
    system and is installed too, `project_name` its normalized name where its files state it. `imports` are the
    top-level modules that its own files import. `configured` is its name in the configuration, or empty. `below` are
    new texts, by path, of lower layers that are compiled already and not among `lockfiles`. Where the Python is a
    guess, `python_reason` tells why this one was taken, and `other_pythons` are the next likely ones. `edited_words`
    stand in commands of the repository that edit files. `history` tells the version of the repository where that comes
    from its tags. `test_needs` are resolved beside the pins.
    """

    name: str
    python: str  # "3.10"
    lockfiles: tuple[LockfileSpec, ...]
    project: bool = False
    project_name: str = ""
    skip_reason: str = ""
    notes: tuple[str, ...] = field(default=())
    imports: frozenset[str] = frozenset()
    configured_name: str = ""
    lower_layer_texts: tuple[tuple[str, str], ...] = ()
    edited_words: frozenset[str] = frozenset()
    python_reason: str = ""
    other_pythons: tuple[PythonGuess, ...] = ()
    history: History | None = None
    test_needs: LooseNeeds = field(default_factory=LooseNeeds)

    @property
    def omitted_packages(self) -> frozenset[NormalizedName]:
        """Return the packages that the lockfiles leave unpinned for the installer."""
        found = (
            find_omitted_packages(lock.lockfile, (*lock.options, *lock.upgrade_options)) for lock in self.lockfiles
        )
        return frozenset().union(*found, *(lock.trimmed_packages for lock in self.lockfiles))


def describe_lockfile(lock: LockfileSpec, given: IndexChoice) -> LockfileReport:
    """Describe a lockfile, with its indexes or those that the user gives."""
    indexes = (given if given.addresses else lock.indexes).strip_credentials()
    return LockfileReport(
        path=lock.path,
        sources=lock.sources,
        compiler=lock.compiler,
        compiler_version=lock.compiler_version,
        command=lock.command,
        locked=not lock.is_unlocked,
        index_url=indexes.default,
        extra_index_urls=indexes.extras,
    )
