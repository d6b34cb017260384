"""Another Python for a lockfile that the guessed one does not fit.

The next likely ones are tried before a verdict is final.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from depcheck.core.lockfiles.spec import EnvironmentSpec
from depcheck.core.model.checks import CheckKind, Outcome
from depcheck.core.model.errors import IndexUnavailableError
from depcheck.core.model.index_view import IndexView
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.targets.pythons import PythonGuess
from depcheck.ports import Index

MOST_TRIES = 4
_DOUBTFUL = frozenset({Status.STALE, Status.UNRESOLVABLE, Status.SKIPPED})


def judge_with_guesses(
    spec: EnvironmentSpec, index: Index, judge: Callable[[EnvironmentSpec], EnvironmentReport]
) -> EnvironmentReport:
    """Judge with the spec's Python, and further guesses if none fits.

    Up to MOST_TRIES.

    The first report stands where none of them fits either.
    """
    first = judge(spec)
    if not spec.other_pythons or not is_python_doubtful(first):
        return first
    for guess in islice(_find_fitting(spec, index), MOST_TRIES):
        report = judge(_with_python(spec, guess))
        if not is_python_doubtful(report):
            return report
    return first


def is_python_doubtful(report: EnvironmentReport) -> bool:
    """Return True if another Python could give another verdict.

    Nothing compiles as committed, or can be installed.
    """
    if report.status is Status.BASELINE_BROKEN:
        return [(check.kind, check.outcome) for check in report.checks.baseline] == [(CheckKind.INSTALL, Outcome.FAIL)]
    return report.status in _DOUBTFUL


def _with_python(spec: EnvironmentSpec, guess: PythonGuess) -> EnvironmentSpec:
    note = (
        f"Python {spec.python}, {spec.python_reason}, does not give the committed lockfile; Python {guess.python} "
        f"does, {guess.reason}."
    )
    return replace(spec, python=guess.python, python_reason=guess.reason, other_pythons=(), notes=(*spec.notes, note))


def _find_fitting(spec: EnvironmentSpec, index: Index) -> Iterator[PythonGuess]:
    """Yield guesses for which every pinned release can be installed.

    Those with a pin for all Pythons.
    """
    ranges = list(_list_ranges(spec, index))
    for guess in spec.other_pythons:
        if all(any(_contains(each, guess.python) for each in of_release) for of_release in ranges):
            yield guess


def _list_ranges(spec: EnvironmentSpec, index: Index) -> Iterator[tuple[str, ...]]:
    """Yield each pinned release's Requires-Python.

    One text for each that its files state.
    """
    pins = [entry.pin for lock in spec.lockfiles for entry in lock.lockfile.entries]
    for pin in pins:
        if pin.version is None or pin.marker:
            continue
        try:
            releases = index.list_releases(pin.name, IndexView())
        except IndexUnavailableError:  # the verdict says so
            continue
        yield from (release.requires_python for release in releases if release.version == pin.version)


def _contains(text: str, python: str) -> bool:
    try:
        allowed = SpecifierSet(text)
        return not text or any(allowed.contains(f"{python}.{patch}") for patch in (0, 99))
    except InvalidSpecifier:
        return True
