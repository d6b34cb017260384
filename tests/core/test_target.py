"""Which files an interpreter can use at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from depcheck.core.model.wheel_tags import InterpreterTarget

HERE = [str(tag) for tag in sys_tags()]
TARGET = InterpreterTarget("3.11.7", tuple(HERE))
PYTHONS = st.sampled_from(["py3", "py2.py3", "cp311", "cp310.cp311", "cp27", "pp39"])
ABIS = st.sampled_from(["none", "abi3", "cp311", "cp27mu"])
PLATFORMS = st.sampled_from(
    ["any", "manylinux1_x86_64.manylinux_2_5_x86_64", "linux_x86_64", "win_amd64", "musllinux_1_1_x86_64"]
)


@given(PYTHONS, ABIS, PLATFORMS, st.sampled_from(["", "-1"]))
def test_a_wheel_fits_when_packaging_finds_one_of_its_tags_here(python, abi, platform, build):
    """Agree with `packaging` on fit and rank of wheels."""
    name = f"thing-1.0{build}-{python}-{abi}-{platform}.whl"
    common = {str(tag) for tag in parse_wheel_filename(name)[3]} & set(HERE)
    assert TARGET.is_compatible_file(name, None) == bool(common)
    assert TARGET.rank_wheel(name) == min((HERE.index(tag) for tag in common), default=None)


@pytest.mark.parametrize(
    ("name", "fits"),
    [("a-1.tar.gz", True), ("a-1.zip", True), ("a-1-py3.11.egg", False), ("a-1.exe", False), ("odd.whl", True)],
)
def test_sources_fit_and_what_pip_never_takes_does_not(name, fits):
    """A wheel whose name cannot be read is pip's to judge."""
    assert TARGET.is_compatible_file(name, None) == fits


@pytest.mark.parametrize(
    ("requires", "serves"), [(None, True), (">=3.8", True), (">=3.12", False), ("<3", False), (">=3.6.*", True)]
)
def test_requires_python_is_read_as_pip_reads_it(requires, serves):
    """What follows no standard holds for every Python."""
    assert TARGET.is_compatible_python(requires) == serves
