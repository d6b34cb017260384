"""Release notes from a package's description: bounded, and harmless."""

import pytest

from depcheck.core.messages.detail_level import DETAIL_LEVELS
from depcheck.core.messages.tables import render_release_notes
from depcheck.core.model.report import ChangeReport
from depcheck.core.text.release_notes import MAX_NOTES_CHARS, extract_release_notes

MARKDOWN = "# thing\nAbout it.\n\n## 2.1.0 (2026-01-01)\n\n- new\n\n### Fixes\n\n- fixed\n\n## v2.0.0\n\n- old\n"
RST = "thing\n=====\n\nVersion 2.1.0\n-------------\n\n* new\n\nFixes\n~~~~~\n\n* fixed\n\nVersion 2.0.0\n-------------\n\n* old\n"


@pytest.mark.parametrize("text", [MARKDOWN, RST], ids=["Markdown", "reStructuredText"])
def test_the_section_of_the_release_is_found(text):
    """Take its own subsections, and nothing of other releases."""
    notes = extract_release_notes(text, "2.1.0")
    assert "new" in notes
    assert "fixed" in notes
    assert "old" not in notes
    assert extract_release_notes(text, "2.1") == ""
    assert extract_release_notes(text, "12.1.0") == ""


def test_long_notes_are_cut_at_a_line():
    """Bound what strangers write."""
    lines = "a line\n" * 9000
    assert len(extract_release_notes(f"## 1.0.0\n{lines}", "1.0.0")) <= MAX_NOTES_CHARS + 2


def test_only_direct_dependencies_and_majors_show_notes_in_a_fence():
    """Mention nobody and close nothing, whatever the notes say."""
    direct = ChangeReport("a", "1", "1.1", True, (), None, "r.txt", notes="@you ```\n<b>x</b> fixes #1")
    others = (
        ChangeReport("b", "1", "1.1", False, (), None, "r.txt", notes="minor"),
        ChangeReport("<b>", "1", "2", True, (), None, "r.txt", notes="evil name"),
    )
    text = render_release_notes((direct, *others), DETAIL_LEVELS[0])
    assert text.startswith("<details>\n<summary>a 1.1</summary>\n\n````text\n@you ```")
    assert "minor" not in text
    assert "evil" not in text
