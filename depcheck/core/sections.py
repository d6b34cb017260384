"""What pull requests and issues are made of: one block of Markdown each, foreign text neutralised."""

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from depcheck.core.links import https
from depcheck.core.markdown import code, fenced, folded, paragraphs, prose, table
from depcheck.core.mermaid import chains
from depcheck.core.report import Culprit, EnvironmentReport
from depcheck.core.reproduction import commands
from depcheck.core.story import newest_tried


@dataclass(frozen=True, slots=True)
class Tier:
    """How much a body shows: characters of each piece of evidence, rows of tables, names in lists."""

    evidence_chars: int
    rows: int
    names: int


TIERS = (Tier(6000, 300, 60), Tier(2000, 120, 30), Tier(800, 50, 12), Tier(300, 20, 6), Tier(0, 8, 3), Tier(0, 0, 0))


# Terminal frames, and the line of an error within or without one; it may go on in the next line.
_DRAWN = re.compile(r"[\u2500-\u257f]")
_ERRORS = re.compile(
    r"^(?:[^\w\n]|E )*((?:\w+\.)*\w*(?:Error|Exception): [^\n\u2500-\u257f]*\w[^\n\u2500-\u257f]*)", re.MULTILINE
)


def causes(environment: EnvironmentReport, tier: Tier) -> str:
    """Each culprit with its evidence."""
    shown = environment.culprits[: max(tier.names, 1)]
    told = (cause(each, tier, _beside(environment, each)) for each in shown)
    return paragraphs(*told, rest(environment.culprits, shown, "cause"))


def cause(culprit: Culprit, tier: Tier, beside: str = "") -> str:
    """`kombu 4.2.0` broke it, since when, the last good release, the error and its evidence; `beside` follows."""
    bad = " together with ".join(code(f"{name} {culprit.first_bad.get(name, '')}") for name in culprit.packages)
    since = f", released {day(culprit.since)}," if culprit.since else ""
    good = ", ".join(code(f"{name} {version}") for name, version in culprit.last_good.items())
    last = f" The last good release is {good}." if good else ""
    role = " (a build requirement, which stands in no lockfile)" if culprit.build else ""
    along = [code(name) for name in culprit.companions if name not in culprit.packages]
    with_it = f" {', '.join(along[:12])} cannot move without it." if along else ""
    skipped = f" {count(len(culprit.skipped), 'release')} between could not be tried." if culprit.skipped else ""
    return paragraphs(
        fenced(said(culprit), 600),
        f"{bad}{role}{since} is the first release that fails.{last}{with_it}{skipped}{beside}",
        prose(culprit.explanation, 1000),
        newly_failing(culprit.newly_failing, tier),
        evidence(culprit.evidence, tier),
    )


def _beside(environment: EnvironmentReport, culprit: Culprit) -> str:
    """By which path it comes, and whether anything newer heals it."""
    shown = "; ".join(" → ".join(code(step, 80) for step in path) for path in chains(environment, culprit)[:4])
    return f"{newest(environment, culprit)}{f' It comes by {shown}.' if shown else ''}"


def newest(environment: EnvironmentReport, culprit: Culprit) -> str:
    """What the newest release of the culprit does; empty where that was not seen for it alone."""
    tried = [(name, version) for name, version in newest_tried(environment).items() if name in culprit.packages]
    if len(tried) != 1 or len(culprit.packages) != 1 or culprit.build:
        return ""
    ((name, version),) = tried
    if culprit.first_bad.get(name) == version:
        return " It is the newest that the sources allow."
    return f" The newest that the sources allow, {code(f'{name} {version}')}, fails as well."


def upstream(environment: EnvironmentReport) -> str:
    """Where the culprits' own issues are."""
    found = {name: https(address) for each in environment.culprits for name, address in each.trackers.items()}
    shown = [f"[{prose(name, 60)}]({address})" for name, address in list(found.items())[:6] if address]
    return f"See whether it is known upstream, or tell them there: {joined(shown)}." if shown else ""


def evidence(text: str, tier: Tier) -> str:
    """The end of the output, behind a click."""
    block = fenced(text, tier.evidence_chars) if tier.evidence_chars else ""
    return folded("Evidence", block) if block else ""


def said(culprit: Culprit) -> str:
    """The error in its own words: where the headline is a drawn box, the last error that its evidence has."""
    if not _DRAWN.search(culprit.headline):
        return culprit.headline
    found = [*_ERRORS.finditer(culprit.evidence)]
    named = [each for each in found if not each[1].startswith("AssertionError")] or found
    return named[-1][1] if named else culprit.headline


def newly_failing(ids: Sequence[str], tier: Tier) -> str:
    """The ids that failed anew, behind a click when there are more than one."""
    ids = [each for each in ids if each]  # a build has no id
    shown = ids[: tier.names]
    if len(ids) <= 1 or not shown:
        return "".join(f"Newly failing: {code(each, 200)}" for each in shown)
    listed = "\n".join(f"- {code(each, 200)}" for each in shown)
    return folded(f"Newly failing: {len(ids)}", paragraphs(listed, rest(ids, shown, "more")))


def hold(environment: EnvironmentReport) -> str:
    """The lines that keep the last good releases, and where to put them; empty where none are known."""
    named = list(dict.fromkeys(source for culprit in environment.culprits for source in culprit.sources))
    sources = list(dict.fromkeys(source for lockfile in environment.lockfiles for source in lockfile.sources))
    place = joined(code(source, 120) for source in named[:4]) if named else ""
    place = place or " or ".join(code(source, 120) for source in sources[:4]) or "the source"
    lines = [line for culprit in environment.culprits if not culprit.build for line in culprit.hold]
    builds = [line for culprit in environment.culprits if culprit.build for line in culprit.hold]
    return paragraphs(
        f"To keep the last good release until this is healed, add to {place}:" if lines else "",
        fenced("\n".join(dict.fromkeys(lines)), 2000),
        "To keep the last good build requirement, put this in a file that `PIP_CONSTRAINT` names:" if builds else "",
        fenced("\n".join(dict.fromkeys(builds)), 2000),
    )


def remedy(environment: EnvironmentReport) -> str:
    """What a maintainer can do tonight, and what depcheck does."""
    if not environment.culprits:
        return hold(environment)
    waits = "No release heals it yet. depcheck looks every night, and closes this issue with the release that does."
    return paragraphs(hold(environment), upstream(environment), waits)


def reproduce(environment: EnvironmentReport, as_of: datetime, commit: str | None) -> str:
    """Two commands that show the same on another machine."""
    where = f"In a checkout{f' of {code(commit[:12])}' if commit else ''}"
    found = commands(environment)
    if found:
        uv = "[uv](https://docs.astral.sh/uv/)"
        return paragraphs(f"{where}, with {uv}; the second command fails:", fenced("\n".join(found), 4000, "sh"))
    if not environment.lockfiles:
        return ""
    paths = " ".join(f"--lockfile {shlex.quote(lockfile.path)}" for lockfile in environment.lockfiles[:20])
    moment = f"--as-of {as_of:%Y-%m-%dT%H:%M:%SZ}"
    python = f" --python {shlex.quote(environment.python)}" if environment.python else ""
    shown = fenced(f"pip install depcheck-action\ndepcheck check {paths}{python} {moment}", 4000, "sh")
    return paragraphs(f"{where}:", shown)


def rules(environment: EnvironmentReport) -> str:
    """The maintainers' rules that are applied here, and those that have run out."""
    rows = [
        (
            f"{prose(rule.kind, 20)} {code(f'{rule.package}{rule.specifier}', 120)}",
            prose(rule.reason, 200),
            prose(rule.until, 20) if rule.state == "applied" else f"**ran out** {prose(rule.until, 20)}",
            code(rule.hides, 60) or "nothing",
        )
        for rule in environment.rules
        if rule.state != "unmatched"
    ]
    return table(("rule", "because", "until", "keeps away"), rows)


def notes(environment: EnvironmentReport, tier: Tier) -> str:
    """What else there is to say."""
    shown = environment.notes[: tier.names]
    return "\n".join(f"- {prose(note, 500)}" for note in shown)


def optional_modules(environment: EnvironmentReport, tier: Tier) -> str:
    """Return the modules that no longer import and that nothing needs, behind a line to click."""
    every = environment.optional_modules
    shown = every[: tier.names]
    if not shown:
        return ""
    lines = [f"- {prose(line, 300)}" for line in shown]
    left = rest(every, shown, "module")
    return folded(
        f"Optional modules that no longer import ({len(every)})", "\n".join([*lines, *filter(None, ["", left])])
    )


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
