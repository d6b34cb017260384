"""Data classes of the search: its input, trials and results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.model.checks import Failure, Outcome
from depcheck.core.model.index_view import Hold, create_hold
from depcheck.core.model.report import Confidence, TrialReport

PackageNames = frozenset[NormalizedName]


@dataclass(frozen=True, slots=True)
class Mixture:
    """The set that a trial installs, mixed from baseline and candidate.

    It is the baseline, with `candidate_names` as the candidate has them (upgraded, added, removed), and then
    the packages of `exact_versions` at exactly these releases. A trial is given all packages that change; the
    log shows the chosen changes only. With `day_of`, the set that a resolver takes on the day of that release
    stands in the baseline's place.
    """

    candidate_names: PackageNames
    exact_versions: tuple[tuple[NormalizedName, Version], ...] = ()
    day_of: tuple[NormalizedName, Version] | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """Newly failing things of a trial, none for a pass.

    `unresolved` is the reason why the trial could not answer (it could not be installed, it was cut short),
    or empty; then `failures` count for nothing. `installed` are the packages that differ from the baseline, each
    with the release that stood there; None for one that was not installed. `is_recalled` says that an earlier run saw
    it.
    """

    failures: tuple[Failure, ...] = ()
    unresolved_reason: str = ""
    installed: tuple[tuple[NormalizedName, Version | None], ...] = ()
    is_recalled: bool = False


class TrialAnswer(StrEnum):
    """A trial's observation, compared with the failures under search."""

    PASS = "pass"  # noqa: S105  # an answer, not a password
    SAME = "same"
    OTHER = "other"  # it fails, but with none of the failures under search
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial of the log, in the order in which they ran.

    `purpose` is for people.
    """

    mixture: Mixture
    observation: Observation
    answer: TrialAnswer
    purpose: str


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of a search.

    `max_trials` is their number; `is_time_over` returns True when the time is over.
    """

    max_trials: int = 200
    is_time_over: Callable[[], bool] = lambda: False


class CauseKind(StrEnum):
    """What shows a cause: failing checks, or a compile that fails."""

    CHECKS = "checks"
    BUILD = "build"  # the release itself cannot be built
    BUILD_REQUIREMENT = "build requirement"  # what builds ask for
    CONFLICT = "conflict"  # nothing satisfies the sources beside the release


@dataclass(frozen=True, slots=True)
class Cause:
    """One independent cause of the failures.

    All of its `culprits` are needed to fail; `companions` have to change along with them, `family` are those
    that move only together with a culprit, `stay_back` those that cannot move while it is held. `failures` are
    those under search that it explains.

    `last_good` and `first_bad` hold a release for each culprit if one is known. `skipped_releases` are between
    them and gave no answer, `skipped_because` says why. `explanation` is a sentence, where the search knows it. `held`
    is what was held in the place of the first package, or empty.
    """

    culprits: tuple[NormalizedName, ...]
    companions: PackageNames
    failures: tuple[Failure, ...]
    last_good: tuple[tuple[NormalizedName, Version], ...] = ()
    first_bad: tuple[tuple[NormalizedName, Version], ...] = ()
    skipped_releases: tuple[tuple[NormalizedName, Version], ...] = ()
    skipped_because: str = ""
    family: PackageNames = frozenset()
    stay_back: PackageNames = frozenset()
    kind: CauseKind = CauseKind.CHECKS
    explanation: str = ""
    held: tuple[Hold, ...] = ()

    @property
    def holds(self) -> tuple[Hold, ...]:
        """What keeps the cause away.

        Of several packages that fail together one is enough: the first that has a good release.
        """
        if self.held:
            return self.held
        return self.possible_holds if self.kind is CauseKind.BUILD_REQUIREMENT else self.possible_holds[:1]

    @property
    def possible_holds(self) -> tuple[Hold, ...]:
        """The hold of each package."""
        good, bad = dict(self.last_good), dict(self.first_bad)
        skipped = {name for name, _ in self.skipped_releases}
        built = self.kind is CauseKind.BUILD_REQUIREMENT
        return tuple(
            create_hold(name, good.get(name), bad[name], build=built, sure=name not in skipped)
            for name in self.culprits
            if name in bad
        )


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A search's answer.

    `trials` counts every environment checked, for culprits and first bad releases together.
    """

    causes: tuple[Cause, ...]
    trial_count: int
    confidence: Confidence
    trial_log: tuple[TrialRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class SuspectRanking:
    """The suspected changes, the most suspicious first.

    `ranked_names` ranks every chosen change. `hypotheses` are to be tried at once: sets of changes that are
    thought to fail together, mostly of one. `metadata_suspects` are those that metadata itself points to,
    whatever changes with them.
    """

    hypotheses: tuple[PackageNames, ...]
    ranked_names: tuple[NormalizedName, ...]
    metadata_suspects: PackageNames = frozenset()


@dataclass(frozen=True, slots=True)
class FailingSet:
    """A failing set, as coupled groups that are all needed.

    `is_proven` says that trials showed it to be minimal; otherwise some trials gave no answer.
    """

    groups: tuple[PackageNames, ...]
    is_proven: bool = True


_OUTCOME_OF_ANSWER = {TrialAnswer.PASS: Outcome.PASS, TrialAnswer.UNRESOLVED: Outcome.UNRESOLVED}


def count_own_trials(log: Sequence[TrialRecord]) -> int:
    """Count the trials that this run made itself."""
    return sum(not asked.observation.is_recalled for asked in log)


def to_trial_reports(log: Sequence[TrialRecord]) -> tuple[TrialReport, ...]:
    """Convert the search's trials to report values, in the order run."""
    return tuple(_to_trial_report(asked) for asked in log)


def _to_trial_report(asked: TrialRecord) -> TrialReport:
    shown = asked.observation
    return TrialReport(
        moved=tuple(sorted(asked.mixture.candidate_names)),
        at={name: str(version) for name, version in asked.mixture.exact_versions},
        outcome=_OUTCOME_OF_ANSWER.get(asked.answer, Outcome.FAIL),
        why=asked.purpose,
        headline=shown.unresolved_reason or (shown.failures[0].headline if shown.failures else ""),
        other=asked.answer is TrialAnswer.OTHER,
        installed={name: str(version or "") for name, version in shown.installed},
        recalled=shown.is_recalled,
    )
