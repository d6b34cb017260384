"""Folders of the repository in lockfiles, written as foreign addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.lockfiles.paths import find_reference_root, get_repository_path, restore_local_references

COPY = "file:///tmp/copy-1/repo"
PROJECTS = frozenset({"", "libs/one", "a b", "wheels/x-1-py3-none-any.whl"})


@pytest.mark.parametrize(
    ("references", "root"),
    [
        (["-e file:///home/me/project"], "file:///home/me/project"),
        (["-e file:///home/me/project/libs/one#egg=one"], "file:///home/me/project"),
        (["-e file:///C:/Users/me/project[dev]"], "file:///C:/Users/me/project"),
        (["one @ file:///home/me/project/libs/one", "file:///home/me/project"], "file:///home/me/project"),
        (["x @ file:///p/wheels/x-1-py3-none-any.whl ; python_version > '3'"], "file:///p"),
        (["-e file:///p/a%20b"], "file:///p"),
        (["-e file:///p", "-e file:///elsewhere"], ""),
        (["-e file:///libs/one"], "file:///libs/one"),
        (["-e .", "-e git+file://host/x", "x @ https://x.example/file:///y"], ""),
        ([], ""),
    ],
)
def test_the_root_is_what_stands_before_a_project(references, root):
    """Find the longest path end that is one of our projects.

    Nothing if references disagree or are no such paths.
    """
    assert find_reference_root(references, PROJECTS.__contains__) == root


def test_no_root_where_the_repository_is_no_project():
    """Find no root in addresses that end in no project here."""
    assert find_reference_root(["-e file:///home/me/other"], {"libs/one"}.__contains__) == ""


@given(st.sampled_from(["", "/libs/one", "/a%20b"]), st.sampled_from(["", "#egg=one", "[dev]"]))
def test_what_is_compiled_in_a_copy_reads_as_committed(tail, rest):
    """Write the compiled address of a local folder as committed.

    A law: it is the same path of the repository.
    """
    root = "file:///home/me/project"
    compiled = f"-e {COPY}{tail}{rest}\n    # via -r requirements.in\nsix==1.16.0\n"
    assert restore_local_references(compiled, COPY, root, "") == compiled.replace(COPY, root)
    assert get_repository_path(f"{root}{tail}", root) == {"": ".", "/libs/one": "libs/one", "/a%20b": "a b"}[tail]


@pytest.mark.parametrize(
    ("tail", "folder", "written"),
    [("", "", "-e ."), ("/libs/one", "", "-e ./libs/one"), ("", "reqs", "-e .."), ("/reqs/own", "reqs", "-e ./own")],
)
def test_without_a_root_an_editable_is_relative(tail, folder, written):
    """Write editables of a first lockfile as relative paths."""
    assert restore_local_references(f"-e {COPY}{tail}\nsix==1\n", COPY, "", folder) == f"{written}\nsix==1\n"


@pytest.mark.parametrize(
    "target", ["file:///home/me/project2", "file:///home/me", "file:///home/me/project/../x", "six"]
)
def test_other_addresses_are_not_within(target):
    """Refuse paths that leave the root or only resemble it.

    Names are compared one by one.
    """
    assert get_repository_path(target, "file:///home/me/project") is None
