"""Evidence as people read it: few lines, the error first."""

import re
from collections.abc import Iterator, Sequence

from depcheck.core.model.checks import Failure
from depcheck.core.model.report import Culprit
from depcheck.core.text.process_output import clean_text, strip_import_statement
from depcheck.core.tool_output.api_errors import parse_traceback_frames

MAX_EVIDENCE_LINES = 15
MOST_PLACES = 200  # of one check
_MAX_LINE_CHARS = 160
_WORK_FOLDER = "work/"  # the copy of the repository in which checks run

# Terminal frames, and the line of an error within or without one; it may go on in the next line.
_BOX_DRAWING = re.compile(r"[\u2500-\u257f]")
_BOX_PLACE = re.compile(r"\S+\.py:\d+ in \S+")  # rich's line for one frame
_BOX_MARKED_LINE = re.compile(r"❱\s*\d+\s*(.*)")  # rich's mark at the line that failed
_PYTEST_PREFIX = re.compile(r"^E(?=\s|$)")
_ERROR_LINE = re.compile(
    r"^(?:[^\w\n]|E )*((?:\w+\.)*\w*(?:Error|Exception): [^\n\u2500-\u257f]*\w[^\n\u2500-\u257f]*)", re.MULTILINE
)
_PLAIN_PATH = re.compile(r"(?!/)[\w.+@-]+(?:/[\w.+@-]+)*\.py")
_NOISE = ('File "<frozen ', "Traceback (most recent call last)")
_NOT_OURS = re.compile(r"(?:^|/)(?:site-packages|dist-packages|lib/python[\d.]*|\.?venv)/")


def extract_error_text(culprit: Culprit) -> str:
    """Extract the error's own text from the culprit.

    The headline, unless it is a frame drawn on a terminal; then the last error in the evidence.
    """
    if not _BOX_DRAWING.search(culprit.headline):
        return culprit.headline
    found = [*_ERROR_LINE.finditer(culprit.evidence)]
    named = [each for each in found if not each[1].startswith("AssertionError")] or found
    return named[-1][1] if named else culprit.headline


def shorten_evidence(text: str, headline: str = "", limit: int = MAX_EVIDENCE_LINES) -> str:
    """Shorten an output to its last lines, the error first.

    At most `limit` lines. Boxes that a terminal draws are taken away, repeated lines are shown once.
    """
    error = headline or next(reversed([each[1] for each in _ERROR_LINE.finditer(text)]), "")
    said = strip_import_statement(error)
    lines = [line for line in _iterate_plain_lines(text) if line.strip() not in error and line.strip() != said]
    room = limit - bool(error)
    shown = lines if len(lines) <= room else ["…", *lines[len(lines) - room + 1 :]]
    return "\n".join([*([_shorten_line(error)] if error else []), *shown])


def find_own_lines(culprit: Culprit) -> tuple[tuple[str, int], ...]:
    """Find the repository's own lines in the culprit's traceback.

    (path, line) pairs, those nearest to the error first. Empty where the traceback has none.
    """
    frames = parse_traceback_frames(Failure("", culprit.headline, culprit.evidence))
    paths = ((each.path.removeprefix(_WORK_FOLDER), each.line) for each in frames if not each.is_installed)
    return tuple(dict.fromkeys((path, line) for path, line in paths if is_own_path(path)))


def find_failing_line(failure: Failure) -> str:
    """Find the repository's line where a test or module fails.

    As `path:line`. A line in the test's own file is preferred. Empty where the traceback has no line of the repository.
    """
    frames = [each for each in parse_traceback_frames(failure) if not each.is_installed]
    own = [(each.path.removeprefix(_WORK_FOLDER), each.line) for each in frames]
    known = [(path, line) for path, line in own if is_own_path(path)]
    module = failure.id.partition("::")[0]
    at_home = [each for each in known if is_file_of_module(each[0], module)]
    return next((f"{path}:{line}" for path, line in (*at_home, *known)), "")


def find_failing_lines(failures: Sequence[Failure]) -> dict[str, str]:
    """Find the line of each failing test or module, by its id.

    Of the first MOST_PLACES; empty where none is known.
    """
    named = [each for each in failures if each.id and not each.is_of_whole_check]
    return {each.id: find_failing_line(each) for each in named[:MOST_PLACES]}


def is_file_of_module(path: str, module: str) -> bool:
    """Return True if a file is that module, or holds that class."""
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return bool(module) and (f".{module}.".find(f".{name}.") >= 0 or f".{name}".endswith(f".{module}"))


def is_own_path(path: str) -> bool:
    """Return True if a path looks like a file of the repository."""
    return bool(_PLAIN_PATH.fullmatch(path)) and ".." not in path and not _NOT_OURS.search(path)


def _iterate_plain_lines(text: str) -> Iterator[str]:
    """Yield the lines that say something, each of them once."""
    seen = set()
    for raw in clean_text(text).split("\n"):
        line = _PYTEST_PREFIX.sub(" ", raw) if raw.startswith("E") else raw
        if _BOX_DRAWING.search(line):
            line = _read_boxed_line(line)
        key = line.strip()
        if key and key not in seen and not key.startswith(_NOISE):
            seen.add(key)
            yield _shorten_line(line.rstrip())


def _read_boxed_line(line: str) -> str:
    """Return what a boxed line says about a frame, else nothing."""
    inside = _BOX_DRAWING.sub("", line).strip()
    if place := _BOX_PLACE.search(inside):
        return f"  {place[0]}"
    marked = _BOX_MARKED_LINE.search(inside)
    return f"    {marked[1]}" if marked else ""


def _shorten_line(line: str) -> str:
    return line if len(line) <= _MAX_LINE_CHARS else f"{line[: _MAX_LINE_CHARS - 1]}…"
