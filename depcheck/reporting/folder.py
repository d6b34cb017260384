"""The report folder: report.json, report.md, report.html and the proposed files."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from depcheck.core.errors import DepcheckError
from depcheck.core.report import Report
from depcheck.core.report_json import encode
from depcheck.core.summary import summary
from depcheck.reporting.page.document import page


def write(report: Report, folder: Path, earlier: Sequence[Report] = ()) -> None:
    """Write the report; logs that checks left in `folder` stay. `earlier` are past nights, for report.html.

    Raises:
        DepcheckError: The folder cannot be written (no space, no right).
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder / "proposal", ignore_errors=True)
        for path, text in _proposed(report):
            target = folder / "proposal" / PurePosixPath(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
        (folder / "report.json").write_bytes(encode(report))
        (folder / "report.md").write_text(summary(report), encoding="utf-8")
        (folder / "report.html").write_text(page(report, earlier), encoding="utf-8")
    except OSError as error:
        raise DepcheckError(
            f"The report could not be written to {folder} ({error.strerror}). "
            "Make room, or name another folder with --report."
        ) from None


def _proposed(report: Report) -> list[tuple[str, str]]:
    proposals = [each.proposal for each in report.environments if each.proposal]
    return [pair for proposal in proposals for pair in proposal.files.items()]


def hand_over(folder: Path, owner_of: Path) -> None:
    """Give `folder` with all in it to the owner of `owner_of`, where we are root and they are not.

    What root leaves in a runner's workspace breaks the next checkout there.
    """
    owner = owner_of.stat()
    if os.geteuid() != 0 or owner.st_uid == 0 or not folder.is_dir():
        return
    os.chown(folder, owner.st_uid, owner.st_gid, follow_symlinks=False)
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(where, name), owner.st_uid, owner.st_gid, follow_symlinks=False)
