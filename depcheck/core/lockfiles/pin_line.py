"""Parse one requirement line into a pin and its requirers."""

import posixpath
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from depcheck.core.lockfiles.requirement_line import LogicalLine
from depcheck.core.model.errors import LockfileError
from depcheck.core.model.pins import Pin

_VIA = re.compile(r"^\s?via(?:\s+|$)")
_VIA_CONTINUATION = re.compile(r"^\s{2,}(?=\S)")
_SOURCE_REQUIRER = re.compile(r"^-r\s|\)$|::|^hatch\.envs\.|(?:^|/)(?:pyproject\.toml|setup\.py|setup\.cfg)$")


def parse_requirers(comments: Iterable[str]) -> tuple[str, ...]:
    """Parse the requirers that an entry's comments name, in the lockfile's order.

    `comments` are the texts after `#`, in order. Understood are `# via a, b` beside or below the requirement,
    and the split style with one requirer per line. A comment by a person, or uv's `# from <index>`, ends the
    list.
    """
    found: list[str] = []
    inside = False
    for comment in comments:
        begins = _VIA.match(comment)
        if begins:
            inside = True
            found += comment[begins.end() :].split(", ")
        elif inside and _VIA_CONTINUATION.match(comment):
            found.append(comment)
        else:
            inside = False
    return tuple(requirer for requirer in (text.strip() for text in found) if requirer)


def is_source_requirer(requirer: str) -> bool:
    """Return True if a requirer is a source file, not a package.

    Examples of sources: `-r requirements.in`, `name (pyproject.toml)`.
    """
    return bool(_SOURCE_REQUIRER.search(requirer))


def detect_annotation_style(texts: Iterable[str]) -> str:
    """Detect the annotation style of the entries' texts.

    Returns `split`, `line`, or an empty string for no annotations. A text that fits both styles counts as
    `split`.
    """
    joined = "\n".join(texts)
    if not re.search(r"#\s?via\b", joined):
        return ""
    beside = re.search(r"^[^\s#][^#\n]*[ \t]#\s?via\s+\S", joined, re.MULTILINE)
    listed = re.search(r"^[ \t]+#\s?via\s+[^,\n]+, ", joined, re.MULTILINE)
    return "line" if beside or listed else "split"


_MAX_LINE_CHARS = 20_000  # characters without hashes; longer ones are no requirement, and slow to parse
_OPTION_START = re.compile(r"\s--?[a-zA-Z]")
_HASH_OPTION = re.compile(r"--hash[=\s]\s*([a-z0-9]+:[0-9a-fA-F]+)")
_EDITABLE_OPTION = re.compile(r"^(?:-e|--editable)(?:\s+|=)")
_LEGACY_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*(?:\[([^]]*)\])?\s*={2,3}\s*([\w.+!-]+)\s*(?:;(.*))?$")
_DIRECT_REFERENCE = re.compile(r"^(?:[a-z][a-z0-9]*\+|[a-z][a-z0-9+.-]*:|\.{0,2}/)|^\.{1,2}(?:$|\[)", re.IGNORECASE)
_EGG_FRAGMENT = re.compile(r"(?:^|&)egg=([A-Za-z0-9][\w.-]*)")

_CONFLICT_MARK = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?:\s|$)")  # as git leaves it


def parse_pin(line: LogicalLine) -> Pin:
    """Parse a requirement line into a pin.

    Raises:
        LockfileError: The line is not pinned to one version, URL or path. The message has the line's number.
    """
    joined = line.content
    hashes = frozenset(_HASH_OPTION.findall(joined))
    stated = _strip_options(joined)
    if len(stated) > _MAX_LINE_CHARS:
        message = f"Line {line.number} has {len(stated)} characters, which is no requirement"
        raise LockfileError(f"{message}; compile the lockfile again.")
    try:
        return _parse_stated_pin(stated, hashes, parse_requirers(line.comments))
    except (ValueError, RecursionError):
        if _CONFLICT_MARK.match(joined):
            message = f"Line {line.number} is an unresolved merge conflict ({joined[:40]!r}), so nothing can be read"
            raise LockfileError(f"{message}. Resolve the conflict, then compile the lockfile again.") from None
        shown = stated if len(stated) <= 80 else f"{stated[:77]}..."  # noqa: PLR2004  # fits a terminal
        message = f"Line {line.number} is not pinned to one version: {shown!r}"
        raise LockfileError(f"{message}; compile the lockfile again, or pin it with '=='.") from None


def _strip_options(joined: str) -> str:
    """Remove per-requirement options such as `--hash`."""
    editable = _EDITABLE_OPTION.match(joined)
    option = _OPTION_START.search(joined, editable.end() if editable else 0)
    return joined[: option.start()].strip() if option else joined


def _parse_stated_pin(stated: str, hashes: frozenset[str], requirers: tuple[str, ...]) -> Pin:
    if _EDITABLE_OPTION.match(stated) or _DIRECT_REFERENCE.match(stated):
        address = _EDITABLE_OPTION.sub("", stated)
        return Pin(_guess_project_name(address), None, hashes=hashes, requirers=requirers, reference=stated)
    try:
        requirement = Requirement(stated)
        version = _extract_exact_version(requirement)
    except ValueError:
        return _parse_legacy_pin(stated, hashes, requirers)
    return Pin(
        name=canonicalize_name(requirement.name),
        version=version,
        extras=frozenset(canonicalize_name(extra) for extra in requirement.extras),
        marker=str(requirement.marker or ""),
        hashes=hashes,
        requirers=requirers,
        reference="" if version else stated,
    )


def _extract_exact_version(requirement: Requirement) -> Version | None:
    """Return the only version that the requirement allows.

    None for a URL.

    Raises:
        ValueError: It allows more than one version.
    """
    if requirement.url:
        return None
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1 or specifiers[0].operator not in {"==", "==="}:
        raise ValueError(str(requirement))
    return Version(specifiers[0].version)


def _parse_legacy_pin(stated: str, hashes: frozenset[str], requirers: tuple[str, ...]) -> Pin:
    """Parse a pin to a version that predates PEP 440.

    For example `pytz==2004d`. The requirement is kept as written.

    Raises:
        ValueError: The requirement is no such pin.
    """
    match = _LEGACY_PIN.match(stated)
    if not match:
        raise ValueError(stated)
    marker = str(Marker(match[4])) if match[4] else ""
    return Pin(canonicalize_name(match[1]), None, marker=marker, hashes=hashes, requirers=requirers, reference=stated)


def _guess_project_name(address: str) -> NormalizedName:
    """Guess the project of an unnamed reference.

    By its fragment or file name. Without a valid one, return the reference itself.
    """
    bare = address.partition(" ;")[0].strip()
    head, _, fragment = bare.partition("#")
    egg = _EGG_FRAGMENT.search(fragment)
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
