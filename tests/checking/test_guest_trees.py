"""Guests' trees lead nowhere, and nothing there is written in place."""

import ast
import os
from pathlib import Path

import pytest

import depcheck.checking
from depcheck import untrusted_files
from depcheck.untrusted_files import is_folder_beneath, list_beneath, read_beneath, write_beneath

CHECKING = Path(depcheck.checking.__path__[0])
# Who may write or walk by path, and why nothing of a guest's stands there.
TRUSTED = {
    "compiled_code.py": "the installer's folders, and a run's own before the run begins",
    "workspace_copy.py": "fresh copies in folders of ours; reads the repository, or a tree whose users have ended",
    "git_mirrors.py": "a new folder in the guest's cache, while nothing of the guest runs",
    "policy.py": "changes owners by descriptors; looks for programs",
    "__main__.py": "tidies shared folders once no process of the guest is left",
    "repo_files.py": "reads the repository, before anything runs",
    "runner.py": "logs in the report folder",
    "pytest_plugin.py": "results in a folder of ours, and a path file where packages are placed, before they run",
    "leftovers.py": "tidies shared folders once no process of the guest is left",
    "unpack.py": "walks a syntax tree",
    "nox_recipes.py": "walks a syntax tree",
    "stated_commands.py": "walks a syntax tree",
    "importable_modules.py": "lists a copy",
    "open_copies.py": "copies what is ours to a folder of root",
    "module_files.py": "lists a copy",
    "uv_builder.py": "the list of requirements in a folder of ours",
    "wheel_builder.py": "a room of ours, and wheels in a folder of ours",
    "tool_envs.py": "compilers' environments in the cache, which are ours",
    "project_installer.py": "a room of ours",
    "editable.py": "a folder of ours",
    "installed_hooks.py": "entry points where packages are placed, by who runs none of them",
    "project_files.py": "walks the repository, before anything runs",
}
WRITING = {
    "write_text",
    "write_bytes",
    "rmtree",
    "copy",
    "copy2",
    "copytree",
    "move",
    "walk",
    "chown",
    "lchown",
    "touch",
}


@pytest.fixture(params=["openat2", "folder by folder"])
def tree(request, tmp_path: Path, monkeypatch) -> Path:
    """Return a guest's tree beside a foreign file.

    By both ways of opening.
    """
    if request.param != "openat2":
        monkeypatch.setattr(untrusted_files, "_openat2", lambda *_: None)
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/secret").write_text("secret")
    (tmp_path / "tree/sub").mkdir(parents=True)
    return tmp_path / "tree"


def test_plain_files_are_read_and_replaced(tree) -> None:
    """Read and replace plain files, keeping the tree's owner.

    A file comes back as it was written.
    """
    write_beneath(tree, "sub/lock.txt", b"one")
    write_beneath(tree, "sub/lock.txt", b"two")
    assert read_beneath(tree, "sub/lock.txt", 10) == b"two"
    assert (tree / "sub/lock.txt").stat().st_uid == tree.stat().st_uid
    assert [str(path) for path in list_beneath(tree)] == ["sub/lock.txt"]


@pytest.mark.parametrize("link", ["symbolic", "hard"])
def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tree, link) -> None:
    """The file that a link names stays as it is."""
    secret, place = tree.parent / "ours/secret", tree / "lock.txt"
    place.symlink_to(secret) if link == "symbolic" else place.hardlink_to(secret)
    if link == "symbolic":
        assert read_beneath(tree, "lock.txt", 10) is None
        assert list(list_beneath(tree)) == []
    write_beneath(tree, "lock.txt", b"new")
    assert (secret.read_text(), place.read_text()) == ("secret", "new")


def test_a_pipe_blocks_nobody(tree) -> None:
    """Skip a FIFO when reading, and replace it when writing."""
    os.mkfifo(tree / "lock.txt")
    assert read_beneath(tree, "lock.txt", 10) is None
    write_beneath(tree, "lock.txt", b"new")
    assert (tree / "lock.txt").read_bytes() == b"new"


@pytest.mark.parametrize("aim", ["../ours", "/etc", "sub/../../ours"])
def test_a_replaced_folder_leads_nowhere(tree, aim) -> None:
    """Follow no link in the place of a folder above."""
    (tree / "sub").rmdir()
    (tree / "sub").symlink_to(aim)
    assert not is_folder_beneath(tree, "sub")
    assert read_beneath(tree, "sub/secret", 10) is None
    with pytest.raises(OSError, match=r"."):
        write_beneath(tree, "sub/secret", b"new")
    assert (tree.parent / "ours/secret").read_text() == "secret"


@pytest.mark.parametrize("path", ["../ours/secret", "/etc/passwd", "sub/../../ours/secret"])
def test_a_path_that_leads_out_is_refused(tree, path) -> None:
    """Neither `..` nor an absolute path is below a tree."""
    assert read_beneath(tree, path, 1000) is None
    with pytest.raises(OSError, match="not below"):
        write_beneath(tree, path, b"new")


def test_a_folder_in_the_place_of_a_file_is_an_error(tree) -> None:
    """Report a folder in a file's place, leaving no half-written file."""
    with pytest.raises(OSError, match=r"."):
        write_beneath(tree, "sub", b"new")
    assert [path.name for path in tree.iterdir()] == ["sub"]


def test_no_other_module_writes_by_path_where_guests_could() -> None:
    """Allow writes by path only in modules that explain them.

    Calls that write, walk or change owners.
    """
    found = set()
    for file in CHECKING.rglob("*.py"):
        name = file.name
        if {"guest_scripts", "api_diff"} & set(file.parts):  # run by guests
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITING:
                found.add(name)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
                found.add(name)
    assert not found - TRUSTED.keys()
