"""Find a release's own notes in the long description of its package."""

import re
from collections.abc import Iterator

from depcheck.core.text.process_output import clean_text

MAX_NOTES_CHARS = 1500
_MAX_DESCRIPTION_CHARS = 400_000
_HEADING = re.compile(
    r"^ {0,3}#{1,6}[ \t]+(?P<title>[^\n]{1,200})$"  # Markdown
    r"|^(?P<above>[^\n]{1,200})\n[=\-~^\"'*+#]{3,200}[ \t]*$",  # reStructuredText
    re.MULTILINE,
)
_VERSION = re.compile(r"(?<![\w.])v?(\d+(?:\.\d+)+(?:[-.]?(?:a|b|rc|post|dev)\d*)?)(?![\w]|\.\d)")


def extract_release_notes(description: str, version: str) -> str:
    """Extract the section whose heading names the release.

    Up to the heading of another one. At most MAX_NOTES_CHARS, cut at a line. Empty without such a section.
    """
    text = clean_text(description[:_MAX_DESCRIPTION_CHARS])
    headings = list(_list_headings(text))
    start = next((at for at, (_, _, versions) in enumerate(headings) if version in versions), None)
    if start is None:
        return ""
    later = headings[start + 1 :]
    end = next((begin for begin, _, versions in later if versions - {version}), len(text))
    return _cut_at_line(text[headings[start][1] : end].strip())


def _list_headings(text: str) -> Iterator[tuple[int, int, frozenset[str]]]:
    """Yield begin, end and the versions of each heading."""
    for match in _HEADING.finditer(text):
        title = match["title"] or match["above"] or ""
        yield match.start(), match.end(), frozenset(_VERSION.findall(title))


def _cut_at_line(text: str) -> str:
    if len(text) <= MAX_NOTES_CHARS:
        return text
    head = text[:MAX_NOTES_CHARS].rpartition("\n")[0] or text[:MAX_NOTES_CHARS]
    return f"{head}\n…"
