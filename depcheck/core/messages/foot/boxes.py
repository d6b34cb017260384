"""Boxes at the foot of a body, which people tick.

The next run reads them.
"""

import re
from datetime import date, timedelta

FOOTER_BEGIN = "<sub>depcheck keeps this up to date"
AGAIN_WORDS = "Make this branch again in the next run, also over others' commits"
_QUIET_WORDS = "Be quiet about this until"
_OFFERED = timedelta(days=30)
_BOX = re.compile(r"- \[(?P<tick>[ xX])\] (?P<words>.+)")
_QUIET = re.compile(rf"{_QUIET_WORDS} (?P<day>\d{{4}}-\d\d-\d\d)\.?", re.ASCII | re.IGNORECASE)


def render_boxes(today: date, *, has_branch: bool) -> str:
    """Render the boxes, none of them ticked.

    People can change the day.
    """
    quiet = f"{_QUIET_WORDS} {today + _OFFERED}"
    return "\n".join(f"- [ ] {words}" for words in ([quiet, AGAIN_WORDS] if has_branch else [quiet]))


def is_again_asked(body: str) -> bool:
    """Whether a person ticked the box that asks for a new branch."""
    return AGAIN_WORDS.lower() in (words.lower() for words in _list_ticked(body))


def find_quiet_day(body: str) -> date | None:
    """Find the day until which a person wants to hear nothing.

    None where the box is not ticked, or names no day.
    """
    for words in _list_ticked(body):
        if found := _QUIET.fullmatch(words):
            try:
                return date.fromisoformat(found["day"])
            except ValueError:
                return None
    return None


def keep_quiet_day(body: str, day: date) -> str:
    """Return a new `body` with the box ticked, as it was."""
    above, footer, rest = body.rpartition(FOOTER_BEGIN)
    ticked = f"- [x] {_QUIET_WORDS} {day}"
    lines = above.split("\n")
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].startswith(f"- [ ] {_QUIET_WORDS} "):
            lines[at] = ticked
            break
    return "\n".join(lines) + footer + rest


def _list_ticked(body: str) -> list[str]:
    """List the words of ticked boxes right above the last words.

    The same words elsewhere may be a package's.
    """
    above = body.replace("\r\n", "\n").rpartition(FOOTER_BEGIN)[0].rstrip().split("\n")
    ticked = []
    for line in reversed(above):
        box = _BOX.fullmatch(line.strip())
        if box is None:
            break
        if box["tick"] != " ":
            ticked.append(box["words"].strip())
    return ticked
