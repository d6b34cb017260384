"""What is known against the pins themselves, whether or not anything newer resolves."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from packaging.utils import NormalizedName

from depcheck.core.advisories import Advisory, Exact, releases_of, withdrawn
from depcheck.core.errors import IndexUnavailableError, LockfileError
from depcheck.core.lockfile import parse_lockfile
from depcheck.core.pins import Pins
from depcheck.core.report import AdvisoryReport, EnvironmentReport, WithdrawnReport
from depcheck.pipeline.case import Case

ASKED_AT_ONCE = 16
_LOCAL = ("--find-links", "-f", "--no-index")


def cautioned(case: Case, report: EnvironmentReport, fresh: Pins | None = None) -> EnvironmentReport:
    """The report with what the index knows against the committed pins, and against those that would follow them.

    `fresh` are the candidate's pins, where there is a candidate; a proposal's own come first. A replay of the past
    is not asked about: what is known today was not known then.

    Cost: one small request a release that was not asked for within a day, 16 at once.
    """
    if case.settings.as_of is not None or not case.settings.advisories:
        return report
    committed = dict(_committed(case))
    proposed = _proposed(case, report)
    after = fresh if proposed is None else proposed
    found, note = _known(case, releases_of(*committed.values(), after or {}))
    taken_back = _taken_back(case, committed)
    advisories = tuple(_told(each, list(committed.values()), after or {}) for each in found)
    notes = (*report.notes, note) if note else report.notes
    return replace(report, advisories=advisories, withdrawn=taken_back, notes=notes)


def _committed(case: Case) -> Iterator[tuple[str, Pins]]:
    """The pins of each lockfile that counts for this target; a file that contradicts itself is told of elsewhere."""
    for lock in case.spec.lockfiles:
        try:
            yield lock.path, {} if lock.loose else lock.lockfile.pins(case.markers)
        except LockfileError:
            continue


def _proposed(case: Case, report: EnvironmentReport) -> Pins | None:
    if report.proposal is None:
        return None
    files = {lock.path: lock.lockfile.text for lock in case.spec.lockfiles} | report.proposal.files
    return {name: pin for text in files.values() for name, pin in parse_lockfile(text).pins(case.markers).items()}


def _known(case: Case, releases: Sequence[Exact]) -> tuple[tuple[Advisory, ...], str]:
    """All advisories about `releases`, and a note where they could not be had."""

    def ask(release: Exact) -> tuple[Advisory, ...] | IndexUnavailableError:
        try:
            return case.ports.index.advisories(*release)
        except IndexUnavailableError as error:
            return error

    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        answers = list(pool.map(ask, releases))
    errors = [answer for answer in answers if isinstance(answer, IndexUnavailableError)]
    found = tuple(each for answer in answers if not isinstance(answer, IndexUnavailableError) for each in answer)
    return found, f"Known vulnerabilities could not be looked up: {errors[0]}" if errors else ""


def _taken_back(case: Case, committed: Mapping[str, Pins]) -> tuple[WithdrawnReport, ...]:
    """What the index has withdrawn; nothing where it cannot be asked, of which the verdict tells."""
    try:
        return tuple(each for path, pins in committed.items() for each in _withdrawn(case, path, pins))
    except IndexUnavailableError:
        return ()


def _withdrawn(case: Case, path: str, pins: Pins) -> Iterator[WithdrawnReport]:
    """Pins that may come from folders of the repository are left aside: no index has to have them."""
    lock = next(lock for lock in case.spec.lockfiles if lock.path == path)
    if any(word.startswith(_LOCAL) for word in (*lock.options, *lock.lockfile.options)):
        return
    for each in withdrawn(pins, case.ports.index.standing):
        yield WithdrawnReport(each.pin.name, str(each.pin.version), each.kind, each.reason, path)


def _told(advisory: Advisory, committed: Sequence[Pins], fresh: Pins) -> AdvisoryReport:
    exact = (advisory.package, advisory.version)
    return AdvisoryReport(
        package=advisory.package,
        version=str(advisory.version),
        id=advisory.id,
        aliases=advisory.aliases,
        summary=advisory.summary,
        fixed_in=advisory.fixed_in,
        link=advisory.link,
        committed=any(exact == _exact(pins, advisory.package) for pins in committed),
        fresh=exact == _exact(fresh, advisory.package),
    )


def _exact(pins: Pins, name: NormalizedName) -> tuple[NormalizedName, object]:
    return name, pins[name].version if name in pins else None
