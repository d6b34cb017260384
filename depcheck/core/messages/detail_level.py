"""How much a body shows, from everything to its first lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from depcheck.core.text.phrases import format_count


@dataclass(frozen=True, slots=True)
class DetailLevel:
    """Limits on how much a body shows.

    `max_evidence_chars` counts the characters of each piece of evidence, `max_rows` rows of tables, `max_names`
    names in lists.
    """

    max_evidence_chars: int
    max_rows: int
    max_names: int


DETAIL_LEVELS = (
    DetailLevel(6000, 300, 60),
    DetailLevel(2000, 120, 30),
    DetailLevel(800, 50, 12),
    DetailLevel(300, 20, 6),
    DetailLevel(0, 8, 3),
    DetailLevel(0, 0, 0),
)


def format_omitted_count(every: Sequence[object], shown: Sequence[object], thing: str) -> str:
    """Say how many items are not shown."""
    left = len(every) - len(shown)
    return (
        f"And {format_count(left, thing)} more; the whole report is in the run's artifact."
        if left > 0 and shown
        else ""
    )


def render_section(head: str, text: str) -> str:
    """Render `text` under a heading, or nothing if it is empty."""
    return f"### {head}\n\n{text}" if text else ""
