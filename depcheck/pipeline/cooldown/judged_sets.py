"""The sets that a verdict was made of."""

from dataclasses import dataclass

from depcheck.core.lockfiles.lock_set import LockSet
from depcheck.pipeline.measure import Measurement


@dataclass(frozen=True, slots=True)
class JudgedSets:
    """The committed set and what was judged beside it.

    `candidate` is None where nothing could be compiled, `before` where the committed set was not measured so far.
    `seen` is the candidate where this run has checked it in full. If `is_recalled`, what the report would propose was
    not run in this run.
    """

    committed: LockSet
    candidate: LockSet | None = None
    before: Measurement | None = None
    seen: Measurement | None = None
    is_recalled: bool = False
