"""Cleaned, short excerpts of process output, and error signatures."""

import re
from collections.abc import Iterable

from depcheck.core.text.terminal_safe import to_one_line

EVIDENCE_CHARS = 16 << 10
SIGNATURE_CHARS = 4000  # a headline has 300
_MOST_PASSES = 6  # a mask can uncover another; after the first pass there is rarely anything left

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
)
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# C0 and C1 controls but tab and newline; marks that reorder or hide text; halves of surrogate pairs; BOM
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")

# /tmp/depcheck-x1y2z3a4/env-0123abcd/venv/lib/... as made by depcheck.wiring.app and depcheck.checking
_PATH = re.compile(r"/[^\s/'\"()<>][^\s'\"()<>]*")
_SCRATCH = re.compile(
    r"\A/(?:.*/)?depcheck-[a-z0-9_]{8}/(?:(?:env|run|copy)-[a-z0-9_]{8}/)?"
    r"(?:tmp/pip-(?:resolver?|install|req-build|build-env)-[a-z0-9_]{8}/)?"
)

_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_EXCEPTION = re.compile(
    r"^(?:E\s+)?((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|Group)\b(?::.*)?)$"
)
_MISSING_MODULE = re.compile(r"No module named '([\w.]+)'")
_IMPORT_STATEMENT = re.compile(r"^>?\s*(?:from|import)\s+[\w.]+")
_ADDED_STATEMENT = re.compile(r"(?<=') \(>?\s*(?:from|import) [^)]*\)?$")
_ERROR_WORDS = re.compile(r"error|fatal|exception|panic|segmentation fault", re.IGNORECASE)
_COMPLAINT_WORDS = re.compile(
    r"fail|cannot|can't|could not|unable|no such|not found|denied|refused|invalid", re.IGNORECASE
)
_RULE = re.compile(r"[-=_*#~ ]{3,}")
_BOX_END = re.compile(r"^[ \t]*╰─+╯[ \t]*\n", re.MULTILINE)
_BLANK_LINE = re.compile(r"\n[ \t]*\n")

_SIGNALS = {4: "illegal instruction", 6: "aborted", 7: "bus error", 8: "arithmetic error", 9: "killed",
            11: "segmentation fault", 13: "broken pipe", 15: "terminated"}  # fmt: skip
_SIGNAL_BASE = 128


def clean_text(text: str) -> str:
    """Remove escapes, controls and marks that reorder text.

    Every line break becomes a newline.
    """
    return _CONTROLS.sub("", _BREAKS.sub("\n", _ESCAPES.sub("", text)))


def strip_scratch_folders(text: str) -> str:
    """Strip a run's temporary folders from the paths in a text.

    They differ on each run and mean nothing to a reader.
    """
    return _PATH.sub(lambda path: _SCRATCH.sub("", path[0], count=1), text)


def cut_middle(text: str, head: int, tail: int) -> str:
    """Cut the middle out of a long text.

    The first `head` and last `tail` characters stay, with the number of characters between.
    """
    left_out = len(text) - head - tail
    return text if left_out <= 0 else f"{text[:head]}\n[{left_out} characters left out]\n{text[-tail:]}"


def extract_evidence(text: str) -> str:
    """Extract the end of an output, cleaned.

    As many whole lines as fit into EVIDENCE_CHARS.
    """
    text = clean_text(text).strip("\n")
    if len(text) <= EVIDENCE_CHARS:
        return text
    end = text[-EVIDENCE_CHARS:]
    return end[end.find("\n") + 1 :] or end


def _find_traceback_column(before: str, following: list[str]) -> int:
    """Find the column where the lines of a traceback begin.

    They are all indented alike, or all have the same prefix, or neither (0).
    """
    alike = not before.strip() or all(line.startswith(before) for line in following)
    return len(before) if alike else 0


def _find_traceback_exception(lines: list[str]) -> str:
    """Find the exception that ends the last traceback.

    It is the first line after the traceback's start that begins in the same column. Returns an empty string
    for no traceback.
    """
    for start in range(len(lines) - 1, -1, -1):
        found = _TRACEBACK.search(lines[start])
        if found is None:
            continue
        column = _find_traceback_column(lines[start][: found.start()], lines[start + 1 : start + 2])
        for number in range(start + 1, len(lines)):
            rest = lines[number][column:]
            if rest.strip() and not rest[0].isspace():
                more = lines[number + 1 : number + 2] if rest.rstrip().endswith(":") else []
                return " ".join([rest, *more])
    return ""


def find_error_line(text: str) -> str:
    """Find the line of an output that says what went wrong.

    The exception of the last traceback, else the last line that looks like an exception, an error or a
    complaint, else the last line. Returns an empty string for an empty output.
    """
    lines = [line for line in clean_text(text).split("\n") if line.strip()]
    found = _find_traceback_exception(lines)
    if found:
        return add_import_statement(to_one_line(found), lines)
    exceptions = [match[1] for line in lines if (match := _EXCEPTION.match(line.strip()))]
    if exceptions:
        return add_import_statement(to_one_line(exceptions[-1]), lines)
    said = [line for line in lines if not _RULE.fullmatch(line)] or lines
    for pattern in (_ERROR_WORDS, _COMPLAINT_WORDS):
        loud = [line for line in said if pattern.search(line)]
        if loud:
            return to_one_line(loud[-1])
    return to_one_line(said[-1]) if said else ""


def extract_text_below_box(text: str) -> str:
    """Extract the text below the last drawn box, else the whole text.

    rich and typer draw a traceback as a box and print the exception below.
    """
    rest = _BOX_END.split(text)[-1].strip()
    return _BLANK_LINE.split(rest, maxsplit=1)[0] or text


def add_import_statement(headline: str, lines: Iterable[str]) -> str:
    """Add the import statement to a `No module named 'a.b'` headline.

    Python names only the first missing part, so the statement that wanted `a.b.c` says more. `lines` are
    those of the traceback. Without such a statement the headline is returned unchanged.
    """
    missing = _MISSING_MODULE.search(headline)
    if missing is None or headline.endswith(")"):
        return headline
    statements = [line.strip().removeprefix("E").strip() for line in lines if f"{missing[1]}." in line]
    wanted = [line for line in statements if _IMPORT_STATEMENT.match(line)]
    return to_one_line(f"{headline} ({wanted[-1]})") if wanted else headline


def strip_import_statement(headline: str) -> str:
    """Strip the statement that `add_import_statement` adds."""
    return _ADDED_STATEMENT.sub("", headline)


def format_exit_status(status: int) -> str:
    """Format an exit status as a shell counts it.

    Example: `exit status 139 (segmentation fault)`. Signals are 128 plus their number.
    """
    number = _SIGNAL_BASE - status if status < 0 else status
    name = _SIGNALS.get(number - _SIGNAL_BASE)
    return f"exit status {number} ({name})" if name else f"exit status {number}"


def is_crash_status(status: int) -> bool:
    """Return True if a signal that means a crash ended the process.

    The last process of a shell counts too.
    """
    return status < 0 or status - _SIGNAL_BASE in _SIGNALS


_MASKS = tuple(
    (re.compile(pattern, re.IGNORECASE), mask)
    for pattern, mask in (
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
        (r"\b0x[0-9a-f]+\b", "<address>"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"\b\d{4}-\d\d-\d\d\b|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
        (r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b", "<digest>"),
        (r"(?<=localhost:)\d+|(?<=\d\.\d\.\d\.\d:)\d+|(?<=port=)\d+|(?<=port )\d+", "<port>"),
        (r"(?:[a-z]:)?(?:[\\/][^\s\\/:'\"()<>,]+)*[\\/](?=[^\s\\/:'\"()<>,])", "/"),
        (r"\b(tmp|temp|pytest-|pip-[\w-]{1,40}-)[\w-]{0,80}\d[\w-]{0,80}", "<tmp>"),
        (r"\bpid[ =:]*\d+|(?<=process )\d+", "<process>"),
        (r"(?<=line )\d+|(?<=\.py:)\d+(?::\d+)?", "<line>"),
        (r"\b\d+(?:\.\d+)?(?: ?(?:ms|s|secs?|seconds?|minutes?|min))\b", "<duration>"),
        (r"\b\d+(?:\.\d+)+(?:[-.]?(?:a|b|rc|dev|post|alpha|beta)\d*)?\b", "<version>"),
    )
)


def compute_error_signature(text: str) -> str:
    """Compute the signature of an error message.

    Masked is what differs between runs and releases: times, addresses, folders, versions. Only the first
    SIGNATURE_CHARS count.
    """
    text = " ".join(text[:SIGNATURE_CHARS].split())
    for _ in range(_MOST_PASSES):
        before = text
        for pattern, mask in _MASKS:
            text = pattern.sub(mask, text)
        if text == before:
            break
    return text
