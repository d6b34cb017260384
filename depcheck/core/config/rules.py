"""The maintainers' rules: releases to hold back, and packages to ignore.

Each has a reason and a last day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from depcheck.core.config.stated_package import is_in_force, parse_stated_package
from depcheck.core.model.pins import Pins


class RuleKind(StrEnum):
    """The effect of a rule on what an update may take."""

    HOLD = "hold"  # only releases that meet the specifier
    IGNORE = "ignore"  # only the committed release


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the maintainers.

    `specifier` says which releases may be taken; it is empty for `ignore`. `last_day` is the last day on which
    the rule holds, in UTC.
    """

    kind: RuleKind
    package: NormalizedName
    specifier: str
    reason: str
    last_day: date

    def __str__(self) -> str:
        return f"{self.kind} {self.package}{self.specifier} until {self.last_day} because {self.reason}"


def parse_hold_rule(given: str) -> Rule:
    """Parse a rule that holds releases back.

    For example `kombu<4.2 until 2027-01-01 because celery 4.1 imports kombu.async`.

    Raises:
        ValueError: The text is no such rule. The message is appended to the option's name.
    """
    package, specifier, until, reason = _parse_rule_parts(given, "kombu<4.2")
    if not specifier:
        raise ValueError("says of no release that it may be taken; give for example kombu<4.2, or use `ignore`")
    return Rule(RuleKind.HOLD, package, specifier, reason, until)


def parse_ignore_rule(given: str) -> Rule:
    """Parse a rule that leaves a package alone.

    For example `kombu until 2027-01-01 because the next sprint moves to celery 5`.

    Raises:
        ValueError: The text is no such rule. The message is appended to the option's name.
    """
    package, specifier, until, reason = _parse_rule_parts(given, "kombu")
    if specifier:
        raise ValueError(f"ignores a package whole, so {specifier} has no place in it; leave it out, or use `hold`")
    return Rule(RuleKind.IGNORE, package, "", reason, until)


def _parse_rule_parts(given: str, example: str) -> tuple[NormalizedName, str, date, str]:
    example = f"{example} until 2027-01-01 because the reason is this"
    said = parse_stated_package(given, "is no rule", example)
    if said.last_day is None:
        raise ValueError(f"is no rule, for it has no last day; give for example {example}")
    return said.name, str(said.specifier), said.last_day, said.reason


def format_rule_sentence(table: Mapping[str, object]) -> str:
    """Format a rule's table as the sentence of the option.

    The table is one of the configuration. `below` is short for `specifier = "<…"`. An exception from the cooldown needs
    no last day.
    """
    below = f"<{table['below']}" if "below" in table else ""
    until = f" until {table['until']}" if "until" in table else ""
    reason = " ".join(str(table.get("reason", "")).split())
    return f"{table.get('package', '')}{table.get('specifier', '')}{below}{until} because {reason}"


def select_active_rules(rules: Iterable[Rule], day: date) -> tuple[Rule, ...]:
    """Return the rules that apply on `day`, in order.

    A rule's last day is included.
    """
    return tuple(rule for rule in rules if is_in_force(rule.last_day, day))


def to_allowed_specifiers(rules: Sequence[Rule], committed: Pins) -> tuple[tuple[NormalizedName, str], ...]:
    """Convert active rules to (package, specifier) pairs for the index view.

    A hold is stronger than an ignore: if a hold excludes the committed release, that release cannot be kept. A
    package that is not pinned by version cannot be kept either.
    """
    holds = [(rule.package, rule.specifier) for rule in rules if rule.kind is RuleKind.HOLD]
    kept = dict.fromkeys(rule.package for rule in rules if rule.kind is RuleKind.IGNORE)
    found = list(holds)
    for package in kept:
        version = committed[package].version if package in committed else None
        barred = any(name == package and not _is_version_allowed(specifier, str(version)) for name, specifier in holds)
        if version is not None and not barred:
            found.append((package, f"=={version}"))
    return tuple(found)


def _is_version_allowed(specifier: str, version: str) -> bool:
    return SpecifierSet(specifier).contains(version, prereleases=True)
