"""What is installed in an environment, read from its dist-info folders, which strangers' code may have written."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.checking.plain_files import read_plain
from depcheck.core.distributions import Distribution

METADATA_BYTES, RECORD_BYTES = 4 << 20, 16 << 20
_MODULE = re.compile(r"(?P<name>[^.]+)(?:\.py|(?:\.[\w-]+)*\.(?:so|pyd))")
_NOT_IMPORTED = frozenset({"tests", "test", "conftest", "__main__", "__pycache__"})


@dataclass(frozen=True, slots=True)
class OnDisk:
    """An installed distribution and the dotted names of all its modules, tests and entry scripts left out."""

    distribution: Distribution
    modules: tuple[str, ...]


def read_all(site_packages: Path, known: dict[str, OnDisk]) -> tuple[OnDisk, ...]:
    """Everything installed in `site_packages`, by name. `known` keeps what was read before, by folder."""
    found = []
    for folder in sorted(site_packages.glob("*.dist-info")):
        state = folder.lstat()
        key = f"{folder}:{state.st_ino}:{state.st_mtime_ns}"
        if key not in known:
            read = _read(folder)
            if read is None:
                continue
            known[key] = read
        found.append(known[key])
    return tuple(found)


def _read(folder: Path) -> OnDisk | None:
    metadata = read_plain(folder / "METADATA", METADATA_BYTES)
    if metadata is None:
        return None
    headers = HeaderParser().parsestr(metadata.decode(errors="replace"))
    try:
        version = Version(headers.get("Version", ""))
    except ValueError:  # no version, or numbers longer than Python reads
        return None
    modules = tuple(sorted(set(_modules(read_plain(folder / "RECORD", RECORD_BYTES) or b""))))
    return OnDisk(
        Distribution(
            name=canonicalize_name(headers.get("Name", "")),
            version=version,
            requires=tuple(" ".join(line.split()) for line in headers.get_all("Requires-Dist", [])),
            modules=frozenset(module.partition(".")[0] for module in modules),
            requires_python=headers.get("Requires-Python", "").strip(),
        ),
        modules,
    )


def _modules(record: bytes) -> Iterator[str]:
    for line in record.decode(errors="replace").replace("\0", "").splitlines():
        name = module_name(PurePosixPath(_path(line)))
        if name:
            yield name


def _path(line: str) -> str:
    """The first field of a line of RECORD; empty where it is none. No name of a module holds a line end."""
    try:
        return next(iter(next(csv.reader([line]), [])), "")
    except csv.Error:  # longer than any path
        return ""


def module_name(path: PurePosixPath) -> str | None:
    """The dotted name under which a file below an import root is imported; None for one that is no module to import."""
    match = _MODULE.fullmatch(path.name)
    if match is None:
        return None
    parts = path.parts[:-1] if match["name"] == "__init__" else (*path.parts[:-1], match["name"])
    if not parts or not all(part.isidentifier() for part in parts) or _NOT_IMPORTED.intersection(parts):
        return None
    return ".".join(parts)
