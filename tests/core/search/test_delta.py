"""Delta debugging: what is left fails, and less of it does not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from depcheck.core.search.ddmin import minimize_failing_block


@settings(deadline=None)
@given(st.integers(1, 40), st.data())
def test_exactly_what_is_needed_is_left(size, data):
    """Whatever is needed, of any size, and nothing else."""
    block = tuple(range(size))
    needed = data.draw(st.frozensets(st.sampled_from(block), min_size=1, max_size=4))
    assert minimize_failing_block(block, lambda part: needed <= set(part)) == tuple(sorted(needed))


@settings(deadline=None)
@given(st.integers(3, 30), st.data())
def test_parts_that_do_not_answer_are_gone_around(size, data):
    """Two that only install together hide nobody: what is left still fails."""
    block = tuple(range(size))
    one, other, guilty = data.draw(st.permutations(block))[:3]
    fails = lambda part: guilty in part and (one in part) == (other in part)  # noqa: E731
    assert minimize_failing_block(block, fails) == (guilty,)
