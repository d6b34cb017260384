"""Pythons that the repository's files name for a lockfile.

Version files, images, workflows, test environments.
"""

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.installs.recipes import Recipe
from depcheck.core.model.errors import LockfileError
from depcheck.core.targets.pythons import PythonGuess, parse_minor

_VERSION_FILES = (".python-version", "runtime.txt", ".tool-versions")
_IN_VERSION_FILE = re.compile(r"(?im)^[ \t]*(?:cpython-|python[- ]?)?[ \t]*(\d\.\d{1,2})(?!\d)")
_ARGUMENT = re.compile(r"(?m)^\s*(?:ARG|ENV)\s+([A-Za-z_]\w*)[=\s]\s*[\"']?([\w.-]+)")
_FROM = re.compile(r"(?im)^\s*FROM\s+(?:--\S+\s+)*(\S+)|^\s+image:\s*[\"']?([\w./:${}-]+)")
_IMAGE = re.compile(r"(?:^|[/:-])python[:-]?(3\.\d{1,2})(?!\d)")
_LISTED = r"(?:\n[ \t]+-[ \t]*[\"']?\d[\w.]*[\"']?[ \t]*)*"
_ACTION = re.compile(rf"(?m)^[ \t-]*[\"']?[\w-]*python(?:[-_]?version)?s?[\"']?[ \t]*:([^\n]*{_LISTED})")
_VERSION = re.compile(r"(?<![\d.])(3\.\d{1,2})(?!\d)")
_TARGET = re.compile(
    r"(?m)^\s*(?:target-version|python_version|pythonVersion)\s*=\s*\[?\s*[\"']?(?:py)?3\.?(\d{1,2})\b"
)
_TOOL_FILES = ("ruff.toml", ".ruff.toml", "pyproject.toml", "mypy.ini", ".mypy.ini", "setup.cfg")
_SESSION = re.compile(r"python\s*=\s*(\[[^\]]*\]|\([^)]*\)|[\"'][^\"']*[\"'])")
_TOX = re.compile(r"(?<![a-z0-9])py(?:thon)?(3?)(\{[^}]*\}|3\.?\d{1,2}(?!\d))")
_MINOR = re.compile(r"(?:py(?:thon)?)?3\.?(\d{1,2})")


@dataclass(frozen=True, slots=True)
class PythonEvidence:
    """Reads what files beside a lockfile say about its interpreter."""

    tree: RepoFiles
    recipes: Sequence[Recipe]
    lockfiles: Collection[str]

    def find_stated(self, lockfile: str) -> Iterator[PythonGuess]:
        """Yield a guess for each file that names a Python.

        For `lockfile`, the most telling first. An image that installs it says more than a version file above.
        """
        above = list_folders_above(posixpath.dirname(lockfile))
        yield from self._read_version_files(above[:1])
        naming = [recipe for recipe in self.recipes if recipe.is_naming(lockfile, self.lockfiles)]
        yield from _order_by_kind([each for each in naming if each.kind == "image"], is_stated=True)
        yield from self._read_version_files(above[1:])
        yield from _order_by_kind([each for each in naming if each.kind != "image"], is_stated=True)
        beside = [each for each in self.recipes if each.kind == "image" and posixpath.dirname(each.path) in above]
        yield from _order_by_kind(beside, is_stated=True)
        yield from self._read_images_below(above[0])

    def _read_images_below(self, folder: str) -> Iterator[PythonGuess]:
        """Yield the one Python of images in folders without lockfiles.

        Such as `docker/`.
        """
        own = {posixpath.dirname(path) for path in self.lockfiles}
        below = [each for each in self.recipes if each.kind == "image" and _is_near(each.path, folder)]
        found = [each for each in below if posixpath.dirname(each.path) not in own]
        if len({python for each in found for python in find_versions(each)}) == 1:
            yield from _order_by_kind(found, is_stated=False)

    def find_targets(self) -> Iterator[PythonGuess]:
        """Yield the Python that linters are configured for.

        The code is written for it.
        """
        for path in _TOOL_FILES:
            try:
                match = _TARGET.search(self.tree.read_head(path))
            except LockfileError:
                continue
            if match:
                yield PythonGuess(f"3.{match[1]}", f"for which a tool is configured in {path}")

    def find_tested(self) -> Iterator[PythonGuess]:
        """Yield what the repository is tested with, low versions first."""
        found = _order_by_kind([each for each in self.recipes if each.kind != "image"], is_stated=False)
        yield from sorted(found, key=lambda guess: parse_minor(guess.python))

    def _read_version_files(self, folders: Sequence[str]) -> Iterator[PythonGuess]:
        for folder in folders:
            for path in (posixpath.join(folder, name) for name in _VERSION_FILES):
                try:
                    text = self.tree.read_head(path)
                except LockfileError:
                    continue
                if match := _IN_VERSION_FILE.search(text):
                    yield PythonGuess(match[1], f"which {path} names", is_stated=True)


def list_folders_above(folder: str) -> list[str]:
    """Return `folder` and all above it, the top ("") last."""
    found = [folder]
    while folder:
        folder = posixpath.dirname(folder)
        found.append(folder)
    return found


def find_versions(recipe: Recipe) -> tuple[str, ...]:
    """Return the Pythons that a recipe runs with, low ones first.

    An unquoted `3.10` is none other.
    """
    readers = {"image": _read_image, "workflow": _read_job, "tests": _read_tests}
    return tuple(sorted(set(readers[recipe.kind](recipe.text)), key=parse_minor))


def _is_near(image: str, folder: str) -> bool:
    """Return True for an image in a folder of its own.

    `docker/Dockerfile` below `folder`, for example.
    """
    return posixpath.dirname(posixpath.dirname(image)) == folder and posixpath.dirname(image) != folder


def _order_by_kind(recipes: Sequence[Recipe], *, is_stated: bool) -> Iterator[PythonGuess]:
    for kind in ("image", "workflow", "tests"):
        for recipe in (each for each in recipes if each.kind == kind):
            yield from (PythonGuess(python, f"as in {recipe.path}", is_stated) for python in find_versions(recipe))


def _read_image(text: str) -> Iterator[str]:
    """Yield the Python of a stage's first image."""
    arguments = dict(_ARGUMENT.findall(text))
    for match in _FROM.finditer(text):
        image = re.sub(
            r"\$\{?(\w+)(?::-[^}]*)?\}?", lambda name: arguments.get(name[1], ""), match[1] or match[2] or ""
        )
        if found := _IMAGE.search(image):
            yield found[1]
            return


def _read_job(text: str) -> Iterator[str]:
    """Yield the versions of a job's `python-version` and image."""
    for match in _ACTION.finditer(text):
        found = _VERSION.findall(match[1])
        yield from ("3.10" if version == "3.1" else version for version in found)  # what YAML makes of 3.10 unquoted
    yield from _read_image(text)


def _read_tests(text: str) -> Iterator[str]:
    """Yield the Pythons of a nox session or tox section.

    `py310`, `py{39,310}`, `py3{9,10}`, `python="3.12"`.
    """
    lists = [("", match[1]) for match in _SESSION.finditer(text)]
    lists += [(match[1], match[2]) for match in _TOX.finditer(text)]
    for major, listed in lists:
        for part in filter(None, re.split(r"[^\w.]+", listed)):
            if minor := _MINOR.fullmatch(f"{major}{part}"):
                yield f"3.{minor[1]}"
