"""A backend without editable wheels gets one that points into the folder."""

import zipfile
from pathlib import Path

import pytest

from depcheck.checking.environments.editable import write_legacy_editable

INFO = {"lib-1.dist-info/METADATA": "Name: lib\n", "lib-1.dist-info/RECORD": "old,,\n", "lib-1.dist-info/WHEEL": ""}


@pytest.fixture
def plain(tmp_path):
    def write(*modules: str) -> Path:
        path = tmp_path / "lib-1-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name in (*modules, *INFO):
                archive.writestr(name, INFO.get(name, ""))
        return path

    return write


@pytest.mark.parametrize("root", ["", "src"])
def test_the_wheel_points_to_where_all_its_modules_are(plain, tmp_path, root) -> None:
    """Find the root, and list what is in the wheel."""
    (tmp_path / "work" / root / "lib").mkdir(parents=True)
    (tmp_path / "work" / root / "lib/__init__.py").touch()
    made = write_legacy_editable(plain("lib/__init__.py"), tmp_path / "work", tmp_path / "legacy")
    with zipfile.ZipFile(made) as archive:
        assert archive.read("__editable__lib-1.pth").decode() == f"{tmp_path / 'work' / root}\n"
        record = archive.read("lib-1.dist-info/RECORD").decode()
        assert {line.split(",")[0] for line in record.splitlines()} == set(archive.namelist())
        assert "lib/__init__.py" not in archive.namelist()


@pytest.mark.parametrize("module", ["lib/_version.py", "lib/fast.so", "lib-1.data/scripts/run"])
def test_what_only_a_build_makes_needs_a_copy(plain, tmp_path, module) -> None:
    """Give none where the folder lacks a file of the wheel."""
    (tmp_path / "work/lib").mkdir(parents=True)
    (tmp_path / "work/lib/__init__.py").touch()
    assert write_legacy_editable(plain("lib/__init__.py", module), tmp_path / "work", tmp_path / "legacy") is None


def test_what_is_no_wheel_needs_a_copy(tmp_path) -> None:
    """Give none for a file of another kind."""
    (tmp_path / "a.whl").write_bytes(b"no zip")
    assert write_legacy_editable(tmp_path / "a.whl", tmp_path, tmp_path / "legacy") is None
