"""Find a culprit's first bad and last good release, and companions."""

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from depcheck.core.search.bisect import bisect_releases
from depcheck.core.search.chance_failures import NAMED
from depcheck.core.search.companions import SearchSpace
from depcheck.core.search.model import Cause, Mixture, PackageNames, TrialAnswer
from depcheck.core.search.trials import TrialSession


class Beside(StrEnum):
    """What stands beside a release while it is tried."""

    OLD = "beside the committed releases"
    NEW = "beside the fresh releases"
    DAY = "in the set of its own day"


def find_releases(cause: Cause, head: NormalizedName, place: SearchSpace, trials: TrialSession) -> Cause:
    """Find the first bad release of one `head` of `cause`.

    Of a pair one moves while the others stay new.

    What has no releases in between (added, removed, moved to another reference) is dated by its two sides.
    """
    before, after = place.before.get(head), place.after.get(head)
    if before is None or after is None or before.version == after.version:
        return replace(
            cause,
            last_good=cause.last_good + (((head, before.version),) if before else ()),
            first_bad=cause.first_bad + (((head, after.version),) if after else ()),
        )
    line = _list_releases_between(place, head, before.version, after.version)
    probe = _Probe(cause, head, place, trials, before.version)
    span = bisect_releases(
        before.version,
        line,
        probe,
        probe.is_excluded,
        confirm=probe.confirm,
        other_is_bad=place.other_is_bad,
    )
    stay_back = _find_held_along(place, head, span.last_good) - frozenset(cause.culprits)
    return replace(
        cause,
        companions=cause.companions | stay_back,
        stay_back=cause.stay_back | stay_back,
        last_good=(*cause.last_good, (head, span.last_good)),
        first_bad=(*cause.first_bad, (head, span.first_bad)),
        skipped_releases=(*cause.skipped_releases, *((head, version) for version in span.skipped_releases)),
        skipped_because=cause.skipped_because or probe.explain_skips(span.skipped_releases),
    )


@dataclass(slots=True)
class _Probe:
    """Asks one release, in the company in which it answers.

    The company that answered last is asked first. Beside the fresh releases a failure counts only where
    everything but the culprit passes.
    """

    cause: Cause
    head: NormalizedName
    place: SearchSpace
    trials: TrialSession
    before: Version
    order: list[Beside] = field(default_factory=list)
    deaf: dict[Version, str] = field(default_factory=dict)
    failing: dict[Version, Mixture] = field(default_factory=dict)
    sole: set[Beside] = field(default_factory=lambda: {Beside.OLD})  # where something passes: the culprit decides

    def __post_init__(self) -> None:
        closure = self.place.coupling.get_closure(self.cause.culprits)
        alone = self.trials.infer_answer(closure) is TrialAnswer.SAME
        first = (Beside.OLD, Beside.NEW) if alone else (Beside.NEW, Beside.OLD)
        self.order = [*first, *((Beside.DAY,) if self.place.by_day else ())]

    def __call__(self, release: Version) -> TrialAnswer:
        """Try the release in one company after the other."""
        seen: list[TrialAnswer] = []
        for beside in tuple(self.order):
            mixture = self._place_release(release, beside)
            if mixture is None:
                continue
            answer = self._try_release(mixture, beside, release)
            if answer in {TrialAnswer.PASS, TrialAnswer.SAME}:
                self.sole |= {beside} if answer is TrialAnswer.PASS and beside is Beside.NEW else set()
                self.failing |= {release: mixture} if answer is TrialAnswer.SAME else {}
                self.order.remove(beside)
                self.order.insert(0, beside)
                return answer
            seen.append(answer)
            self.deaf.setdefault(release, self._describe_silence(mixture, answer))
        return TrialAnswer.OTHER if TrialAnswer.OTHER in seen else TrialAnswer.UNRESOLVED

    def confirm(self, release: Version, prior: float) -> TrialAnswer:
        """Rerun the release to be named until its failure is certain."""
        mixture = self.failing[release]
        return self.trials.obtain_answer(mixture, f"{self.head} {release}: it is named", prior=prior, sure=NAMED)

    def is_excluded(self, release: Version) -> bool:
        """Return True if nothing can be installed beside the release.

        So that no resolver could have chosen it.
        """
        return all(self._place_release(release, beside) is None for beside in self.order if beside is not Beside.DAY)

    def explain_skips(self, skipped: tuple[Version, ...]) -> str:
        """Why the `skipped` releases did not answer, in the commonest words."""
        if not skipped:
            return ""
        said = Counter(self.deaf[version] for version in skipped if version in self.deaf)
        return said.most_common(1)[0][0] if said else "no release of the others accepts them"

    def _place_release(self, release: Version, beside: Beside) -> Mixture | None:
        if beside is Beside.DAY:
            return Mixture(frozenset(), ((self.head, release),), day_of=(self.head, release))
        placed = self.place.place_companions(self.head, release, self._get_ground(beside))
        return None if placed.is_excluded else placed.mixture

    def _get_ground(self, beside: Beside) -> PackageNames:
        coupling = self.place.coupling
        if beside is Beside.OLD:
            return coupling.get_closure(set(self.cause.culprits) - {self.head})
        return coupling.choices - {self.head}

    def _try_release(self, mixture: Mixture, beside: Beside, release: Version) -> TrialAnswer:
        answer = self.trials.obtain_answer(mixture, f"{self.head} {release} {beside}")
        if answer is TrialAnswer.SAME and not self._is_sole(beside, release):
            return TrialAnswer.UNRESOLVED
        return answer

    def _is_sole(self, beside: Beside, release: Version) -> bool:
        """Whether the same company passes with the culprit at its committed release."""
        if beside in self.sole:
            return True
        if beside is Beside.NEW:
            rest = self.place.coupling.exclude_names(self.place.coupling.get_group(self.head))
            why = f"all but {self.head}: do its releases alone decide?"
            return (self.trials.infer_answer(rest) or self.trials.obtain_answer(Mixture(rest), why)) is TrialAnswer.PASS
        counterpart = Mixture(frozenset(), ((self.head, self.before),), day_of=(self.head, release))
        return self.trials.obtain_answer(counterpart, f"{self.head} {self.before} in that set") is TrialAnswer.PASS

    def _describe_silence(self, mixture: Mixture, answer: TrialAnswer) -> str:
        seen = self.trials.get_observation(mixture)
        if answer is TrialAnswer.OTHER:
            return f"they fail in another way: {seen.failures[0].headline}"
        return seen.unresolved_reason or "what stands beside them fails in the same way without them"


def _find_held_along(place: SearchSpace, head: NormalizedName, release: Version) -> PackageNames:
    """Find the packages that have to stay back with `head`.

    `head` is held at `release`, and everything else changes.
    """
    ground = place.coupling.choices - {head}
    return ground - place.place_companions(head, release, ground).mixture.candidate_names


def _list_releases_between(place: SearchSpace, head: NormalizedName, good: Version, bad: Version) -> list[Version]:
    """List the releases that the change passed over, and its end.

    In the order of the change: downwards for a downgrade.
    """
    low, high = min(good, bad), max(good, bad)
    between = sorted({version for version in place.list_releases(head) if low < version < high})
    return [*(between if good < bad else reversed(between)), bad]
