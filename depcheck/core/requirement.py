"""One requirement line of a lockfile, to a pin."""

import posixpath
import re
from urllib.parse import unquote, urlsplit

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from depcheck.core.annotations import via
from depcheck.core.errors import LockfileError
from depcheck.core.lines import Line
from depcheck.core.pins import Pin

_LONGEST_LINE = 20_000  # characters without hashes; longer ones are no requirement, and slow to parse
_OPTION = re.compile(r"\s--?[a-zA-Z]")
_HASH = re.compile(r"--hash[=\s]\s*([a-z0-9]+:[0-9a-fA-F]+)")
_EDITABLE = re.compile(r"^(?:-e|--editable)(?:\s+|=)")
_LEGACY_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*(?:\[([^]]*)\])?\s*={2,3}\s*([\w.+!-]+)\s*(?:;(.*))?$")
_DIRECT = re.compile(r"^(?:[a-z][a-z0-9]*\+|[a-z][a-z0-9+.-]*:|\.{0,2}/)|^\.{1,2}(?:$|\[)", re.IGNORECASE)
_EGG = re.compile(r"(?:^|&)egg=([A-Za-z0-9][\w.-]*)")


def parse_pin(line: Line) -> Pin:
    """The pin that a requirement line states.

    Raises LockfileError, with the line's number, for what is not pinned to one version, URL or path.
    """
    joined = line.joined
    hashes = frozenset(_HASH.findall(joined))
    stated = _without_options(joined)
    if len(stated) > _LONGEST_LINE:
        message = f"Line {line.number} has {len(stated)} characters, which is no requirement"
        raise LockfileError(f"{message}; compile the lockfile again.")
    try:
        return _pin(stated, hashes, via(line.comments))
    except (ValueError, RecursionError):
        shown = stated if len(stated) <= 80 else f"{stated[:77]}..."  # noqa: PLR2004  # fits a terminal
        message = f"Line {line.number} is not pinned to one version: {shown!r}"
        raise LockfileError(f"{message}; compile the lockfile again, or pin it with '=='.") from None


def _without_options(joined: str) -> str:
    """The requirement without per-requirement options such as `--hash`."""
    editable = _EDITABLE.match(joined)
    option = _OPTION.search(joined, editable.end() if editable else 0)
    return joined[: option.start()].strip() if option else joined


def _pin(stated: str, hashes: frozenset[str], requirers: tuple[str, ...]) -> Pin:
    if _EDITABLE.match(stated) or _DIRECT.match(stated):
        address = _EDITABLE.sub("", stated)
        return Pin(_name_of(address), None, hashes=hashes, via=requirers, reference=stated)
    try:
        requirement = Requirement(stated)
        version = _version(requirement)
    except ValueError:
        return _legacy_pin(stated, hashes, requirers)
    return Pin(
        name=canonicalize_name(requirement.name),
        version=version,
        extras=frozenset(canonicalize_name(extra) for extra in requirement.extras),
        marker=str(requirement.marker or ""),
        hashes=hashes,
        via=requirers,
        reference="" if version else stated,
    )


def _version(requirement: Requirement) -> Version | None:
    """The one version that is allowed, or None for a URL; ValueError for anything looser."""
    if requirement.url:
        return None
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1 or specifiers[0].operator not in {"==", "==="}:
        raise ValueError(str(requirement))
    return Version(specifiers[0].version)


def _legacy_pin(stated: str, hashes: frozenset[str], requirers: tuple[str, ...]) -> Pin:
    """A pin to a version that is older than PEP 440 (`pytz==2004d`): kept as written."""
    match = _LEGACY_PIN.match(stated)
    if not match:
        raise ValueError(stated)
    marker = str(Marker(match[4])) if match[4] else ""
    return Pin(canonicalize_name(match[1]), None, marker=marker, hashes=hashes, via=requirers, reference=stated)


def _name_of(address: str) -> NormalizedName:
    """The project that an unnamed reference is for, by fragment or file name; else the reference itself."""
    bare = address.partition(" ;")[0].strip()
    head, _, fragment = bare.partition("#")
    egg = _EGG.search(fragment)
    if egg:
        return canonicalize_name(egg[1])
    file_name = posixpath.basename(unquote(urlsplit(head).path))
    try:
        if file_name.endswith(".whl"):
            return parse_wheel_filename(file_name)[0]
        if file_name.endswith((".tar.gz", ".zip")) and "-" in file_name:
            return parse_sdist_filename(file_name)[0]
    except ValueError:  # a name that no standard allows says nothing, and yet it can be installed
        return NormalizedName(head)
    return NormalizedName(head)
