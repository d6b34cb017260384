"""The reports of a matrix's jobs are published together."""

from dataclasses import replace

import pytest
from stories import report, safe

from depcheck.core.model.report_json import ReportError, encode_report
from depcheck.publishing.validate_report import read_untrusted_report
from depcheck.wiring.app import read_durations


@pytest.fixture
def jobs(tmp_path):
    """Write a report for each job, about one environment."""

    def written(*reports):
        for number, each in enumerate(reports):
            folder = tmp_path / f"depcheck-report-{number}"
            folder.mkdir()
            (folder / "report.json").write_bytes(encode_report(each))
        return tmp_path

    return written


def about(name, **changes):
    return replace(report(replace(safe(name=name), duration_s=7.5)), **changes)


def test_all_environments_of_all_jobs_are_settled_from_one_report(jobs):
    """Names, commit and times are those of the jobs together."""
    folder = jobs(about("a.txt"), about("b.txt"))
    found = read_untrusted_report(folder, "")
    assert [environment.name for environment in found.environments] == ["a.txt", "b.txt"]
    assert found.commit == about("a.txt").commit
    assert read_durations([folder]) == {"a.txt": 7.5, "b.txt": 7.5}


def test_reports_of_different_commits_are_refused(jobs):
    """Half of a night and half of another are no night."""
    with pytest.raises(ReportError, match="different commits"):
        read_untrusted_report(jobs(about("a.txt"), about("b.txt", commit="0" * 40)), "")


def test_two_jobs_cannot_speak_of_one_environment(jobs):
    """One of the two would be overwritten silently."""
    with pytest.raises(ReportError, match="one name"):
        read_untrusted_report(jobs(about("a.txt"), about("a.txt")), "")


def test_a_folder_that_is_a_link_is_not_followed(jobs, tmp_path):
    """Artifacts are strangers' files."""
    folder = jobs(about("a.txt"))
    elsewhere = tmp_path.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "report.json").write_bytes(encode_report(about("b.txt")))
    (folder / "link").symlink_to(elsewhere)
    assert [environment.name for environment in read_untrusted_report(folder, "").environments] == ["a.txt"]


def test_nothing_known_of_last_night_is_no_error(tmp_path):
    """Plan without reports of the last run.

    A report that cannot be read balances nothing.
    """
    (tmp_path / "report.json").write_text("{}")
    assert read_durations([tmp_path, tmp_path / "nowhere"]) == {}
