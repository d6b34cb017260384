"""Real incidents, frozen: installed releases, failures and known culprits.

See cases/README.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from depcheck.core.model.checks import Failure
from depcheck.core.model.installed import Distribution
from depcheck.core.search.causes import CauseSearch, HeldResult, SearchQuestion
from depcheck.core.search.companions import SearchSpace
from depcheck.core.search.coupling import compute_coupling
from depcheck.core.search.diagnose import SearchCallbacks
from depcheck.core.search.model import Budget, Mixture, Observation
from depcheck.core.search.ranking import FailureContext, rank_suspects

__all__ = ["Case", "Mixture", "load", "names"]
FOLDER = Path(__file__).parent / "cases"
VANISHED = {"chardet-vanished": "chardet", "toml-vanished": "toml"}
# one error hides the next: what each shows, in the order in which they show
SHOWN = {
    "spring-2024-three": {
        "numpy": None,
        "lxml": "ImportError: lxml.html.clean module is now a separate project lxml_html_clean.",
        "pytest": "AttributeError: 'FixtureDef' object has no attribute 'unittest'",
    },
}
# each shows by itself, in a test of its own
APART = {
    "typer-and-bcrypt": {
        "bcrypt": "ValueError: password cannot be longer than 72 bytes, truncate manually if necessary",
        "click": "TypeError: TyperArgument.make_metavar() takes 1 positional argument but 2 were given",
    },
}


def markers(python):
    return {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": "x86_64",
        "implementation_version": f"{python}.5",
        "platform_release": "",
        "platform_version": "",
    }


def distribution(name, row):
    version, requires, modules = (*row, [name.replace("-", "_")])[:3]
    return Distribution(canonicalize_name(name), Version(version), tuple(requires), frozenset(modules))


@dataclass
class Case:
    facts: dict
    asked: list = field(default_factory=list)
    chance: object = None  # () -> bool: whether a run fails by chance

    def __post_init__(self):
        f = self.facts
        self.before = {d.name: d for d in (distribution(*item) for item in f["before"].items())}
        after = dict(self.before)
        for name, row in f["after"].items():
            after.pop(name, None)
            if row:
                after[name] = distribution(name, row)
        self.after = after
        self.changed = frozenset(n for n in self.before.keys() | after.keys() if self.before.get(n) != after.get(n))
        self.changed = frozenset(n for n in self.changed if self.moves(n))
        self.environment = markers(f["python"])
        self.coupling = compute_coupling(self.before, after, self.changed, self.environment)
        first = next(iter(SHOWN.get(f["incident"], {})), None)
        self.failures = (Failure(first or "check", f["headline"], f["evidence"]),)
        if f["incident"] in APART:
            self.failures = tuple(Failure(*item, f["evidence"]) for item in APART[f["incident"]].items())

    def moves(self, name):
        one, other = self.before.get(name), self.after.get(name)
        return one is None or other is None or one.version != other.version

    @property
    def scene(self):
        return FailureContext(
            self.before,
            self.after,
            self.coupling,
            self.environment,
            self.facts["command"],
            frozenset(self.facts["direct"]),
        )

    def suspects(self, failures):
        return rank_suspects(self.scene, failures)

    def installed(self, mixture):
        stand = {n: d.version for n, d in self.before.items() if n not in mixture.candidate_names}
        stand |= {n: self.after[n].version for n in mixture.candidate_names if n in self.after}
        return stand | dict(mixture.exact_versions)

    def trial(self, mixture):
        """Answer a trial by what is known of the incident.

        Which package fails from which release on, and what hides what.
        """
        self.asked.append(mixture)
        seen = self.shows(self.installed(mixture))
        return Observation(self.failures[:1]) if self.chance and self.chance() and not seen.failures else seen

    def shows(self, stand):
        incident = self.facts["incident"]
        if incident in VANISHED:
            return Observation(() if VANISHED[incident] in stand else self.failures)
        first_bad = {n: Version(v) for n, v in self.facts["first_bad"].items()}
        if incident in APART:
            return Observation(tuple(f for f in self.failures if stand[f.id] >= first_bad[f.id]))
        for name, headline in SHOWN.get(incident, dict.fromkeys(first_bad)).items():
            if stand[name] >= first_bad[name]:
                return Observation((Failure(name, headline),) if headline else self.failures)
        return Observation()

    def requires(self, name, version):
        lines = self.facts["releases"].get(name, {}).get(str(version))
        return tuple(lines) if lines is not None else None

    def releases(self, name):
        return [Version(v) for v in self.facts["releases"].get(name, {})]

    def question(self):
        place = SearchSpace(self.before, self.after, self.coupling, self.environment, self.releases, self.requires)
        oracles = SearchCallbacks(self.trial, lambda a, b: (a.id, a.headline) == (b.id, b.headline), self.suspects)
        return SearchQuestion(self.failures, place, oracles)

    def held(self, causes):
        """Hold each cause's first head at its last good release.

        Packages that need more are left out.
        """
        left = self.coupling.exclude_names({cause.culprits[0] for cause in causes})
        for cause in causes:
            for head, good in cause.last_good[:1]:
                placed = self.question().place.place_companions(head, good, left)
                left = placed.mixture.candidate_names & self.coupling.choices
        stays = self.before.keys() - self.coupling.add_derived(left)
        case = Case({**self.facts, "after": {}}, self.asked, self.chance)
        after = {n: self.before[n] for n in stays} | {
            n: self.after[n] for n in self.coupling.add_derived(left) if n in self.after
        }
        for cause in causes:
            for head, good in cause.last_good[:1]:
                after[head] = self.question().place.find_distribution(head, good) or replace(
                    self.before[head], version=good
                )
        case.put(after, self.failures)
        return case

    def put(self, after, failures):
        """Make `after` the fresh set, whose failures are its own."""
        self.after = after
        self.changed = frozenset(n for n in self.before.keys() | after.keys() if self.moves(n))
        self.coupling = compute_coupling(self.before, after, self.changed, self.environment)
        self.failures = failures

    def remains(self, causes):
        left = self.held(causes)
        shown = self.shows(left.installed(Mixture(left.changed))).failures
        left.failures = shown
        return HeldResult(question=left.question()) if shown else HeldResult(passes=True)

    def diagnose(self):
        return CauseSearch(self.remains, Budget(200)).run(self.question())


def names():
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load(name):
    return Case(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))
