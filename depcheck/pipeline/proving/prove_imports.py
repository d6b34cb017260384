"""Prove alone what a set cannot import in company.

The committed set is asked about those modules only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from depcheck.core.model.checks import (
    DJANGO_SETUP,
    Check,
    CheckKind,
    CheckResult,
    Failure,
    KnownBefore,
    Outcome,
    is_same_failure,
)
from depcheck.core.text.process_output import compute_error_signature
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.measure import Measurement, list_owners, measure_pins

MOST_ALIKE = 20  # modules of one package that fail with one error


def prove_imports(
    case: EnvironmentCase, before: Measurement, after: Measurement, label: str
) -> tuple[Measurement, Measurement]:
    """Return both sides with what the modules that `after` fails prove.

    The committed set imports them; what it can import fails on `after` if it fails there alone, in a fresh process.

    Cost: nothing where all modules can be imported, else one or two narrowed import checks of the committed set, and
    one of `after` for what passed there.
    """
    survey = _find_imports(after)
    if survey is None or not before.is_installed or not survey.optional:
        return before, after
    asked = frozenset(failure.id for failure in survey.optional)
    if DJANGO_SETUP in asked:  # where that fails, the rest of the site's modules fail as well
        before, after = _prove_modules(case, before, after, frozenset({DJANGO_SETUP}), label)
        if _find_known(after).failures:
            return before, after
    return _prove_modules(case, before, after, asked - {DJANGO_SETUP}, label)


def _prove_modules(
    case: EnvironmentCase, before: Measurement, after: Measurement, asked: frozenset[str], label: str
) -> tuple[Measurement, Measurement]:
    survey = _find_known(after)
    before = _ask_committed_set(case, before, {each.id: each for each in survey.optional if each.id in asked})
    passed = asked & _find_known(before).passed_ids
    rest = tuple(failure for failure in survey.optional if failure.id not in asked)
    proven = replace(survey, optional=rest)
    if passed:
        alone = _ask_alone(case, before, after, [each for each in survey.optional if each.id in passed], label)
        failures = tuple(failure for each in alone for failure in each.failures if failure.id)
        proven = replace(
            proven,
            outcome=Outcome.FAIL if failures or survey.failures else survey.outcome,
            failures=(*survey.failures, *failures),
            passed_ids=survey.passed_ids.union(*(each.passed_ids for each in alone)),
            optional=(*rest, *(failure for each in alone for failure in each.optional)),
            left_over=survey.left_over + sum(each.left_over for each in alone),
        )
    return before, replace(after, results=tuple(proven if each is survey else each for each in after.results))


def _ask_alone(
    case: EnvironmentCase, before: Measurement, after: Measurement, failures: Sequence[Failure], label: str
) -> list[CheckResult]:
    """Import modules alone, a few of each package with the same error.

    The others only where none of these is a finding.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for failure in failures:
        alike = compute_error_signature(failure.headline), failure.id.partition(".")[0]
        groups.setdefault(alike, []).append(failure.id)
    owners, seen = list_owners(before), list[CheckResult]()
    for part in (slice(MOST_ALIKE), slice(MOST_ALIKE, None)):
        failed = {failure.id for each in seen for failure in each.failures}
        asked = frozenset(name for names in groups.values() if failed.isdisjoint(names) for name in names[part])
        if asked:
            check = Check(CheckKind.IMPORT, ids=asked, before=KnownBefore(asked, owners))
            alone = _find_known(measure_pins(case, after.pins, after.world, [check], label))
            answered = alone.passed_ids.union(failure.id for failure in (*alone.failures, *alone.optional))
            seen.append(replace(alone, left_over=len(asked - answered)))
    return seen


def _ask_committed_set(case: EnvironmentCase, before: Measurement, failures: Mapping[str, Failure]) -> Measurement:
    """Add to `before` which of the modules it can import.

    In company first. What fails there with another error than `failures` is asked alone.
    """
    known = _find_known(before)
    unknown = frozenset(failures) - known.passed_ids - {failure.id for failure in known.optional}
    if not unknown:
        return before
    check = Check(CheckKind.IMPORT, ids=unknown, together=True)
    seen = [_find_known(measure_pins(case, before.pins, before.world, [check], "baseline"))]
    told = (each for each in seen[0].optional if each.id in failures)  # that Django cannot be set up is told unasked
    shared = frozenset(each.id for each in told if is_same_failure(each, failures[each.id]))
    if doubtful := unknown - seen[0].passed_ids - shared:
        check = Check(CheckKind.IMPORT, ids=doubtful)
        seen.append(_find_known(measure_pins(case, before.pins, before.world, [check], "baseline")))
    passed = frozenset().union(*(each.passed_ids for each in seen))
    more = replace(
        known,
        duration_s=known.duration_s + sum(each.duration_s for each in seen),
        passed_ids=known.passed_ids | passed,
        optional=(*known.optional, *(Failure(each, "cannot be imported") for each in sorted(unknown - passed))),
        log=seen[-1].log,
    )
    others = tuple(each for each in before.results if each is not known)
    return replace(before, results=(*others, more))


def _find_imports(side: Measurement) -> CheckResult | None:
    return next((each for each in side.results if each.kind is CheckKind.IMPORT), None)


def _find_known(side: Measurement) -> CheckResult:
    return _find_imports(side) or CheckResult(CheckKind.IMPORT, "", Outcome.PASS, 0.0)
