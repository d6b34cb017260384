"""Tests and modules that newly fail, with the lines where they fail."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from depcheck.core.messages.causes.evidence import is_own_path
from depcheck.core.messages.detail_level import DetailLevel, format_omitted_count
from depcheck.core.messages.run_stamp import RunStamp
from depcheck.core.model.checks import Outcome
from depcheck.core.model.report import CheckReport, Culprit
from depcheck.core.text.markdown import escape_prose, join_paragraphs, render_code_span, render_folded_block
from depcheck.core.text.phrases import format_count

_MODULE_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*", re.ASCII)
_FILE_NAME = re.compile(r"[\w./-]+", re.ASCII)
_MAX_UNFOLDED = 3


def render_newly_failing(culprit: Culprit, tier: DetailLevel, run: RunStamp) -> str:
    """Render the ids that newly fail, folded if there are several."""
    ids = [each for each in culprit.newly_failing if each]  # a build has no id
    if len(ids) == 1 and tier.max_names:
        return f"Newly failing: {_format_id(ids[0], culprit.places.get(ids[0], ''), run)}"
    return _render_ids(ids, culprit.places, summarize_failing_ids(ids), tier, run)


def render_failing(checks: Sequence[CheckReport], tier: DetailLevel, run: RunStamp) -> str:
    """Render which tests or modules fail, and where."""
    shown = [each for each in checks if each.outcome is Outcome.FAIL]
    return join_paragraphs(
        *(_render_ids([*each.places], each.places, describe_failing(each), tier, run) for each in shown)
    )


def _render_ids(ids: Sequence[str], places: Mapping[str, str], head: str, tier: DetailLevel, run: RunStamp) -> str:
    shown = ids[: tier.max_names]
    if not shown:
        return ""
    listed = "\n".join(f"- {_format_id(each, places.get(each, ''), run)}" for each in shown)
    whole = join_paragraphs(listed, format_omitted_count(ids, shown, "failure"))
    return f"{escape_prose(head)}:\n\n{whole}" if len(ids) <= _MAX_UNFOLDED else render_folded_block(head, whole)


def describe_failing(check: CheckReport) -> str:
    """Describe how many fail, and in which files.

    For example `26 tests fail (tests/test_api.py: 20, tests/test_shop.py: 6)`. Empty where no id is known.
    """
    return summarize_failing_ids([*check.places], of=check.failing, newly=False) if check.places else ""


def summarize_failing_ids(ids: Sequence[str], of: int = 0, *, newly: bool = True) -> str:
    """Summarize which tests fail, or which modules cannot be imported.

    It holds letters, digits and plain punctuation only. For example
    `22 modules can no longer be imported (flask: 21, shop: 1)`. `of` is their number where `ids` are only some.
    """
    number = max(of, len(ids))
    if all(_MODULE_NAME.fullmatch(each) for each in ids):
        places = [each.partition(".")[0] for each in ids]
        said = f"{format_count(number, 'module')} can{' no longer' if newly else 'not'} be imported"
    else:
        places = [file for each in ids if _FILE_NAME.fullmatch(file := each.partition("::")[0])]
        said = f"{format_count(number, 'test')}{' newly' if newly else ''} fail{'s' if number == 1 else ''}"
    counted = ", ".join(f"{name[:60]}: {times}" for name, times in Counter(places).most_common(4))
    return f"{said} ({counted})" if counted and number > 1 else said


def _format_id(test: str, place: str, run: RunStamp) -> str:
    path, _, line = place.rpartition(":")
    known = line.isdecimal() and is_own_path(path) and not PurePosixPath(path).is_absolute()
    link = f" at {run.link_line(path, int(line))}" if known else ""
    return f"{render_code_span(test, 200)}{link}"
