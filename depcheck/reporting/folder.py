"""The report folder: report.json, report.md, report.html, proposed files."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path, PurePath, PurePosixPath

from depcheck.core.messages.causes.fix_brief import build_fix_briefs, render_fix_briefs
from depcheck.core.messages.summary import render_report_markdown
from depcheck.core.model.errors import DepcheckError, UsageError
from depcheck.core.model.report import Report
from depcheck.core.model.report_json import REPORT_LIMIT_BYTES, ReportError, decode_report, encode_report
from depcheck.reporting.html.document import render_report_page

FIX_BRIEF_FILES = ("fix-brief.md", "fix-brief.json")


def refuse_linked_folder(folder: Path) -> None:
    """Refuse a report folder that a link leads out of.

    What is written there would change what the link names.

    Raises:
        UsageError: The folder, or something in it that is written, is a link.
    """
    inside = ("logs", "proposal", "report.json", "report.md", "report.html", ".gitignore", *FIX_BRIEF_FILES)
    for place in (folder, *(folder / name for name in inside)):
        if place.is_symlink():
            raise UsageError(
                f"{place} is a link to {place.readlink()}; a report is not written through it. Remove it, or name "
                "another folder with --report."
            )


def refuse_unwritable_folder(folder: Path) -> None:
    """Refuse a report folder that cannot be written, before anything is run.

    Raises:
        UsageError: It cannot be made, or no file can be made in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written ({error.strerror}), so no report could be. Nothing was run; name another "
            "folder with --report, outside of a read-only workspace."
        ) from None


def write_report_folder(report: Report, folder: Path, earlier: Sequence[Report] = ()) -> None:
    """Write the report to `folder`.

    Logs that checks left there stay. `earlier` are the reports of earlier runs, for report.html.

    Raises:
        DepcheckError: The folder cannot be written (no space, no permission).
    """
    refuse_linked_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder / "proposal", ignore_errors=True)
        for path, text in _list_proposed_files(report):
            target = folder / "proposal" / PurePosixPath(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")  # nobody commits it by mistake
        _write_fix_brief(report, folder)
        (folder / "report.json").write_bytes(encode_report(report))
        (folder / "report.md").write_text(render_report_markdown(report), encoding="utf-8")
        (folder / "report.html").write_text(render_report_page(report, earlier), encoding="utf-8")
    except OSError as error:
        raise DepcheckError(
            f"The report could not be written to {folder} ({error.strerror}). "
            "Make room, or name another folder with --report."
        ) from None


def _write_fix_brief(report: Report, folder: Path) -> None:
    """Write fix-brief.md and fix-brief.json, or remove those of an earlier run."""
    text = render_fix_briefs(report)
    for name in FIX_BRIEF_FILES:
        (folder / name).unlink(missing_ok=True)
    if text:
        briefs = [asdict(each) for each in build_fix_briefs(report)]
        (folder / "fix-brief.md").write_text(text, encoding="utf-8")
        (folder / "fix-brief.json").write_text(f"{json.dumps(briefs, indent=1)}\n", encoding="utf-8")


def _list_proposed_files(report: Report) -> list[tuple[str, str]]:
    proposals = [each.proposal for each in report.environments if each.proposal]
    return [pair for proposal in proposals for pair in proposal.files.items()]


def transfer_ownership(folder: Path, owner_of: Path, home: Path) -> None:
    """Give `folder` and its content to the owner of `owner_of`.

    Nothing happens unless this process is root and that owner is not. Files of root in a runner's workspace
    break the next checkout there, and a cache that only root can enter is not kept. So folders between `home` and
    `folder` are given, too.
    """
    owner = owner_of.stat()
    if os.geteuid() != 0 or owner.st_uid == 0 or not folder.is_dir():
        return
    between = [each for each in folder.parents if each != home and each.is_relative_to(home)]
    for each in (folder, *between):
        os.chown(each, owner.st_uid, owner.st_gid, follow_symlinks=False)
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(where, name), owner.st_uid, owner.st_gid, follow_symlinks=False)


MAX_EARLIER_REPORTS = 400  # report files; more than a year of nights
_MAX_DEPTH = 4  # folders below the one that is named


def read_earlier_reports(paths: Iterable[PurePath]) -> tuple[Report, ...]:
    """Read the reports at `paths`, oldest first.

    A path is a file, or a folder with files called `report.json`. In a folder, files that are no report or have
    another schema are skipped, because reports of old versions stay there.

    Raises:
        UsageError: A named path does not exist, or a named file is no report.
    """
    found = [report for path in paths for report in _read_reports_at(Path(path))]
    return tuple(sorted(found, key=lambda report: report.finished_at))


def _read_reports_at(path: Path) -> Iterator[Report]:
    if path.is_dir():
        files = sorted(path.glob("*.json")) + [
            f for depth in range(_MAX_DEPTH) for f in sorted(path.glob(_build_report_glob(depth)))
        ]
        yield from filter(None, map(_read_report_or_none, list(dict.fromkeys(files))[-MAX_EARLIER_REPORTS:]))
        return
    report = _read_report_or_none(path)
    if report is None:
        raise UsageError(f"--history {path} is no report that this depcheck reads; name a report.json or a folder.")
    yield report


def _build_report_glob(depth: int) -> str:
    return "/".join(["*"] * depth + ["report.json"])


def _read_report_or_none(path: Path) -> Report | None:
    try:
        with path.open("rb") as file:
            return decode_report(file.read(REPORT_LIMIT_BYTES + 1))
    except (OSError, ReportError):
        return None
