"""Installed distributions are read or reported, never passed over."""

from pathlib import Path

import pytest

from depcheck.checking.environments import read_installed
from depcheck.checking.environments.read_installed import read_installed_distributions


def install(site: Path, name: str = "big", said: str = "big") -> Path:
    folder = site / f"{name}-2.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {said}\nVersion: 2.0\n")
    (folder / "RECORD").write_text("big.py,,\n")
    return folder


def test_what_is_whole_is_read(tmp_path: Path) -> None:
    """Name, version and modules, and nothing to complain of."""
    install(tmp_path)
    (found,) = read_installed_distributions(tmp_path, {})
    assert (found.distribution.name, found.modules, found.unreadable) == ("big", ("big",), "")


@pytest.mark.parametrize("file", ["METADATA", "RECORD"])
def test_what_is_too_long_or_missing_is_named(tmp_path: Path, monkeypatch, file: str) -> None:
    """Name a distribution whose file is too long or missing.

    By the folder's name, with the reason.
    """
    install(tmp_path)
    (install(tmp_path, "gone", "gone") / file).unlink()
    monkeypatch.setattr(read_installed, f"MOST_{file}_BYTES", 5)
    found = read_installed_distributions(tmp_path, {})
    assert [str(each.distribution.name) for each in found] == ["big", "gone"]
    assert all(file in each.unreadable for each in found if each.unreadable)
    assert all(each.unreadable for each in found)


def test_another_name_than_the_folders_is_no_name(tmp_path: Path) -> None:
    """A release cannot pass for another one by its metadata."""
    install(tmp_path, "big", "victim")
    (found,) = read_installed_distributions(tmp_path, {})
    assert (found.distribution.name, bool(found.unreadable)) == ("big", True)
