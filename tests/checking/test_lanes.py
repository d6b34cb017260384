"""Which lockfiles are compiled at the same time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depcheck.checking.compile.parallel import CompileWorker, CompileWorkerPool, group_by_layer
from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.spec import LockfileSpec
from depcheck.core.model.errors import LockfileError


def lock(path, layers=()):
    return LockfileSpec(path, (), "", "pip-tools", None, "", (), Lockfile(), tuple(layers))


GRAPHS = st.lists(st.sets(st.integers(0, 8)), max_size=9).map(
    lambda found: [lock(str(n), (str(below) for below in layers if below < n)) for n, layers in enumerate(found)]
)


@given(GRAPHS)
def test_each_lockfile_comes_once_after_its_layers_and_no_later_than_it_must(locks):
    """Group lockfiles as early as their layers allow, each once."""
    done = set()
    for group in group_by_layer(locks):
        ready = {each.path for each in locks if each.path not in done and set(each.layers) <= done}
        assert {each.path for each in group} == ready
        done |= ready
    assert done == {each.path for each in locks}


def test_work_has_a_lane_to_itself_and_results_keep_their_order(guest, tmp_path):
    """Never two at once in one lane."""
    lanes = CompileWorkerPool([CompileWorker(guest, tmp_path, number) for number in range(2)])
    at_work = []

    def work(each, lane):
        assert lane.number not in at_work
        at_work.append(lane.number)
        at_work.remove(lane.number)
        return each.path

    names = [str(number) for number in range(20)]
    assert lanes.map_lockfiles([lock(name) for name in names], work) == names


def test_a_layer_is_never_written_through_a_link(guest, tmp_path):
    """What a build left in the copy leads nowhere."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "deps").mkdir(parents=True)
    outside.mkdir()
    (outside / "victim").write_text("whole")
    (root / "deps/base.txt").symlink_to(outside / "victim")
    (root / "other").symlink_to(outside)
    lane = CompileWorker(guest, root, 0)
    lane.write_file("deps/base.txt", "new")
    assert (root / "deps/base.txt").read_text() == "new"
    with pytest.raises(LockfileError):
        lane.write_file("other/victim", "new")
    assert (outside / "victim").read_text() == "whole"
