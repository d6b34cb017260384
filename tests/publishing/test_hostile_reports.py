"""Reports are hostile input: only pins in lockfiles may change.

Those of the base branch.
"""

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories import HEAD, OLD, SAFE, breaks, change, culprit, night, report, safe
from test_nights import living

from depcheck.core.messages.summary import format_summary_line
from depcheck.core.model.report_json import ReportError, encode_report
from depcheck.publishing.validate_lockfile import check_lockfile_content
from depcheck.publishing.validate_report import check_proposal_paths, read_untrusted_report


@pytest.fixture
def base(github):
    files = {"requirements.txt": OLD, "setup.py": "import os\n", "empty.txt": "", "deep/requirements.txt": OLD}
    github.git.commit_files("main", {**files, ".github/workflows/ci.yml": "on: push\n"})
    return github


@pytest.mark.parametrize(
    "path",
    [
        "../requirements.txt", "/etc/passwd", "a//b.txt", "./requirements.txt", ".github/workflows/ci.yml", ".git/config",
        "deep/.GitHub/x.txt", "GIT~1/config", "a./b.txt", "a /b.txt", "b.txt ", "-x.txt", "re\u0301q.txt", "a\u200d.txt", "\u202etxt.x", "setup.py", "a\\b.txt", "C:x.txt", "a\nb.txt", "", "empty.txt", "pyproject.toml", "deep",
    ],
)  # fmt: skip
def test_no_other_file_is_written(base, tmp_path, path):
    """Write no other file, whatever path a report proposes."""
    start = dict(base.git.refs)
    done = night(base, tmp_path, [safe(name=path)])
    assert (base.git.refs, base.writes, len(done.problems)) == (start, [], 1)


TABLES = {
    "a release that the table does not show": (SAFE.replace("kombu==4.1.0", "kombu==6.6.6"), [("six", "1.11.0")]),
    "another release than the table shows": (SAFE, [("six", "1.12.0")]),
    "a package that the table does not show": (f"{SAFE}backdoor==6.6\n", [("six", "1.11.0")]),
    "a removal that the table does not show": (
        SAFE.replace("kombu==4.1.0\n    # via celery\n", ""),
        [("six", "1.11.0")],
    ),
    "no table": (SAFE, []),
}


@pytest.mark.parametrize(("text", "rows"), TABLES.values(), ids=TABLES)
def test_the_table_that_people_read_is_that_of_the_file(base, tmp_path, text, rows):
    """Publish no file with other changes than its table shows."""
    found = safe(text=text)
    changes = tuple(change(name, "1.10.0", after) for name, after in rows)
    done = night(base, tmp_path, [replace(found, proposal=replace(found.proposal, changes=changes))])
    assert (base.items, len(done.problems)) == ({}, 1)
    assert "table" in done.problems[0]


def test_the_summary_line_holds_nothing_that_a_shell_runs():
    """Write no substitution, quote or line end from a report's names."""
    forged = culprit("six$(id)`id`\n;id'\"", bad="1.0$(id)", good="0.9")
    line = format_summary_line(report(breaks(found=forged)))
    assert not set("$`'\"\n\\<>&|") & set(line)


def test_a_file_that_the_environment_does_not_have_is_refused():
    """A proposal may only touch its own environment's lockfiles."""
    environment = safe()
    proposal = replace(environment.proposal, files={"deep/requirements.txt": SAFE})
    with pytest.raises(ReportError, match="no lockfile of its environment"):
        check_proposal_paths(replace(environment, proposal=proposal))


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://evil.example/simple", "-i https://evil.example/simple", "--extra-index-url=https://evil.example",
        "--find-links https://evil.example", "--trusted-host evil.example", "-e ../evil", "-e git+https://evil.example/x#egg=six",
        "six @ https://evil.example/six.whl", "https://evil.example/six-1-py3-none-any.whl", "./six-1-py3-none-any.whl",
        "-r ../../etc/passwd", "-c evil.txt", "--pre", "--no-binary :all:", "six==1.11.0 --global-option=evil",
        "six==1.11.0 --config-settings=a=b", "six>=1", "six", "import os", "\x1b[2J", "a==1\u2028-e evil", "a==1\r-e evil",
    ],
)  # fmt: skip
def test_no_new_line_but_pins(line):
    """Refuse new indexes, URLs, paths, options and loose requirements.

    And tricks with line ends.
    """
    with pytest.raises(ReportError, match=r"lockfile|requirements"):
        check_lockfile_content("requirements.txt", OLD, f"{SAFE}{line}\n")


def test_what_was_there_may_stay():
    """Options, URLs and editables of the base branch are no news."""
    kept = (
        "--index-url https://pypi.example/simple\n-e git+https://git.example/x#egg=x\nb @ https://files.example/b.whl\n"
    )
    check_lockfile_content(
        "requirements.txt", f"{HEAD}{kept}six==1.0\n", f"{HEAD}{kept}six==1.1 \\\n    --hash=sha256:{'a' * 64}\n"
    )


@given(st.text(max_size=200))
def test_whatever_is_let_through_is_a_pin_or_a_comment(text):
    """Refuse any text with lines beside pins, annotations, comments, blanks.

    A law.
    """
    try:
        check_lockfile_content("requirements.txt", OLD, text)
    except ReportError:
        return
    for line in text.splitlines():
        bare = line.split(" #")[0].strip().rstrip("\\").strip()
        assert not bare or bare.startswith(("#", "--hash=")) or "==" in bare
        assert not bare.startswith("-") or bare.startswith("--hash=")


def test_a_new_file_needs_a_free_place(base, tmp_path):
    """Write a new lockfile only beside its source."""
    base.git.commit_files("main", {"requirements.in": "six\n"})
    night(base, tmp_path, [safe(name="new.txt", text="six==1.11.0\n")])
    (pull,), _ = living(base)
    assert base.git.text(base.git.refs[pull["pull"]["head"]], "new.txt") == "six==1.11.0\n"


@pytest.mark.parametrize("name", ["deep/new.txt", "new.in", "Makefile", "Requirements.txt", "empty.TXT", "new.yml"])
def test_a_new_file_stands_beside_its_source(base, tmp_path, name):
    """Refuse new files in other folders or under existing names.

    Also where other systems see a file that is there.
    """
    base.git.commit_files("main", {"requirements.in": "six\n"})
    done = night(base, tmp_path, [safe(name=name, text="six==1.11.0\n")])
    assert (base.items, len(done.problems)) == ({}, 1)


def test_a_new_file_needs_a_source_that_is_there(base, tmp_path):
    """A report cannot invent the source."""
    done = night(base, tmp_path, [safe(name="new.txt", text="six==1.11.0\n")])
    assert (base.items, "beside a source" in done.problems[0]) == ({}, True)


def test_a_link_on_the_base_branch_is_refused(base, tmp_path):
    """Refuse a lockfile that is a symbolic link."""
    base.git.commit_files("main", {"link.txt": "requirements.txt"}, mode="120000")
    done = night(base, tmp_path, [safe(name="link.txt")])
    assert (base.items, "plain file" in done.problems[0]) == ({}, True)


def test_a_lockfile_that_moved_since_the_check_waits(base, tmp_path):
    """What somebody committed after the check is not overwritten."""
    commit = base.git.refs["main"]
    base.git.commit_files("main", {"requirements.txt": OLD + "new==1\n"})
    done = night(base, tmp_path, report(safe(), commit=commit))
    assert (base.items, "changed on main" in done.lines[0]) == ({}, True)


def test_a_report_of_another_repository_is_refused(base, tmp_path):
    """A report that names another repository is not published with this token."""
    with pytest.raises(ReportError, match="other/project"):
        night(base, tmp_path, replace(report(safe()), repository="other/project"))


def test_links_and_pipes_are_not_opened(tmp_path):
    """report.json must be a plain file."""
    (tmp_path / "real.json").write_bytes(encode_report(report(safe())))
    (tmp_path / "report.json").symlink_to("real.json")
    with pytest.raises(ReportError):
        read_untrusted_report(tmp_path, "")
    (tmp_path / "report.json").unlink()
    os.mkfifo(tmp_path / "report.json")
    with pytest.raises(ReportError):
        read_untrusted_report(tmp_path, "")


def test_a_folder_in_place_of_the_report_is_refused(tmp_path):
    """Report a folder in place of report.json as a usage error."""
    (tmp_path / "report.json").mkdir()
    with pytest.raises(ReportError, match=r"report\.json is no regular file; run `depcheck check` first"):
        read_untrusted_report(tmp_path, "")


def test_no_report_is_named(tmp_path):
    """A missing report says what to run."""
    with pytest.raises(ReportError, match="depcheck check"):
        read_untrusted_report(tmp_path, "")
