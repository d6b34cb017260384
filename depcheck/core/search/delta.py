"""Delta debugging: a part that fails, of which no smaller part that answers does.

After Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002), with fewer trials on small
parts: those mostly cannot be installed where anything cannot.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Fails = Callable[[tuple[Item, ...]], bool]


def reduced(block: tuple[Item, ...], fails: Fails[Item]) -> tuple[Item, ...]:
    """The part of `block`, which fails, that is left when leaving out any piece of it stops the failure.

    `fails` says False for what passes and for what does not answer alike. The least suspicious stand last and
    are left out first.
    """
    parts = 2
    while len(block) > 1:
        chunks = _cut(block, parts)
        kept = None if parts == 2 else _without_one(chunks, fails)  # noqa: PLR2004  # of two, each is the other's rest
        if kept is None and parts in {2, len(block)}:
            kept = next((chunk for chunk in chunks if fails(chunk)), None)
        if kept is not None:
            block, parts = kept, max(2, min(len(kept), parts - 1))
        elif parts == len(block):
            break
        else:
            parts = min(len(block), 2 * parts)
    return block


def _cut(block: tuple[Item, ...], parts: int) -> list[tuple[Item, ...]]:
    size = -(-len(block) // parts)
    return [block[start : start + size] for start in range(0, len(block), size)]


def _without_one(chunks: Sequence[tuple[Item, ...]], fails: Fails[Item]) -> tuple[Item, ...] | None:
    for place in reversed(range(len(chunks))):
        kept = tuple(item for number, chunk in enumerate(chunks) if number != place for item in chunk)
        if fails(kept):
            return kept
    return None
