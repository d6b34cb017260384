"""Annotation of a report with the maintainers' rules and their state."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from depcheck.core.config.rules import Rule, RuleKind, to_allowed_specifiers
from depcheck.core.lockfiles.formats.known_formats import parse_lockfile
from depcheck.core.model.advisories import (
    Advisory,
    ReleaseId,
    WithdrawalKind,
    find_withdrawn_pins,
    list_pinned_releases,
)
from depcheck.core.model.errors import IndexUnavailableError, LockfileError
from depcheck.core.model.index_facts.caution_reports import AdvisoryReport, RuleReport, WithdrawnReport
from depcheck.core.model.pins import Pins
from depcheck.core.model.report import Culprit, EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.search.model import Cause
from depcheck.pipeline.baseline import find_baseline_day
from depcheck.pipeline.context import EnvironmentCase
from depcheck.pipeline.measure import MeasuredSides, find_victims
from depcheck.pipeline.to_report import find_issue_trackers


def annotate_rules(case: EnvironmentCase, report: EnvironmentReport, committed: Pins) -> EnvironmentReport:
    """Add every rule, and a note for each expired one."""
    told = tuple(_to_rule_report(case, rule, committed) for rule in case.rules)
    notes = tuple(
        f"The rule `{rule}` has run out and is no longer applied: remove it, or give it a new day."
        for rule, each in zip(case.rules, told, strict=True)
        if each.state == "expired"
    )
    return replace(report, rules=told, notes=(*report.notes, *notes))


def annotate_left_out(case: EnvironmentCase, report: EnvironmentReport) -> EnvironmentReport:
    """Say which extras and groups were left out."""
    named = {name for lock in case.spec.lockfiles for name in lock.lockfile.optional_names}
    left = sorted(named.intersection(case.settings.without))
    unknown = sorted(set(case.settings.without) - named) if named else []
    notes = [f"Not installed or checked, as `without` says: {', '.join(left)}."] if left else []
    if unknown:
        notes.append(
            f"`without` names {', '.join(unknown)}, which is no extra or group here; there are "
            f"{', '.join(sorted(named)[:20])}."
        )
    return replace(report, notes=(*report.notes, *notes))


def annotate_unmatched_rules(reports: Sequence[EnvironmentReport]) -> tuple[EnvironmentReport, ...]:
    """Add a note for each rule that matches no environment."""
    idle = [_identify_rule(rule) for report in reports for rule in report.rules if rule.state == "unmatched"]
    used = {_identify_rule(rule) for report in reports for rule in report.rules if rule.state != "unmatched"}
    return tuple(
        _note_unmatched_rules(report, [each for each in dict.fromkeys(idle) if each not in used]) for report in reports
    )


def _note_unmatched_rules(report: EnvironmentReport, idle: Sequence[tuple[str, ...]]) -> EnvironmentReport:
    notes = tuple(
        f"The rule `{rule.kind} {rule.package}{rule.specifier}` concerns nothing: {rule.package} is neither pinned nor "
        "asked for in any environment; correct the name, or remove it."
        for rule in report.rules
        if _identify_rule(rule) in idle
    )
    return replace(report, notes=(*report.notes, *notes))


def _identify_rule(rule: RuleReport) -> tuple[str, ...]:
    return rule.kind, rule.package, rule.specifier, rule.until


def _to_rule_report(case: EnvironmentCase, rule: Rule, committed: Pins) -> RuleReport:
    state = _evaluate_rule(case, rule, committed)
    hides = next(_find_hidden_release(case, rule, committed), "") if state == "applied" else ""
    return RuleReport(rule.kind, rule.package, rule.specifier, rule.reason, rule.last_day.isoformat(), state, hides)


def _evaluate_rule(case: EnvironmentCase, rule: Rule, committed: Pins) -> str:
    if rule not in case.rules_in_force:
        return "expired"
    asked = (
        case.ports.index.list_requested_projects(case.get_upgrade_view(committed))
        if rule.kind is RuleKind.HOLD
        else frozenset()
    )
    idle = rule.kind is RuleKind.IGNORE or (asked and rule.package not in asked)
    return "unmatched" if rule.package not in committed and idle else "applied"


def _find_hidden_release(case: EnvironmentCase, rule: Rule, committed: Pins) -> Iterator[str]:
    """Yield the newest release that the rule excludes, if any."""
    from depcheck.pipeline.trial_runner import list_selectable_releases  # noqa: PLC0415  # most nights have no rules

    specifiers = [text for name, text in to_allowed_specifiers((rule,), committed) if name == rule.package]
    pinned = committed[rule.package].version if rule.package in committed else None
    try:
        line = list_selectable_releases(case, case.get_cooldown_view(committed), committed, rule.package)
    except IndexUnavailableError:
        return
    for release in reversed(line):
        if pinned is not None and release.version <= pinned:
            return
        if any(not SpecifierSet(each).contains(release.version, prereleases=True) for each in specifiers):
            yield str(release.version)


PARALLEL_REQUESTS = 16
MOST_NAMED = 6
_LOCAL_OPTIONS = ("--find-links", "-f", "--no-index")


def annotate_advisories(
    case: EnvironmentCase, report: EnvironmentReport, fresh: Pins | None = None
) -> EnvironmentReport:
    """Add advisories and withdrawn releases to the report.

    They concern the committed pins and those that would replace them: the proposal's, else `fresh`, which
    are the candidate's if there is one. A replay of the past is not annotated, because today's knowledge
    did not exist then.

    Cost: one small request for each release that was not requested within a day, 16 at once.
    """
    if case.settings.as_of is not None or not case.settings.advisories:
        return report
    committed = dict(_list_committed_pins(case))
    proposed = _parse_proposed_pins(case, report)
    after = fresh if proposed is None else proposed
    releases = list_pinned_releases(*committed.values(), after or {})
    found, note = _fetch_all_advisories(case, releases)
    taken_back = _find_all_withdrawn(case, committed)
    advisories = tuple(_to_advisory_report(each, list(committed.values()), after or {}) for each in found)
    names = frozenset() if report.status is Status.QUIET else {name for name, _ in releases}  # quiet: no page is loaded
    doubled = _describe_doubled(case, names)
    notes = tuple(filter(None, (*report.notes, note, doubled)))
    return replace(report, advisories=advisories, withdrawn=taken_back, notes=notes)


def _describe_doubled(case: EnvironmentCase, names: Collection[NormalizedName]) -> str:
    """Describe packages that several indexes have with different files."""
    try:
        found = {name: case.ports.index.get_origins(name) for name in sorted(names)}
    except IndexUnavailableError:
        return ""
    doubled = {name: origins for name, origins in found.items() if origins.differ}
    if not doubled:
        return ""
    places = " and ".join(next(iter(doubled.values())).having)
    more = f" and {len(doubled) - MOST_NAMED} more" if len(doubled) > MOST_NAMED else ""
    return (
        f"{', '.join([*doubled][:MOST_NAMED])}{more}: {places} both have files of that name, which differ. The newest "
        "of all is taken, whoever uploaded it; let one index serve it alone, or pin it with hashes."
    )


def _list_committed_pins(case: EnvironmentCase) -> Iterator[tuple[str, Pins]]:
    """Yield the pins of each lockfile that counts for this target.

    Lockfiles that contradict themselves are skipped; they are reported elsewhere.
    """
    for lock in case.spec.lockfiles:
        try:
            yield lock.path, {} if lock.is_unlocked else lock.lockfile.select_pins(case.markers)
        except LockfileError:
            continue


def _parse_proposed_pins(case: EnvironmentCase, report: EnvironmentReport) -> Pins | None:
    if report.proposal is None:
        return None
    files = {lock.path: lock.lockfile.text for lock in case.spec.lockfiles} | report.proposal.files
    return {
        name: pin for text in files.values() for name, pin in parse_lockfile(text).select_pins(case.markers).items()
    }


def _fetch_all_advisories(case: EnvironmentCase, releases: Sequence[ReleaseId]) -> tuple[tuple[Advisory, ...], str]:
    """Fetch all advisories about `releases`.

    The second value is a note if they could not be fetched, else empty.
    """

    def ask(release: ReleaseId) -> tuple[Advisory, ...] | IndexUnavailableError:
        try:
            return case.ports.index.fetch_advisories(*release)
        except IndexUnavailableError as error:
            return error

    with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
        answers = list(pool.map(ask, releases))
    errors = [answer for answer in answers if isinstance(answer, IndexUnavailableError)]
    found = tuple(each for answer in answers if not isinstance(answer, IndexUnavailableError) for each in answer)
    known = f"Known vulnerabilities could not be looked up: {errors[0]}" if errors else ""
    trouble = case.ports.index.get_malware_trouble()
    malware = f"OSV could not be asked which releases are malicious, so none was refused for it: {trouble}"
    return found, " ".join(filter(None, [known, malware if trouble else ""]))


def _find_all_withdrawn(case: EnvironmentCase, committed: Mapping[str, Pins]) -> tuple[WithdrawnReport, ...]:
    """Find committed releases that the index has withdrawn.

    Empty if the index cannot be reached, which the verdict reports.
    """
    try:
        return tuple(each for path, pins in committed.items() for each in _find_withdrawn_in_lockfile(case, path, pins))
    except IndexUnavailableError:
        return ()


def _find_withdrawn_in_lockfile(case: EnvironmentCase, path: str, pins: Pins) -> Iterator[WithdrawnReport]:
    """Yield the withdrawn releases of one lockfile.

    Pins that may come from folders of the repository are skipped, because no index has to have them.
    """
    lock = next(lock for lock in case.spec.lockfiles if lock.path == path)
    if any(word.startswith(_LOCAL_OPTIONS) for word in (*lock.options, *lock.lockfile.options)):
        return
    for each in find_withdrawn_pins(pins, case.ports.index.get_release_status):
        reason = each.reason
        if each.kind is WithdrawalKind.UNKNOWN:
            reason = case.ports.index.get_origins(each.pin.name).describe_absence(str(each.pin))
        yield WithdrawnReport(each.pin.name, str(each.pin.version), each.kind, reason, path)


def _to_advisory_report(advisory: Advisory, committed: Sequence[Pins], fresh: Pins) -> AdvisoryReport:
    exact = (advisory.package, advisory.version)
    return AdvisoryReport(
        package=advisory.package,
        version=str(advisory.version),
        id=advisory.id,
        aliases=advisory.aliases,
        summary=advisory.summary,
        fixed_in=advisory.fixed_in,
        link=advisory.link,
        committed=any(exact == _get_exact_release(pins, advisory.package) for pins in committed),
        fresh=exact == _get_exact_release(fresh, advisory.package),
    )


def _get_exact_release(pins: Pins, name: NormalizedName) -> tuple[NormalizedName, object]:
    return name, pins[name].version if name in pins else None


MAX_NAMED_PACKAGES = 12


def annotate_remote_files(case: EnvironmentCase, report: EnvironmentReport) -> EnvironmentReport:
    """Add a note for each requirements file fetched by URL.

    What it was in this run.
    """
    if not any(lock.remote_files for lock in case.spec.lockfiles):
        return report
    notes = (
        f"{url} was fetched for this run (SHA-256 {digest}); what it says may change, and with it what is compiled."
        for url, digest in case.ports.index.list_fetched_requirements()
    )
    return replace(report, notes=(*report.notes, *notes))


def annotate_unlocked(case: EnvironmentCase, report: EnvironmentReport) -> EnvironmentReport:
    """Add notes on unlocked packages and save a green run.

    The next run compares with the day of the last green one. Nothing changes for environments with a
    lockfile. Replays and checks between two dates save nothing.
    """
    if not case.spec.lockfiles[0].is_unlocked:
        return report
    day, why = find_baseline_day(case)
    names = tuple(name for lock in case.spec.lockfiles for name in lock.unpinned_requirements)
    if report.status.is_green and not case.settings.as_of and not case.settings.good:
        case.ports.last_green.save_last_green(case.spec, case.now)
    notes = [f"Nothing is locked; a fresh installation is compared with one as of {day:%Y-%m-%d %H:%M} UTC, {why}."]
    if names:
        more = f" and {len(names) - MAX_NAMED_PACKAGES} more" if len(names) > MAX_NAMED_PACKAGES else ""
        shown = ", ".join(names[:MAX_NAMED_PACKAGES])
        notes.append(
            f"Not pinned: {shown}{more}. Each new machine gets what is newest on its day; a lockfile ends that."
        )
    return replace(report, unpinned=names, notes=(*report.notes, *notes))


def annotate_victims(case: EnvironmentCase, sides: MeasuredSides, cause: Cause, blamed: Culprit) -> Culprit:
    """Add whose code fails, and where its issues are."""
    victims = find_victims(sides, cause)
    trackers = find_issue_trackers(case, list(victims.items())) if victims else {}
    named = {str(name): str(version) for name, version in victims.items()}
    return replace(blamed, victims=named, trackers={**blamed.trackers, **trackers})
