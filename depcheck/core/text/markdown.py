"""Rendering of untrusted text in Markdown for GitHub, without any effect.

GitHub looks for mentions and references in the rendered text, after escapes are undone. Backslashes keep
the text from changing the structure of a body, and a zero-width space keeps it from mentioning users or
issues. GitHub does not look into code spans and fences.
"""

import re
from collections.abc import Iterable, Sequence

from depcheck.core.text.process_output import clean_text
from depcheck.core.text.terminal_safe import redact_secrets, to_one_line

BODY_LIMIT_BYTES = 65_536  # GitHub counts characters; bytes are never fewer
TITLE_LIMIT = 200  # characters; GitHub takes 256
_ZERO_WIDTH_SPACE = "\u200b"
_CLEAN_FACTOR = (
    4  # times more is cleaned than is shown: what is cut in two and no longer looks like a secret is not shown
)
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


def neutralize_line(text: str, limit: int = 300) -> str:
    """Return the text on one line without mentions, references, links and comments.

    It is not escaped for Markdown, so use it for titles.
    """
    line = _clean_line(text, limit)
    line = _MENTION.sub(f"@{_ZERO_WIDTH_SPACE}", line)
    line = _REFERENCE.sub(f"#{_ZERO_WIDTH_SPACE}", line)
    line = _GH.sub(rf"\g<1>{_ZERO_WIDTH_SPACE}-", line)
    line = _HASH.sub(rf"\g<1>{_ZERO_WIDTH_SPACE}", line)
    return _ADDRESS.sub(lambda found: f"{found[0]}{_ZERO_WIDTH_SPACE}", line)


def _clean_line(text: str, limit: int) -> str:
    """Return the text on one line, cleaned, redacted and cut to `limit`."""
    return to_one_line(redact_secrets(clean_text(text[: limit * _CLEAN_FACTOR])), limit)


def escape_prose(text: str, limit: int = 300) -> str:
    """Escape the text as plain words on one line.

    It is safe anywhere in Markdown: a paragraph, a list, a table cell.
    """
    escaped = _STRUCTURE.sub(_escape_match, neutralize_line(text, limit))
    return _AT_START.sub(lambda found: f"{found[0]}\\", escaped)


def render_code_span(text: str, limit: int = 300) -> str:
    """Render the text as one line of code, empty for no text.

    It is safe in tables and exact enough to copy. An HTML element is used, because a bar within backticks
    would end a table cell.
    """
    line = _clean_line(text, limit)
    line = _ADDRESS.sub(lambda found: f"{found[0]}{_ZERO_WIDTH_SPACE}", line)
    return f"<code>{_STRUCTURE.sub(_escape_match, line)}</code>" if line else ""


def render_code_block(text: str, limit: int = 4000, language: str = "text") -> str:
    """Render the text in a fence that it cannot close.

    At most about `limit` characters are shown, with the middle left out. Returns an empty string for no text.
    """
    whole = (
        text
        if len(text) <= 2 * _CLEAN_FACTOR * limit
        else f"{text[: _CLEAN_FACTOR * limit]}\n{text[-_CLEAN_FACTOR * limit :]}"
    )
    shown = redact_secrets(clean_text(whole)).strip("\n")
    if not shown.strip():
        return ""
    if len(shown) > limit:
        shown = f"{shown[: limit // 4]}\n[the middle is left out]\n{shown[limit // 4 - limit :]}"
    shown = _TICKS.sub("`" * _LONGEST_RUN, shown).replace("<!--", f"<!{_ZERO_WIDTH_SPACE}--")
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def render_markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Render a Markdown table, or return an empty string for no rows.

    The cells must be Markdown already.
    """
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join((f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines)) if lines else ""


def render_folded_block(summary: str, text: str) -> str:
    """Render the text in a block that `summary` opens."""
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def join_paragraphs(*blocks: str) -> str:
    """Join the blocks that are not empty with blank lines."""
    return "\n\n".join(block for block in blocks if block)


def _escape_match(found: re.Match[str]) -> str:
    """Escape a matched character with a backslash."""
    return f"\\{found[0]}"


def is_within_body_limit(text: str, limit_bytes: int = BODY_LIMIT_BYTES) -> bool:
    """Return True if the text fits into a body on GitHub."""
    return len(text.encode()) <= limit_bytes
