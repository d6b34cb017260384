"""A pylock.toml as a lockfile, exact to the byte."""

import re
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.lockfiles.formats.uv_lock.lock_graph import LockGraph
from depcheck.core.lockfiles.formats.uv_lock.locked_package import (
    DependencyEdge,
    LockedFile,
    LockedPackage,
    PackageSource,
)
from depcheck.core.lockfiles.formats.uv_lock.uv_lockfile import UvLockfile
from depcheck.core.lockfiles.lockfile_parser import LockfileEntry
from depcheck.core.lockfiles.requirement_line import refuse_control_characters
from depcheck.core.model.errors import LockfileError
from depcheck.core.model.pins import Pin
from depcheck.core.text.toml import parse_toml

PYLOCK_START = re.compile(r"(?:#[^\n]*+\n|[ \t\r]*+\n)*+lock-version = \"1\.")
_BLOCK = re.compile(r"^\[\[packages\]\]\r?\n", re.MULTILINE)
_MOST_PACKAGES = 20_000


def parse_pylock(text: str) -> UvLockfile:
    """Parse the text of a pylock.toml.

    `parse_pylock(text).text == text`.

    Raises:
        LockfileError: It is not as PEP 751 describes it, or names a package that is no release.
    """
    refuse_control_characters(text)
    starts = [found.start() for found in _BLOCK.finditer(text)]
    if len(starts) > _MOST_PACKAGES:
        raise LockfileError(f"The lockfile has more than {_MOST_PACKAGES} packages, which none has; compile it again.")
    first = starts[0] if starts else len(text)
    head, lines = _parse_part(text[:first], 1), text.count("\n", 0, first) + 1
    if "packages" in head and head["packages"] != []:
        raise LockfileError(
            "The lockfile's packages are not in tables of their own, as uv writes them; compile it again."
        )
    parts: list[LockfileEntry] = []
    packages: list[LockedPackage] = []
    asked: list[DependencyEdge] = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True) if starts else ():
        package, marker = _parse_package(_parse_part(text[start:end], lines), lines)
        packages.append(package)
        asked.append(DependencyEdge(package.name, str(package.version), package.source, (), marker))
        hashes = frozenset(file.hash for file in package.files)
        pin = Pin(package.name, package.version, marker=marker, hashes=hashes)
        parts.append(LockfileEntry(pin, text[start:end], lines))
        lines += text.count("\n", start, end)
    return UvLockfile("", (text[:first], *parts), LockGraph(tuple(packages), tuple(asked)), tuple(packages))


def _parse_part(text: str, line: int) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except ValueError as error:
        raise LockfileError(f"The part at line {line} is not valid TOML ({error}); compile it again.") from None


def _parse_package(found: Mapping[str, Any], line: int) -> tuple[LockedPackage, str]:
    """Parse one package and its marker."""
    try:
        (table,) = found["packages"]
        _refuse_other_kinds(found, table, line)
        files = [*([table["sdist"]] if "sdist" in table else []), *table.get("wheels", [])]
        source = PackageSource("registry", str(table.get("index", "")))
        locked = tuple(map(_parse_file, files))
        package = LockedPackage(
            canonicalize_name(table["name"]), Version(table["version"]), source, (), {}, {}, locked, ()
        )
        return package, str(table.get("marker", ""))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LockfileError(
            f"The package at line {line} is not as PEP 751 has it ({type(error).__name__}: {error}); compile it again."
        ) from None


def _refuse_other_kinds(found: Mapping[str, Any], table: Mapping[str, Any], line: int) -> None:
    """Raise for other tables, and what is no release."""
    if found.keys() != {"packages"}:
        raise KeyError(next(key for key in found if key != "packages"))
    other = next((key for key in ("vcs", "directory", "archive") if key in table), "")
    if other:
        raise LockfileError(
            f"{table['name']} at line {line} is of the kind {other!r}, which depcheck does not take from a "
            "pylock.toml; compile a requirements.txt, or lock the project with `uv lock`."
        )


def _parse_file(table: Mapping[str, Any]) -> LockedFile:
    return LockedFile(str(table.get("url", table.get("path", ""))), _format_hash(table["hashes"]))


def _format_hash(hashes: Mapping[str, str]) -> str:
    kind = "sha256" if "sha256" in hashes else next(iter(hashes))
    return f"{kind}:{hashes[kind]}"
