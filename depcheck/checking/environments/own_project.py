"""What the repository's own distribution requires, compared with the pins."""

import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from enum import StrEnum
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from depcheck.checking.environments.read_installed import MOST_METADATA_BYTES
from depcheck.core.model.pins import Pins
from depcheck.core.model.requirements import (
    UNSAFE_PACKAGES,
    get_required_name,
    is_satisfied_by,
    select_active_requirements,
)


class Place(StrEnum):
    """How the project fits the pins of one environment.

    Decided when these are installed first.
    """

    HELD = "held"  # the pins hold what it requires
    COMPLETED = "completed"  # some of it is resolved beside them
    LEFT_OUT = "left-out"  # it does not fit


@dataclass(frozen=True, slots=True)
class Wants:
    """A wheel of the project, with requirements that the pins lack.

    Those that the pins do not name or do not satisfy.
    """

    wheel: Path
    name: NormalizedName
    requires: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def compare_wants(wheel: Path, pins: Pins, markers: Mapping[str, str]) -> Wants:
    """Read what the built `wheel` requires, and compare it with `pins`."""
    name = parse_wheel_filename(wheel.name)[0]
    wanted = list(select_active_requirements(_requires(wheel), markers, ("",)))
    named = [each for each in wanted if get_required_name(each) not in UNSAFE_PACKAGES | {name}]
    missing = [each for each in named if get_required_name(each) not in pins]
    versions = [(each, pins[get_required_name(each)].version) for each in named if get_required_name(each) in pins]
    refused = [each for each, version in versions if version and not is_satisfied_by(each, version)]
    return Wants(wheel, name, *(tuple(map(str, lines)) for lines in (named, missing, refused)))


def _requires(wheel: Path) -> list[str]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            inside = [info for info in archive.infolist() if info.filename.endswith(".dist-info/METADATA")]
            content = archive.read(inside[0]) if inside and inside[0].file_size <= MOST_METADATA_BYTES else b""
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return []
    headers = HeaderParser().parsestr(content.decode(errors="replace"))
    return [" ".join(line.split()) for line in headers.get_all("Requires-Dist", [])]


_NO_PACKAGE = re.compile(
    r"Multiple top-level (?:packages|modules) discovered in a flat-layout"  # setuptools
    r"|Unable to determine which files to ship"  # hatchling
    r"|No file/folder found for (?:package|module)"  # poetry-core, flit
    r"|not possible in non-package mode"  # poetry
    r"|Expected a Python module at"  # uv_build
)


def find_no_package(output: str) -> str:
    """Return what a build says where the repository is no package.

    An application whose project file only lists requirements. Empty for any other failure.
    """
    found = _NO_PACKAGE.search(output)
    return found[0] if found else ""


def parse_completion(content: bytes, pins: Pins) -> dict[NormalizedName, Version]:
    """Read the `name==version` lines of a resolution beside the pins.

    Less what is pinned and what installers bring themselves.
    """
    found = {}
    for line in content.decode(errors="replace").splitlines():
        name, mark, version = line.partition("==")
        try:
            pair = canonicalize_name(name.strip()), Version(version.strip())
        except ValueError:
            continue
        if mark and pair[0] not in pins and pair[0] not in UNSAFE_PACKAGES:
            found[pair[0]] = pair[1]
    return found


def join_first_names(names: Iterable[str], most: int = 6) -> str:
    """Join names for a sentence, the first few of many."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def describe_completed(files: str, wants: Wants, beside: Mapping[NormalizedName, Version]) -> str:
    """Say which requirements of the project were resolved beside the pins."""
    releases = join_first_names(f"{name} {version}" for name, version in sorted(beside.items()))
    return (
        f"{files} does not hold all that {wants.name} itself requires ({join_first_names(wants.missing)}): "
        f"it was installed with {releases}, resolved beside the pins as of the same time."
    )


def describe_test_needs(files: str, label: str, beside: Mapping[NormalizedName, Version]) -> str:
    """Say what the tests need beside the pins."""
    releases = join_first_names(f"{name} {version}" for name, version in sorted(beside.items()))
    return f"{files} pins no test runner: {label} was installed with it ({releases}), resolved as of the same time."


def describe_unfit_needs(label: str, why: str) -> str:
    """Say why what the tests need does not fit."""
    return f"What the tests need ({label}) was not installed, because it does not fit the pins: {why}"


def describe_left_out(files: str, wants: Wants, why: str) -> str:
    """Say that the project was not installed beside the pins, and why."""
    asked = join_first_names((*wants.refused, *wants.missing))
    reason = f": {why}" if why else ""
    return (
        f"{wants.name} itself was not installed: it requires {asked}, which does not fit the pins of {files}{reason}. "
        "Where they belong together, compile the lockfile from the project."
    )


def describe_no_package(name: str, said: str) -> str:
    """Say that the repository is no package that could be installed."""
    return f"{name or 'The project'} itself was not installed, because its own build finds no package in it ({said})."


def describe_own_pin(files: str, name: str, version: object) -> str:
    """Say that the lockfile's own pin of the project was installed."""
    return f"{files} pins {name} {version} itself, so that release was installed and not the checkout."
