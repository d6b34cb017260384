"""What pull requests and issues are made of: one block of Markdown each, foreign text neutralised."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from depcheck.core.checks import Outcome
from depcheck.core.markdown import code, fenced, folded, paragraphs, prose, table
from depcheck.core.report import ChangeReport, CheckReport, Culprit, EnvironmentReport

_MARKS = {Outcome.PASS: "passes", Outcome.FAIL: "**fails**", Outcome.UNRESOLVED: "gave no answer"}


@dataclass(frozen=True, slots=True)
class Tier:
    """How much a body shows: characters of each piece of evidence, rows of tables, names in lists."""

    evidence_chars: int
    rows: int
    names: int


TIERS = (Tier(6000, 300, 60), Tier(2000, 120, 30), Tier(800, 50, 12), Tier(300, 20, 6), Tier(0, 8, 3), Tier(0, 0, 0))


def causes(environment: EnvironmentReport, tier: Tier) -> str:
    """Each culprit with its evidence."""
    shown = environment.culprits[: max(tier.names, 1)]
    return paragraphs(*(cause(each, tier) for each in shown), rest(environment.culprits, shown, "cause"))


def cause(culprit: Culprit, tier: Tier) -> str:
    """`kombu 4.2.0` broke it, since when, the last good release, the error and its evidence."""
    bad = " together with ".join(code(f"{name} {culprit.first_bad.get(name, '')}") for name in culprit.packages)
    since = f", released {day(culprit.since)}," if culprit.since else ""
    good = ", ".join(code(f"{name} {version}") for name, version in culprit.last_good.items())
    last = f" The last good release is {good}." if good else ""
    role = " (a build requirement, which stands in no lockfile)" if culprit.build else ""
    along = [code(name) for name in culprit.companions if name not in culprit.packages]
    with_it = f" {', '.join(along[:12])} cannot move without it." if along else ""
    skipped = f" {count(len(culprit.skipped), 'release')} between could not be tried." if culprit.skipped else ""
    return paragraphs(
        f"{bad}{role}{since} is the first release that fails.{last}{with_it}{skipped}",
        fenced(culprit.headline, 600),
        prose(culprit.explanation, 1000),
        newly_failing(culprit.newly_failing, tier),
        evidence(culprit.evidence, tier),
    )


def evidence(text: str, tier: Tier) -> str:
    """The end of the output, behind a click."""
    block = fenced(text, tier.evidence_chars) if tier.evidence_chars else ""
    return folded("Evidence", block) if block else ""


def newly_failing(ids: Sequence[str], tier: Tier) -> str:
    """The ids that failed anew, when there are more than one."""
    shown = ids[: tier.names]
    if len(ids) <= 1 or not shown:
        return ""
    listed = "\n".join(f"- {code(each, 200)}" for each in shown)
    return folded(f"Newly failing: {len(ids)}", paragraphs(listed, rest(ids, shown, "more")))


def changes(found: Sequence[ChangeReport], tier: Tier) -> str:
    """The table of changes, folded when long."""
    shown = found[: tier.rows]
    several = len({change.lockfile for change in found}) > 1
    rows = [
        (
            code(change.name, 100),
            f"{code(change.before or '', 60) or 'new'} → {code(change.after or '', 60) or 'removed'}",
            _kind(change),
            "direct" if change.direct else ", ".join(prose(each, 60) for each in change.via[:4]),
            day(change.released_at),
            *([prose(change.lockfile, 120)] if several else []),
        )
        for change in shown
    ]
    head = ("package", "old → new", "change", "comes by", "released", *(["lockfile"] if several else []))
    block = paragraphs(table(head, rows), rest(found, shown, "change"))
    return folded(f"All {len(found)} changes", block) if len(rows) > 25 else block  # noqa: PLR2004  # a screen


def _kind(change: ChangeReport) -> str:
    yanked = (
        f", the old one was yanked: {prose(change.yanked, 80) or 'no reason given'}"
        if change.yanked is not None
        else ""
    )
    return f"{prose(change.kind, 20)}{yanked}"


def checks(columns: Sequence[tuple[str, Sequence[CheckReport]]], tier: Tier) -> str:
    """One row a check, one column a set; sets without checks are left out."""
    columns = [(head, found) for head, found in columns if found]
    keys = list(dict.fromkeys((check.kind, check.command) for _, found in columns for check in found))
    rows = [
        (
            f"{kind} {code(command, 160)}".strip(),
            *(
                _result(next((c for c in found if (c.kind, c.command) == (kind, command)), None))
                for _, found in columns
            ),
        )
        for kind, command in keys[: tier.rows]
    ]
    return table(("check", *(head for head, _ in columns)), rows)


def _result(check: CheckReport | None) -> str:
    if check is None:
        return "not run"
    counted = [f"{check.passed} passed"] * bool(check.passed) + [f"{check.failing} failing"] * (check.failing > 1)
    brackets = f" ({', '.join(counted)})" if counted else ""
    return f"{_MARKS[check.outcome]}{brackets}, {check.duration_s:.1f} s"


def hold(environment: EnvironmentReport) -> str:
    """The lines that keep the last good releases, and where to put them; empty where none are known."""
    sources = list(dict.fromkeys(source for lockfile in environment.lockfiles for source in lockfile.sources))
    place = " or ".join(code(source, 120) for source in sources[:4]) or "the source"
    lines = [line for culprit in environment.culprits if not culprit.build for line in culprit.hold]
    builds = [line for culprit in environment.culprits if culprit.build for line in culprit.hold]
    return paragraphs(
        f"To keep the last good release until this is healed, add to {place}:" if lines else "",
        fenced("\n".join(dict.fromkeys(lines)), 2000),
        "To keep the last good build requirement, put this in a file that `PIP_CONSTRAINT` names:" if builds else "",
        fenced("\n".join(dict.fromkeys(builds)), 2000),
    )


def reproduce(environment: EnvironmentReport, as_of: datetime) -> str:
    """Two commands that show the same on any machine, as of the same moment."""
    paths = " ".join(f"--lockfile {shlex.quote(lockfile.path)}" for lockfile in environment.lockfiles[:20])
    moment = f"--as-of {as_of:%Y-%m-%dT%H:%M:%SZ}"
    return folded("Reproduce", fenced(f"pip install depcheck-action\ndepcheck check {paths} {moment}", 4000, "sh"))


def notes(environment: EnvironmentReport, tier: Tier) -> str:
    """What else there is to say."""
    shown = environment.notes[: tier.names]
    return "\n".join(f"- {prose(note, 500)}" for note in shown)


def rest(every: Sequence[object], shown: Sequence[object], thing: str) -> str:
    """How many are not shown."""
    left = len(every) - len(shown)
    return f"And {count(left, thing)} more; the whole report is in the run's artifact." if left > 0 and shown else ""


def section(head: str, text: str) -> str:
    """`text` under a heading, or nothing."""
    return f"### {head}\n\n{text}" if text else ""


def day(moment: datetime | None) -> str:
    """`2018-05-21`, or empty."""
    return f"{moment:%Y-%m-%d}" if moment else ""


def count(number: int, thing: str) -> str:
    """`1 pin`, `2 pins`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def joined(names: Iterable[str]) -> str:
    """`a, b and c`."""
    *most, last = [*names] or [""]
    return f"{', '.join(most)} and {last}" if most else last
