"""The maintainers' rules in one environment: which are applied, which have run out, what each keeps away."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from packaging.specifiers import SpecifierSet

from depcheck.core.errors import IndexUnavailableError
from depcheck.core.pins import Pins
from depcheck.core.report import EnvironmentReport, RuleReport
from depcheck.core.rules import Rule, RuleKind, allowed
from depcheck.pipeline.case import Case


def ruled(case: Case, report: EnvironmentReport, committed: Pins) -> EnvironmentReport:
    """The report with every rule, and a note for each that has run out."""
    told = tuple(_told(case, rule, committed) for rule in case.rules)
    notes = tuple(
        f"The rule `{rule}` has run out and is no longer applied: remove it, or give it a new day."
        for rule, each in zip(case.rules, told, strict=True)
        if each.state == "expired"
    )
    return replace(report, rules=told, notes=(*report.notes, *notes))


def unmatched(reports: Sequence[EnvironmentReport]) -> tuple[EnvironmentReport, ...]:
    """The reports with a note for each rule that concerns no environment at all."""
    idle = [_identity(rule) for report in reports for rule in report.rules if rule.state == "unmatched"]
    used = {_identity(rule) for report in reports for rule in report.rules if rule.state != "unmatched"}
    return tuple(_noting(report, [each for each in dict.fromkeys(idle) if each not in used]) for report in reports)


def _noting(report: EnvironmentReport, idle: Sequence[tuple[str, ...]]) -> EnvironmentReport:
    notes = tuple(
        f"The rule `{rule.kind} {rule.package}{rule.specifier}` concerns nothing: {rule.package} is neither pinned nor "
        "asked for in any environment; correct the name, or remove it."
        for rule in report.rules
        if _identity(rule) in idle
    )
    return replace(report, notes=(*report.notes, *notes))


def _identity(rule: RuleReport) -> tuple[str, ...]:
    return rule.kind, rule.package, rule.specifier, rule.until


def _told(case: Case, rule: Rule, committed: Pins) -> RuleReport:
    state = _state(case, rule, committed)
    hides = next(_hidden(case, rule, committed), "") if state == "applied" else ""
    return RuleReport(rule.kind, rule.package, rule.specifier, rule.reason, rule.until.isoformat(), state, hides)


def _state(case: Case, rule: Rule, committed: Pins) -> str:
    if rule not in case.rules_in_force:
        return "expired"
    asked = case.ports.index.asked_for(case.upgraded(committed)) if rule.kind is RuleKind.HOLD else frozenset()
    idle = rule.kind is RuleKind.IGNORE or (asked and rule.package not in asked)
    return "unmatched" if rule.package not in committed and idle else "applied"


def _hidden(case: Case, rule: Rule, committed: Pins) -> Iterator[str]:
    """The newest release that the rule keeps away, if it keeps any."""
    from depcheck.pipeline.trying import choosable  # noqa: PLC0415  # most nights have no rules

    specifiers = [text for name, text in allowed((rule,), committed) if name == rule.package]
    pinned = committed[rule.package].version if rule.package in committed else None
    try:
        line = choosable(case, case.unruled(committed), committed, rule.package)
    except IndexUnavailableError:
        return
    for release in reversed(line):
        if pinned is not None and release.version <= pinned:
            return
        if any(not SpecifierSet(each).contains(release.version, prereleases=True) for each in specifiers):
            yield str(release.version)
