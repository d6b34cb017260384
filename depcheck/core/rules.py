"""Rules of the maintainers: releases that are held back, packages that are left alone, each for a reason and a time."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from depcheck.core.pins import Pins

_SENTENCE = re.compile(r"(?P<what>.*?)\s+until\s+(?P<until>\S+)\s+because\s+(?P<reason>\S.*)")
_LONGEST_REASON = 500


class RuleKind(StrEnum):
    """What a rule does to what an update may take."""

    HOLD = "hold"  # only releases that meet the specifier
    IGNORE = "ignore"  # only the committed release


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `specifier` says which releases may be taken, empty for `ignore`; `until` is its last day, in UTC."""

    kind: RuleKind
    package: NormalizedName
    specifier: str
    reason: str
    until: date

    def __str__(self) -> str:
        return f"{self.kind} {self.package}{self.specifier} until {self.until} because {self.reason}"


def hold(given: str) -> Rule:
    """`kombu<4.2 until 2027-01-01 because celery 4.1 imports kombu.async`."""
    package, specifier, until, reason = _parts(given, "kombu<4.2")
    if not specifier:
        raise ValueError("says of no release that it may be taken; give for example kombu<4.2, or use `ignore`")
    return Rule(RuleKind.HOLD, package, specifier, reason, until)


def ignore(given: str) -> Rule:
    """`kombu until 2027-01-01 because the next sprint moves to celery 5`."""
    package, specifier, until, reason = _parts(given, "kombu")
    if specifier:
        raise ValueError(f"ignores a package whole, so {specifier} has no place in it; leave it out, or use `hold`")
    return Rule(RuleKind.IGNORE, package, "", reason, until)


def _parts(given: str, example: str) -> tuple[NormalizedName, str, date, str]:
    found = _SENTENCE.fullmatch(given.strip())
    if not found or len(found["reason"]) > _LONGEST_REASON:
        raise ValueError(f"is no rule; give for example {example} until 2027-01-01 because the reason is this")
    try:
        requirement = Requirement(found["what"])
    except InvalidRequirement:
        raise ValueError(f"names no package in {found['what']!r}; give for example {example}") from None
    if requirement.url or requirement.marker or requirement.extras:
        raise ValueError(f"has more than a name and a specifier in {found['what']!r}; give for example {example}")
    return canonicalize_name(requirement.name), str(requirement.specifier), _day(found["until"]), found["reason"]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"ends on {text!r}, which is no day; give for example 2027-01-01") from None


def is_specifier(text: str) -> bool:
    """Whether `text` is a version specifier that says something."""
    try:
        return bool(str(SpecifierSet(text)))
    except InvalidSpecifier:
        return False


def sentence(table: Mapping[str, object]) -> str:
    """The text that says the same as a rule's table in the configuration: `below` is short for `specifier = "<…"`."""
    below = f"<{table['below']}" if "below" in table else ""
    reason = " ".join(str(table.get("reason", "")).split())
    return (
        f"{table.get('package', '')}{table.get('specifier', '')}{below} until {table.get('until', '')} because {reason}"
    )


def in_force(rules: Iterable[Rule], day: date) -> tuple[Rule, ...]:
    """The rules that hold on `day`, in order; a rule's last day counts."""
    return tuple(rule for rule in rules if day <= rule.until)


def allowed(rules: Sequence[Rule], committed: Pins) -> tuple[tuple[NormalizedName, str], ...]:
    """What an update may take by `rules` (those in force), as the index view has it: (package, specifier) pairs.

    A hold is stronger than an ignore: where the committed release is held back, it cannot be kept. What is
    not pinned by version cannot be kept either.
    """
    holds = [(rule.package, rule.specifier) for rule in rules if rule.kind is RuleKind.HOLD]
    kept = dict.fromkeys(rule.package for rule in rules if rule.kind is RuleKind.IGNORE)
    found = list(holds)
    for package in kept:
        version = committed[package].version if package in committed else None
        barred = any(name == package and not _contains(specifier, str(version)) for name, specifier in holds)
        if version is not None and not barred:
            found.append((package, f"=={version}"))
    return tuple(found)


def _contains(specifier: str, version: str) -> bool:
    return SpecifierSet(specifier).contains(version, prereleases=True)
