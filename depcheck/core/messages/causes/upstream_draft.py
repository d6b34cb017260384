"""Draft an issue for the culprit's own tracker, ready to paste."""

import re
from collections.abc import Iterator

from depcheck.core.messages.causes.cause_section import find_victim
from depcheck.core.messages.causes.evidence import extract_error_text, shorten_evidence
from depcheck.core.messages.causes.mermaid import find_requirer_chains
from depcheck.core.model.checks import Outcome
from depcheck.core.model.report import Culprit, EnvironmentReport
from depcheck.core.text.links import sanitize_link
from depcheck.core.text.markdown import join_paragraphs, render_code_block, render_folded_block
from depcheck.core.text.terminal_safe import to_one_line

_MAX_DRAFTS, _DRAFT_CHARS, _EVIDENCE_LINES = 3, 4000, 10
_IMPORT_ERRORS = ("ImportError", "ModuleNotFoundError")
_MODULE_FILE = re.compile(r"([A-Za-z_]\w*(?:/[A-Za-z_]\w*)*)\.py line \d+", re.ASCII)


def render_upstream_drafts(environment: EnvironmentReport) -> str:
    """Render a folded draft for each culprit's tracker."""
    drafts = [_render_draft(environment, each) for each in environment.culprits[:_MAX_DRAFTS] if each.first_bad]
    return join_paragraphs(*drafts)


def _render_draft(environment: EnvironmentReport, culprit: Culprit) -> str:
    links = [sanitize_link(address) for address in culprit.trackers.values()]
    where = next((f"Paste it at {address} after you have tried the steps." for address in links if address), "")
    text = compose_upstream_issue(environment, culprit)
    return render_folded_block(
        "Draft of a report to its maintainers",
        join_paragraphs(where, render_code_block(text, _DRAFT_CHARS, "markdown")),
    )


def compose_upstream_issue(environment: EnvironmentReport, culprit: Culprit) -> str:
    """Compose title, versions, steps and error as Markdown."""
    bad = " and ".join(f"{name} {version}" for name, version in culprit.first_bad.items())
    good = " and ".join(f"{name} {version}" for name, version in culprit.last_good.items())
    error = to_one_line(extract_error_text(culprit), 200)
    steps = "\n".join(_list_steps(environment, culprit))
    evidence = shorten_evidence(culprit.evidence, extract_error_text(culprit), _EVIDENCE_LINES)
    return "\n".join(
        [
            f"{bad}: {error}",
            "",
            f"With {bad} this fails{f'; with {good} it works' if good else ''}.",
            *([culprit.explanation] if culprit.explanation else []),
            "",
            f"Python {environment.python}; {', '.join(_list_involved(environment, culprit))}.",
            "",
            "    " + steps.replace("\n", "\n    "),
            "",
            *(f"    {line}" for line in evidence.splitlines()),
        ]
    )


def _list_involved(environment: EnvironmentReport, culprit: Culprit) -> list[str]:
    """List the culprit and the packages that require it, with versions."""
    chain = [name for path in find_requirer_chains(environment, culprit) for name in path[1:]]
    known = {**{each.name: each.after or "" for each in environment.changes}, **environment.fresh, **culprit.first_bad}
    names = dict.fromkeys([*culprit.packages, *chain])
    return [f"{name}=={known[name]}" for name in names if known.get(name)]


def _list_steps(environment: EnvironmentReport, culprit: Culprit) -> Iterator[str]:
    yield f"uv venv --python {environment.python} && uv pip install {' '.join(_list_involved(environment, culprit))}"
    module = _MODULE_FILE.fullmatch(find_victim(culprit))
    failing = next((each for each in environment.checks.candidate if each.outcome is Outcome.FAIL), None)
    if module and extract_error_text(culprit).startswith(_IMPORT_ERRORS):
        yield f"uv run --no-project python -c 'import {module[1].removesuffix('/__init__').replace('/', '.')}'"
    elif failing and failing.command:
        yield f"{to_one_line(failing.command, 300)}  # the project's own check"
