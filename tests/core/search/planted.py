"""Planted histories: changed packages with causes that we know."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.checks import Failure
from depcheck.core.model.installed import Distribution
from depcheck.core.search.causes import CauseSearch, HeldResult, SearchQuestion
from depcheck.core.search.companions import SearchSpace
from depcheck.core.search.coupling import compute_coupling
from depcheck.core.search.diagnose import SearchCallbacks
from depcheck.core.search.model import Budget, Observation, SuspectRanking

ENVIRONMENT = {"python_version": "3.11", "sys_platform": "linux", "extra": ""}


def name(text):
    return canonicalize_name(text)


def dist(text, version, *requires):
    return Distribution(name(text), Version(version), requires, frozenset({text.replace("-", "_")}))


def side(*distributions):
    return {d.name: d for d in distributions}


@dataclass
class History:
    """A history whose `causes` map failures to the releases that show them.

    All releases of a cause are needed.
    """

    before: dict
    after: dict
    causes: dict  # id -> {name: first bad Version}
    releases: dict = field(default_factory=dict)  # name -> versions
    metadata: dict = field(default_factory=dict)  # (name, version) -> requires
    unresolved: object = None  # installed -> bool
    noise: object = None  # (installed, run number) -> bool: shows a failure that no release causes
    hides: tuple = ()  # ids: the first that shows hides those after it
    order: list | None = None  # suspicion; None is by name
    seen: Counter = field(default_factory=Counter)

    def __post_init__(self):
        self.changed = frozenset(
            n
            for n in self.before.keys() | self.after.keys()
            if self.version(self.before, n) != self.version(self.after, n)
        )
        self.coupling = compute_coupling(self.before, self.after, self.changed, ENVIRONMENT)

    @staticmethod
    def version(which, n):
        return which[n].version if n in which else None

    def installed(self, mixture):
        moved = mixture.candidate_names
        stand = dict(self.before)
        for n in moved:
            stand.pop(n, None)
            if n in self.after:
                stand[n] = self.after[n]
        versions = {n: d.version for n, d in stand.items()}
        return versions | dict(mixture.exact_versions)

    def shown(self, versions):
        ids = [
            i
            for i, needed in self.causes.items()
            if all(
                (n not in versions if first is None else n in versions and versions[n] >= first)
                for n, first in needed.items()
            )
        ]
        hidden = [i for i in self.hides if i in ids]
        return [i for i in ids if i not in hidden[1:]]

    def trial(self, mixture):
        self.seen[mixture, id(self.after)] += 1
        versions = self.installed(mixture)
        if self.unresolved and self.unresolved(versions):
            return Observation(unresolved_reason="could not be installed")
        ids = self.shown(versions)
        if self.noise and self.noise(versions, sum(self.seen.values())):
            ids = [*ids, *(i for i in self.causes if i not in ids)][:1]
        return Observation(tuple(Failure(i, f"Error: {i}") for i in ids))

    def requires(self, n, version):
        return self.metadata.get((n, version), self.before[n].requires if n in self.before else ())

    def question(self):
        order = self.order or sorted(self.coupling.choices)
        order = [n for n in order if n in self.coupling.choices]
        suspects = SuspectRanking(tuple(frozenset({n}) for n in order), tuple(order))
        place = SearchSpace(
            self.before, self.after, self.coupling, ENVIRONMENT, lambda n: self.releases.get(n, ()), self.requires
        )
        return SearchQuestion(
            self.failures(), place, SearchCallbacks(self.trial, lambda a, b: a == b, lambda _: suspects)
        )

    def failures(self):
        versions = {n: d.version for n, d in self.after.items()}
        return tuple(Failure(i, f"Error: {i}") for i in self.shown(versions))

    def held(self, causes):
        """Hold each cause's first head at its last good release.

        Packages that need more are left out.
        """
        left = self.coupling.exclude_names({cause.culprits[0] for cause in causes})
        after = {n: d for n, d in self.before.items() if n not in self.coupling.add_derived(left)}
        after |= {n: self.after[n] for n in self.coupling.add_derived(left) if n in self.after}
        for cause in causes:
            for n, good in cause.last_good[:1]:
                after[n] = replace(self.before[n], version=good)
        return replace(self, after=after)

    def remains(self, causes):
        left = self.held(causes)
        left.seen = self.seen
        return HeldResult(question=left.question()) if left.failures() else HeldResult(passes=True)

    def diagnose(self, trials=500):
        return CauseSearch(self.remains, Budget(trials)).run(self.question())

    def consistent(self, moved):
        """Whether everybody accepts what stands beside them (of what both sides accept)."""
        kept = {n: d for n, d in self.before.items() if n not in moved}
        stand = kept | {n: self.after[n] for n in moved if n in self.after}
        return all(
            name(r.name) not in stand or r.specifier.contains(stand[name(r.name)].version)
            for d in stand.values()
            for r in map(Requirement, d.requires)
        )


def grow(random: Random, size: int, *, coupled: float = 0.3) -> tuple[dict, dict]:
    """Draw two consistent sides of `size` changed packages.

    Some need each other's new side, some only move together.
    """
    names = [f"p{i:03d}" for i in range(size)]
    random.shuffle(names)
    olds = {n: [] for n in names}
    news = {n: [] for n in names}
    for i, n in enumerate(names):
        if i and random.random() < coupled:
            other = random.choice(names[:i])
            kind = random.randrange(3)
            if kind in (0, 2):
                news[n].append(f"{other}>=2")
            if kind in (1, 2):
                olds[n].append(f"{other}<2")
    before = side(*(dist(n, "1.0", *olds[n]) for n in names))
    after = side(*(dist(n, "2.0", *news[n]) for n in names))
    return before, after
