"""Validate reports, which are hostile input.

A report was written on a machine that ran untrusted code. It may change pins in lockfiles that are on the
base branch, and nothing else.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from depcheck.core.model.report import EnvironmentReport, Report
from depcheck.core.model.report_json import REPORT_LIMIT_BYTES, ReportError, decode_report
from depcheck.core.text.terminal_safe import to_one_line
from depcheck.publishing.validate_lockfile import quote_path
from depcheck.untrusted_files import UntrustedFileError, load_untrusted_file

_MAX_ENVIRONMENTS = 500
_MAX_FILES = 50
_MAX_FILE_BYTES = 4 << 20
_MAX_PATH_CHARS = 300
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CODE_SUFFIXES = (".py", ".toml", ".cfg", ".ini", ".yml", ".yaml", ".json", ".sh", ".md", ".rst")


def read_untrusted_report(folder: Path, repository: str) -> Report:
    """Read the report in `folder`, without following a link.

    Its size is limited, and it must be about `repository` (empty: any). If `folder` contains none itself, the
    reports of its subfolders are merged: each job of a matrix uploads its own.

    Raises:
        ReportError: It cannot be used; the message says why.
    """
    folders = [folder] if (folder / "report.json").exists() else _find_report_folders(folder) or [folder]
    report = _merge_reports([decode_report(_read_report_bytes(each / "report.json")) for each in folders])
    if repository and report.repository not in {None, repository}:
        message = (
            f"The report is about {to_one_line(str(report.repository), 100)}, and this token writes to {repository}"
        )
        raise ReportError(f"{message}; publish it where it was checked.")
    if report.commit is not None and not _COMMIT.fullmatch(report.commit):
        raise ReportError("The report names a commit that is none; run `depcheck check` again.")
    if len(report.environments) > _MAX_ENVIRONMENTS:
        message = f"The report has {len(report.environments)} environments, more than {_MAX_ENVIRONMENTS}"
        raise ReportError(f"{message}; check fewer in one run (`depcheck plan` splits them).")
    names = [environment.name for environment in report.environments]
    if len(set(names)) != len(names):
        raise ReportError("Two environments of the report have one name; run `depcheck check` again.")
    return report


def _find_report_folders(folder: Path) -> list[Path]:
    """Return the subfolders that contain a report, by name."""
    found = sorted(path for path in folder.glob("*") if not path.is_symlink() and (path / "report.json").exists())
    if len(found) > _MAX_ENVIRONMENTS:
        raise ReportError(f"{folder} holds {len(found)} reports, more than {_MAX_ENVIRONMENTS}; publish fewer at once.")
    return found


def _merge_reports(reports: Sequence[Report]) -> Report:
    """Merge reports into one with all environments.

    They must be about the same commit of the same repository.
    """
    about = {(report.repository, report.commit, report.as_of) for report in reports}
    if len(about) > 1:
        raise ReportError(
            f"The {len(reports)} reports are about different commits, repositories or dates; publish those of one run."
        )
    return replace(
        reports[0],
        started_at=min(report.started_at for report in reports),
        finished_at=max(report.finished_at for report in reports),
        environments=tuple(each for report in reports for each in report.environments),
        known_environments=_merge_known_environments(reports),
    )


def _merge_known_environments(reports: Sequence[Report]) -> dict[str, tuple[str, ...]]:
    """Merge what all reports know of the repository."""
    if not all(report.known_environments for report in reports):
        return {}
    return {name: paths for report in reports for name, paths in report.known_environments.items()}


def _read_report_bytes(path: Path) -> bytes:
    try:
        return load_untrusted_file(path, REPORT_LIMIT_BYTES)
    except UntrustedFileError as error:
        message = f"No report can be read: {path} {error}"
        raise ReportError(f"{message}; run `depcheck check` first, or name its folder with --report.") from None


def check_proposal_paths(environment: EnvironmentReport) -> None:
    """Refuse proposals for files that are no lockfiles of the environment.

    Paths that no lockfile can have are refused too.

    Raises:
        ReportError: A path is refused.
    """
    files = environment.proposal.files if environment.proposal else {}
    if len(files) > _MAX_FILES:
        raise ReportError(f"The proposal has {len(files)} files, more than {_MAX_FILES}; nothing of it is published.")
    known = {lockfile.path for lockfile in environment.lockfiles}
    for path, text in files.items():
        wrong = _find_lockfile_path_problem(path) or ("is no lockfile of its environment" if path not in known else "")
        if not wrong and len(text.encode(errors="replace")) > _MAX_FILE_BYTES:
            wrong = f"has more than {_MAX_FILE_BYTES} bytes"
        if wrong:
            raise ReportError(f"The report proposes {quote_path(path)}, which {wrong}; nothing of it is published.")


def _find_lockfile_path_problem(path: str) -> str:
    return find_path_problem(path) or ("is no lockfile by its name" if path.lower().endswith(_CODE_SUFFIXES) else "")


def find_path_problem(path: str) -> str:
    """Return why a report may not name `path`, or empty.

    The path must be plain on every system that may check it out.
    """
    parts = path.split("/")
    if not path or len(path) > _MAX_PATH_CHARS or not path.isprintable() or "\\" in path or ":" in path:
        return "is no path"
    if path.startswith(("/", "-")) or any(part in {"", ".", ".."} for part in parts):
        return "leads out of the repository or is not in its plain form"
    if unicodedata.normalize("NFC", path) != path or any(part != part.strip(" ").rstrip(".") for part in parts):
        return "is another path on other systems"
    if any(part.lower().startswith((".git", "git~")) for part in parts):
        return "belongs to git or to GitHub"
    return ""
