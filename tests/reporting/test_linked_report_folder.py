"""A report is written through no link, and where it can be."""

from pathlib import Path

import pytest

from depcheck.core.model.errors import UsageError
from depcheck.reporting.folder import refuse_linked_folder, refuse_unwritable_folder


@pytest.mark.parametrize("place", ["", "logs", "proposal", "report.json"])
def test_a_link_in_the_place_of_the_report_is_refused(tmp_path: Path, place: str) -> None:
    """Name a link in the place of the report folder or file."""
    folder = tmp_path / "depcheck-report"
    if place:
        folder.mkdir()
    (folder / place if place else folder).symlink_to("/etc")
    with pytest.raises(UsageError, match="is a link to /etc"):
        refuse_linked_folder(folder)


def test_an_ordinary_folder_is_taken(tmp_path: Path) -> None:
    """Accept a folder that is there or not."""
    refuse_linked_folder(tmp_path)
    refuse_linked_folder(tmp_path / "new")


@pytest.mark.parametrize("folder", ["/proc/self/report", "/sys/report", "/dev/null/report"])
def test_a_folder_that_cannot_be_written_is_refused_at_the_start(folder: str) -> None:
    """Refuse a read-only place with the remedy, before anything is run."""
    with pytest.raises(UsageError, match="Nothing was run; name another folder with --report"):
        refuse_unwritable_folder(Path(folder))
