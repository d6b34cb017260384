"""Run the import check: import modules one by one as the guest.

The modules are those of the changed packages, of their dependents and of the project.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from depcheck.checking.checks.importing.ask_importer import (
    EXCEEDED_WORD,
    MODULE_TIMEOUT_S,
    UNCONFIGURED,
    Importing,
    ImportPlaces,
    ModuleRating,
    ask_importer,
    find_unconfigured,
    split_into_groups,
)
from depcheck.checking.checks.importing.import_progress import ImportProgress
from depcheck.checking.checks.importing.importable_modules import (
    find_import_roots,
    list_project_modules,
    list_requested_modules,
)
from depcheck.checking.checks.importing.module_order import leave_out_unreached
from depcheck.checking.checks.running.command_context import CheckContext
from depcheck.core.import_graph.reachable import Reach
from depcheck.core.model.checks import DJANGO_SETUP, Check, Failure, Outcome
from depcheck.core.text.process_output import add_import_statement, extract_evidence, format_exit_status
from depcheck.core.text.terminal_safe import to_one_line

BUDGET_S = 300.0  # for all modules of one set; what is left over is said
_ABSENT = re.compile(r"No module named '(\w+)'")
_ENDED_HEADLINE = "the import ended its process"


@dataclass(slots=True)
class ImportFindings:
    """Import results of the modules so far.

    `optional` failed and count for nothing.
    """

    passed: set[str] = field(default_factory=set)
    failed: dict[str, Failure] = field(default_factory=dict)
    not_reached: list[str] = field(default_factory=list)
    optional: dict[str, Failure] = field(default_factory=dict)

    def to_outcome(self, *, narrowed: bool) -> Outcome:
        """Fail for failed modules, and stay open for missing or unreached ones.

        Missing: wanted ones that are not there.
        """
        if self.failed:
            return Outcome.FAIL
        open_ = self.not_reached and (narrowed or not self.passed)
        return Outcome.UNRESOLVED if open_ or (narrowed and not self.passed) else Outcome.PASS


def run_import_check(
    room: CheckContext,
    check: Check,
    rating: ModuleRating | None = None,
    django: str = "",
    progress: ImportProgress | None = None,
) -> ImportFindings:
    """Import all modules that `check` selects, failing those that fail alone.

    One counts as failed when it also fails alone in a fresh process.

    Company makes it quick and decides nothing. Of what fails, only what the committed set imports and the project needs
    is a failure; see `Check.before`. As long as it is not known what the committed set imports, all that fails in
    company is optional. `django` is the settings module of the project's Django site, or empty.
    """
    rating = rating or ModuleRating()
    settings = (
        django if any(each.distribution.name == "django" for each in room.environment.installed_distributions) else ""
    )
    work = Importing(room, check, time.monotonic() + min(room.timeout_s, BUDGET_S), settings, rating, progress)
    findings = ImportFindings()
    paths = [str(root) for root in find_import_roots(room)]
    own = _narrow(check, list_project_modules(room))
    _import_group(work, own, ImportPlaces(paths, [], is_own=True), findings)
    installed = [each for each in _narrow(check, list_requested_modules(room.environment, check)) if each not in own]
    if check.before and not check.ids:
        installed = leave_out_unreached(installed, rating.rate)
    if installed:
        _import_group(work, installed, ImportPlaces([], paths if settings else [], is_own=False), findings)
    if check.ids:
        findings.passed &= check.ids
        findings.failed = {name: failure for name, failure in findings.failed.items() if name in check.ids}
    return findings


def _narrow(check: Check, modules: Sequence[str]) -> list[str]:
    return [module for module in modules if not check.ids or module in check.ids]


def _import_group(work: Importing, modules: list[str], places: ImportPlaces, findings: ImportFindings) -> None:
    """Import `modules` together, then failed ones alone, and sort the failures.

    They are sorted by what they mean.
    """
    doubtful, known, own = modules, work.check.before, places.is_own
    if work.check.together or not work.check.ids:
        failed = _import_together(work, modules, places, findings)
        if work.check.together or (known and known.passed is None):
            matter = {m: f for m, f in failed.items() if own or _may_matter(work, f)}
            findings.optional |= {m: matter[m] for m in sorted(matter, key=lambda m: (-work.rating.rate(m), m))}
            return
        doubtful = _leave_out_known(work, failed, own=own)
    proven = ImportFindings()
    if doubtful or (own and DJANGO_SETUP in work.check.ids):
        _import_alone(work, doubtful, places, proven)
    findings.passed |= proven.passed
    findings.not_reached += proven.not_reached
    for module, failure in proven.failed.items():
        counts = own or module == DJANGO_SETUP or (work.rating.is_needed(failure) if known else work.check.ids)
        (findings.failed if counts else findings.optional)[module] = failure


def _leave_out_known(work: Importing, failed: Mapping[str, Failure], *, own: bool) -> list[str]:
    """Return the modules to try alone.

    Not what the committed set cannot import, nor what misses a module that is not installed, or a Django site: alone it
    would miss it too.
    """
    if work.check.before and work.check.before.passed is not None:
        return [module for module in failed if module in work.check.before.passed]
    if own:
        return list(failed)
    there = {top for each in work.room.environment.distributions for top in each.modules}
    return [module for module, failure in failed.items() if _could_pass_alone(failure, there)]


def _may_matter(work: Importing, failure: Failure) -> bool:
    """Return False for what wants a Django site where none is.

    Unless the project always imports it.
    """
    return work.rating.rate(failure.id) is Reach.STRONG or not UNCONFIGURED.search(failure.headline)


def _could_pass_alone(failure: Failure, there: set[str]) -> bool:
    if UNCONFIGURED.search(failure.headline):
        return False
    absent = _ABSENT.search(failure.headline)
    return absent is None or absent[1] in there


def _import_together(
    work: Importing, modules: Sequence[str], places: ImportPlaces, findings: ImportFindings
) -> dict[str, Failure]:
    """Import `modules`, each group in a process, and return those that failed.

    In as many turns as are needed, should something end the importer itself.
    """
    left = [each for each in split_into_groups(work, modules, places) if each.modules]
    failed: dict[str, Failure] = {}
    if work.progress:
        work.progress.start_count(len(modules))
    while left and time.monotonic() < work.until:
        told = ask_importer(work, left, places, alone=False)
        started = [words[1] for words in told if words[0] == "start"]
        findings.passed |= {words[1] for words in told if words[0] == "pass"}
        failed |= {
            words[1]: Failure(words[1], *_format_error(words[2], words[3])) for words in told if words[0] == "fail"
        }
        started = started or [left[0].modules[0]]  # the interpreter does not get as far as our first line
        for name in started:
            if name not in findings.passed:
                failed.setdefault(name, Failure(name, _ENDED_HEADLINE))
        if DJANGO_SETUP in failed and failed[DJANGO_SETUP].headline == _ENDED_HEADLINE:
            unreached = {name for each in left if each.site for name in each.modules if name not in started}
            findings.not_reached += sorted(unreached)  # nothing can be imported in this site
            started += unreached
        left = [each for each in (group.leave_out(started) for group in left) if each.modules]
    findings.not_reached += [name for each in left for name in each.modules]
    if again := find_unconfigured(work, failed):
        rest = {name: failure for name, failure in failed.items() if name not in again}
        return rest | _import_together(work, again, places, findings)
    return failed


def _import_alone(work: Importing, modules: Sequence[str], places: ImportPlaces, findings: ImportFindings) -> None:
    """Import each of `modules` in a process of its own.

    This result counts.
    """
    setup = [DJANGO_SETUP] if work.django and (DJANGO_SETUP in modules or DJANGO_SETUP in work.check.ids) else []
    asked = [each for each in modules if each != DJANGO_SETUP]
    told = ask_importer(work, split_into_groups(work, asked, places), places, alone=True)
    proven = ImportFindings()
    _record_answers(told, [*asked, *setup], proven)
    if (left := proven.not_reached) and time.monotonic() < work.until:
        _import_unanswered(work, left, places, proven, is_only=len(asked) == 1)
    if again := find_unconfigured(work, proven.failed):
        proven.failed = {name: failure for name, failure in proven.failed.items() if name not in again}
        _import_alone(work, again, places, proven)
    findings.passed |= proven.passed
    findings.failed |= proven.failed
    findings.not_reached += proven.not_reached


def _import_unanswered(
    work: Importing, left: Sequence[str], places: ImportPlaces, proven: ImportFindings, *, is_only: bool
) -> None:
    """Import what got no answer, one by one.

    One of them may have ended the importer. Each with an importer of its own, so that it ends no other's.
    """
    proven.not_reached = [name for name in left if name == DJANGO_SETUP]
    for name in left:
        if name != DJANGO_SETUP and is_only:
            proven.failed[name] = Failure(name, _ENDED_HEADLINE)
        elif name != DJANGO_SETUP:
            _import_alone(work, [name], places, proven)


def _record_answers(told: list[list[str]], modules: Sequence[str], findings: ImportFindings) -> None:
    """Record the importer's answers about `modules`.

    Answers about other modules, or in other words, come from imported code and are ignored.
    """
    asked = set(modules)
    told = [words for words in told if words[1] in asked]
    findings.passed |= {words[1] for words in told if words[0] == "pass"}
    failed = {words[1]: Failure(words[1], *_format_error(words[2], words[3])) for words in told if words[0] == "fail"}
    for words in told:
        if words[0] == "ended" and words[1] not in findings.passed and words[1] not in failed:
            failed[words[1]] = _build_crash_failure(words[1], _parse_exit_status(words[2]), words[3])
        if words[0] == EXCEEDED_WORD:
            failed[words[1]] = Failure(words[1], f"the import was ended: {words[2]}")
    findings.failed |= failed
    findings.not_reached += [name for name in modules if name not in findings.passed and name not in failed]


def _parse_exit_status(word: str) -> int:
    """Parse an exit status.

    Returns 1, like for any failure, if the word is no exit status.
    """
    return int(word) if re.fullmatch(r"-?\d{1,3}", word, re.ASCII) else 1


def _format_error(line: str, trace: str) -> tuple[str, str]:
    trace = extract_evidence(trace)
    return add_import_statement(to_one_line(line), trace.splitlines()), trace


def _build_crash_failure(module: str, status: int, stack: str) -> Failure:
    """Build the failure of a module whose import ended its process."""
    if "Timeout (" in stack:
        return Failure(module, f"import timed out after {MODULE_TIMEOUT_S:g} s", extract_evidence(stack))
    return Failure(module, f"the import ended its process: {format_exit_status(status)}", extract_evidence(stack))
