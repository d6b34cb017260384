"""Environments over jobs."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from depcheck.core.lockfiles.lockfile_parser import Lockfile
from depcheck.core.lockfiles.spec import EnvironmentSpec, LockfileSpec
from depcheck.core.settlement.job_matrix import plan_job_matrix


def spec(name, python="3.11"):
    return EnvironmentSpec(name, python, (LockfileSpec(name, (), "", "pip-tools", None, "", (), Lockfile()),))


DURATIONS = st.lists(st.floats(1, 1000), min_size=1, max_size=10)


def best(seconds, jobs):
    """Return the longest job's length for the best split in two."""
    whole = sum(seconds)
    halves = (sum(some) for size in range(len(seconds) + 1) for some in combinations(seconds, size))
    return whole if jobs == 1 else min(max(half, whole - half) for half in halves)


@given(DURATIONS, st.integers(1, 2))
def test_every_environment_has_one_job_and_no_job_is_much_longer_than_it_must_be(seconds, jobs):
    """Keep the longest job within 4/3 of the best split.

    It comes first; each environment has one job.
    """
    durations = {f"{number}.txt": each for number, each in enumerate(seconds)}
    rows = plan_job_matrix([spec(name) for name in durations], durations, jobs)
    lengths = [sum(durations[path] for path in row["lockfiles"].split("\n")) for row in rows]
    assert sorted(path for row in rows for path in row["lockfiles"].split("\n")) == sorted(durations)
    assert len(rows) == min(jobs, len(seconds))
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] <= 4 / 3 * best(seconds, min(jobs, len(seconds))) + 1e-6


def test_what_is_not_known_counts_as_the_longest():
    """Count an unknown duration as the longest one."""
    rows = plan_job_matrix([spec("a.txt"), spec("new.txt"), spec("z.txt")], {"a.txt": 5, "z.txt": 50})
    assert [row["environment"] for row in rows] == ["new.txt", "z.txt", "a.txt"]


def test_a_job_of_several_interpreters_leaves_the_choice_to_the_lockfiles():
    """One interpreter for all would be wrong for some."""
    mixed = [spec("a.txt", "3.11"), spec("b.txt", "3.12")]
    assert [row["python"] for row in plan_job_matrix(mixed, {}, 1)] == [""]
    assert [row["python"] for row in plan_job_matrix(mixed, {})] == ["3.11", "3.12"]


def test_no_matrix_has_more_jobs_than_a_workflow_takes():
    """GitHub refuses a matrix of more than 256."""
    rows = plan_job_matrix([spec(f"{number}.txt") for number in range(600)], {})
    assert len(rows) == 256
    assert sum(len(row["lockfiles"].split("\n")) for row in rows) == 600
