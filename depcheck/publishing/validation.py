"""A report is hostile input: it was written on a machine that ran strangers' code.

What it may do is change pins in lockfiles that stand on the base branch, and nothing else.
"""

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from depcheck.core.errors import LockfileError
from depcheck.core.header import read_header
from depcheck.core.lines import Line
from depcheck.core.lockfile import Entry, Lockfile, parse_lockfile
from depcheck.core.plain import one_line
from depcheck.core.report import EnvironmentReport, Report
from depcheck.core.report_json import LIMIT_BYTES, ReportError, decode

_MOST_ENVIRONMENTS = 500
_MOST_FILES = 50
_FILE_BYTES = 4 << 20
_PATH_CHARS = 300
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HASH_OPTION = re.compile(r"\s--hash[=\s]\s*[a-z0-9]+:[0-9a-fA-F]+(?=\s|$)")
_CODE_SUFFIXES = (".py", ".toml", ".cfg", ".ini", ".yml", ".yaml", ".json", ".sh", ".md", ".rst")


def read_report(folder: Path, repository: str) -> Report:
    """The report in `folder`, opened without following a link, bounded and about `repository` (empty: any).

    Raises:
        ReportError: It cannot be used; the sentence says why.
    """
    report = decode(_read(folder / "report.json"))
    if repository and report.repository not in {None, repository}:
        message = f"The report is about {one_line(str(report.repository), 100)}, and this token writes to {repository}"
        raise ReportError(f"{message}; publish it where it was checked.")
    if report.commit is not None and not _COMMIT.fullmatch(report.commit):
        raise ReportError("The report names a commit that is none; run `depcheck check` again.")
    if len(report.environments) > _MOST_ENVIRONMENTS:
        message = f"The report has {len(report.environments)} environments, more than {_MOST_ENVIRONMENTS}"
        raise ReportError(f"{message}; check fewer in one run (`depcheck plan` splits them).")
    names = [environment.name for environment in report.environments]
    if len(set(names)) != len(names):
        raise ReportError("Two environments of the report have one name; run `depcheck check` again.")
    return report


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        message = f"No report can be read at {path} ({error.strerror})"
        raise ReportError(f"{message}; run `depcheck check` first, or name its folder with --report.") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ReportError(f"{path} is no regular file; run `depcheck check` again.")
        return file.read(LIMIT_BYTES + 1)


def check_paths(environment: EnvironmentReport) -> None:
    """Refuse proposals for files that the environment does not have, or that no lockfile can be.

    Raises:
        ReportError: A path is refused.
    """
    files = environment.proposal.files if environment.proposal else {}
    if len(files) > _MOST_FILES:
        raise ReportError(f"The proposal has {len(files)} files, more than {_MOST_FILES}; nothing of it is published.")
    known = {lockfile.path for lockfile in environment.lockfiles}
    for path, text in files.items():
        wrong = _wrong_with(path) or ("is no lockfile of its environment" if path not in known else "")
        if not wrong and len(text.encode(errors="replace")) > _FILE_BYTES:
            wrong = f"has more than {_FILE_BYTES} bytes"
        if wrong:
            raise ReportError(f"The report proposes {_shown(path)}, which {wrong}; nothing of it is published.")


def _wrong_with(path: str) -> str:
    parts = path.split("/")
    if not path or len(path) > _PATH_CHARS or not path.isprintable() or "\\" in path or ":" in path:
        return "is no path"
    if path.startswith("/") or any(part in {"", ".", ".."} for part in parts):
        return "leads out of the repository or is not in its plain form"
    if any(part.lower().startswith(".git") for part in parts):
        return "belongs to git or to GitHub"
    return "is no lockfile by its name" if path.lower().endswith(_CODE_SUFFIXES) else ""


def check_content(path: str, base: str | None, proposed: str) -> None:
    """Refuse a text that changes more than pins, hashes, annotations and comments of `base` (None: a new file).

    Raises:
        ReportError: A line is refused, or `base` is no lockfile.
    """
    before = _parsed(path, base or "", "on the base branch")
    after = _parsed(path, proposed, "proposed")
    if base is not None and not before.entries and not read_header(base).compiler:
        raise ReportError(f"{_shown(path)} on the base branch is no lockfile; nothing of it is published.")
    _refuse_new(path, "option", after.options, before.options)
    _refuse_new(path, "URL, path or editable", _references(after), _references(before))
    known = {entry.text for entry in before.entries}
    for entry in after.entries:
        if entry.text not in known and _options_of(entry):
            message = f"{_shown(path)} would get the requirement option {_options_of(entry)!r} on line {entry.line}"
            raise ReportError(f"{message}; nothing of it is published.")


def _parsed(path: str, text: str, where: str) -> Lockfile:
    try:
        return parse_lockfile(text)
    except LockfileError as error:
        raise ReportError(f"{_shown(path)} {where} does not read as a lockfile: {one_line(str(error))}") from None


def _references(lockfile: Lockfile) -> Sequence[str]:
    return [entry.pin.reference for entry in lockfile.entries if entry.pin.reference]


def _refuse_new(path: str, what: str, after: Sequence[str], before: Sequence[str]) -> None:
    for each in after:
        if each not in before:
            message = f"{_shown(path)} would get the {what} {one_line(each, 120)!r}, which it did not have"
            raise ReportError(f"{message}; nothing of it is published. Change it by hand where it is wanted.")


def _options_of(entry: Entry) -> str:
    """The first option of a requirement other than a hash, or empty."""
    joined = _HASH_OPTION.sub("", f"{Line(0, entry.text).joined}")
    found = re.search(r"\s(--?[a-zA-Z][\w-]*)", joined)
    return found[1] if found and not entry.pin.reference else ""


def _shown(path: str) -> str:
    return repr(one_line(path, 120))
