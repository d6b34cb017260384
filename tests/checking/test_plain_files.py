"""Only plain, small files are read of what foreign code left.

At the cost of what they hold.
"""

import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from depcheck.checking.discovery.files.repo_files import RepoFiles
from depcheck.index.files.wheel import read_wheel_metadata
from depcheck.untrusted_files import read_untrusted_file

MIB = 1 << 20


@pytest.mark.parametrize(("size", "read"), [(0, True), (9, True), (10, True), (11, False)])
def test_a_file_is_read_up_to_the_limit(tmp_path, size, read):
    """Read a file up to the limit and nothing of longer ones."""
    (tmp_path / "result").write_bytes(b"x" * size)
    assert read_untrusted_file(tmp_path / "result", 10) == (b"x" * size if read else None)


@pytest.mark.parametrize("kind", ["missing", "link", "pipe", "folder"])
def test_what_is_no_plain_file_is_not_read(tmp_path, kind):
    """Neither followed nor waited for."""
    place = tmp_path / "result"
    makers = {
        "missing": lambda _: None,
        "link": lambda p: p.symlink_to(__file__),
        "pipe": os.mkfifo,
        "folder": Path.mkdir,
    }
    makers[kind](place)
    assert read_untrusted_file(place, MIB) is None


def wheel(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a-1.dist-info/METADATA", "Name: a\nVersion: 1\n")
    with path.open("rb") as file:
        return read_wheel_metadata(file, "a-1-py3-none-any.whl")


READERS = {
    "result": lambda folder: read_untrusted_file(folder / "text", 64 * MIB),
    "repository": lambda folder: RepoFiles(folder).read_text("text"),
    "wheel": lambda folder: wheel(folder / "a-1-py3-none-any.whl"),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_reading_costs_what_is_read(tmp_path, reader):
    """Read a short file without memory for the longest."""
    (tmp_path / "text").write_text("short")
    reader(tmp_path)  # what is imported meanwhile is not its cost
    tracemalloc.start()
    try:
        assert reader(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()
