"""Foreign text inside Markdown that GitHub renders: it is shown, and does nothing.

GitHub looks for mentions and references in the rendered text, after escapes are undone: backslashes keep the
text's structure out of ours, a zero-width space keeps it from naming anybody or anything. In code spans and
fences nothing is looked for.
"""

import re
from collections.abc import Iterable, Sequence

from depcheck.core.outputs import clean
from depcheck.core.plain import one_line
from depcheck.core.redaction import redact

BODY_LIMIT_BYTES = 65_536  # GitHub counts characters; bytes are never fewer
TITLE_LIMIT = 256
_BREAK = "\u200b"
_ROOM = 4  # times more is cleaned than is shown: what is cut in two and no longer looks like a secret is not shown
_LONGEST_RUN = 40  # backticks; a longer run would make the fence itself the text

_STRUCTURE = re.compile(r"[\\`*_{}\[\]<>()|~&$!]")
_AT_START = re.compile(r"^(?:(?=[-+=#:])|\d+(?=\.(?:\s|$)))")
_MENTION = re.compile(r"@(?=[\w.-])")  # and addresses of mail, whose domain GitHub reads from there
_REFERENCE = re.compile(r"#(?=\w)")
_GH = re.compile(r"(?i)(?<![^\W_])(gh)-(?=\d)")
_HASH = re.compile(r"(?i)([0-9a-f]{6})(?=[0-9a-f])")
# GitHub links http, https, ftp and, after white space or one of *_~(, www; other readers of its text link more
_ADDRESS = re.compile(r"(?i)(?::(?=//)|(?<![^\W_])www(?=\.))")
_TICKS = re.compile(f"`{{{_LONGEST_RUN},}}")


def harmless(text: str, limit: int = 300) -> str:
    """`text` on one line that mentions, references, links and closes nothing; not escaped: for titles."""
    line = _line(text, limit)
    line = _MENTION.sub(f"@{_BREAK}", line)
    line = _REFERENCE.sub(f"#{_BREAK}", line)
    line = _GH.sub(rf"\g<1>{_BREAK}-", line)
    line = _HASH.sub(rf"\g<1>{_BREAK}", line)
    return _ADDRESS.sub(lambda found: f"{found[0]}{_BREAK}", line)


def _line(text: str, limit: int) -> str:
    return one_line(redact(clean(text[: limit * _ROOM])), limit)


def prose(text: str, limit: int = 300) -> str:
    """`text` on one line as plain words, anywhere in Markdown: a paragraph, a list, a table's cell."""
    escaped = _STRUCTURE.sub(_escaped, harmless(text, limit))
    return _AT_START.sub(lambda found: f"{found[0]}\\", escaped)


def code(text: str, limit: int = 300) -> str:
    """`text` as code on one line, in tables too, exact enough to copy; empty for an empty text.

    An element and not backticks: a table would end its cell at a bar within them.
    """
    line = _line(text, limit)
    line = _ADDRESS.sub(lambda found: f"{found[0]}{_BREAK}", line)
    return f"<code>{_STRUCTURE.sub(_escaped, line)}</code>" if line else ""


def fenced(text: str, limit: int = 4000, language: str = "text") -> str:
    """`text` in a fence that it cannot close, at most about `limit` characters of it; empty for no text."""
    whole = text if len(text) <= 2 * _ROOM * limit else f"{text[: _ROOM * limit]}\n{text[-_ROOM * limit :]}"
    shown = redact(clean(whole)).strip("\n")
    if not shown.strip():
        return ""
    if len(shown) > limit:
        shown = f"{shown[: limit // 4]}\n[the middle is left out]\n{shown[limit // 4 - limit :]}"
    shown = _TICKS.sub("`" * _LONGEST_RUN, shown).replace("<!--", f"<!{_BREAK}--")
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already; empty for no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join((f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines)) if lines else ""


def folded(summary: str, text: str) -> str:
    """`text` behind a line to click."""
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def paragraphs(*blocks: str) -> str:
    """The blocks that say something, with blank lines between them."""
    return "\n\n".join(block for block in blocks if block)


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def fits(text: str, limit_bytes: int = BODY_LIMIT_BYTES) -> bool:
    """Whether GitHub takes `text` as a body."""
    return len(text.encode()) <= limit_bytes
