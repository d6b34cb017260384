"""Checks, their outcomes and their failures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from packaging.utils import NormalizedName

from depcheck.core.text.process_output import compute_error_signature, strip_import_statement


class CheckKind(StrEnum):
    """The kinds of check, in the order in which they run."""

    INSTALL = "install"
    IMPORT = "import"
    SMOKE = "smoke"
    BOOT = "boot"
    TEST = "test"


COMMAND_KINDS = frozenset({CheckKind.SMOKE, CheckKind.BOOT, CheckKind.TEST})
"""The kinds that `network` is for; the others never have one."""


class Outcome(StrEnum):
    """The outcome of a check or trial, after Zeller's delta debugging.

    `unresolved` is a trial that could not answer the question.
    """

    PASS = "pass"  # noqa: S105  # an outcome, not a password
    FAIL = "fail"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed test, module or command.

    `id` is the test id or module name, or empty for the command as a whole. `headline` is the error message
    on one line. `evidence` is the end of the output or the traceback. Both are free of control characters and
    bounded in size. With `is_of_whole_check` the id names the check, to tell it from others in a search.
    """

    id: str
    headline: str
    evidence: str = ""
    is_of_whole_check: bool = False


@dataclass(frozen=True, slots=True)
class KnownBefore:
    """Modules that the committed set imports, and owners of top-level modules.

    `passed` is None as long as the committed set was not asked.
    """

    passed: frozenset[str] | None
    owners: tuple[tuple[str, NormalizedName], ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to run.

    `ids` narrows a test or import check to these ids. Empty is all.

    `packages` (import only) are the distributions whose modules are imported, beside the project's own; empty with
    `ids` is all that are installed. `before` (import only) is what the committed set showed: with it, a module that
    fails there as well, or that nothing needs, is no failure. `together` (import only) proves nothing alone.
    `guessed` says that nobody gave the command; `why_not_run` tells why there is none, or is empty.
    """

    kind: CheckKind
    command: str = ""
    ids: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    before: KnownBefore | None = None
    together: bool = False
    guessed: bool = False
    why_not_run: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one check.

    `passed` are the ids (tests, modules) seen to pass. `log` is relative to `logs/`.

    `optional` are modules that cannot be imported and that nothing needs; `left_over` counts those not reached in time.
    `guessed` says that nobody gave the command; `note` why nothing was run, where nothing was. `unreached` failed
    because the network was closed to very young releases, and count for nothing.
    """

    kind: CheckKind
    command: str
    outcome: Outcome
    duration_s: float
    failures: tuple[Failure, ...] = ()
    passed_ids: frozenset[str] = frozenset()
    log: str = ""
    optional: tuple[Failure, ...] = ()
    left_over: int = 0
    guessed: bool = False
    note: str = ""
    unreached: tuple[Failure, ...] = ()

    @property
    def headline(self) -> str:
        """The first failure's sentence, or why nothing was run, or empty."""
        return self.failures[0].headline if self.failures else self.note


MIN_SIMILARITY, MIN_LONG_SIMILARITY = 0.75, 0.5
DJANGO_SETUP = "django.setup()"  # what the import check calls it, among the names of modules
LONG_HEADLINE_CHARS = 120  # characters: beyond it a headline quotes what a program printed, numbers and all
_QUOTED_OR_NUMBER = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\b\d+\b")


def _extract_names(text: str) -> list[str]:
    """Extract the quoted texts and numbers of a message, sorted."""
    return sorted(match.strip("'\"`") for match in _QUOTED_OR_NUMBER.findall(text))


def is_similar_headline(one: str, other: str) -> bool:
    """Return True if two headlines report the same error.

    They are equal after masking, or nearly equal and naming the same things.
    """
    one, other = (
        compute_error_signature(strip_import_statement(one)),
        compute_error_signature(strip_import_statement(other)),
    )
    if one == other:
        return True
    if one.partition(":")[0] != other.partition(":")[0]:
        return False
    if _is_continued(*sorted((one, other), key=len)):
        return True
    quotes_output = min(len(one), len(other)) > LONG_HEADLINE_CHARS
    if not quotes_output and _extract_names(one) != _extract_names(other):
        return False
    ratio = SequenceMatcher(None, one.split(), other.split(), autojunk=False).ratio()
    return ratio >= (MIN_LONG_SIMILARITY if quotes_output else MIN_SIMILARITY)


def _is_continued(short: str, long: str) -> bool:
    """Return True if the longer message only adds advice."""
    return (
        bool(_QUOTED_OR_NUMBER.search(short))
        and long.startswith(short.rstrip("."))
        and not long[len(short.rstrip(".")) :][:1].isalnum()
    )


def is_same_failure(one: Failure, other: Failure) -> bool:
    """Return True if both are the same failure.

    They belong to the same test, module or command, and have similar headlines.
    """
    return one.id == other.id and is_similar_headline(one.headline, other.headline)


def _get_test_file(test: str) -> str:
    """Return the file part of a test id."""
    return test.partition("::")[0]


def find_new_failures(before: CheckResult | None, after: CheckResult) -> tuple[Failure, ...]:
    """Return the failures of `after` that `before` did not have.

    `before` is the same check on the baseline.

    Modules: those that could be imported before; where Django can no longer be set up, that alone is told. Tests: those
    known to pass. Where none is known and the check passed before, all of its failures, whatever their ids look like;
    and so where it gave results before and gives none now.
    Without a baseline nothing is known to be new.
    """
    if before is None or after.outcome is not Outcome.FAIL:
        return ()
    if after.kind is CheckKind.IMPORT:
        found = tuple(failure for failure in after.failures if failure.id in before.passed_ids)
        return tuple(each for each in found if each.id == DJANGO_SETUP) or found
    renamed = find_renamed_failures(before, after)
    known = tuple(each for each in after.failures if each.id not in renamed and is_known_to_pass(each.id, before))
    if before.outcome is Outcome.PASS:
        return known or after.failures
    if known or not _has_results(before):
        return known
    if not _has_results(after):
        return after.failures
    ended = tuple(failure for failure in after.failures if not failure.id)
    return ended if all(failure.id for failure in before.failures) else ()


def find_renamed_failures(before: CheckResult, after: CheckResult) -> dict[str, Failure]:
    """Pair failing cases whose parameters are spelled differently.

    By the id of `after`: pytest's releases write long parameters in different ways. One old failure that `after` does
    not name stands for one new name with the same error.
    """
    named = after.passed_ids | {failure.id for failure in after.failures}
    known = before.passed_ids | {failure.id for failure in before.failures}
    left = [failure for failure in before.failures if "[" in failure.id and failure.id not in named]
    found = dict[str, Failure]()
    for new in (failure for failure in after.failures if "[" in failure.id and failure.id not in known):
        old = next((each for each in left if _is_same_case(each, new)), None)
        if old:
            left.remove(old)
            found[new.id] = old
    return found


def _is_same_case(one: Failure, other: Failure) -> bool:
    same = one.id.partition("[")[0] == other.id.partition("[")[0]
    return same and is_similar_headline(one.headline, other.headline)


def _has_results(result: CheckResult) -> bool:
    return bool(result.passed_ids) or any(failure.id for failure in result.failures)


def is_known_to_pass(test: str, before: CheckResult) -> bool:
    """Return True if the baseline showed that a test passes."""
    if not test or test in {failure.id for failure in before.failures}:
        return False
    if test in before.passed_ids:
        return True
    files = frozenset(map(_get_test_file, before.passed_ids))
    inside = (f"{test}::", f"{test}.")
    return _get_test_file(test) in files or any(known.startswith(inside) for known in before.passed_ids)


def find_shared_failure(before: CheckResult, after: CheckResult) -> Failure | None:
    """Return the first failure of `after` that the baseline shows too."""
    return next((new for new in after.failures if any(is_same_failure(old, new) for old in before.failures)), None)


@dataclass(frozen=True, slots=True)
class Regression:
    """A check of the candidate with its newly failing ids.

    Those failures that the baseline does not show.

    `whole` says that it cannot be narrowed to these: the baseline does not know their ids.
    """

    result: CheckResult
    failures: tuple[Failure, ...]
    whole: bool = False

    @property
    def narrowed_check(self) -> Check:
        """Return the check, narrowed to the newly failing ids."""
        ids = frozenset(failure.id for failure in self.failures)
        whole = self.whole or "" in ids or self.result.kind not in {CheckKind.IMPORT, CheckKind.TEST}
        return Check(self.result.kind, self.result.command, frozenset() if whole else ids)


@dataclass(frozen=True, slots=True)
class CheckComparison:
    """The difference between the check results of baseline and candidate.

    `regressions` fail on the candidate alone. `shared_failures` are checks that fail on both sides without a
    new failure. `fixed_results` are baseline results that fail, while the candidate passes. Modules that
    cannot be imported on either side appear nowhere.
    """

    regressions: tuple[Regression, ...]
    shared_failures: tuple[CheckResult, ...]
    fixed_results: tuple[CheckResult, ...]


def compare_check_results(before: Sequence[CheckResult], after: Sequence[CheckResult]) -> CheckComparison:
    """Compare baseline results with candidate results, paired by kind and command.

    Order: that of `after`.
    """
    known = {(result.kind, result.command): result for result in before}
    newly, shared = [], []
    for result in after:
        old = known.get((result.kind, result.command))
        if found := find_new_failures(old, result):
            newly.append(Regression(result, found, whole=result.kind is CheckKind.TEST and not _are_known(old, found)))
        elif result.failures and result.kind is not CheckKind.IMPORT:
            shared.append(result)
    passing = {(result.kind, result.command) for result in after if not result.failures}
    healed = tuple(
        result
        for key, result in known.items()
        if result.failures and result.kind is not CheckKind.IMPORT and key in passing
    )
    return CheckComparison(tuple(newly), tuple(shared), healed)


def _are_known(before: CheckResult | None, failures: Sequence[Failure]) -> bool:
    return before is not None and all(is_known_to_pass(failure.id, before) for failure in failures)
