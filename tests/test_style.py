"""What people read is plain English, without our own words."""

import ast
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from reading_ease import measure_reading_ease, prose

ROOT = Path(__file__).resolve().parents[1]
LEAST_EASE = 55
OURS = re.compile(
    r"(?i)\b(?:nights?|tonight|settles?d?|settlement|worlds?|heal\w*|judg\w*)\b|\bstands\b(?! for| out| behind)"
)
BODIES = sorted(
    path for name in ("issue", "pull-request", "dashboard") for path in (ROOT / "tests" / "golden").glob(f"*/{name}.md")
)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FOR_BUILDERS = {"design.md", "style.md", "security.md"}  # the code's own words, quotes of old ones, attacks by name
ERRORS = {"DepcheckError", "UsageError", "LockfileError", "IndexUnavailableError", "InterpreterMissingError"}


def texts_of_errors():
    """Yield (place, words) of each error raised with its words in place."""
    for path in sorted((ROOT / "depcheck").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Raise)
                and isinstance(node.exc, ast.Call)
                and getattr(node.exc.func, "id", "") in ERRORS
            ):
                parts = [
                    part.value if isinstance(part, ast.Constant) else "it"
                    for each in node.exc.args
                    for part in (each.values if isinstance(each, ast.JoinedStr) else [each])
                ]
                words = " ".join(part for part in parts if isinstance(part, str))
                if " " in words:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", words


@pytest.mark.parametrize("path", BODIES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_bodies_read_easily(path):
    """Keep the reading ease of every golden body above 55."""
    text = path.read_text()
    assert measure_reading_ease(text) > LEAST_EASE or not text.startswith("#")  # what is not published is one line


def test_the_readme_reads_easily():
    """Keep the reading ease of README.md above 55."""
    assert measure_reading_ease((ROOT / "README.md").read_text()) > LEAST_EASE


def test_errors_read_easily():
    """Keep the reading ease of all errors together above 55."""
    assert measure_reading_ease("\n\n".join(words for _, words in texts_of_errors())) > LEAST_EASE


@pytest.mark.parametrize("path", [*BODIES, *PAGES], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_readers_find_none_of_our_own_words(path):
    """Say run, check, fix and is, not what we called them."""
    if path.name not in FOR_BUILDERS:
        assert not OURS.findall(prose(path.read_text()))


def test_errors_have_none_of_our_own_words():
    """The same for errors, and for the options' help."""
    options = ROOT / "depcheck" / "core" / "config" / "options.py"
    help_texts = [
        (str(node.lineno), node.value)
        for node in ast.walk(ast.parse(options.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
    ]
    assert not [(place, words) for place, words in [*texts_of_errors(), *help_texts] if OURS.search(words)]
