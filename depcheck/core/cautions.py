"""What is said of pins that are vulnerable or withdrawn: sentences, Markdown, and what is left after a proposal."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from depcheck.core.markdown import code, harmless, paragraphs, prose, table
from depcheck.core.report import AdvisoryReport, EnvironmentReport, Status, WithdrawnReport
from depcheck.core.sections import Tier, count, joined, rest

_LINK = re.compile(r"https://(?:osv\.dev/vulnerability|github\.com/advisories|nvd\.nist\.gov/vuln/detail)/[\w.-]{1,80}")
_TITLE_LIMIT = 200


def remaining(environment: EnvironmentReport) -> tuple[tuple[AdvisoryReport, ...], tuple[WithdrawnReport, ...]]:
    """What is known against committed pins and stays so with what is proposed; all of it where nothing is."""
    proposal = environment.proposal
    offered = environment.status in {Status.SAFE, Status.BREAKS} and proposal is not None and proposal.verified
    moved = {(change.lockfile, change.name) for change in proposal.changes} if proposal and offered else set()
    return (
        tuple(each for each in environment.advisories if each.committed and (each.fresh or not offered)),
        tuple(each for each in environment.withdrawn if (each.lockfile, each.package) not in moved),
    )


def advisory_sentence(package: str, version: str, found: Sequence[AdvisoryReport]) -> str:
    """`jinja2 2.10 has a known vulnerability: PYSEC-2019-217 (CVE-2019-10906), fixed in 2.10.1. …`."""
    head = "a known vulnerability" if len(found) == 1 else f"{len(found)} known vulnerabilities"
    names = "; ".join(_named(each) for each in found[:4])
    more = f" and {len(found) - 4} more" if len(found) > 4 else ""  # noqa: PLR2004  # four fit a line
    summary = f". {found[0].summary}" if len(found) == 1 and found[0].summary else ""
    return f"{package} {version} has {head}: {names}{more}{summary}"


def withdrawn_sentence(found: WithdrawnReport) -> str:
    """`foo 1.0 was yanked from its index: it lost data`."""
    done = "was yanked from its index" if found.kind == "yanked" else "is gone from its index"
    remedy = "" if found.kind == "yanked" else "; new machines cannot install it"
    reason = f": {found.reason}" if found.reason else ""
    return f"{found.package} {found.version} {done}{remedy}{reason}"


def sentences(environment: EnvironmentReport) -> tuple[tuple[str, str], ...]:
    """One sentence for each vulnerable or withdrawn committed pin, with the package's name before it."""
    committed = [each for each in environment.advisories if each.committed]
    return (
        *((each[0].package, advisory_sentence(each[0].package, each[0].version, each)) for each in _grouped(committed)),
        *((each.package, withdrawn_sentence(each)) for each in environment.withdrawn),
    )


def block(environment: EnvironmentReport, tier: Tier) -> str:
    """All that is known against the pins, as tables; the fresh set's own vulnerabilities too."""
    shown, taken = environment.advisories[: tier.rows], environment.withdrawn[: tier.rows]
    known = [
        (
            code(f"{each.package} {each.version}", 120),
            _linked(each),
            prose(each.summary, 200),
            prose(", ".join(each.fixed_in[:4]), 80) or "no release yet",
            _where(each),
        )
        for each in shown
    ]
    withdrawn = [
        (code(f"{each.package} {each.version}", 120), prose(each.kind, 20), prose(each.reason, 200) or "none given")
        for each in taken
    ]
    return paragraphs(
        table(("release", "vulnerability", "what", "fixed in", "pinned"), known),
        rest(environment.advisories, shown, "vulnerability record"),
        table(("release", "withdrawn", "reason"), withdrawn),
        rest(environment.withdrawn, taken, "withdrawn pin"),
    )


def title(environment: EnvironmentReport) -> str:
    """`jinja2 2.10 in requirements.txt is known to be vulnerable`."""
    advisories, taken = remaining(environment)
    bad = [f"{each[0].package} {each[0].version}" for each in _grouped(advisories)]
    gone = [f"{each.package} {each.version}" for each in taken]
    names = list(dict.fromkeys([*bad, *gone]))
    shown = joined(names[:3]) if len(names) < 4 else f"{count(len(names), 'pin')}"  # noqa: PLR2004  # three fit a title
    if not gone:
        said = "known to be vulnerable"
    else:
        said = "withdrawn from the index" if not bad else "vulnerable or withdrawn"
    verb = "is" if len(names) == 1 else "are"
    return harmless(f"{shown} in {environment.name} {verb} {said}", _TITLE_LIMIT)


def verdict(environment: EnvironmentReport) -> str:
    """The first words of an issue on a night that is green otherwise."""
    newer = "A fresh resolution changes nothing of it" if environment.status is Status.QUIET else "The update keeps it"
    return (
        f"**What is committed works, and pins releases that are vulnerable or withdrawn.** {newer}: "
        "the ranges of the sources, or of other packages, keep what is fixed away, or nothing is fixed yet."
    )


def _grouped(found: Sequence[AdvisoryReport]) -> Iterator[list[AdvisoryReport]]:
    ordered = sorted(found, key=lambda each: (each.package, each.version))
    return (list(group) for _, group in groupby(ordered, key=lambda each: (each.package, each.version)))


def _named(found: AdvisoryReport) -> str:
    cve = next((alias for alias in found.aliases if alias.startswith("CVE-") and alias != found.id), "")
    fixed = f", fixed in {', '.join(found.fixed_in[:3])}" if found.fixed_in else ", not fixed yet"
    return f"{found.id}{f' ({cve})' if cve else ''}{fixed}"


def _linked(found: AdvisoryReport) -> str:
    """The name as a link, where it leads to a database that is known; aliases beside it."""
    name = prose(found.id, 60)
    link = f"[{name}]({found.link})" if _LINK.fullmatch(found.link) else name
    others = [prose(alias, 60) for alias in found.aliases if alias != found.id]
    return f"{link} ({', '.join(others[:3])})" if others else link


def _where(found: AdvisoryReport) -> str:
    if found.committed and found.fresh:
        return "now, and after an update"
    return "now" if found.committed else "**by the update only**"
