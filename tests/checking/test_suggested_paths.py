"""A mistyped path is answered with the one that was meant."""

from pathlib import Path

import pytest

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.checking.discovery.grouping import select_environments
from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.errors import LockfileError, UsageError


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("requirments.txt", "did you mean requirements.txt?"),
        ("app/requirement.txt", "did you mean app/requirements.txt?"),
        ("a.txt, b.txt", "one a line"),
        ("../requirments.txt", "correct its name"),
        ("zzz", "correct its name"),
    ],
)
def test_a_missing_file_is_answered_with_its_neighbour(tmp_path: Path, path: str, says: str) -> None:
    """Look only beside it, and never outside of the repository."""
    repo = tmp_path / "repo"
    (repo / "app").mkdir(parents=True)
    for place in (tmp_path, repo, repo / "app"):
        (place / "requirements.txt").write_text("")
    with pytest.raises(LockfileError, match="is not a file of the repository") as refused:
        RepoFiles(repo.resolve(), frozenset()).read_text(path)
    assert says in str(refused.value)


def test_an_unknown_environment_is_answered_with_the_nearest() -> None:
    """Name the nearest, and all that there are."""
    with pytest.raises(UsageError, match=r"did you mean requirements\.txt\? there are requirements\.txt\."):
        select_environments([EnvironmentSpec("requirements.txt", "3.12", ())], ["requirement.txt"])
