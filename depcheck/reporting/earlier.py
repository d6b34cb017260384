"""Reports of past nights, as `--history` names them."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

from depcheck.core.errors import UsageError
from depcheck.core.report import Report
from depcheck.core.report_json import LIMIT_BYTES, ReportError, decode

MOST = 400  # report files; more than a year of nights
_DEPTH = 4  # folders below the one that is named


def earlier(paths: Iterable[PurePath]) -> tuple[Report, ...]:
    """The reports at `paths`: files, or folders in which files are called `report.json`; the oldest first.

    A file that is no report, or of another schema, is passed over in a folder: nights of old versions stay there.

    Raises:
        UsageError: A named path does not exist, or a named file is no report.
    """
    found = [report for path in paths for report in _at(Path(path))]
    return tuple(sorted(found, key=lambda report: report.finished_at))


def _at(path: Path) -> Iterator[Report]:
    if path.is_dir():
        files = sorted(path.glob("*.json")) + [f for depth in range(_DEPTH) for f in sorted(path.glob(_below(depth)))]
        yield from filter(None, map(_read, list(dict.fromkeys(files))[-MOST:]))
        return
    report = _read(path)
    if report is None:
        raise UsageError(f"--history {path} is no report that this depcheck reads; name a report.json or a folder.")
    yield report


def _below(depth: int) -> str:
    return "/".join(["*"] * depth + ["report.json"])


def _read(path: Path) -> Report | None:
    try:
        with path.open("rb") as file:
            return decode(file.read(LIMIT_BYTES + 1))
    except (OSError, ReportError):
        return None
