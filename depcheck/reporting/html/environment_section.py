"""The section of one environment: verdict, causes, proposal, and evidence."""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from depcheck.core.messages.causes.blame import describe_company, describe_dating
from depcheck.core.messages.causes.evidence import extract_error_text, shorten_evidence
from depcheck.core.messages.causes.failing_tests import describe_failing, summarize_failing_ids
from depcheck.core.messages.waiting.waiting_releases import format_waiting_line
from depcheck.core.model.report import CheckReport, Confidence, Culprit, EnvironmentReport
from depcheck.core.text.phrases import format_count, join_with_and
from depcheck.core.text.terminal_safe import shorten_words
from depcheck.reporting.html.changes import build_changes_table
from depcheck.reporting.html.elements import (
    Child,
    build_details,
    build_outcome_label,
    build_output_block,
    build_scrollable,
    build_status_badge,
    build_table,
    build_tag,
    get_status_grade,
    is_web_address,
)
from depcheck.reporting.html.graph import build_dependency_graph
from depcheck.reporting.html.history import PastRun, build_history
from depcheck.reporting.html.search import build_search_section
from depcheck.reporting.html.time_bar import build_time_bar

_MAX_IDS, _MAX_COMMAND_CHARS = 200, 60
_MAX_EVIDENCE_LINES = 200


def build_checks_table(environment: EnvironmentReport) -> Child:
    """Build the table of checks and the ids that fail newly.

    None if nothing was checked.
    """
    columns = [(name, found) for name, found in _list_check_columns(environment) if found]
    keys = list(dict.fromkeys((check.kind, check.command) for _, found in columns for check in found))
    if not keys:
        return None
    rows: list[list[Child]] = [
        [
            [build_tag("span", kind, class_="kind"), [" ", _build_command(command)] if command else None],
            *(
                [build_tag("span", f"{name}: ", class_="set"), _build_check_cell(_find_check(found, (kind, command)))]
                for name, found in columns
            ),
        ]
        for kind, command in keys
    ]
    anew = [each for check in environment.checks.candidate for each in check.newly_failing]
    failing = [check for _, found in columns for check in found if check.failing > len(check.newly_failing)]
    return [
        build_scrollable(
            "Checks",
            build_table("Each check with each set", ("Check", *(name for name, _ in columns)), rows, class_="checks"),
        ),
        _build_ids(anew, summarize_failing_ids(anew), {}),
        *(_build_ids([*check.places], describe_failing(check), check.places) for check in failing[:1]),
    ]


def _build_command(command: str) -> Child:
    """Build a command, folded where it would fill a phone's screen."""
    if len(command) <= _MAX_COMMAND_CHARS:
        return build_tag("code", command)
    return build_details(build_tag("code", shorten_words(command, _MAX_COMMAND_CHARS)), build_tag("code", command))


def _list_check_columns(environment: EnvironmentReport) -> list[tuple[str, Sequence[CheckReport]]]:
    proposed = environment.proposal.checks if environment.proposal else ()
    return [
        ("Your lockfile", environment.checks.baseline),
        ("All updates", environment.checks.candidate),
        ("Proposed", proposed),
    ]


def _find_check(found: Sequence[CheckReport], key: tuple[str, str]) -> CheckReport | None:
    return next((check for check in found if (check.kind, check.command) == key), None)


def _build_check_cell(check: CheckReport | None) -> Child:
    if check is None:
        return "not run"
    counted = [f"{check.passed} passed"] * bool(check.passed) + [f"{check.failing} failing"] * (check.failing > 1)
    anew = [f"{len(check.newly_failing)} newly"] if len(check.newly_failing) > 1 else []
    return [
        build_outcome_label(check.outcome),
        build_tag("span", f" {', '.join((*counted, *anew, f'{check.duration_s:.1f} s'))}", class_="dim"),
        [build_tag("br"), build_tag("span", check.headline[:400], class_="headline")] if check.headline else None,
    ]


def _build_ids(ids: Sequence[str], head: str, places: Mapping[str, str]) -> Child:
    """Build the folded list of what fails, with files and lines.

    None for one id, which stands in the headline.
    """
    if len(ids) < 2:  # noqa: PLR2004
        return None
    left = len(ids) - _MAX_IDS
    listed = [
        build_tag("li", build_tag("code", each), f" at {places[each]}" if places.get(each) else None)
        for each in ids[:_MAX_IDS]
    ]
    return build_details(head, build_tag("ul", listed), build_tag("p", f"And {left} more.") if left > 0 else None)


_MOST_MODULES = 200
_CONFIDENCE_CLAIMS = {
    Confidence.MINIMAL: "without any one of these releases it does not fail",
    Confidence.BUDGET_SPENT: "the time was over before fewer releases could be tried",
    Confidence.FLAKY: "the checks do not always give the same answer, so this may be wrong",
}


def build_environment_section(
    judged: EnvironmentReport, number: int, past: tuple[PastRun, ...], most_rows: int
) -> Element:
    """Build the section of one environment.

    `number` makes the ids of its elements.
    """
    python = f" on Python {judged.python}" if judged.python else ""
    parts: tuple[tuple[str, Child], ...] = (
        ("What broke", [_build_cause(culprit) for culprit in judged.culprits] or None),
        ("What works", _build_proposal(judged)),
        ("Checks", build_checks_table(judged)),
        (
            "How it was found",
            [_build_confidence_claim(judged), build_search_section(judged, number)]
            if judged.trial_log
            else _build_confidence_claim(judged),
        ),
        ("Dependency graph", build_dependency_graph(judged, number)),
        ("All updates", build_changes_table(judged, number, most_rows)),
        ("Vulnerable and withdrawn pins", _build_dangers(judged)),
        ("Earlier runs", build_history(past)),
        ("Time", build_time_bar(judged.spent_s)),
        ("Notes", build_tag("ul", [build_tag("li", note) for note in judged.notes]) if judged.notes else None),
        ("Optional modules that no longer import", _optional_modules(judged)),
        ("Lockfiles", _build_lockfiles(judged)),
    )
    return build_tag(
        "section",
        build_tag(
            "h2", build_tag("code", judged.name), python, " ", build_status_badge(judged.status), id=f"e{number}"
        ),
        build_tag("p", judged.reason, class_="reason"),
        [[build_tag("h3", head), content] for head, content in parts if content is not None],
        aria_labelledby=f"e{number}",
        class_=f"environment {get_status_grade(judged.status)}",
    )


def _optional_modules(judged: EnvironmentReport) -> Child:
    every = judged.optional_modules
    items = [build_tag("li", line) for line in every[:_MOST_MODULES]]
    return (
        build_details(f"{format_count(len(every), 'module')} that nothing here needs", build_tag("ul", items))
        if every
        else None
    )


def _build_cause(culprit: Culprit) -> Element:
    return build_tag(
        "article",
        build_tag("p", describe_dating(culprit)),
        build_output_block(extract_error_text(culprit), 600),
        build_tag("p", culprit.explanation) if culprit.explanation else None,
        build_tag("p", company) if (company := describe_company(culprit)) else None,
        _build_hold(culprit),
        build_tag("p", f"Not tried: {', '.join(culprit.skipped[:20])}.") if culprit.skipped else None,
        build_details("Evidence", build_output_block(_shorten(culprit))) if culprit.evidence.strip() else None,
        class_="cause",
    )


def _shorten(culprit: Culprit) -> str:
    return shorten_evidence(culprit.evidence, extract_error_text(culprit), _MAX_EVIDENCE_LINES)


def _build_dangers(judged: EnvironmentReport) -> Child:
    """Build the list of known vulnerabilities and withdrawn pins.

    A withdrawn pin is one that its index took back.
    """
    items = [
        build_tag(
            "li",
            build_tag("strong", f"{each.package} {each.version}"),
            " ",
            build_tag("a", each.id, href=each.link, rel="noreferrer") if is_web_address(each.link) else each.id,
            f" {each.summary[:300]}" if each.summary else "",
            f" Fixed in {', '.join(each.fixed_in[:4])}." if each.fixed_in else "",
            f" {_describe_exposure(committed=each.committed, fresh=each.fresh)}",
        )
        for each in judged.advisories[:200]
    ]
    items += [
        build_tag("li", build_tag("strong", f"{each.package} {each.version}"), f" was {each.kind}. {each.reason[:300]}")
        for each in judged.withdrawn[:200]
    ]
    return build_tag("ul", items) if items else None


def _describe_exposure(*, committed: bool, fresh: bool) -> str:
    """Describe the effect of the update on a vulnerability."""
    if committed and fresh:
        return "Pinned now, and still after an update."
    return "Pinned now; an update fixes it." if committed else "Only an update brings it."


def _build_hold(culprit: Culprit) -> Child:
    if not culprit.hold:
        return None
    place = join_with_and(culprit.sources[:4]) or "your requirements"
    place = "a file that PIP_CONSTRAINT names" if culprit.build else place
    return [
        build_tag("p", f"To make the hold permanent, add to {place}:"),
        build_output_block(_join_hold_lines(culprit)),
    ]


def _join_hold_lines(culprit: Culprit) -> str:
    return "\n".join(culprit.hold[:50])


def _build_proposal(judged: EnvironmentReport) -> Child:
    proposal = judged.proposal
    line = format_waiting_line(judged)
    waiting = build_tag("p", f"{line[0].upper()}{line[1:]}.") if line else None
    if proposal is None:
        return waiting
    held = f", with {join_with_and(proposal.held[:20])} held back" if proposal.held else ""
    proof = "This set was checked on its own." if proposal.verified else "This set was not checked."
    taken = f"{format_count(len(proposal.changes), 'update')}{held}. {proof}"
    files = [
        build_details(build_tag("code", path), build_output_block(text, 60_000))
        for path, text in proposal.files.items()
    ]
    return [build_tag("p", taken if proposal.changes else f"Nothing can be updated{held}."), waiting, files]


def _build_confidence_claim(judged: EnvironmentReport) -> Child:
    if judged.confidence is None or not judged.culprits:
        return None
    cost = f"{format_count(judged.trials, 'trial')}" if judged.trials else "No trial was needed, nothing else changed"
    return build_tag("p", f"{cost}; {_CONFIDENCE_CLAIMS[judged.confidence]}.")


def _build_lockfiles(judged: EnvironmentReport) -> Child:
    if not judged.lockfiles:
        return None
    return build_tag(
        "ul",
        [
            build_tag(
                "li",
                build_tag("code", lock.path),
                f" from {join_with_and(lock.sources[:6]) or 'an unknown source'}, by {lock.compiler}",
                f" {lock.compiler_version}" if lock.compiler_version else "",
                [": ", build_tag("code", lock.command)] if lock.command else None,
            )
            for lock in judged.lockfiles
        ],
    )
