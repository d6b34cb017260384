"""What a search asks, hears and answers."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.checks import Failure
from depcheck.core.report import Confidence

Names = frozenset[NormalizedName]


@dataclass(frozen=True, slots=True)
class Mixture:
    """What a trial installs: the baseline, with `moved` as the candidate has them (upgraded, added, removed),
    and after that the packages of `at` at exactly these releases. A trial is given all that moves; the log
    shows the chosen changes only.
    """  # noqa: D205  # one sentence

    moved: Names
    at: tuple[tuple[NormalizedName, Version], ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What a trial showed: newly failing things, none of them for a pass.

    `unresolved` is the reason why the trial could not answer (it could not be installed, it was cut short),
    or empty; then `failures` count for nothing.
    """

    failures: tuple[Failure, ...] = ()
    unresolved: str = ""


class Answer(StrEnum):
    """A trial's observation, seen from the failure under search."""

    PASS = "pass"  # noqa: S105  # an answer, not a password
    SAME = "same"
    OTHER = "other"  # it fails, but with none of the failures under search
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Asked:
    """One trial of the log, in the order asked. `why` is for people."""

    mixture: Mixture
    observation: Observation
    answer: Answer
    why: str


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may be spent: `trials` in number; `spent` says when the time is over."""

    trials: int = 200
    spent: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Cause:
    """One independent cause: `heads` are the culprits (all of them are needed to fail), `companions` those
    that have to move with them. `failures` are what their own trial showed.

    `last_good` and `first_bad` hold a release for each head where one is known; `skipped` names releases
    between them that could not answer.
    """  # noqa: D205  # one sentence

    heads: tuple[NormalizedName, ...]
    companions: Names
    failures: tuple[Failure, ...]
    last_good: tuple[tuple[NormalizedName, Version], ...] = ()
    first_bad: tuple[tuple[NormalizedName, Version], ...] = ()
    skipped: tuple[tuple[NormalizedName, Version], ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The search's answer.

    `passing` is the largest set of moved changes that was seen to pass, `held` the chosen changes that it
    holds back; `trials` counts every environment checked, for culprits and first bad releases together.
    """

    causes: tuple[Cause, ...]
    held: Names
    passing: Names
    trials: int
    confidence: Confidence
    log: tuple[Asked, ...] = ()
