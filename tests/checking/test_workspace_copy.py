"""Copies hold what a checkout holds, and nothing that leads outside."""

import os
import subprocess
from pathlib import Path

import pytest

from depcheck.checking.sandbox import workspace_copy
from depcheck.checking.sandbox.workspace_copy import WorkspaceCopier, copy_tree, list_untracked_credentials
from depcheck.core.model.errors import DepcheckError


@pytest.fixture
def repo(tmp_path):
    root = tmp_path / "repo"
    for path in ("a.py", "pkg/b.py", ".git/config", ".venv/x.py", "other/pyvenv.cfg", "other/c.py", "report/old.json"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")
    (root / "inside").symlink_to("pkg/b.py")
    (root / "folder").symlink_to("pkg")
    (root / "outside").symlink_to("../../secret")
    (root / "absolute").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe")
    return root


def test_a_copy_has_files_and_inner_links_alone(repo, tmp_path) -> None:
    """Copy files and inner links alone, nothing that blocks a reader.

    No version control, no virtual environments, no ways out.
    """
    copy_tree(repo, tmp_path / "copy", (repo / "report",))
    found = {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*") if not path.is_dir()}
    assert found - {"folder/b.py"} == {"a.py", "pkg/b.py", "inside"}
    assert (tmp_path / "copy/folder").is_symlink()


def test_a_fresh_copy_replaces_what_was_there(repo, tmp_path, guest) -> None:
    """Replace the last copy by the repository as committed."""
    copies = WorkspaceCopier(repo, guest, guest.scratch)
    copies.copy_to(tmp_path / "work")
    (tmp_path / "work/a.py").write_text("changed")
    (tmp_path / "work/new.py").write_text("new")
    copies.copy_to(tmp_path / "work")
    assert (tmp_path / "work/a.py").read_text() == "x"
    assert not (tmp_path / "work/new.py").exists()


def test_a_copy_is_restored_by_what_was_changed(repo, tmp_path, guest) -> None:
    """Leave alone what nobody touched, and undo all else."""
    copies, work = WorkspaceCopier(repo, guest, guest.scratch), tmp_path / "work"
    (repo / "pkg/c.py").write_text("y")
    copies.copy_to(work)
    kept = (work / "pkg/c.py").stat().st_ino
    state = (work / "a.py").stat()
    (work / "a.py").write_text("z")  # as long as before, and as old
    os.utime(work / "a.py", ns=(state.st_atime_ns, state.st_mtime_ns))
    (work / "pkg/b.py").unlink()
    (work / "inside").unlink()
    (work / "inside").symlink_to("/etc/passwd")
    (work / "new/deep").mkdir(parents=True)
    copies.copy_to(work)
    assert [(work / name).read_text() for name in ("a.py", "pkg/b.py", "pkg/c.py")] == ["x", "x", "y"]
    assert ((work / "inside").readlink(), (work / "new").exists()) == (Path("pkg/b.py"), False)
    assert (work / "pkg/c.py").stat().st_ino == kept
    assert {path.lstat().st_uid for path in work.rglob("*")} == {work.stat().st_uid}


@pytest.mark.parametrize("change", ["folder", "mode", "source"])
def test_a_copy_is_made_anew_where_its_folders_or_its_source_changed(repo, tmp_path, guest, change) -> None:
    """Trust nothing that is not known to be the same."""
    copies, work = WorkspaceCopier(repo, guest, guest.scratch), tmp_path / "work"
    copies.copy_to(work)
    if change == "folder":
        (work / "pkg").rename(work / "moved")
        (work / "pkg").symlink_to("/etc")
    elif change == "mode":
        (work / "pkg").chmod(0o700)
    else:
        (repo / "a.py").write_text("new")
    copies.copy_to(work)
    assert (work / "a.py").read_text() == ("new" if change == "source" else "x")
    assert ((work / "pkg/b.py").read_text(), (work / "pkg").is_symlink(), (work / "moved").exists()) == (
        "x",
        False,
        False,
    )
    assert (work / "pkg").stat().st_mode & 0o777 == 0o755


def test_too_much_is_refused_in_words(repo, tmp_path, monkeypatch) -> None:
    """Refuse to copy a repository that would fill the disk."""
    monkeypatch.setattr(workspace_copy, "MOST_FILES", 1)
    with pytest.raises(DepcheckError, match="too much to copy"):
        copy_tree(repo, tmp_path / "copy")


def test_a_tree_that_is_too_large_is_refused_before_it_is_copied(repo, tmp_path, guest, monkeypatch) -> None:
    """Refuse it without a byte of a copy."""
    monkeypatch.setattr(workspace_copy, "MOST_BYTES", 1 << 20)
    with (repo / "zlast").open("wb") as sparse:
        sparse.truncate(2 << 20)
    with pytest.raises(DepcheckError, match="too much to copy"):
        WorkspaceCopier(repo, guest, guest.scratch).copy_to(tmp_path / "work")
    assert not (tmp_path / "work").exists()


def git(folder: Path, *words: str) -> None:
    settings = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", "-C", folder, *settings, *words], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with a submodule, an LFS pointer and two folders."""
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    for folder, names in {inner: ["lib.py", ".env"], outer: ["one/a.py", "two/b.py", "data.bin"]}.items():
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
        git(folder, "init", "--quiet")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", "first")
    git(outer, "submodule", "--quiet", "add", str(inner), "vendored")
    git(outer, "commit", "--quiet", "-m", "second")
    return outer


def list_copied(copy: Path) -> set[str]:
    return {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}


def test_a_submodule_is_copied_without_its_git_file(checkout, tmp_path) -> None:
    """Copy a submodule's files, and neither its link to git nor credentials."""
    copy_tree(checkout, tmp_path / "copy", (), list_untracked_credentials)
    assert list_copied(tmp_path / "copy") == {".gitmodules", "one/a.py", "two/b.py", "data.bin", "vendored/lib.py"}


def test_a_pointer_of_lfs_is_copied_as_it_lies_there(checkout, tmp_path) -> None:
    """Copy a pointer file, fetching nothing."""
    copy_tree(checkout, tmp_path / "copy")
    assert (tmp_path / "copy/data.bin").read_bytes() == (checkout / "data.bin").read_bytes()


def test_a_sparse_checkout_is_copied_as_far_as_it_goes(checkout, tmp_path) -> None:
    """Copy what is checked out, bringing nothing else back."""
    git(checkout, "sparse-checkout", "set", "--no-cone", "/one/")
    copy_tree(checkout, tmp_path / "copy", (), list_untracked_credentials)
    assert list_copied(tmp_path / "copy") == {"one/a.py", "vendored/lib.py"}


@pytest.mark.parametrize("name", ["gha-creds-1.json", ".env", ".npmrc", "id_rsa", "deploy.pem"])
def test_credentials_that_git_does_not_track_are_not_copied(tmp_path: Path, name: str) -> None:
    """Copy no untracked credentials, but files of that name in git.

    What a job left in the workspace is left out.
    """
    repo = tmp_path / "repo"
    (repo / "tests").mkdir(parents=True)
    (repo / name).write_text("secret")
    (repo / "tests" / name).write_text("a fixture")
    subprocess.run(["git", "-C", repo, "init", "--quiet"], check=True)
    subprocess.run(["git", "-C", repo, "add", f"tests/{name}"], check=True)
    copy_tree(repo, tmp_path / "copy", (), list_untracked_credentials)
    assert [str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob(f"*{name}")] == [
        f"tests/{name}"
    ]


def test_a_huge_folder_is_refused_before_anything_is_copied(repo, monkeypatch) -> None:
    """Look at sizes alone, and say to take a smaller folder."""
    monkeypatch.setattr(workspace_copy, "MOST_FILES", 1)
    with pytest.raises(DepcheckError, match="Run it in a smaller folder"):
        workspace_copy.refuse_large_tree(repo)
