"""Tests and modules that newly fail, with the lines where they fail."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from depcheck.core.messages.causes.evidence import is_own_path
from depcheck.core.messages.detail_level import DetailLevel, format_omitted_count
from depcheck.core.messages.run_stamp import RunStamp
from depcheck.core.model.report import Culprit
from depcheck.core.text.markdown import escape_prose, join_paragraphs, render_code_span, render_folded_block
from depcheck.core.text.phrases import format_count

_MODULE_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*", re.ASCII)
_MAX_UNFOLDED = 3


def render_newly_failing(culprit: Culprit, tier: DetailLevel, run: RunStamp) -> str:
    """Render the ids that newly fail, folded if there are several."""
    ids = [each for each in culprit.newly_failing if each]  # a build has no id
    shown = ids[: tier.max_names]
    if not shown:
        return ""
    lines = [_format_id(each, culprit.places.get(each, ""), run) for each in shown]
    if len(ids) == 1:
        return f"Newly failing: {lines[0]}"
    listed = "\n".join(f"- {line}" for line in lines)
    whole = join_paragraphs(listed, format_omitted_count(ids, shown, "failure"))
    head = summarize_failing_ids(ids)
    return f"{escape_prose(head)}:\n\n{whole}" if len(ids) <= _MAX_UNFOLDED else render_folded_block(head, whole)


def summarize_failing_ids(ids: Sequence[str]) -> str:
    """Summarize which tests fail, or which modules can no longer be imported.

    It holds letters, digits and plain punctuation only. For example
    `22 modules can no longer be imported (flask: 21, shop: 1)`.
    """
    if not all(_MODULE_NAME.fullmatch(each) for each in ids):
        return f"{format_count(len(ids), 'test')} newly fail{'s' if len(ids) == 1 else ''}"
    roots = Counter(each.partition(".")[0] for each in ids).most_common(4)
    counted = ", ".join(f"{name[:60]}: {number}" for name, number in roots)
    return f"{format_count(len(ids), 'module')} can no longer be imported ({counted})"


def _format_id(test: str, place: str, run: RunStamp) -> str:
    path, _, line = place.rpartition(":")
    known = line.isdecimal() and is_own_path(path) and not PurePosixPath(path).is_absolute()
    link = f" at {run.link_line(path, int(line))}" if known else ""
    return f"{render_code_span(test, 200)}{link}"
