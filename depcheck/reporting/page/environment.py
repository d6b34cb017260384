"""One environment of the page: verdict, causes, what works, and the evidence below."""

from xml.etree.ElementTree import Element

from depcheck.core.report import Confidence, Culprit, EnvironmentReport
from depcheck.core.sections import count, joined
from depcheck.reporting.page.checks import checks
from depcheck.reporting.page.drift import drift
from depcheck.reporting.page.elements import Child, block, folded, is_address, tag
from depcheck.reporting.page.graph import graph
from depcheck.reporting.page.history import Night, history
from depcheck.reporting.page.search import search
from depcheck.reporting.page.words import badge, grade

_MOST_MODULES = 200
_CLAIMS = {
    Confidence.MINIMAL: "no smaller set of changes fails",
    Confidence.BUDGET_SPENT: "the budget was spent before that was certain",
    Confidence.FLAKY: "trials contradicted each other",
}


def environment(judged: EnvironmentReport, number: int, past: tuple[Night, ...], most_rows: int) -> Element:
    """The section of one environment; `number` makes its ids."""
    python = f" on Python {judged.python}" if judged.python else ""
    parts: tuple[tuple[str, Child], ...] = (
        ("What broke it", [_cause(culprit) for culprit in judged.culprits] or None),
        ("What works", _proposed(judged)),
        ("Checks", checks(judged)),
        ("How it was found", [_claim(judged), search(judged, number)] if judged.trial_log else _claim(judged)),
        ("Who brings whom in", graph(judged, number)),
        ("What a fresh resolution changes", drift(judged, number, most_rows)),
        ("Pins that are in danger now", _dangers(judged)),
        ("Past nights", history(past)),
        ("Notes", tag("ul", [tag("li", note) for note in judged.notes]) if judged.notes else None),
        ("Optional modules that no longer import", _optional_modules(judged)),
        ("Lockfiles", _lockfiles(judged)),
    )
    return tag(
        "section",
        tag("h2", tag("code", judged.name), python, " ", badge(judged.status), id=f"e{number}"),
        tag("p", judged.reason, class_="reason"),
        [[tag("h3", head), content] for head, content in parts if content is not None],
        aria_labelledby=f"e{number}",
        class_=f"environment {grade(judged.status)}",
    )


def _optional_modules(judged: EnvironmentReport) -> Child:
    every = judged.optional_modules
    items = [tag("li", line) for line in every[:_MOST_MODULES]]
    return folded(f"{count(len(every), 'module')} that nothing here needs", tag("ul", items)) if every else None


def _cause(culprit: Culprit) -> Element:
    bad = joined(f"{name} {culprit.first_bad.get(name, '')}".strip() for name in culprit.packages)
    good = joined(f"{name} {version}" for name, version in culprit.last_good.items())
    since = f", released {culprit.since:%Y-%m-%d}," if culprit.since else ""
    role = " (a build requirement, which stands in no lockfile)" if culprit.build else ""
    return tag(
        "article",
        tag("p", tag("strong", bad), f"{role}{since} is the first release that fails."),
        tag("p", "The last good release is ", tag("strong", good), ".") if good else None,
        block(culprit.headline, 600),
        tag("p", culprit.explanation) if culprit.explanation else None,
        tag("p", f"{joined(culprit.companions[:12])} cannot move without it.") if culprit.companions else None,
        _hold(culprit),
        tag("p", f"Could not be tried: {', '.join(culprit.skipped[:20])}.") if culprit.skipped else None,
        folded("Evidence", block(culprit.evidence)) if culprit.evidence.strip() else None,
        class_="cause",
    )


def _dangers(judged: EnvironmentReport) -> Child:
    """Known vulnerabilities and pins that their index took back."""
    items = [
        tag(
            "li",
            tag("strong", f"{each.package} {each.version}"),
            " ",
            tag("a", each.id, href=each.link, rel="noreferrer") if is_address(each.link) else each.id,
            f" {each.summary[:300]}" if each.summary else "",
            f" Fixed in {', '.join(each.fixed_in[:4])}." if each.fixed_in else "",
            f" {_where(committed=each.committed, fresh=each.fresh)}",
        )
        for each in judged.advisories[:200]
    ]
    items += [
        tag("li", tag("strong", f"{each.package} {each.version}"), f" was {each.kind}. {each.reason[:300]}")
        for each in judged.withdrawn[:200]
    ]
    return tag("ul", items) if items else None


def _where(*, committed: bool, fresh: bool) -> str:
    """What the update would do to a vulnerability."""
    if committed and fresh:
        return "Pinned now, and still in the fresh set."
    return "Pinned now; the fresh set is rid of it." if committed else "Only in the fresh set."


def _hold(culprit: Culprit) -> Child:
    if not culprit.hold:
        return None
    place = "a file that PIP_CONSTRAINT names" if culprit.build else "the source"
    return [tag("p", f"To keep the last good release until it is healed, add to {place}:"), block(_lines(culprit))]


def _lines(culprit: Culprit) -> str:
    return "\n".join(culprit.hold[:50])


def _proposed(judged: EnvironmentReport) -> Child:
    proposal = judged.proposal
    if proposal is None:
        return None
    held = f", with {joined(proposal.held[:20])} held" if proposal.held else ""
    proof = "It was checked in a run of its own." if proposal.verified else "It has not been verified."
    taken = f"{count(len(proposal.changes), 'change')} can be taken{held}. {proof}"
    files = [folded(tag("code", path), block(text, 60_000)) for path, text in proposal.files.items()]
    return [tag("p", taken if proposal.changes else f"Nothing can be updated{held}."), files]


def _claim(judged: EnvironmentReport) -> Child:
    if judged.confidence is None or not judged.culprits:
        return None
    cost = f"{count(judged.trials, 'trial')}" if judged.trials else "No trial was needed, nothing else changed"
    return tag("p", f"{cost}; {_CLAIMS[judged.confidence]}.")


def _lockfiles(judged: EnvironmentReport) -> Child:
    if not judged.lockfiles:
        return None
    return tag(
        "ul",
        [
            tag(
                "li",
                tag("code", lock.path),
                f" from {joined(lock.sources[:6]) or 'an unknown source'}, by {lock.compiler}",
                f" {lock.compiler_version}" if lock.compiler_version else "",
                [": ", tag("code", lock.command)] if lock.command else None,
            )
            for lock in judged.lockfiles
        ],
    )
