"""Sentences and tables about pins that are vulnerable or withdrawn."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from depcheck.core.messages.detail_level import DetailLevel, format_omitted_count
from depcheck.core.model.advisories import WithdrawalKind
from depcheck.core.model.index_facts.caution_reports import AdvisoryReport, WithdrawnReport
from depcheck.core.model.report import EnvironmentReport
from depcheck.core.model.status import Status
from depcheck.core.text.markdown import (
    TITLE_LIMIT,
    escape_prose,
    join_paragraphs,
    neutralize_line,
    render_code_span,
    render_markdown_table,
)
from depcheck.core.text.phrases import format_count, join_with_and

_DATABASE_LINK = re.compile(
    r"https://(?:osv\.dev/vulnerability|github\.com/advisories|nvd\.nist\.gov/vuln/detail)/[\w.-]{1,80}"
)


def find_unfixed_pins(environment: EnvironmentReport) -> tuple[tuple[AdvisoryReport, ...], tuple[WithdrawnReport, ...]]:
    """Find vulnerable and withdrawn committed pins that the proposal does not fix.

    Without a verified proposal, all of them are returned. Returns (advisories, withdrawn pins).
    """
    proposal = environment.proposal
    offered = environment.status.can_have_update and proposal is not None and proposal.verified
    changes = [change for change in proposal.changes if change.judged] if proposal and offered else []
    moved = {(change.lockfile, change.name) for change in changes}
    return (
        tuple(each for each in environment.advisories if each.committed and (each.fresh or not offered)),
        tuple(each for each in environment.withdrawn if (each.lockfile, each.package) not in moved),
    )


def format_advisory_sentence(package: str, version: str, found: Sequence[AdvisoryReport]) -> str:
    """Format one sentence about the vulnerabilities of one release.

    Example: `jinja2 2.10 has a known vulnerability: PYSEC-2019-217 (CVE-2019-10906), fixed in 2.10.1. …`.
    """
    head = "a known vulnerability" if len(found) == 1 else f"{len(found)} known vulnerabilities"
    names = "; ".join(_format_advisory_name(each) for each in found[:4])
    more = f" and {len(found) - 4} more" if len(found) > 4 else ""  # noqa: PLR2004  # four fit a line
    summary = f". {found[0].summary}" if len(found) == 1 and found[0].summary else ""
    return f"{package} {version} has {head}: {names}{more}{summary}"


def format_withdrawn_sentence(found: WithdrawnReport) -> str:
    """Format one sentence about a withdrawn pin.

    Example: `foo 1.0 was yanked from its index: it lost data`.
    """
    if found.kind == WithdrawalKind.UNKNOWN:
        return found.reason
    said = {"yanked": "was yanked from its index", "quarantined": "is quarantined by its index"}
    done = said.get(found.kind, "is gone from its index")
    remedy = "" if found.kind == "yanked" else "; new machines cannot install it"
    reason = f": {found.reason}" if found.reason else ""
    return f"{found.package} {found.version} {done}{remedy}{reason}"


def format_pin_warnings(environment: EnvironmentReport) -> tuple[tuple[str, str], ...]:
    """Format one (package, sentence) pair for each vulnerable or withdrawn committed pin."""
    committed = [each for each in environment.advisories if each.committed]
    return (
        *(
            (each[0].package, format_advisory_sentence(each[0].package, each[0].version, each))
            for each in _group_by_release(committed)
        ),
        *((each.package, format_withdrawn_sentence(each)) for each in environment.withdrawn),
    )


def render_advisory_tables(environment: EnvironmentReport, tier: DetailLevel) -> str:
    """Render Markdown tables of all vulnerable and withdrawn pins.

    Vulnerabilities of the fresh pin set are included. `tier` limits the rows.
    """
    shown, taken = environment.advisories[: tier.max_rows], environment.withdrawn[: tier.max_rows]
    known = [
        (
            render_code_span(f"{each.package} {each.version}", 120),
            _link_advisory(each),
            escape_prose(each.summary, 200),
            escape_prose(", ".join(each.fixed_in[:4]), 80) or "no release yet",
            _format_advisory_scope(each),
        )
        for each in shown
    ]
    withdrawn = [
        (
            render_code_span(f"{each.package} {each.version}", 120),
            escape_prose(each.kind, 20),
            escape_prose(each.reason, 200) or "none given",
        )
        for each in taken
    ]
    flagged = [
        (
            render_code_span(f"{each.package} {each.version}", 120),
            escape_prose(f"{each.source}{f': {each.reason}' if each.reason else ''}", 300),
            "now" if each.committed else "**by a fresh installation**",
        )
        for each in environment.flagged[: tier.max_rows]
    ]
    return join_paragraphs(
        render_markdown_table(("not run", "because", "pinned"), flagged),
        render_markdown_table(("release", "vulnerability", "what", "fixed in", "pinned"), known),
        format_omitted_count(environment.advisories, shown, "vulnerability record"),
        render_markdown_table(("release", "withdrawn", "reason"), withdrawn),
        format_omitted_count(environment.withdrawn, taken, "withdrawn pin"),
    )


def format_advisory_title(environment: EnvironmentReport) -> str:
    """Format the issue title for vulnerable or withdrawn pins.

    Example: `jinja2 2.10 in requirements.txt is known to be vulnerable`.
    """
    if environment.ran_flagged:
        return f"An earlier run installed for {environment.name} what must not be run"
    advisories, taken = find_unfixed_pins(environment)
    bad = [f"{each[0].package} {each[0].version}" for each in _group_by_release(advisories)]
    gone = [f"{each.package} {each.version}" for each in taken]
    names = list(dict.fromkeys([*bad, *gone]))
    shown = join_with_and(names[:3]) if len(names) < 4 else f"{format_count(len(names), 'pin')}"  # noqa: PLR2004  # three fit a title
    if not gone:
        said = "known to be vulnerable"
    else:
        said = "withdrawn from the index" if not bad else "vulnerable or withdrawn"
    verb = "is" if len(names) == 1 else "are"
    return neutralize_line(f"{shown} in {environment.name} {verb} {said}", TITLE_LIMIT)


def choose_advice(environment: EnvironmentReport) -> str:
    """Return what to do, where the report finds no culprit."""
    if format_quarantine_title(environment):
        return "Pin another release, or do without; then look at the machines that have installed it."
    return environment.status.advice


def format_quarantine_title(environment: EnvironmentReport) -> str:
    """Format the issue title for quarantined or flagged pins, or nothing."""
    if flagged := [f"{each.package} {each.version}" for each in environment.flagged if each.committed]:
        return f"{join_with_and(flagged[:3])} must not be run, and {environment.name} pins it"
    names = dict.fromkeys(each.package for each in environment.withdrawn if each.kind == WithdrawalKind.QUARANTINED)
    verb = "is" if len(names) == 1 else "are"
    return f"{join_with_and([*names][:3])} {verb} quarantined, and {environment.name} pins it" if names else ""


def format_advisory_verdict(environment: EnvironmentReport) -> str:
    """Format the first paragraph of an issue in an otherwise green run."""
    if environment.ran_flagged:
        return f"**{escape_prose(' '.join(environment.ran_flagged[:4]), 1500)}**"
    newer = "Updating does not change that" if environment.status is Status.QUIET else "The update keeps that"
    return (
        f"**Your lockfile works, but pins releases that are vulnerable or withdrawn.** {newer}: "
        "a range in your requirements, or in another package's, keeps the fixed release out, or there is no fix yet."
    )


def _group_by_release(found: Sequence[AdvisoryReport]) -> Iterator[list[AdvisoryReport]]:
    """Group advisories by package and version, in that order."""
    ordered = sorted(found, key=lambda each: (each.package, each.version))
    return (list(group) for _, group in groupby(ordered, key=lambda each: (each.package, each.version)))


def _format_advisory_name(found: AdvisoryReport) -> str:
    """Format the id, the CVE and the fixed releases of an advisory."""
    cve = next((alias for alias in found.aliases if alias.startswith("CVE-") and alias != found.id), "")
    fixed = f", fixed in {', '.join(found.fixed_in[:3])}" if found.fixed_in else ", not fixed yet"
    return f"{found.id}{f' ({cve})' if cve else ''}{fixed}"


def _link_advisory(found: AdvisoryReport) -> str:
    """Format the advisory's id with its aliases, linked if possible.

    Only links to known vulnerability databases are used.
    """
    name = escape_prose(found.id, 60)
    link = f"[{name}]({found.link})" if _DATABASE_LINK.fullmatch(found.link) else name
    others = [escape_prose(alias, 60) for alias in found.aliases if alias != found.id]
    return f"{link} ({', '.join(others[:3])})" if others else link


def _format_advisory_scope(found: AdvisoryReport) -> str:
    """Format whether the committed pins, the fresh pins or both are affected."""
    if found.committed and found.fresh:
        return "now, and after an update"
    return "now" if found.committed else "**by the update only**"
