"""Commands of images, workflows and test environments, by environment.

Each piece installs into one environment.
"""

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.core.model.errors import LockfileError

_MOST_FILES = 60
_IMAGES = re.compile(r"(?:^|/)(?:(?:[\w.-]+\.)?(?:Docker|Container)file(?:[.-][\w.-]+)?|[\w.-]+\.[Dd]ockerfile)$")
_WORKFLOWS = re.compile(r"^\.github/workflows/[^/]+\.ya?ml$|^\.gitlab-ci\.yml$")
_TESTS = re.compile(r"^(?:tox\.ini|setup\.cfg|noxfile\.py)$")
_FROM = re.compile(r"(?im)^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?[ \t]*$")
_PATH = re.compile(r"[\w./${}-]{0,200}\w\.(?:txt|lock|pip|pinned|frozen|compiled)\b")
_INSTALLED = re.compile(r"(?:^|[\s\"'\[,])(?:-r|--requirements?)[\s=\"',]*([\w./${}-]+)")
_CONSTRAINED = re.compile(r"(?:^|[\s\"'\[,])(?:-c|--constraints?)[\s=\"',]*([\w./${}-]+)")
_SYNCED = re.compile(r"\bpip[- ]sync\b[^\n&|;]*")
_WORKDIR = re.compile(r"(?m)^\s*working-directory:\s*[\"']?\.?/?([\w./-]+)")
_OF_A_FACTOR = re.compile(r"(?m)^[ \t]+[!\w{},.-]+:[ \t]+-r.*$")  # tox: `min: -r min.txt` is of some environments only
_CONTINUED = re.compile(r"\\\r?\n")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image stage, workflow job or test environment, with its text."""

    path: str
    kind: str  # "image", "workflow" or "tests"
    text: str

    def find_installed(self, lockfiles: Collection[str]) -> tuple[str, ...]:
        """Return which of `lockfiles` it installs, in the order met."""
        text = _CONTINUED.sub(" ", self.text)
        text = _OF_A_FACTOR.sub("", text) if self.kind == "tests" else text
        named = [match[1] for match in _INSTALLED.finditer(text)]
        named += [word for line in _SYNCED.findall(text) for word in _PATH.findall(line)]
        found = (self._resolve(name, lockfiles) for name in named)
        return tuple(dict.fromkeys(path for path in found if path))

    def find_constraints(self, source: str, files: Collection[str]) -> Iterator[str]:
        """Yield the constraint files of the commands that install `source`."""
        for line in _CONTINUED.sub(" ", self.text).splitlines():
            if source in {self._resolve(match[1], files) for match in _INSTALLED.finditer(line)}:
                yield from filter(None, (self._resolve(match[1], files) for match in _CONSTRAINED.finditer(line)))

    def is_naming(self, lockfile: str, lockfiles: Collection[str]) -> bool:
        """Tell if it names `lockfile`, to install it or to copy it."""
        base = posixpath.basename(lockfile)
        return any(
            posixpath.basename(word) == base and self._resolve(word, lockfiles) == lockfile
            for word in _PATH.findall(self.text)
        )

    def _resolve(self, name: str, lockfiles: Collection[str]) -> str:
        """Return the lockfile that `name` means here, or empty.

        Empty where it is none, or could be several.
        """
        bare = posixpath.normpath(name.strip("\"'").lstrip("/"))
        if "$" in bare:
            bare = bare.rpartition("}/")[2] if "}/" in bare else ""
        if not bare or "$" in bare:
            return ""
        folders = [*_WORKDIR.findall(self.text), posixpath.dirname(self.path) if self.kind == "image" else "", ""]
        for folder in folders:
            path = posixpath.normpath(posixpath.join(folder, bare))
            if path in lockfiles:
                return path
        parts = bare.split("/")
        for start in range(len(parts)):
            tail = "/".join(parts[start:])
            near = [path for path in lockfiles if path == tail or path.endswith(f"/{tail}")]
            if near:
                return near[0] if len(near) == 1 else ""
        return ""


def read_recipes(tree: RepoFiles, files: Sequence[str]) -> tuple[Recipe, ...]:
    """Read the recipes among `files`.

    At most 60 files, and of each the beginning.
    """
    kinds = (("image", _IMAGES, split_stages), ("workflow", _WORKFLOWS, split_jobs), ("tests", _TESTS, split_sections))
    found: list[Recipe] = []
    for kind, pattern, split in kinds:
        for path in [path for path in files if pattern.search(path)][:_MOST_FILES]:
            try:
                text = tree.read_head(path)
            except LockfileError:  # it is not a lockfile, and says nothing
                continue
            found += [Recipe(path, kind, piece) for piece in split(text)]
    return tuple(found)


def split_stages(text: str) -> Iterator[str]:
    """Yield each stage of a Dockerfile with what it builds on."""
    starts = list(_FROM.finditer(text))
    stages: dict[str, str] = {}
    preamble = text[: starts[0].start()] if starts else text
    for number, start in enumerate(starts):
        end = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        body = stages.get(start[1].lower(), preamble) + text[start.start() : end]
        stages[(start[2] or str(number)).lower()] = body
        yield body


def split_jobs(text: str) -> Iterator[str]:
    """Yield each job of a workflow.

    The whole text where it has no `jobs:`.
    """
    _, *rest = re.split(r"(?m)^jobs:", text, maxsplit=1)
    if not rest:
        yield from re.split(r"(?m)^(?=[\w.-]+:\s*$)", text)
        return
    jobs = rest[0]
    indent = re.search(r"(?m)^( +)[\w\"'-]+:", jobs)
    yield from re.split(rf"(?m)^(?={indent[1]}[\w\"'-]+:)", jobs)[1:] if indent else [jobs]


def split_sections(text: str) -> Iterator[str]:
    """Yield each section of an ini file or session of a noxfile."""
    yield from re.split(r"(?m)^(?=\[|@\w+(?:\.\w+)*session)", text)


def find_installed_together(recipes: Sequence[Recipe], lockfiles: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Return sets of lockfiles that one recipe installs together."""
    found = (recipe.find_installed(lockfiles) for recipe in recipes)
    return tuple(dict.fromkeys(paths for paths in found if len(paths) > 1))
