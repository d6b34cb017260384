"""Hold a proposal's table of changes against its files.

People read the table and merge the file: a release that stands in one alone is refused.
"""

from collections.abc import Iterable, Mapping

from packaging.utils import NormalizedName, canonicalize_name

from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.model.errors import LockfileError
from depcheck.core.model.report import ChangeReport
from depcheck.core.model.report_json import ReportError
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.publishing.validate_lockfile import quote_path

PinnedVersions = Mapping[NormalizedName, frozenset[str]]


def check_change_table(path: str, base: str, proposed: str, changes: Iterable[ChangeReport]) -> None:
    """Refuse a proposed file whose pins are not those of the table.

    `base` is the file on the base branch.

    Raises:
        ReportError: A pin moves that the table does not show, or the table shows one that does not move so.
    """
    before, after = _list_versions(path, base), _list_versions(path, proposed)
    rows = [row for row in changes if row.lockfile == path]
    told: dict[NormalizedName, set[str | None]] = {}
    for row in rows:
        told.setdefault(canonicalize_name(row.name), set()).add(row.after)
    for name in sorted(before.keys() | after.keys()):
        new = after.get(name, frozenset[str]()) - before.get(name, frozenset[str]())
        missing = new - told.get(name, set()) or ({"its removal"} if name not in after and name not in told else set())
        if missing:
            _refuse(path, f"the file has {name} {min(missing)}, and the table does not")
    for row in rows:
        versions = after.get(canonicalize_name(row.name), frozenset())
        if row.after is not None and versions and row.after not in versions:
            _refuse(path, f"the table has {row.name} {row.after}, and the file does not")


def _list_versions(path: str, text: str) -> PinnedVersions:
    """List the pinned versions of each name.

    Those of references are left out.
    """
    found: dict[NormalizedName, set[str]] = {}
    try:
        entries = parse_lockfile(text).entries
    except LockfileError as error:
        raise ReportError(f"{quote_path(path)} does not read as a lockfile: {to_one_line(str(error))}") from None
    for entry in entries:
        if entry.pin.version is not None and not entry.pin.reference:
            found.setdefault(entry.pin.name, set()).add(str(entry.pin.version))
    return {name: frozenset(versions) for name, versions in found.items()}


def _refuse(path: str, why: str) -> None:
    raise ReportError(
        f"The report's table and its file {quote_path(path)} differ: {to_one_line(why, 200)}. Nothing of it is "
        "published; run `depcheck check` again on the base branch as it is now."
    )
