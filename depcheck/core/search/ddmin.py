"""Minimize a failing block by delta debugging (ddmin).

After Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002), with fewer trials
on small parts: if anything cannot be installed, those mostly cannot either.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
FailurePredicate = Callable[[tuple[Item, ...]], bool]


def minimize_failing_block(block: tuple[Item, ...], fails: FailurePredicate[Item]) -> tuple[Item, ...]:
    """Reduce `block`, which fails, to a part that is minimal.

    Leaving out any piece of the result stops the failure. `fails` returns False for a part that passes, and for
    one that gives no answer. The least suspicious items are last, and are left out first.
    """
    parts = 2
    while len(block) > 1:
        chunks = _split_block(block, parts)
        kept = None if parts == 2 else _drop_one_chunk(chunks, fails)  # noqa: PLR2004  # of two, each is the other's rest
        if kept is None and parts in {2, len(block)}:
            kept = next((chunk for chunk in chunks if fails(chunk)), None)
        if kept is not None:
            block, parts = kept, max(2, min(len(kept), parts - 1))
        elif parts == len(block):
            break
        else:
            parts = min(len(block), 2 * parts)
    return block


def _split_block(block: tuple[Item, ...], parts: int) -> list[tuple[Item, ...]]:
    size = -(-len(block) // parts)
    return [block[start : start + size] for start in range(0, len(block), size)]


def _drop_one_chunk(chunks: Sequence[tuple[Item, ...]], fails: FailurePredicate[Item]) -> tuple[Item, ...] | None:
    for place in reversed(range(len(chunks))):
        kept = tuple(item for number, chunk in enumerate(chunks) if number != place for item in chunk)
        if fails(kept):
            return kept
    return None
