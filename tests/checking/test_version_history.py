"""Copies without the repository's history have one that tells the same version."""

import subprocess
from pathlib import Path

import pytest

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.version_tags import read_history
from depcheck.checking.environments.version_history import write_history
from depcheck.core.text.version_history_stream import History


def git_in(folder: Path):
    def git(words) -> str:
        ran = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
        return ran.stdout if ran.returncode == 0 else ""

    return git


@pytest.fixture
def repository(tmp_path):
    """Make a repository two commits after its version tag."""
    repo = tmp_path / "repository"
    (repo / "src").mkdir(parents=True)
    (repo / "src" / "a.py").write_text("")
    (repo / "pyproject.toml").write_text("[tool.setuptools_scm]\n")
    git = git_in(repo)
    git(("init", "--quiet"))
    for number in range(3):
        git(("-c", "user.name=x", "-c", "user.email=x@x", "commit", "--allow-empty", "--quiet", "-m", str(number)))
        git(("tag", "v1.2") if number == 0 else ("status",))
    return repo


def test_tags_are_read_with_their_distances(repository) -> None:
    """As `git describe` counts them."""
    found = read_history(RepoFiles(repository), git_in(repository))
    assert found.tags == (("v1.2", 2),)
    assert found.at > 0


def test_a_version_that_stands_in_a_file_needs_no_history(repository) -> None:
    """Nothing is asked of git where nobody asks it."""
    (repository / "pyproject.toml").write_text("[project]\nversion = '1'\n")
    assert read_history(RepoFiles(repository), git_in(repository)) is None


def test_a_copy_tells_the_same_version(repository, guest) -> None:
    """Give a clean copy the same version, tags and files.

    At the same distances.
    """
    copy = guest.scratch / "copy"
    (copy / "src").mkdir(parents=True)
    (copy / "src" / "a.py").write_text("")
    guest.take_ownership(copy)
    assert write_history(guest, copy, History((("v1.2", 2), ("part/v0.9", 7)), 1_700_000_000))
    git = git_in(copy)
    safe = ("-c", "safe.directory=*")
    assert git((*safe, "describe", "--tags", "--long", "--dirty")).startswith("v1.2-2-g")
    assert git((*safe, "describe", "--tags", "--long", "--match", "part/*")).startswith("part/v0.9-7-g")
    assert git((*safe, "ls-files")).split() == ["src/a.py"]


def test_without_a_history_there_are_no_tags(tmp_path) -> None:
    """Give an archive without history no tags.

    It still gets a version, that its tool makes up.
    """
    (tmp_path / "setup.py").write_text("import versioneer\n")
    assert read_history(RepoFiles(tmp_path), lambda words: "git" if words == ("--version",) else "") == History()
